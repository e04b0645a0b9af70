"""Which files should have come by now? Windows in local time, judged when they have ended.

Files that come late count for the window that they are missing from, so that the alert ends when they
come; the next window is judged by itself. A window that was open before anybody expected anything is for
the caller to leave out: nothing is missed on the first day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from gateway.model import Arrival
from gateway.rules import local_time
from gateway.rules.calendars import Calendar, works
from gateway.rules.completeness_policy import CompletenessPolicy
from gateway.rules.expectation_policy import Expectation as Expectation
from gateway.rules.file_names import matches_any, matches_shell
from gateway.rules.surroundings import role_of

#: A file that was seen is given so long to prove complete before it is missed.
PATIENCE = timedelta(minutes=10)
_DAY = timedelta(days=1)
#: No regular file, not readable, or a name that the route does not take.
_NEVER_TAKEN = ("F901", "F902", "F210")
#: A window that ended longer ago than so many days is history, not news.
_OLDEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time (UTC) in which files must come."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Missing:
    """What has not come."""

    window: Window
    came: int  #: taken, in the window and since
    at_least: int
    lying: int = 0  #: at the source and not proved complete


def due(expectation: Expectation, calendar: Calendar | None, zone: tzinfo, now: datetime) -> Window | None:
    """Return the window that is to be judged at ``now``: the last one that has ended, if there is one."""
    day = local_time.local_day(now, zone) + _DAY
    for _ in range(_OLDEST_DAYS):
        if works(calendar, day):
            ended = [one for one in _windows(expectation, day, zone) if one.end <= now]
            if ended:
                return max(ended, key=lambda one: one.end)
        day -= _DAY
    return None


def next_end(
    expectation: Expectation, calendar: Calendar | None, zone: tzinfo, after: datetime
) -> datetime | None:
    """Return when the first window later than ``after`` ends; None if none does within a year."""
    day = local_time.local_day(after, zone) - _DAY
    for _ in range(_OLDEST_DAYS):
        if works(calendar, day):
            ends = [one.end for one in _windows(expectation, day, zone) if one.end > after]
            if ends:
                return min(ends)
        day += _DAY
    return None


def awaited(policy: CompletenessPolicy, pattern: str, waiting: Iterable[Arrival]) -> list[Arrival]:
    """Return those of the files ``waiting`` at a source that may become files of its route.

    These are no side files, nothing that the gateway never takes, and no names that the route does not
    take; what stands behind a temporary name shows when it has its own.
    """
    return [
        one
        for one in waiting
        if one.reason_code not in _NEVER_TAKEN
        and role_of(policy, one.name) is None
        and (matches_shell(pattern, one.name) or matches_any(policy.temporary_patterns, one.name) is not None)
    ]


def missing(
    expectation: Expectation, window: Window, came: int, lying: Iterable[Arrival], now: datetime
) -> Missing | None:
    """Return what is missing from ``window`` at ``now``, if anything is.

    ``came`` files were taken since its start; of those ``lying`` at the source the newest count as come.
    """
    seen = [one.first_seen_at for one in lying]
    fresh = sum(1 for first in seen if first >= now - PATIENCE)
    if came + fresh >= expectation.at_least:
        return None
    return Missing(window, came, expectation.at_least, len(seen))


def describe(expectation: Expectation, found: Missing, zone: tzinfo) -> str:
    """Return what is missing in a sentence for people, in local times of ``zone``."""
    start, end = (
        f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in (found.window.start, found.window.end)
    )
    files = "1 file" if found.at_least == 1 else f"{found.at_least} files"
    word = "by" if expectation.by is not None else "until"
    lie = f"; {found.lying:,} {'lies' if found.lying == 1 else 'lie'} there, not yet complete"
    came = f"{files} expected from {start} {word} {end}, {found.came or 'none'} came"
    return came + (lie if found.lying else "")


def _windows(expectation: Expectation, day: date, zone: tzinfo) -> Iterator[Window]:
    """Yield the windows that belong to ``day``."""
    if expectation.by is not None:
        first = day if expectation.since < expectation.by else day - _DAY
        start = local_time.begins(local_time.at(first, expectation.since), zone)
        end = local_time.begins(local_time.at(day, expectation.by), zone)
        if start < end:  # else the clocks skip both: there is no time in which a file could come
            yield Window(start, end)
        return
    opens, closes = expectation.start or time(), expectation.end or time()
    last = day if opens < closes else day + _DAY
    moment = local_time.begins(local_time.at(day, opens), zone)
    end = local_time.ends(local_time.at(last, closes), zone)
    period = timedelta(seconds=expectation.per_seconds or _DAY.total_seconds())
    while moment + period <= end:  # what remains of the day is no whole period: nothing is expected in it
        yield Window(moment, moment + period)
        moment += period
