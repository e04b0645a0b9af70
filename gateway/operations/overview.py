"""The state of a site at a glance, for the command line and for any console."""

from __future__ import annotations

import dataclasses
from typing import Any

from gateway.custody import guard
from gateway.custody.names import printable
from gateway.ledger import arrivals, deliveries, transfers
from gateway.operations.sequences import overview as streams
from gateway.stages.context import Context


def overview(context: Context) -> dict[str, Any]:
    """Return counts by route and state, waiting files, open deliveries and gaps, JSON-ready."""
    now = context.clock.now()
    with context.ledger.read() as connection:
        counts = transfers.count_by_state(connection)
        waiting_counts = arrivals.count(connection)
        waiting = arrivals.waiting(connection, limit=1000)
        open_deliveries = deliveries.undelivered(connection)
    names = [route.name for route in context.site.routes]
    names += sorted({route for route, _state in counts} - set(names))
    working = guard.holder(context.site.directory)
    return {
        "site": context.site.name,
        "working": dataclasses.asdict(working) if working else None,
        "routes": [
            {
                "route": name,
                "waiting": waiting_counts.get(name, 0),
                "states": {state.value: number for (route, state), number in counts.items() if route == name},
            }
            for name in names
        ],
        "waiting_total": sum(waiting_counts.values()),
        "waiting": [
            {
                "route": one.route,
                "name": printable(one.name),
                "age_seconds": (now - one.first_seen_at).total_seconds(),
                "first_seen_at": one.first_seen_at,
                "size": one.size,
                "code": one.reason_code,
                "reason": printable(one.reason),
            }
            for one in waiting
        ],
        "deliveries": [
            {
                "transfer": one.transfer,
                "destination": one.destination,
                "state": one.state.value,
                "tries": one.tries,
                "next_try_at": one.next_try_at,
                "last_error": one.last_error,
            }
            for one in open_deliveries
        ],
        "gaps": [
            {"stream": one.stream, "missing": ", ".join(str(gap) for gap in one.gaps)}
            for one in streams(context)
            if one.gaps
        ],
    }
