"""Checkpoints of the audit trail, kept outside the ledger so that a cut-off end shows.

A file of JSON lines, one per checkpoint: ``{"at":"...","count":300,"hash":"..."}``. Whoever can
rewrite the ledger should not be able to write this file; a copy on another machine is better still.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
_LONGEST_LINE = 1024


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How the audit trail ended at a moment."""

    count: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of a file, and the numbers of the lines that are none (a torn write, or worse)."""

    listed: tuple[Checkpoint, ...]
    unreadable: tuple[int, ...] = ()


def append(path: str, head: Head, now: datetime) -> Checkpoint:
    """Write a checkpoint for ``head``, durable when this returns; the directory is made if need be.

    Raises LedgerError if the file cannot be written.
    """
    line = canonical_json({"at": now, "count": head.count, "hash": head.hash}).encode()
    try:
        moves.make_directory(os.path.dirname(path) or ".")
        # a last line that a crash tore is cut off first: it anchored nothing that this one does not
        writes.append_lines(path, line + b"\n")
    except CustodyError as error:
        raise LedgerError("The audit checkpoint cannot be written", where=path, cause=error) from error
    return Checkpoint(head.count, head.hash, now)


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
        return Checkpoint(int(data["count"]), str(data["hash"]), text_time(data["at"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def verify_against(checkpoints: Sequence[Checkpoint], connection: Connection) -> AuditReport:
    """Check that every checkpoint is still part of the trail.

    The chain itself is checked by `audit.verify`; both together show a cut-off end (TRUNCATED)
    and a history that was written anew with right hashes (REWRITTEN).
    """
    head = audit.head(connection)
    hashes = {0: GENESIS} | _hashes(connection, [one.count for one in checkpoints])
    for checked, one in enumerate(checkpoints):
        problem = _compare(one, hashes.get(one.count))
        if problem:
            return AuditReport(checked, head, problem)
    return AuditReport(len(checkpoints), head)


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
