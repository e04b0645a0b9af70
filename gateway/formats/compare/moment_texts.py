"""What a text means to a date or time field, decided for one text without a data frame.

The same rules as ``validation.moments``, which answers for whole columns; a test holds the two together.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.formats.definition import Dialect, Field, FieldType
from gateway.formats.notation import notation_of

_LETTERS = re.compile(r"YYYY|MM|DD|HH|SS|F+|Z|.", re.DOTALL)
_SHAPES = {
    "YYYY": "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})",  # not 0000
    "MM": "(?:0[1-9]|1[0-2])",
    "DD": "(?:0[1-9]|[12][0-9]|3[01])",
    "HH": "(?:[01][0-9]|2[0-3])",
    "minute": "[0-5][0-9]",
    "SS": "[0-5][0-9]",
    "Z": "(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])",
}
_SECOND = 1_000_000_000  # nanoseconds
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time of day or an instant, as a number that can be compared."""

    sort: str  #: ``date``, ``time``, ``local`` (date and time without a known zone) or ``instant``
    number: int  #: days, nanoseconds of the day, microseconds (of an instant in UTC) since the year 1
    shown: str  #: for people
    zone: str | None = None  #: of a time of day: what it was read in, an offset or a name


@dataclass(frozen=True, slots=True)
class MomentTexts:
    """How the dates or times of one field are written."""

    type: FieldType
    format: str
    zone: str | None  #: named zone of times without an offset
    pattern: str
    places: tuple[tuple[str, int, int], ...]  #: letter, first character, end

    @classmethod
    def of(cls, field: Field, dialect: Dialect) -> MomentTexts:
        """Return the notation of ``field``, whose own settings come before the dialect's."""
        written = notation_of(field, dialect) or ""
        pattern, places = _parse(written)
        zone = None if field.type is FieldType.DATE else field.time_zone or dialect.time_zone
        return cls(field.type, written, zone, pattern, places)

    @property
    def offset(self) -> bool:
        """Whether the text itself says its distance from UTC."""
        return any(letter == "Z" for letter, _start, _end in self.places)

    def read(self, text: str) -> Moment | None:
        """Return the moment, or None where validation refuses ``text``."""
        if not _compiled(self.pattern).fullmatch(text):
            return None
        parts = {letter: text[start:end] for letter, start, end in self.places}
        if self.type is FieldType.TIME:
            return self._time(parts, text)
        try:
            day = date(int(parts.get("YYYY", "2000")), int(parts.get("MM", "01")), int(parts.get("DD", "01")))
        except ValueError:  # the calendar has no such day
            return None
        if self.type is FieldType.DATE:
            return Moment("date", day.toordinal(), day.isoformat())
        hour, minute, second = (int(parts.get(letter, "0")) for letter in ("HH", "minute", "SS"))
        micro = int(parts.get("F", "0").ljust(6, "0")[:6])
        wall = datetime.combine(day, time(hour, minute, second, micro))
        return self._placed(wall, text[-6:] if self.offset else None)

    def literal(self, known: date | time) -> Moment:
        """Return a bound, default or constant of the definition as a moment of the same sort."""
        if isinstance(known, datetime):
            if known.tzinfo is None:
                placed = self._placed(known, None)
                # Without a zone of its own, a bound of a field with offsets is taken in UTC.
                return self._placed(known, "Z") if self.offset and placed.sort == "local" else placed
            ahead = known.utcoffset() or timedelta()
            return _instant(_micros(known.replace(tzinfo=None)) - ahead // _MICROSECOND)
        if isinstance(known, date):
            return Moment("date", known.toordinal(), known.isoformat())
        seconds = known.hour * 3600 + known.minute * 60 + known.second
        return Moment("time", seconds * _SECOND + known.microsecond * 1000, known.isoformat(), self.zone)

    def _time(self, parts: dict[str, str], text: str) -> Moment:
        seconds = int(parts["HH"]) * 3600 + int(parts["minute"]) * 60 + int(parts.get("SS", "0"))
        nanos = int(parts.get("F", "0").ljust(9, "0")[:9])
        zone = self.zone
        if self.offset:
            zone = "+00:00" if text.endswith("Z") else text[-6:]
        shown = f"{parts['HH']}:{parts['minute']}:{parts.get('SS', '00')}"
        shown += f".{nanos:09d}" if nanos else ""
        return Moment("time", seconds * _SECOND + nanos, shown, zone)

    def _placed(self, wall: datetime, offset: str | None) -> Moment:
        """Return a clock reading as an instant where its zone is known."""
        if offset is not None:
            return _instant(_micros(wall) - _offset(offset) // _MICROSECOND)
        zone = _zone(self.zone) if self.zone else None
        if zone is None:
            return Moment("local", _micros(wall), wall.isoformat())
        ahead = wall.replace(tzinfo=zone).utcoffset() or timedelta()
        utc = _micros(wall) - ahead // _MICROSECOND
        if not _exists(wall, ahead, zone):
            utc = _micros(wall)  # left out by the spring change: validation keeps the clock reading
        return _instant(utc)


def _exists(wall: datetime, ahead: timedelta, zone: ZoneInfo) -> bool:
    """Return whether clocks in ``zone`` ever show ``wall``."""
    try:
        return zone.fromutc((wall - ahead).replace(tzinfo=zone)).replace(tzinfo=None, fold=0) == wall
    except OverflowError:  # at the ends of the calendar
        return True


def _instant(micros: int) -> Moment:
    try:
        shown = (datetime(1, 1, 1) + micros * _MICROSECOND).isoformat() + "Z"  # noqa: DTZ001 - UTC by its Z
    except OverflowError:
        shown = f"{micros} microseconds from the year 1"
    return Moment("instant", micros, shown)


def _micros(wall: datetime) -> int:
    return (wall - datetime(1, 1, 1)) // _MICROSECOND  # noqa: DTZ001 - a clock reading, no instant


def _offset(text: str) -> timedelta:
    if text.endswith("Z"):
        return timedelta()
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-ahead if text[0] == "-" else ahead).utcoffset(None)


@functools.lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the definition's own check complains of it
        return None


@functools.lru_cache(maxsize=256)
def _parse(written: str) -> tuple[str, tuple[tuple[str, int, int], ...]]:
    pattern, position = "", 0
    places: list[tuple[str, int, int]] = []
    for letters in _LETTERS.findall(written):
        part, seen = letters, [place[0] for place in places]
        if letters == "MM" and "HH" in seen and "minute" not in seen:
            part = "minute"
        elif letters.startswith("F"):
            part = "F"
        if part in _SHAPES or part == "F":
            places.append((part, position, position + len(letters)))
        pattern += f"[0-9]{{{len(letters)}}}" if part == "F" else _SHAPES.get(part, re.escape(letters))
        position += len(letters)
    return pattern, tuple(places)


_compiled = functools.lru_cache(maxsize=512)(re.compile)
