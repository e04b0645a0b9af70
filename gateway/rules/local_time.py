"""Wall clocks and moments: what a local time means when the clocks are put forward or back.

A local time that is skipped stands for the moment as long after the change as it is after the
beginning of the gap (02:30 is 03:30 then); one that comes twice has two moments.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def moments(local: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """Return the moments (UTC) at which clocks of ``zone`` show the naive ``local``, earliest first.

    A time that the clocks skip has one, after the gap.
    """
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return (first, second) if first < second else (first,)


def begins(local: datetime, zone: tzinfo) -> datetime:
    """Return the first moment (UTC) at which clocks of ``zone`` have come to the naive ``local``."""
    return _edge(local, zone, last=False)


def ends(local: datetime, zone: tzinfo) -> datetime:
    """Return the last moment (UTC) at which clocks of ``zone`` come to the naive ``local``."""
    return _edge(local, zone, last=True)


def _edge(local: datetime, zone: tzinfo, *, last: bool) -> datetime:
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if second < first:
        return _change(second, first, zone)
    return second if last else first


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the moment between the two at which the clocks of ``zone`` are put forward, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def at(day: date, clock: time) -> datetime:
    """Return the naive local time ``clock`` on ``day``."""
    return datetime.combine(day, clock)


def local_day(moment: datetime, zone: tzinfo) -> date:
    """Return the calendar day of ``moment`` in ``zone``."""
    return moment.astimezone(zone).date()
