"""When does a lane come by itself? By what the ledger says is still to be done, and when."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from gateway.config.settings import SftpSource
from gateway.ledger import upcoming
from gateway.ledger.engine import Connection
from gateway.rules import expectations, waking
from gateway.rules.waking import Due, Wake
from gateway.stages.context import Context, Route
from gateway.stages.deliver import remote_destinations
from gateway.stages.gate import server_place

#: Wall clocks and waits are not exact: a time that is judged is over for certain.
_MOMENT = timedelta(seconds=1)


def route_due(context: Context, route: Route, since: datetime, last_seconds: float) -> Due | None:
    """Return when the lane of ``route`` has something to do; None if nothing is to come.

    Its last pass ended at ``since`` and took ``last_seconds``. Deliveries to remote destinations are
    not its own. A moment that has come is one that the last pass could not use: it waits for the next.
    """
    now = context.clock.now()
    remote = remote_destinations(route)
    local = [one.name for one in route.destinations if one.name not in remote]
    with context.ledger.read() as connection:
        if upcoming.was_asked(connection, route.name, since) or _source_called(connection, route, since):
            return Due(now, Wake.OPERATOR)
        dues = [
            _at(upcoming.next_delivery(connection, route.name, local), Wake.RETRY),
            _at(upcoming.next_acknowledgement(connection, route.name), Wake.RETRY),
            _at(upcoming.next_deadline(connection, route.name, now), Wake.DEADLINE),
            _look(context, connection, route, since, last_seconds),
            *_expected(context, route, since),
        ]
    return waking.earliest(due for due in dues if due is not None and due.at > since)


def delivery_due(context: Context, route: Route, destinations: Sequence[str], since: datetime) -> Due | None:
    """Return when the next try of a delivery comes due, where the last ones ended at ``since``."""
    with context.ledger.read() as connection:
        due = _at(upcoming.next_delivery(connection, route.name, destinations), Wake.RETRY)
    return due if due is not None and due.at > since else None


def _at(moment: datetime | None, why: Wake) -> Due | None:
    return None if moment is None else Due(moment, why)


def _source_called(connection: Connection, route: Route, since: datetime) -> bool:
    """Return whether the server that files are taken from is to be asked again now, as somebody wants it."""
    if not isinstance(route.source, SftpSource):
        return False
    return upcoming.was_called(connection, server_place(route.source.server), since)


def _expected(context: Context, route: Route, since: datetime) -> Iterator[Due | None]:
    """Yield when files should have come: then the source is looked at, whatever the schedule.

    Once more when whatever was seen by then should have proved complete.
    """
    zone = zoneinfo.ZoneInfo(context.site.time_zone)
    for expectation in route.expect:
        calendar = None if expectation.calendar is None else context.site.calendar(expectation.calendar)
        for wait in (_MOMENT, expectations.PATIENCE + _MOMENT):
            end = expectations.next_end(expectation, calendar, zone, since - wait)
            yield _at(None if end is None else end + wait, Wake.DEADLINE)


def _look(
    context: Context, connection: Connection, route: Route, since: datetime, last_seconds: float
) -> Due | None:
    """Return when files that may become stable are looked at again."""
    policy = route.completeness
    due = waking.next_look(policy, since, last_seconds)
    if due is None:
        return None
    quiet_since = context.clock.monotonic() - policy.quiet_seconds
    is_young = upcoming.settles_down(
        connection, route.name, policy.looks, quiet_since, context.clock.boot_id()
    )
    # a moment more: the last look shall find the whole quiet time
    return Due(due.at + timedelta(milliseconds=50), due.why) if is_young else None
