"""The machine's clock, who keeps it right, and what the next change of the clocks does to schedules."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.config.settings import Route, Site
from gateway.operations.doctor.checks import Check, Subject
from gateway.rules import cron

#: Of struct timex on 64-bit Linux, see adjtimex(2): how far off it may be, and the status.
_TIMEX = struct.Struct("=I4xqqqqi")
_ROOM = 512
_UNSYNCHRONISED = 0x0040
_LONG_BYTES = 8
#: Changes further away than this are no matter of today.
_DAYS = 370


@dataclass(frozen=True, slots=True)
class Change:
    """Clocks that are put forward or back."""

    at: datetime  #: UTC
    by: timedelta


def synchronised() -> Iterator[Check]:
    """Yield whether a time service keeps the machine's clock right, as the kernel knows it."""
    subject = Subject("clock", "time service")
    state = _kernel_state()
    if state is None:
        yield subject.ok("the kernel does not tell this process whether the clock is kept right")
    elif state[1] & _UNSYNCHRONISED:
        yield subject.warning(
            "the kernel says that nobody keeps this machine's clock right",
            "Times in manifests and the audit trail go wrong unnoticed, and deadlines with them",
            "`timedatectl set-ntp true`, or start chrony; in a container, look at its host",
        )
    else:
        yield subject.ok(f"the clock is kept right, to {state[0] / 1000:,.0f} ms at worst")


def _kernel_state() -> tuple[int, int] | None:
    """Return the greatest error in microseconds and the status bits; None where they cannot be had."""
    if ctypes.sizeof(ctypes.c_long) != _LONG_BYTES:
        return None
    buffer = ctypes.create_string_buffer(_ROOM)  # all zeros: nothing is to be set
    try:
        if ctypes.CDLL(None, use_errno=True).adjtimex(buffer) < 0:
            return None
    except (OSError, AttributeError):
        return None
    _modes, _offset, _frequency, worst, _estimate, status = _TIMEX.unpack_from(buffer.raw)
    return worst, status


def not_set_back(newest: datetime | None, now: datetime) -> Check:
    """Return whether the clock is behind the newest entry of the audit trail."""
    subject = Subject("clock", "system time")
    if newest is not None and newest > now + timedelta(seconds=1):
        return subject.failure(
            f"it is {now:%Y-%m-%d %H:%M:%SZ}; the audit trail has an entry of {newest:%Y-%m-%d %H:%M:%SZ}",
            "The clock was set back: times in manifests and the audit trail contradict each other",
            "Set the clock right (`timedatectl`), and find out who set it",
        )
    return subject.ok(f"{now:%Y-%m-%d %H:%M:%SZ}, not before anything that is on record")


def zones(site: Site, now: datetime) -> Iterator[Check]:
    """Yield for each time zone in use its next change, and which schedules fall into it."""
    schedules = {route.schedule.time_zone for route in site.routes if route.schedule.cron}
    for name in sorted({site.time_zone, *schedules}):
        subject = Subject("clock", name)
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            yield subject.failure(
                f"there is no data about this time zone ({type(error).__name__})",
                "Day directories and schedules need it",
                "Install the package tzdata",
            )
            continue
        change = next_change(zone, now)
        if change is None:
            yield subject.ok(f"the clocks are not changed in the next {_DAYS} days")
            continue
        word = "forward" if change.by > timedelta() else "back"
        text = f"the clocks go {word} at {change.at:%Y-%m-%d %H:%M:%SZ}"
        told = [text for route in site.routes for text in _told(route, name, zone, change)]
        yield subject.ok("; ".join([text, *told]))


def next_change(zone: ZoneInfo, now: datetime) -> Change | None:
    """Return the next time at which the clocks of a zone are changed, to the second."""
    before = now.astimezone(UTC).replace(microsecond=0)
    for _ in range(_DAYS):
        after = before + timedelta(days=1)
        by = _offset(zone, after) - _offset(zone, before)
        if by:
            return Change(_moment(zone, before, after), by)
        before = after
    return None


def _moment(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = _offset(zone, before)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _told(route: Route, name: str, zone: ZoneInfo, change: Change) -> Iterator[str]:
    """Yield what the change does to a route's schedule, if it falls into it."""
    if not route.schedule.cron or route.schedule.time_zone != name:
        return
    try:
        times = cron.parse(route.schedule.cron)
    except cron.CronError:
        return  # a problem of the configuration
    length = abs(change.by)
    start = change.at if change.by > timedelta() else change.at - length
    runs = cron.next_runs(times, zone, start - timedelta(seconds=1), 24 * 60)
    near = [run.astimezone(zone) for run in runs if run < start + length]
    if change.by > timedelta():
        near = [run for run in near if run.hour not in times.hours or run.minute not in times.minutes]
    if not near:
        return
    if change.by > timedelta():
        yield f"{route.name} runs at {near[0]:%H:%M} then, as its time does not exist on that day"
    else:
        how = "through both of the hours" if times.repeats else "the first time only"
        yield f"{route.name} runs {how} in the hour that comes twice"
