"""Checkpoints of the audit trail, kept outside the ledger so that a cut-off end shows.

A file of JSON lines, one per checkpoint: ``{"at":"...","count":300,"hash":"..."}``. Whoever can
rewrite the ledger should not be able to write this file; a copy on another machine is better still.

A ledger that an operator restored or rebuilt begins with a line of its own, which says for ever what
the trail has lost: ``{"at":"...","count":121,"hash":"...","kind":"restored","kept":120,"lost":300,
"reason":"..."}``. Entries 121 to 300 of the trail before are gone; entry 121 of the new one says who
did it and why. The line excuses the checkpoints above ``kept`` that stand before it, and only where
the trail's own entry ``count`` says the same.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from gateway.custody import moves, writes
from gateway.errors import CustodyError, LedgerError
from gateway.ledger import audit
from gateway.ledger.audit_chain import GENESIS, Head
from gateway.ledger.audit_check import AuditFault, AuditProblem, AuditReport
from gateway.ledger.encoding import canonical_json, text_time
from gateway.ledger.statements import in_lists
from gateway.ledger.tables import audit as audit_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


#: More than any line of the file has.
_LONGEST_LINE = 8192
#: Characters of a reason that a line repeats; the audit entry has all of it.
_REASON = 500
#: The actions of the audit entries with which a restored or rebuilt ledger goes on, by kind of line.
ACTIONS = {"restored": "ledger-restored", "rebuilt": "ledger-rebuilt"}


@dataclass(frozen=True, slots=True)
class Restoration:
    """What an authorised restore or rebuild of the ledger took away from the trail, for ever."""

    kind: str  #: ``restored`` or ``rebuilt``
    kept: int  #: the last entry of the trail before that is still part of it
    lost: int  #: the last entry of the trail before that was known of
    reason: str

    def __str__(self) -> str:
        """Return in words what is lost."""
        if self.lost <= self.kept:
            return "no entry is known to be lost"
        one = self.kept + 1 == self.lost
        return f"entry {self.lost} is lost" if one else f"entries {self.kept + 1} to {self.lost} are lost"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How the audit trail ended at a moment."""

    count: int
    hash: str
    at: datetime
    restoration: Restoration | None = None  #: where the entry ``count`` is that of a restore or rebuild


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of a file, and the numbers of the lines that are none (a torn write, or worse)."""

    listed: tuple[Checkpoint, ...]
    unreadable: tuple[int, ...] = ()


def append(path: str, head: Head, now: datetime, restoration: Restoration | None = None) -> Checkpoint:
    """Write a checkpoint for ``head``, durable when this returns; the directory is made if need be.

    With ``restoration``, ``head`` is the entry that says so. Raises LedgerError if the file cannot be
    written.
    """
    facts: dict[str, object] = {"at": now, "count": head.count, "hash": head.hash}
    if restoration is not None:
        facts |= {"kind": restoration.kind, "kept": restoration.kept, "lost": restoration.lost}
        facts["reason"] = restoration.reason[:_REASON]
    line = canonical_json(facts).encode()
    try:
        moves.make_directory(os.path.dirname(path) or ".")
        # a last line that a crash tore is cut off first: it anchored nothing that this one does not
        writes.append_lines(path, line + b"\n")
    except CustodyError as error:
        raise LedgerError("The audit checkpoint cannot be written", where=path, cause=error) from error
    return Checkpoint(head.count, head.hash, now, restoration)


def last(path: str) -> Checkpoint | None:
    """Return the newest checkpoint in ``path`` without reading the others; None where there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_LINE))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError("The audit checkpoints cannot be read", where=path, cause=error) from error
    return _parse(lines[-1]) if lines else None


def read(path: str) -> Checkpoints:
    """Return the checkpoints in ``path``; none if there is no file. LedgerError if it is unreadable."""
    try:
        with open(path, "rb") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return Checkpoints(())
    except OSError as error:
        raise LedgerError("The audit checkpoints cannot be read", where=path, cause=error) from error
    read_lines = [(number, _parse(line)) for number, line in enumerate(lines, start=1)]
    return Checkpoints(
        tuple(one for _, one in read_lines if one), tuple(number for number, one in read_lines if not one)
    )


def _parse(line: bytes) -> Checkpoint | None:
    try:
        data = json.loads(line)
        at, restoration = text_time(data["at"]), _restoration(data) if "kind" in data else None
        return Checkpoint(int(data["count"]), str(data["hash"]), at, restoration)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _restoration(data: dict[str, Any]) -> Restoration:
    if data["kind"] not in ACTIONS:
        raise ValueError(f"not a kind of checkpoint: {data['kind']}")
    return Restoration(data["kind"], int(data["kept"]), int(data["lost"]), str(data["reason"]))


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
