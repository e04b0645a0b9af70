"""Dates and times as a field writes them: its bounds, the ends of the calendar, days that can be mistaken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from gateway.formats.compare.values import Side
from gateway.formats.definition import FieldType
from gateway.formats.notation import canonical

_LETTERS = re.compile(r"YYYY|MM|DD|HH|SS|F+|Z|.", re.DOTALL)

#: The first days can be read in another order, those beyond the 12th cannot.
_DAYS = tuple(
    map(
        date.fromisoformat,
        ("2026-01-02", "2026-12-11", "2026-11-22", "2026-01-31", "2024-02-29", "2011-10-12", "1999-12-31",
         "2000-01-01", "0001-01-01", "9999-12-31", "1970-01-01", "2026-03-29", "2026-10-25", "2026-07-01"),
    )
)  # fmt: skip
_TIMES = tuple(
    map(
        time.fromisoformat,
        ("12:34:56", "00:00:00", "23:59:59", "02:30:00", "10:11:12.123456", "23:59:59.999999"),
    )
)
_OFFSETS = ("Z", "+01:00", "-05:30", "+00:00", "+14:00", "-14:59")


def moments(side: Side) -> Iterator[str]:
    """Yield texts in the notation of a date, time or datetime field; bounds may be just outside."""
    field, written = side.field, side.moments.format
    bounds = [_known(field.type, bound) for bound in (field.minimum, field.maximum) if bound is not None]
    if field.type is FieldType.TIME:
        clocks = [one for one in bounds if isinstance(one, time)]
        found = [datetime.combine(_DAYS[0], one) for one in (*clocks, *_TIMES)]
    else:
        found = [near for bound in bounds if bound is not None for near in _near(bound)]
        found += [datetime.combine(day, one) for day in _DAYS[:4] for one in _TIMES]
        found += [datetime.combine(day, _TIMES[index % 3]) for index, day in enumerate(_DAYS[4:])]
    for index, moment in enumerate(found):
        yield spelled(written, moment, _OFFSETS[index % len(_OFFSETS)])
        yield spelled(written, moment, "Z")


def spelled(written: str, moment: datetime, offset: str) -> str:
    """Return ``moment`` in the notation ``written``; ``offset`` stands where it has a ``Z``."""
    parts, hour = [], False
    for letters in _LETTERS.findall(written):
        if letters == "MM" and hour:
            parts.append(f"{moment.minute:02d}")
            hour = False
            continue
        hour = hour or letters == "HH"
        parts.append(_part(letters, moment, offset))
    return "".join(parts)


def _part(letters: str, moment: datetime, offset: str) -> str:
    if letters.startswith("F"):
        return f"{moment.microsecond:06d}000"[: len(letters)]
    known = {
        "YYYY": f"{moment.year:04d}",
        "MM": f"{moment.month:02d}",
        "DD": f"{moment.day:02d}",
        "HH": f"{moment.hour:02d}",
        "SS": f"{moment.second:02d}",
        "Z": offset,
    }
    return known.get(letters, letters)


def _known(kind: FieldType, text: str) -> date | time | None:
    try:
        known = canonical(kind, text)
    except ValueError:  # the definition's own check complains of it
        return None
    return known if isinstance(known, date | time) else None


def _near(bound: date | time) -> Iterator[datetime]:
    """Yield a bound, and the days and seconds around it."""
    if isinstance(bound, time):
        return
    moment = bound if isinstance(bound, datetime) else datetime.combine(bound, time(12, 0))
    moment = moment.replace(tzinfo=None)
    for ahead in (
        timedelta(),
        timedelta(days=1),
        timedelta(days=-1),
        timedelta(seconds=1),
        timedelta(seconds=-1),
    ):
        try:
            yield moment + ahead
        except OverflowError:
            continue
