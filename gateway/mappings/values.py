"""What the text of one field stands for, read as validation reads it: the same notations, exactly.

Writing such a value as another field says is the room next door (``mappings.writing``).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from gateway.formats import notation
from gateway.formats.compare.values import Side
from gateway.formats.definition import Dialect, Field, FieldType, Kind
from gateway.validation.moments import MomentNotation
from gateway.validation.numbers import NumberNotation

#: What a text stands for.
Value = str | bool | Decimal | Fraction | date | time | datetime

#: Characters of a text that is read as a number; none of a format has more digits.
LONGEST_NUMBER = 200
_BLANKS = " \t\r\n"


class Refused(Exception):
    """A value cannot be carried over; the text says why, as the end of a sentence."""


@dataclass(frozen=True)
class Place:
    """A field with what it needs to be read and written; what follows from that is worked out once."""

    field: Field
    dialect: Dialect
    kind: Kind

    @functools.cached_property
    def trim(self) -> str:
        """Which blanks do not belong to the text: ``none``, ``left``, ``right`` or ``both``."""
        return self.field.trim or self.dialect.trim

    @functools.cached_property
    def null_tokens(self) -> tuple[str, ...]:
        """The texts that stand for no value."""
        own = self.field.null_tokens
        return self.dialect.null_tokens if own is None else own

    @functools.cached_property
    def zone(self) -> str | None:
        """The named zone of its times without an offset."""
        return self.field.time_zone or self.dialect.time_zone

    @functools.cached_property
    def numbers(self) -> NumberNotation:
        """How its numbers are written."""
        return NumberNotation.of(self.field, self.dialect)

    @functools.cached_property
    def moments(self) -> MomentNotation:
        """How its dates and times are written."""
        return MomentNotation.of(self.field, self.dialect)

    @functools.cached_property
    def shape(self) -> re.Pattern[str]:
        """What its numbers, dates or times look like, with any number of decimals."""
        is_number = self.field.type in notation.NUMERIC
        pattern = self.numbers.pattern("+") if is_number else self.moments.pattern
        # validation's patterns end in a mark that Python's expressions do not know
        return re.compile(pattern.removeprefix(r"\A").removesuffix(r"\z"))

    @functools.cached_property
    def side(self) -> Side:
        """The field as the comparison of versions asks what a text means to it."""
        return Side(self.field, self.dialect, self.kind)

    @functools.cached_property
    def is_open(self) -> bool:
        """Whether every value of its type, a number between its bounds, may stand in it as it is written."""
        one = self.field
        limits = (one.min_length, one.max_length, one.pattern, one.constant)
        is_unbounded = one.type in notation.NUMERIC or (one.minimum, one.maximum) == (None, None)
        plain = one.type is not FieldType.STRING and not one.codes and limits == (None,) * len(limits)
        return plain and is_unbounded

    @functools.cached_property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]:
        """The least and the largest number that may stand in it; None where it has no such bound."""
        least, most = self.field.minimum, self.field.maximum
        return Decimal(least) if least else None, Decimal(most) if most else None


def read(place: Place, raw: str | None) -> Value | None:
    """Return the value that ``raw`` stands for in ``place``; None where there is none.

    Raises Refused for a text that is no such value.
    """
    text = trimmed(place.trim, raw) if raw is not None else None
    if text is None or text in place.null_tokens:
        default = place.field.default
        return None if default is None else of_canonical(place.field.type, default)
    kind = place.field.type
    if kind in notation.NUMERIC:
        return _number(place, text)
    if kind in notation.TEMPORAL:
        return _moment(place, text)
    if kind is FieldType.BOOLEAN:
        return _truth(place.dialect, text)
    return text


def trimmed(trim: str, raw: str) -> str:
    """Return ``raw`` without the blanks that do not belong to it."""
    if trim in ("left", "both"):
        raw = raw.lstrip(_BLANKS)
    return raw.rstrip(_BLANKS) if trim in ("right", "both") else raw


def of_canonical(kind: FieldType, text: str) -> Value:
    """Return the value that a mapping or a definition writes as ``text``; Refused where it is none."""
    try:
        value = notation.canonical(kind, text)
    except ValueError as error:
        raise Refused(str(error)) from error
    if kind is FieldType.BOOLEAN:
        return value == "true"
    return Decimal(value) if isinstance(value, int) else value


def canonical_text(value: Value) -> str:
    """Return ``value`` as a definition writes it: what it becomes in a text field."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _number(place: Place, text: str) -> Decimal:
    written = place.numbers
    if len(text) > LONGEST_NUMBER or not place.shape.fullmatch(text):
        raise Refused("is not a number as its format writes numbers")
    if written.thousands:
        text = text.replace(written.thousands, "")
    text = text.replace(written.mark, ".")
    body = text.strip("+-")
    if written.implied:
        body = body.zfill(written.implied + 1)
        body = f"{body[: -written.implied]}.{body[-written.implied :]}"
    return Decimal(f"-{body}" if "-" in text else body)


def _truth(dialect: Dialect, text: str) -> bool:
    if text in dialect.true_tokens:
        return True
    if text in dialect.false_tokens:
        return False
    raise Refused("is neither of the words for yes and no")


def _moment(place: Place, text: str) -> Value:
    written = place.moments
    if not place.shape.fullmatch(text):
        raise Refused(f"is not written {written.format}")
    parts = {letter: text[at : at + size] for letter, (at, size) in written.places.items() if letter != "Z"}
    fraction = parts.get("F", "0").ljust(6, "0")
    if len(fraction) > 6 and fraction[6:].strip("0"):
        raise Refused("is more exact than a microsecond")
    clock = time(
        int(parts.get("HH", 0)), int(parts.get("minute", 0)), int(parts.get("SS", 0)), int(fraction[:6])
    )
    if written.type is FieldType.TIME:
        return clock
    try:
        day = date(int(parts["YYYY"]), int(parts["MM"]), int(parts["DD"]))
    except ValueError as error:
        raise Refused("is a day that does not exist") from error
    return day if written.type is FieldType.DATE else _instant(written, text, datetime.combine(day, clock))


def _instant(written: MomentNotation, text: str, wall: datetime) -> datetime:
    """Return the time with its offset: the one it states, or that of its zone at this hour."""
    if "Z" in written.places:
        if text.endswith("Z"):
            return wall.replace(tzinfo=UTC)
        ahead = timedelta(hours=int(text[-5:-3]), minutes=int(text[-2:]))
        return wall.replace(tzinfo=timezone(-ahead if text[-6] == "-" else ahead))
    if written.zone is None:
        return wall
    zone = ZoneInfo(written.zone)
    local = wall.replace(tzinfo=zone)
    if in_zone(local.astimezone(UTC), zone).replace(tzinfo=None) != wall:
        raise Refused(f"is a clock reading that {written.zone} leaves out")
    return local


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return ``moment`` as the clocks of ``zone`` show it; Refused at the end of the calendar."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError) as error:
        raise Refused("lies outside the years that can be computed with") from error
