"""Dates and times as text: which are accepted, and their value.

A format is written in the letters ``YYYY MM DD HH MM SS``, ``F`` (one per decimal of the
second) and ``Z`` (an offset, ``Z`` or ``+01:00``, at the end); ``MM`` after ``HH`` is the
minute. Every letter stands for exactly that many digits,
the calendar is the real one, and the day ends at 23:59:59.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from gateway.formats.definition import Dialect, Field, FieldType
from gateway.formats.notation import notation_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_LETTERS = re.compile(r"YYYY|MM|DD|HH|SS|F+|Z|.", re.DOTALL)
_PATTERNS = {
    "YYYY": "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})",  # not 0000
    "MM": "(?:0[1-9]|1[0-2])",
    "DD": "(?:0[1-9]|[12][0-9]|3[01])",
    "HH": "(?:[01][0-9]|2[0-3])",
    "minute": "[0-5][0-9]",
    "SS": "[0-5][0-9]",
    "Z": "(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])",
}
#: The same parts in the letters of polars, and which of them together it reads by itself.
_DIRECTIVES = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH": "%H", "minute": "%M", "SS": "%S"}
_DAY = {"YYYY", "MM", "DD"}
_DIRECT = (_DAY, _DAY | {"HH", "minute"}, _DAY | {"HH", "minute", "SS"})


@dataclass(frozen=True, slots=True)
class MomentNotation:
    """How the dates or times of one field are written."""

    type: FieldType
    format: str
    zone: str | None  #: named zone of times without an offset
    pattern: str
    places: Mapping[str, tuple[int, int]]  #: letter -> first character and length
    directives: str | None  #: the format without its offset as polars reads it; None where it does not

    @classmethod
    def of(cls, field: Field, dialect: Dialect) -> MomentNotation:
        """Return the notation of ``field``, whose own settings come before the dialect's."""
        written = notation_of(field, dialect) or ""
        zone = field.time_zone or dialect.time_zone
        return cls(field.type, written, zone, *_parse(written))

    def value(self, text: pl.Expr) -> pl.Expr:
        """Return the date, time or instant; null where ``text`` is none in this notation.

        A date with a time that has an offset or a named zone is given in UTC, to the microsecond.
        """
        shaped = pl.when(text.str.contains(self.pattern)).then(text)
        if self.type is FieldType.DATE:
            if self.directives is not None:
                return shaped.str.to_date(self.directives, strict=False)
            return self._day(shaped).str.to_date("%Y-%m-%d", strict=False)
        if self.type is FieldType.TIME:
            whole = self._clock(shaped).str.to_time("%H:%M:%S", strict=False).cast(pl.Int64)
            return (whole + self._fraction(shaped, 9)).cast(pl.Time)
        if self.directives is not None:
            clock = shaped.str.head(self.places["Z"][0]) if "Z" in self.places else shaped
            wall = clock.str.to_datetime(self.directives, strict=False, time_unit="us")
            return self._in_utc(text, wall)
        both = pl.concat_str([self._day(shaped), pl.lit(" "), self._clock(shaped)])
        wall = both.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
        return self._in_utc(text, wall + pl.duration(microseconds=self._fraction(shaped, 6)))

    def literal(self, moment: date | time | datetime) -> pl.Expr:
        """Return a bound or constant of the definition as a value of the same kind."""
        if not isinstance(moment, datetime):
            return pl.lit(moment)
        if moment.tzinfo is None and self.zone:
            moment = moment.replace(tzinfo=ZoneInfo(self.zone))
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        return pl.lit(moment, dtype=pl.Datetime("us"))

    def _part(self, text: pl.Expr, letter: str, absent: str) -> pl.Expr:
        place = self.places.get(letter)
        return pl.lit(absent) if place is None else text.str.slice(*place)

    def _day(self, text: pl.Expr) -> pl.Expr:
        parts = [self._part(text, "YYYY", "2000"), self._part(text, "MM", "01"), self._part(text, "DD", "01")]
        return pl.concat_str(parts, separator="-")

    def _clock(self, text: pl.Expr) -> pl.Expr:
        parts = [self._part(text, letter, "00") for letter in ("HH", "minute", "SS")]
        return pl.concat_str(parts, separator=":")

    def _fraction(self, text: pl.Expr, digits: int) -> pl.Expr:
        if "F" not in self.places:
            return pl.lit(0, dtype=pl.Int64)
        part = self._part(text, "F", "0").str.pad_end(digits, "0").str.head(digits)
        return part.cast(pl.Int64, strict=False)

    def _in_utc(self, text: pl.Expr, wall: pl.Expr) -> pl.Expr:
        if "Z" in self.places:
            hours, minutes = text.str.slice(-5, 2), text.str.slice(-2, 2)
            ahead = pl.duration(
                hours=hours.cast(pl.Int64, strict=False), minutes=minutes.cast(pl.Int64, strict=False)
            )
            sign = text.str.slice(-6, 1)
            east = pl.when(text.str.ends_with("Z")).then(wall).when(sign == "-").then(wall + ahead)
            return east.otherwise(wall - ahead)
        if self.zone:
            local = wall.dt.replace_time_zone(self.zone, ambiguous="earliest", non_existent="null")
            # A time that the spring change leaves out keeps its clock reading rather than vanish.
            return pl.coalesce(local.dt.convert_time_zone("UTC").dt.replace_time_zone(None), wall)
        return wall


def _parse(written: str) -> tuple[str, dict[str, tuple[int, int]], str | None]:
    """Return the pattern, the places and the directives of a notation."""
    pattern, directives, places, position = "", "", {}, 0
    for letters in _LETTERS.findall(written):
        part = letters
        if letters == "MM" and "HH" in places and "minute" not in places:
            part = "minute"
        elif letters.startswith("F"):
            part = "F"
        if part in _PATTERNS or part == "F":
            places[part] = (position, len(letters))
        expected = f"[0-9]{{{len(letters)}}}" if part == "F" else _PATTERNS.get(part, re.escape(letters))
        pattern += expected
        directives += "" if part == "Z" else _DIRECTIVES.get(part, letters)
        position += len(letters)
    return rf"\A{pattern}\z", places, directives if places.keys() - {"Z"} in _DIRECT else None
