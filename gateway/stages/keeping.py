"""Streams of control numbers are written with an audit entry that says how they stand then."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from gateway.ledger import audit, streams
from gateway.ledger.encoding import canonical_json
from gateway.ledger.engine import Connection
from gateway.model import AuditEntry
from gateway.stages.context import Context

#: The action of the audit entry with which a stream moves on.
MOVED = "stream-moved"


def keep_stream(
    context: Context, connection: Connection, name: str, state: Mapping[str, Any], *, route: str, sender: str
) -> None:
    """Write the ``state`` of the stream ``name``, and what stands for it in the audit trail.

    Nothing is written where it is the state that the ledger has.
    """
    if streams.load(connection, name) == state:
        return
    now = context.clock.now()
    streams.save(connection, name, state, route=route, sender=sender, now=now)
    entry = AuditEntry(
        at=now,
        actor=context.actor,
        action=MOVED,
        object_type="stream",
        object_id=name,
        new=stream_facts(state),
        versions=context.versions,
    )
    audit.append(connection, [entry])


def stream_facts(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the trail says of a stream: its ends and counts, and a digest over all of it."""
    digest = hashlib.sha256(canonical_json(state).encode()).hexdigest()
    counts = {key: len(value) for key, value in state.items() if isinstance(value, list)}
    plain = {key: value for key, value in state.items() if not isinstance(value, list)}
    return {**plain, **counts, "sha256": digest}
