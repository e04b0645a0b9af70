"""The state of a site at a glance, for the command line and for any console."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.ledger import alerts, arrivals, circuits, deliveries, remote_files, transfers
from gateway.ledger.engine import Connection
from gateway.model import Arrival, Delivery, State, Transfer
from gateway.operations.holds import Hold, held
from gateway.operations.refused_formats import refused_formats
from gateway.operations.sequences import StreamView
from gateway.operations.sequences import overview as streams
from gateway.operations.workers import Worker, workers
from gateway.printable import printable
from gateway.rules.alerts import Alert
from gateway.rules.circuit import Circuit
from gateway.rules.streams import Gap
from gateway.stages.context import Context

#: Waiting files, held files and open deliveries listed; their totals are exact.
LISTED = 1000
#: What waits with these codes is never taken unless somebody acts.
_NEVER_TAKEN = ("F901", "F902")
#: The kind of alert that says that a pass could not work with a format.
_REFUSED = "format-refused"
#: Kinds of alerts of which the overview tells in a list of their own, with more to go by.
_LISTED_ELSEWHERE = frozenset(
    {
        "file-failed",
        "file-overdue",
        "file-refused",
        "hold-expired",
        "gap",
        "delivery-failing",
        "acknowledgement-failing",
        "circuit-open",
        "host-key",
        _REFUSED,
        "nodes-differ",
    }
)


def overview(context: Context) -> dict[str, Any]:
    """Return what is where, what waits and since when, what is missing: JSON-ready."""
    now = context.clock.now()
    with context.ledger.read() as connection:
        counts = transfers.count_by_state(connection)
        failed = _unanswered(connection, counts)
        waiting_counts = arrivals.count(connection)
        waiting = arrivals.waiting(connection, limit=LISTED)
        open_deliveries = deliveries.undelivered(connection)
        owners = transfers.get_many(connection, [one.transfer for one in open_deliveries[:LISTED]])
        lasting = alerts.load(connection)
        unsent = alerts.unsent_by_channel(connection)
        places = circuits.every(connection)
        owed = remote_files.debts(connection)
    holds = held(context)
    working = workers(context.site, context.ledger)
    return {
        "site": context.site.name,
        "directory": str(context.site.directory),
        "at": now,
        "working": _working(working[0]) if working else None,
        "nodes": [_node(one) for one in working],
        "routes": _routes(context, counts, failed, waiting_counts),
        "waiting_total": sum(waiting_counts.values()),
        "waiting": [_waiting(context, one, now) for one in waiting],
        "held_total": len(holds),
        "held": [hold_data(one, now) for one in holds[:LISTED]],
        "deliveries_total": len(open_deliveries),
        "deliveries": [_delivery(one, owners[one.transfer]) for one in open_deliveries[:LISTED]],
        "circuits": [_circuit(one, now) for one in places],
        "owed": [{**dataclasses.asdict(one), "age_seconds": _ago(one.since, now)} for one in owed],
        "formats": refused_formats(context, whole=any(one.kind == _REFUSED for one in lasting)),
        "alerts": [
            _alert(one, now) for one in lasting if not one.over_at and one.kind not in _LISTED_ELSEWHERE
        ],
        "channels": [{**dataclasses.asdict(one), "age_seconds": _ago(one.oldest, now)} for one in unsent],
        "gaps": [_gap(stream, gap, now) for stream in streams(context) for gap in stream.gaps],
    }


def _working(one: Worker) -> dict[str, Any]:
    return {"pid": one.pid, "host": one.host, "since": one.since}


def _node(one: Worker) -> dict[str, Any]:
    return {
        **_working(one),
        "name": one.name,
        "routes": list(one.routes),
        "service": one.is_service,
        "differs": one.differs,
    }


def _unanswered(connection: Connection, counts: dict[tuple[str, State], int]) -> dict[str, int]:
    """Return by route how many failed files nobody has corrected yet."""
    routes = [route for route, state in counts if state is State.FAILED]
    return {
        route: transfers.count(connection, route=route, states=(State.FAILED,), superseded=False)
        for route in routes
    }


def _routes(
    context: Context, counts: dict[tuple[str, State], int], failed: dict[str, int], waiting: dict[str, int]
) -> list[dict[str, Any]]:
    """Return a row for each route, also those that are no longer configured but have files."""
    known = {route.name: route for route in context.site.routes}
    others = {route for route, _state in counts} | set(waiting)
    rows = []
    for name in [*known, *sorted(others - set(known))]:
        states = Counter({state.value: number for (route, state), number in counts.items() if route == name})
        rows.append(
            {
                "route": name,
                "configured": name in known,
                "enabled": name in known and known[name].enabled,
                "waiting": waiting.get(name, 0),
                "failed_open": failed.get(name, 0),
                "states": {state.value: states[state.value] for state in State},
            }
        )
    return rows


def _ago(start: datetime, now: datetime) -> int:
    return max(0, int((now - start).total_seconds()))


def _waiting(context: Context, one: Arrival, now: datetime) -> dict[str, Any]:
    normal = [r.completeness.alert_after_seconds for r in context.site.routes if r.name == one.route]
    age = _ago(one.first_seen_at, now)
    return {
        "route": one.route,
        "name": printable(one.name),
        "first_seen_at": one.first_seen_at,
        "age_seconds": age,
        "size": one.size,
        "code": one.reason_code,
        "reason": printable(one.reason),
        "stuck": one.reason_code in _NEVER_TAKEN or not normal or age >= normal[0],
    }


def hold_data(one: Hold, now: datetime) -> dict[str, Any]:
    """Return a held file, as lists tell it."""
    row = one.transfer
    return {
        "transfer": row.id,
        "route": row.route,
        "name": printable(row.name),
        "stream": row.stream,
        "control_number": row.control_number,
        "waiting_for": [gap_data(gap) for gap in one.waiting_for],
        "since": one.since,
        "age_seconds": _ago(one.since, now),
        "held_until": row.held_until,
        "overdue": row.held_until is not None and row.held_until <= now,
    }


def gap_data(gap: Gap) -> dict[str, Any]:
    """Return missing numbers, as lists tell them."""
    return {"first": gap.first, "last": gap.last, "count": gap.count, "since": gap.since}


def _gap(stream: StreamView, gap: Gap, now: datetime) -> dict[str, Any]:
    return {"stream": stream.stream, **gap_data(gap), "age_seconds": _ago(gap.since, now)}


def _delivery(one: Delivery, owner: Transfer) -> dict[str, Any]:
    return {
        "transfer": one.transfer,
        "route": owner.route,
        "name": printable(owner.name),
        "destination": one.destination,
        "state": one.state.value,
        "tries": one.tries,
        "next_try_at": one.next_try_at,
        "last_error": printable(one.last_error) if one.last_error else None,
    }


def _circuit(one: Circuit, now: datetime) -> dict[str, Any]:
    return {
        "place": one.place,
        "state": one.state.value,
        "failures": one.failures,
        "since": one.since,
        "age_seconds": _ago(one.since, now),
        "next_probe_at": one.next_probe_at,
        "last_error": printable(one.last_error) if one.last_error else None,
    }


def _alert(one: Alert, now: datetime) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "routes": list(one.routes),
        "text": printable(one.text),
        "since": one.since,
        "age_seconds": _ago(one.since, now),
    }


def gap_words(gaps: Sequence[dict[str, Any]], most: int = 5) -> str:
    """Return missing numbers as people say them: ``5, 7 to 9 and 3 more``."""
    words = [one["first"] if one["count"] == 1 else f"{one['first']} to {one['last']}" for one in gaps]
    more = f" and {len(words) - most} more ranges" if len(words) > most else ""
    return ", ".join(words[:most]) + more
