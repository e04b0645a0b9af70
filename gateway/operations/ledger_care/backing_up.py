"""A backup of the ledger while the gateway works, on record in the audit trail."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gateway.ledger import audit
from gateway.ledger.backup import Backup, reading, write_backup
from gateway.model import AuditEntry
from gateway.printable import printable
from gateway.stages.context import Context

#: The object of audit entries about the ledger itself.
LEDGER = "ledger"


def back_up(context: Context, file: Path, progress: Callable[[int, int], None] | None = None) -> Backup:
    """Write a backup of the ledger to the new ``file`` and its digest beside it; return what it holds.

    Its audit entry is committed before the file gets its name: there is no backup that nobody knows
    of. Raises as `gateway.ledger.backup.write_backup`.
    """

    def note(made: Backup) -> None:
        with context.ledger.write() as connection:
            audit.append(connection, [_entry(context, made)])

    return write_backup(context.ledger.read, os.path.abspath(file), progress, note)


def broken_trail(path: str) -> str | None:
    """Return what is wrong with the audit trail in the backup at ``path``: such a one is not restored."""
    with reading(path) as connection:
        problem = audit.verify(connection).problem
    return None if problem is None else f"{problem.code}: {problem.message}"


def _entry(context: Context, made: Backup) -> AuditEntry:
    return AuditEntry(
        at=context.clock.now(),
        actor=context.actor,
        action="ledger-backed-up",
        object_type=LEDGER,
        object_id=LEDGER,
        new={
            "file": printable(made.path),
            "sha256": made.sha256,
            "size": made.size,
            "transfers": made.transfers,
            "entries": made.head.count,
            "head": made.head.hash,
        },
        versions=context.versions,
    )
