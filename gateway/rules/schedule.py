"""When are passes over a route due, and when does it rest?

A route rests on days that are none of its calendar, and in its blackouts. A blackout lasts from the
first moment at which clocks show its beginning until the last one at which they show its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from gateway.rules import local_time
from gateway.rules.calendars import DAY_NAMES, EVERY_DAY, Calendar, works

_DAY = timedelta(days=1)
#: A rest that goes on beyond so many days has no end that is worth looking for.
_FARTHEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Blackout:
    """A time of day in which a route rests; one that ends before it begins goes over midnight."""

    start: time
    end: time
    days: frozenset[int] = EVERY_DAY  #: on which it begins; 0 is Monday


@dataclass(frozen=True, slots=True)
class Schedule:
    """When passes over a route are due."""

    every_seconds: float | None = None  #: None: the site's interval, unless there is ``cron``
    cron: str | None = None  #: five fields as crontab(5) has them, in ``time_zone``
    time_zone: str = "UTC"
    calendar: str | None = None  #: passes only on its days
    blackouts: tuple[Blackout, ...] = ()


@dataclass(frozen=True, slots=True)
class Rest:
    """Why a route rests at a moment, and until when."""

    reason: str
    until: datetime | None  #: UTC; None where no end is in sight


def rest(
    blackouts: tuple[Blackout, ...], calendar: Calendar | None, zone: tzinfo, moment: datetime
) -> Rest | None:
    """Return why and until when a route rests at ``moment``; None if it does not.

    Rests that follow each other without a gap are one, with the reason of the first.
    """
    first = _one(blackouts, calendar, zone, moment)
    if first is None:
        return None
    until, limit = first.until, moment + timedelta(days=_FARTHEST_DAYS)
    while until is not None and (following := _one(blackouts, calendar, zone, until)) is not None:
        until = following.until if until < limit else None
    return Rest(first.reason, until)


def _one(
    blackouts: tuple[Blackout, ...], calendar: Calendar | None, zone: tzinfo, moment: datetime
) -> Rest | None:
    today = local_time.local_day(moment, zone)
    if calendar is not None and not works(calendar, today):
        midnight = local_time.begins(local_time.at(today + _DAY, time()), zone)
        return Rest(
            f"{DAY_NAMES[today.weekday()]} {today} is no day of the calendar {calendar.name}", midnight
        )
    for blackout in blackouts:
        for day in (today - _DAY, today):
            start, end = _span(blackout, day, zone)
            if day.weekday() in blackout.days and start <= moment < end:
                return Rest(f"blackout from {blackout.start:%H:%M} to {blackout.end:%H:%M}", end)
    return None


def _span(blackout: Blackout, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    last = day if blackout.start < blackout.end else day + _DAY
    return (
        local_time.begins(local_time.at(day, blackout.start), zone),
        local_time.ends(local_time.at(last, blackout.end), zone),
    )
