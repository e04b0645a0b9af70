"""The intent to take files, committed before any of them moves."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gateway.errors import DiskFull
from gateway.ledger import attempts, audit, transfers
from gateway.ledger.engine import Connection
from gateway.model import Actor, Attempt, Transfer
from gateway.printable import printable
from gateway.stages.context import Context


def demand_room(context: Context, coming: int = 0) -> None:
    """Raise DiskFull where the site's file system has less room than the configuration demands.

    ``coming`` are the bytes that are about to be added to it.
    """
    status = os.statvfs(context.site.directory)
    free = status.f_bavail * status.f_frsize
    if free - coming < context.site.limits.minimum_free_bytes:
        more = f", and {coming} bytes are to come" if coming else ""
        raise DiskFull(
            f"{free} bytes are free, {context.site.limits.minimum_free_bytes} are demanded{more}",
            where=str(context.site.directory),
            hint="Nothing is taken until there is room; files wait safely where they are",
        )


def register(
    context: Context, connection: Connection, batch: Sequence[Transfer], actor: Actor | None = None
) -> None:
    """Write new ARRIVED transfers, their first attempts and their audit entries.

    ``actor`` is who asked for them; by default the gateway itself.
    """
    now, name = context.clock.now(), (actor or context.actor).name
    begun = [Attempt(row.id, 1, name, row.reason or "arrived", row.arrived_at) for row in batch]
    entries = [
        context.entry(
            "arrived",
            row,
            new={
                "name": printable(row.name),
                "source": printable(row.source),
                "size": row.size,
                "evidence": [one.to_dict() for one in row.evidence],
            },
            reason=row.reason,
            actor=actor,
            at=now,
        )
        for row in batch
    ]
    transfers.insert(connection, batch)
    attempts.insert(connection, begun)
    audit.append(connection, entries)
