"""Rows that were recovered are written with an audit entry each: the trail tells of every row there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.ledger import audit, rebuilding
from gateway.ledger.engine import Connection
from gateway.ledger.rebuilding import Rows
from gateway.model import DeliveryState
from gateway.stages.context import Context

#: The action of the audit entry with which a row that was recovered begins anew.
RECOVERED = "recovered"


def put_recovered(context: Context, connection: Connection, batch: Sequence[Rows]) -> None:
    """Write ``batch`` in place of what the ledger has of the same transfers, and say so in the trail."""
    rebuilding.put(connection, batch)
    audit.append(connection, [context.entry(RECOVERED, rows[0], new=_facts(rows)) for rows in batch])


def _facts(rows: Rows) -> dict[str, Any]:
    row, _attempts, sent = rows
    return {
        "state": row.state.value,
        "attempt": row.attempt,
        "path": row.settled_path,
        "sha256": row.sha256,
        "manifest_sha256": row.manifest_sha256,
        "deliveries": [
            {"destination": one.destination, "key": one.key, "target": one.target}
            for one in sent
            if one.state is DeliveryState.DELIVERED
        ],
    }
