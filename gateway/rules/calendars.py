"""On which days does the plant work?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

#: Weekdays as they are written, Monday first.
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

EVERY_DAY = frozenset(range(7))

Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which a plant works."""

    name: str
    days: frozenset[int] = EVERY_DAY  #: 0 is Monday
    closed: tuple[Span, ...] = ()  #: first and last day, both included
    opened: tuple[Span, ...] = ()  #: these count although they are closed or no working days


def works(calendar: Calendar | None, day: date) -> bool:
    """Return whether the plant works on ``day``; without a calendar it always does."""
    if calendar is None or _within(calendar.opened, day):
        return True
    return day.weekday() in calendar.days and not _within(calendar.closed, day)


def parse_span(text: str) -> Span:
    """Return first and last day of ``2026-12-24..2027-01-06``, or of the single day ``2026-05-01``.

    Raises ValueError with what is wrong, for days that there are not and spans that end before they begin.
    """
    first, _dots, last = text.partition("..")
    span = _day(first), _day(last or first)
    if span[1] < span[0]:
        raise ValueError("it ends before it begins")
    return span


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}") from None


def _within(spans: tuple[Span, ...], day: date) -> bool:
    return any(first <= day <= last for first, last in spans)
