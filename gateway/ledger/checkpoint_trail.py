"""Checkpoints against the trail that they anchor: is every one of them still part of it?"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select

from gateway.ledger import audit
from gateway.ledger.audit_chain import GENESIS
from gateway.ledger.audit_check import AuditFault, AuditProblem, AuditReport
from gateway.ledger.checkpoint import ACTIONS, Checkpoint
from gateway.ledger.statements import in_lists
from gateway.ledger.tables import audit as audit_table


def verify_against(checkpoints: Sequence[Checkpoint], connection: Connection) -> AuditReport:
    """Check that every checkpoint is still part of the trail, but for what a restore is known to have lost.

    The chain itself is checked by `audit.verify`; both together show a cut-off end (TRUNCATED)
    and a history that was written anew with right hashes (REWRITTEN).
    """
    head = audit.head(connection)
    hashes = {0: GENESIS} | _hashes(connection, [one.count for one in checkpoints])
    for checked, (one, kept) in enumerate(_with_kept(checkpoints)):
        if kept is not None and one.count > kept:
            continue  # an authorised restore after it says that this entry is lost
        problem = _compare(one, hashes.get(one.count)) or _unproved(one, connection)
        if problem:
            return AuditReport(checked, head, problem)
    return AuditReport(len(checkpoints), head)


def still_standing(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Return the checkpoints that no authorised restore after them excuses."""
    return [one for one, kept in _with_kept(checkpoints) if kept is None or one.count <= kept]


def _with_kept(checkpoints: Sequence[Checkpoint]) -> list[tuple[Checkpoint, int | None]]:
    """Return each checkpoint with the last entry that every restore after it left in the trail."""
    found: list[tuple[Checkpoint, int | None]] = []
    kept: int | None = None
    for one in reversed(checkpoints):
        found.append((one, kept))
        if one.restoration is not None:
            kept = one.restoration.kept if kept is None else min(kept, one.restoration.kept)
    return found[::-1]


def _unproved(one: Checkpoint, connection: Connection) -> AuditProblem | None:
    """Return a problem where a line says that the ledger was restored, and the trail says something else."""
    said = one.restoration
    if said is None:
        return None
    statement = select(audit_table.c.action, audit_table.c.new).where(audit_table.c.sequence == one.count)
    row = connection.execute(statement).first()
    new = json.loads(row.new) if row is not None and row.new else {}
    found = (row.action if row else None, new.get("kept"), new.get("lost"))
    if found == (ACTIONS[said.kind], said.kept, said.lost):
        return None
    message = (
        f"The checkpoints say that the ledger was {said.kind} with entry {one.count}; the trail does not"
    )
    return AuditProblem(AuditFault.REWRITTEN, one.count, message)


def _hashes(connection: Connection, counts: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in in_lists(sorted(set(counts))):
        statement = select(audit_table.c.sequence, audit_table.c.hash)
        statement = statement.where(audit_table.c.sequence.in_(part))
        found.update((row.sequence, row.hash) for row in connection.execute(statement))
    return found


def _compare(one: Checkpoint, found: str | None) -> AuditProblem | None:
    if found == one.hash:
        return None
    at = one.at.isoformat(timespec="seconds")
    if found is None:
        message = f"The trail had {one.count} entries at {at}; entry {one.count} is no longer there"
        return AuditProblem(AuditFault.TRUNCATED, one.count, message)
    message = f"Entry {one.count} is not the one that ended the trail at {at}"
    return AuditProblem(AuditFault.REWRITTEN, one.count, message)
