"""The audit trail against itself, its checkpoints, their copies and signatures, and against exports."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gateway.config.settings import Site
from gateway.errors import ConfigurationError, CustodyError, LedgerError
from gateway.ledger import audit, checkpoint, checkpoint_rows, checkpoint_trail
from gateway.ledger.audit_chain import GENESIS
from gateway.ledger.audit_check import AuditReport
from gateway.ledger.checkpoint import Checkpoints
from gateway.ledger.checkpoint_lines import Trouble, check_copy, check_lines, check_signatures
from gateway.ledger.engine import Connection
from gateway.signing import PublicKey
from gateway.stages.context import Context


def verify_audit(
    context: Context, progress: Callable[[int, int], None] | None = None
) -> tuple[list[Trouble], int]:
    """Check the chain of the audit trail and its checkpoints outside the ledger.

    ``progress`` is told now and then of the entries checked and their number. Returns what is wrong and
    the number of entries checked.
    """
    path = str(context.layout.checkpoints_file)
    # A gateway at work adds to all three, in the order trail, file, note. Read the other way about, each one
    # has what the one read before it tells of.
    with context.ledger.read() as connection:
        noted = checkpoint_rows.every(connection)
    kept = checkpoint.read(path)
    with context.ledger.read() as connection:
        chain = audit.verify(connection, progress)
        anchored = checkpoint_trail.verify_against(kept.listed, connection)
    own = context.layout.relative(path)
    troubles = [*_troubles(chain), *_troubles(anchored)]
    if noted and not context.layout.checkpoints_file.exists():
        message = f"The file of checkpoints is gone; the ledger knows of {len(noted)} lines in it"
        troubles.append(Trouble("checkpoints-missing", message, own, 1))
    else:
        troubles += check_lines(kept, own, noted)
    troubles += _signatures(context.site, kept, own)
    for copy in context.site.audit.copies:
        troubles += _of_copy(path, kept, own, copy)
    return troubles, chain.checked


def _troubles(report: AuditReport) -> Iterator[Trouble]:
    if report.problem is not None:
        found = report.problem
        yield Trouble(found.code, found.message, entry=found.sequence, column=found.column)


def _signatures(site: Site, kept: Checkpoints, file: str) -> list[Trouble]:
    if site.audit.signing_key is None and not any(one.signature for one in kept.listed):
        return []
    try:
        trusted = site.audit.trusted()
    except ConfigurationError as error:
        return [Trouble("signature-unchecked", error.lines()[0], file)]
    return check_signatures(kept, file, trusted, signs_now=site.audit.signing_key is not None)


def _of_copy(path: str, kept: Checkpoints, own: str, copy: Path) -> list[Trouble]:
    """Return what is wrong with a copy, and stays so: a gateway at work writes it after the file ``path``."""
    try:
        if not _compared(kept, _read_copy(copy), own, copy):
            return []
        _let_finish(path)
        # the file second: it has what the copy has
        found, now = _read_copy(copy), checkpoint.read(path)
    except (LedgerError, OSError) as error:
        message = f"The copy cannot be read: {error}"
        return [Trouble("checkpoint-copy-unreachable", message, str(copy))]
    # lines that came to the file meanwhile may still be on their way to the copy
    due = max(len(kept.listed), len(found.listed))
    return _compared(Checkpoints(now.listed[:due]), found, own, copy)


def _read_copy(copy: Path) -> Checkpoints:
    if not copy.parent.is_dir():
        raise LedgerError("The directory is not there")
    return checkpoint.read(str(copy))


def _let_finish(path: str) -> None:
    """Wait, for a bounded time, until whoever writes checkpoints now has brought them to the copies."""
    if os.path.exists(f"{path}.lock"):  # else nobody does, and none is made for a look
        with contextlib.suppress(LedgerError), checkpoint.alone(path):
            pass


def _compared(kept: Checkpoints, found: Checkpoints, own: str, copy: Path) -> list[Trouble]:
    torn = [
        Trouble("checkpoint-unreadable", f"Line {line} of the copy is none", str(copy), line)
        for line in found.unreadable
    ]
    return torn or check_copy(kept, found, own, str(copy))


def verify_checkpoints(context: Context, file: Path, key: PublicKey | None) -> tuple[list[Trouble], int]:
    """Check the trail against checkpoints that were kept elsewhere; return what is wrong, and their number.

    With ``key`` every line must be signed with it, or with one that it announced.
    """
    kept = checkpoint.read(str(file))
    with context.ledger.read() as connection:
        anchored = checkpoint_trail.verify_against(kept.listed, connection)
    troubles = [*_troubles(anchored), *check_lines(kept, str(file))]
    if not kept.listed:
        troubles.append(Trouble("checkpoints-missing", "There is no checkpoint in this file", str(file)))
    if key is not None:
        troubles += check_signatures(kept, str(file), [key], signs_now=True)
    return troubles, len(kept.listed)


def verify_export(context: Context | None, file: Path) -> tuple[list[Trouble], int]:
    """Check an export of the trail by itself, and entry by entry against the ledger where there is one.

    Returns what is wrong at the first place, and the number of entries that are right. Raises CustodyError
    where the file cannot be read.
    """
    try:
        with file.open("rb") as lines:
            if context is None:
                return _exported(lines, file, None)
            with context.ledger.read() as connection:
                return _exported(lines, file, connection)
    except OSError as error:
        raise CustodyError("The export cannot be read", where=str(file), cause=error) from error


def _exported(lines: Any, file: Path, connection: Connection | None) -> tuple[list[Trouble], int]:
    previous, number = GENESIS, 0
    rows = iter(()) if connection is None else iter(audit.stored(connection))
    for number, line in enumerate(lines, start=1):
        entry, stated = line[83:-2], line[9:73].decode("ascii", "replace")
        trouble = _line(file, number, entry, stated, previous)
        if trouble is None and connection is not None:
            trouble = _against(file, number, json.loads(entry), next(rows, None))
        if trouble is not None:
            return [trouble], number - 1
        previous = stated
    return [], number


def _line(file: Path, number: int, entry: bytes, stated: str, previous: str) -> Trouble | None:
    def trouble(code: str, message: str, column: str | None = None) -> Trouble:
        return Trouble(code, message, str(file), number, number, column)

    try:
        found = json.loads(entry)
        sequence, before = found["sequence"], found["previous"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return trouble("audit-altered", f"Line {number} is no entry")
    if hashlib.sha256(entry).hexdigest() != stated:
        return trouble("audit-altered", f"The hash of line {number} is not that of its entry")
    if sequence != number:
        code = "audit-missing" if sequence > number else "audit-reordered"
        return trouble(code, f"Line {number} has entry {sequence}", "sequence")
    if before != previous:
        return trouble("audit-rewritten", f"Entry {number} does not follow the one before it", "previous")
    return None


def _against(
    file: Path, number: int, exported: dict[str, Any], stored: dict[str, Any] | None
) -> Trouble | None:
    """Compare one entry of an export with the ledger's; the ledger may have more, never fewer."""
    if stored is None:
        return Trouble("audit-truncated", f"The ledger has no entry {number}", str(file), number, number)
    for name, value in exported.items():
        if stored.get(name) != value:
            message = f"Entry {number} of the ledger is not the one that was exported"
            recorded, found = str(value), str(stored.get(name))
            return Trouble("audit-altered", message, str(file), number, number, name, recorded, found)
    return None
