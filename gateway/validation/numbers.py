"""Numbers as text: which notations are accepted, and their exact value.

A number is digits, optionally grouped by the thousands mark, optionally followed by the
decimal mark and more digits, with a sign where the field declares one. ``1e3``, ``1.`` and
``.5`` are not numbers. Nothing is ever rounded: what does not fit is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from gateway.formats.definition import Dialect, Field, FieldType
from gateway.formats.notation import DECIMAL_DIGITS, WHOLE_DIGITS
from gateway.validation.columns import NUMBER


@dataclass(frozen=True, slots=True)
class NumberNotation:
    """How the numbers of one field are written."""

    mark: str  #: decimal mark
    thousands: str | None
    sign: str  #: ``leading``, ``trailing`` or ``none``
    decimals: int | None  #: at most so many written after the mark; None: not declared
    digits: int | None  #: at most so many in all, leading zeros not counted
    implied: int  #: so many of the digits stand after a mark that is not written
    whole: bool  #: an integer: no mark at all

    @classmethod
    def of(cls, field: Field, dialect: Dialect) -> NumberNotation:
        """Return the notation of ``field``, whose own settings come before the dialect's.

        A field whose decimal mark is the dialect's thousands mark has no thousands mark.
        """
        mark = field.decimal_mark or dialect.decimal_mark
        return cls(
            mark=mark,
            thousands=dialect.thousands_mark if dialect.thousands_mark != mark else None,
            sign=field.sign,
            decimals=field.decimals,
            digits=field.digits,
            implied=field.implied_decimals or 0,
            whole=field.type is FieldType.INTEGER or bool(field.implied_decimals),
        )

    @property
    def most_decimals(self) -> int:
        """How many decimals a value may have: as declared, and never more than can be computed."""
        return DECIMAL_DIGITS if self.decimals is None else min(self.decimals, DECIMAL_DIGITS)

    def pattern(self, decimals: str) -> str:
        """Return the expression of a number with ``decimals`` (a repetition) digits after the mark."""
        whole = "[0-9]+"
        if self.thousands:
            whole = f"(?:[0-9]+|[0-9]{{1,3}}(?:{re.escape(self.thousands)}[0-9]{{3}})+)"
        fraction = "" if self.whole or decimals == "{1,0}" else f"(?:{re.escape(self.mark)}[0-9]{decimals})?"
        before = "[+-]?" if self.sign == "leading" else ""
        after = "[+-]?" if self.sign == "trailing" else ""
        return rf"\A{before}{whole}{fraction}{after}\z"

    def is_number(self, text: pl.Expr) -> pl.Expr:
        """Return whether ``text`` is a number in this notation, however many digits it has."""
        return text.str.contains(self.pattern("+"))

    def fits_decimals(self, text: pl.Expr) -> pl.Expr:
        """Return whether ``text`` is a number with no more decimals than allowed."""
        return text.str.contains(self.pattern(f"{{1,{self.most_decimals}}}"))

    def significant_digits(self, text: pl.Expr) -> pl.Expr:
        """Return how many digits a number in this notation has, without its leading zeros."""
        marks = [mark for mark in (None if self.whole else self.mark, self.thousands) if mark]
        digits = text.str.strip_chars_start("".join(["+-0", *marks]))
        if self.sign == "trailing":
            digits = digits.str.strip_chars_end("+-")
        for mark in marks:
            digits = digits.str.replace_all(mark, "", literal=True)
        return digits.str.len_bytes()

    def value(self, text: pl.Expr) -> pl.Expr:
        """Return the exact number; null where ``text`` is not one or does not fit."""
        fits = self.fits_decimals(text)
        if self.digits is not None and self.digits < WHOLE_DIGITS + DECIMAL_DIGITS:
            # what is no longer than that needs no count, and that is nearly all
            long = pl.when(text.str.len_bytes() > self.digits).then(text)
            fits &= (self.significant_digits(long) <= self.digits).fill_null(True)
        return pl.when(fits).then(self._canonical(text)).cast(NUMBER, strict=False)

    def _canonical(self, text: pl.Expr) -> pl.Expr:
        if self.thousands:
            text = text.str.replace_all(self.thousands, "", literal=True)
        if self.mark != ".":
            text = text.str.replace(self.mark, ".", literal=True)
        parts = [text]
        if self.sign == "trailing":
            sign = pl.when(text.str.ends_with("-")).then(pl.lit("-")).otherwise(pl.lit(""))
            parts = [sign, text.str.strip_chars_end("+-")]
        if self.implied:
            parts.append(pl.lit(f"e-{self.implied}"))
        return pl.concat_str(parts) if len(parts) > 1 else text
