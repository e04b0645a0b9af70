"""Rows that were recovered are written with an audit entry each: the trail tells of every row there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gateway.ledger import audit, rebuilding, retention
from gateway.ledger.engine import Connection
from gateway.ledger.rebuilding import Rows
from gateway.ledger.retention import Removal, Run
from gateway.model import DeliveryState
from gateway.stages.context import Context

#: The action of the audit entry with which a row that was recovered begins anew.
RECOVERED = "recovered"

#: What a tombstone tells: the removal of one file, and the run that it was part of.
Recalled = tuple[Removal, Run]
_NOTHING: Mapping[str, Recalled] = MappingProxyType({})


def put_recovered(
    context: Context,
    connection: Connection,
    batch: Sequence[Rows],
    removed: Mapping[str, Recalled] = _NOTHING,
) -> None:
    """Write ``batch`` in place of what the ledger has of the same transfers, and say so in the trail.

    ``removed`` are the removals that the archive tells of, by transfer.
    """
    rebuilding.put(connection, batch)
    gone = [removed[row.id] for row, *_rest in batch if row.id in removed]
    retention.put(connection, [one for one, _run in gone], [run for _one, run in gone])
    entries = [context.entry(RECOVERED, rows[0], new=_facts(rows, removed.get(rows[0].id))) for rows in batch]
    audit.append(connection, entries)


def _facts(rows: Rows, removed: Recalled | None) -> dict[str, Any]:
    row, _attempts, sent = rows
    stone = {} if removed is None else {"tombstone_sha256": removed[0].tombstone_sha256}
    return {
        "state": row.state.value,
        "attempt": row.attempt,
        "path": row.settled_path,
        "sha256": row.sha256,
        "manifest_sha256": row.manifest_sha256,
        **stone,
        "deliveries": [
            {"destination": one.destination, "key": one.key, "target": one.target}
            for one in sent
            if one.state is DeliveryState.DELIVERED
        ],
    }
