"""What a text means to a number field, decided for one text without a data frame.

The same rules as ``validation.numbers``, which answers for whole columns; a test holds the two together.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from decimal import Decimal

from gateway.formats.definition import Dialect, Field, FieldType
from gateway.formats.notation import DECIMAL_DIGITS, WHOLE_DIGITS


@dataclass(frozen=True, slots=True)
class NumberTexts:
    """How the numbers of one field are written."""

    mark: str | None  #: None: no mark is written
    thousands: str | None
    sign: str  #: ``leading``, ``trailing`` or ``none``
    most_decimals: int  #: at most so many after the mark
    digits: int | None  #: at most so many in all, leading zeros not counted
    implied: int  #: so many of the digits stand after a mark that is not written
    integer: bool

    @classmethod
    def of(cls, field: Field, dialect: Dialect) -> NumberTexts:
        """Return the notation of ``field``, whose own settings come before the dialect's."""
        mark = field.decimal_mark or dialect.decimal_mark
        integer = field.type is FieldType.INTEGER
        decimals = DECIMAL_DIGITS if field.decimals is None else min(field.decimals, DECIMAL_DIGITS)
        return cls(
            mark=None if integer or field.implied_decimals else mark,
            thousands=dialect.thousands_mark if dialect.thousands_mark != mark else None,
            sign=field.sign,
            most_decimals=DECIMAL_DIGITS if field.implied_decimals else decimals,
            digits=field.digits,
            implied=field.implied_decimals or 0,
            integer=integer,
        )

    @property
    def shape(self) -> str:
        """The regular expression of a number with any number of decimals."""
        return self._pattern("+")

    @property
    def fitting(self) -> str:
        """The regular expression of a number with no more decimals than allowed."""
        return self._pattern(f"{{1,{self.most_decimals}}}" if self.most_decimals else "")

    @property
    def most_digits(self) -> str | None:
        """The regular expression of texts with no more digits than allowed; None: any number."""
        if self.digits is None or self.digits >= WHOLE_DIGITS + DECIMAL_DIGITS:
            return None
        return counted_digits(self.digits, None)

    @property
    def room(self) -> str:
        """The regular expression of texts whose whole part validation can compute with."""
        return counted_digits(WHOLE_DIGITS + self.implied, self.mark)

    def roles(self) -> dict[str, str]:
        """Return what the marks mean: ``mark`` or ``thousands`` by character."""
        found = {} if self.thousands is None else {self.thousands: "thousands"}
        return found if self.mark is None else {**found, self.mark: "mark"}

    def read(self, text: str) -> Decimal | None:
        """Return the exact number, or None where validation refuses ``text``; `complaint` says why."""
        return None if self.complaint(text) else self._value(text)

    def complaint(self, text: str) -> tuple[str, str] | None:
        """Return the finding code and what is accepted, or None where ``text`` is a number that fits."""
        if not _compiled(self.shape).fullmatch(text):
            return "F302", f"is not {self.described}"
        if not _compiled(self.fitting).fullmatch(text):
            allowed = f"at most {self.most_decimals} are" if self.most_decimals else "none is"
            return "F303", f"has {self._decimals(text)} decimals; {allowed} accepted"
        digits = len(_significant(text))
        if self.digits is not None and self.digits < WHOLE_DIGITS + DECIMAL_DIGITS and digits > self.digits:
            return "F304", f"has {digits} digits; at most {self.digits} are accepted"
        whole = text.partition(self.mark)[0] if self.mark else text
        if len(_significant(whole)) - self.implied > WHOLE_DIGITS:
            return "F304", f"has more than {WHOLE_DIGITS} digits before the decimal mark"
        return None

    @property
    def described(self) -> str:
        """What a number of this notation is, in words."""
        words = "a whole number" if self.integer else "a number"
        if self.mark:
            words += f' with the decimal mark "{self.mark}"'
        elif self.implied:
            words += " without a decimal mark"
        if self.thousands:
            words += f', the thousands mark "{self.thousands}"'
        signs = {"leading": "", "trailing": ", its sign behind it", "none": ", without a sign"}
        return words + signs[self.sign]

    def _decimals(self, text: str) -> int:
        return len(text.partition(self.mark)[2].strip("+-")) if self.mark else 0

    def _pattern(self, decimals: str) -> str:
        whole = "[0-9]+"
        if self.thousands:
            whole = f"(?:[0-9]+|[0-9]{{1,3}}(?:{re.escape(self.thousands)}[0-9]{{3}})+)"
        fraction = f"(?:{re.escape(self.mark)}[0-9]{decimals})?" if self.mark and decimals else ""
        before = "[+-]?" if self.sign == "leading" else ""
        after = "[+-]?" if self.sign == "trailing" else ""
        return f"{before}{whole}{fraction}{after}"

    def _value(self, text: str) -> Decimal:
        body = text.replace(self.thousands, "") if self.thousands else text
        body = body.replace(self.mark, ".") if self.mark else body
        body = body.strip("+-")
        if self.implied:
            body = body.zfill(self.implied + 1)
            body = f"{body[: -self.implied]}.{body[-self.implied :]}"
        return Decimal(f"-{body}" if "-" in text else body)


def counted_digits(most: int, mark: str | None) -> str:
    """Return the expression of texts with at most ``most`` digits after leading zeros.

    With a ``mark`` only the digits before it are counted.
    """
    stop = re.escape(mark) if mark else ""
    other, zeros = f"[^0-9{stop}]*", f"[^1-9{stop}]*"
    counted = f"(?:[1-9](?:{other}[0-9]){{0,{most - 1}}}{other})?" if most > 0 else ""
    return f"{zeros}{counted}" + (f"(?:{stop}(?:.|\n)*)?" if mark else "")


def plain(number: Decimal) -> str:
    """Return ``number`` as a person writes it: no exponent, no zeros that say nothing."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _significant(text: str) -> str:
    return re.sub("[^0-9]", "", text).lstrip("0")


_compiled = functools.lru_cache(maxsize=512)(re.compile)
