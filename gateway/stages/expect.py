"""Has come what should have come, and is it as it always was? At the end of a pass, for people.

Nothing is held up by this. What is missing is said by every pass until it has come, or until the next
time is due; an unusual file is said once, and noted in the audit trail. Only a pass that looked at the
source when the time was over says what is missing: what lies there unseen has come.
"""

from __future__ import annotations

import bisect
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.config.settings import Expectation, UnusualPolicy
from gateway.errors import Expected, Unusual
from gateway.ledger import arrivals, audit, history
from gateway.ledger.engine import Connection
from gateway.model import State, Transfer
from gateway.printable import printable
from gateway.rules import expectations
from gateway.rules.expectations import Missing
from gateway.rules.unusual import Measures, unusual
from gateway.stages.context import Context, Report, Route
from gateway.stages.in_force import IN_FORCE

#: The action of the audit entry for an unusual file.
UNUSUAL = "found-unusual"
#: Configurations that are looked back through; an expectation that is older is older than every window.
_CONFIGURATIONS = 100
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def expect(context: Context, route: Route, report: Report, looked_at: datetime | None) -> None:
    """Report what has not come on ``route`` and should have, and what this pass processed and is unusual.

    ``looked_at`` is when its look at the source began; None: it did not look.
    """
    if looked_at is not None and not context.stopping():
        for expectation in route.expect:
            _missing(context, route, expectation, report, looked_at)
    if route.unusual is not None:
        _unusual(context, route, route.unusual, report)


def _missing(context: Context, route: Route, expectation: Expectation, report: Report, now: datetime) -> None:
    zone = zoneinfo.ZoneInfo(context.site.time_zone)
    calendar = None if expectation.calendar is None else context.site.calendar(expectation.calendar)
    window = expectations.due(expectation, calendar, zone, now)
    if window is None:
        return
    with context.ledger.read() as connection:
        came = history.came(connection, route.name, window.start, expectation.at_least)
        if came >= expectation.at_least:
            return
        waiting = arrivals.waiting(connection, route.name)
        lying = expectations.awaited(route.completeness, route.source.pattern, waiting)
        found = expectations.missing(expectation, window, came, lying, now)
        if found is None or window.start < _begun(connection, route, now):
            return
    report.problem(_complaint(route, expectation, found, zone))


def _complaint(route: Route, expectation: Expectation, found: Missing, zone: zoneinfo.ZoneInfo) -> Expected:
    return Expected(
        f"On route {route.name} {expectations.describe(expectation, found, zone)}",
        due=found.window.end,
        hint=f"Ask {printable(route.partner)} whether it was sent; `gateway status` shows what waits",
    )


def _begun(connection: Connection, route: Route, now: datetime) -> datetime:
    """Return since when the configuration expects what it expects on ``route`` now.

    A route that was not passed over expected nothing.
    """
    entries = audit.read(connection, object_id="config/gateway.yaml", action=IN_FORCE, limit=_CONFIGURATIONS)
    begun, present = now, None
    for entry in reversed([chained.entry for chained in entries]):
        asked = _asked(entry.new or {}, route.name)
        if asked is None or present not in (None, asked):
            return begun
        begun, present = entry.at, asked
    return _LONG_AGO if len(entries) == _CONFIGURATIONS else begun


def _asked(new: Mapping[str, Any], route: str) -> Any:
    """Return what a configuration expected on ``route``; None if it did not pass over it."""
    said = new.get("text", {}).get("routes", {}).get(route)
    return said.get("expect") if said is not None and said.get("enabled") else None


def _unusual(context: Context, route: Route, policy: UnusualPolicy, report: Report) -> None:
    new = [one for one in report.settled if one.state is State.PROCESSED]
    if not new:
        return
    with context.ledger.read() as connection:
        latest = max(one.id for one in new)
        rows = history.processed(connection, route.name, latest, policy.history + len(new))
    ids = [row.id for row in rows]
    measures = [Measures(row.size, row.records) for row in rows]
    for transfer in new:
        place = bisect.bisect_left(ids, transfer.id)
        before = measures[max(0, place - policy.history) : place]
        if said := unusual(policy, before, Measures(transfer.size, transfer.records)):
            _tell(context, transfer, "; ".join(said), report)


def _tell(context: Context, transfer: Transfer, text: str, report: Report) -> None:
    """Put on record that ``transfer`` is unusual, and report it; once, however often it is tried again."""
    with context.ledger.write() as connection:
        if audit.read(connection, object_id=transfer.id, action=UNUSUAL, limit=1):
            return
        audit.append(connection, [context.entry(UNUSUAL, transfer, reason=text)])
    report.problem(
        Unusual(
            f"{printable(transfer.name)} is unlike those before it: {text}",
            where=f"transfer {transfer.id}",
            hint="It was processed; look whether it is what the sender meant",
        ),
        name=transfer.name,
    )
