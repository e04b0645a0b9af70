"""Proving the archive and the audit trail: files, manifests and ledger against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gateway.custody.differences import Known, VerifyReport
from gateway.custody.verify import verify_archive
from gateway.ledger import audit, checkpoint, settlements
from gateway.stages.context import Context


def verify_site(context: Context, progress: Callable[[str, int], None] | None = None) -> VerifyReport:
    """Compare every archived file, manifest and day list with its digests and with the ledger."""
    return verify_archive(context.layout, _settled(context), progress)


def _settled(context: Context) -> Iterator[Known]:
    """Yield what the ledger knows to be at rest, replays from the archive included."""
    with context.ledger.read() as connection:
        for path, sha256, manifest_sha256 in settlements.at_rest(connection):
            yield Known(path, sha256, manifest_sha256)


def verify_audit(context: Context) -> tuple[list[dict[str, Any]], int]:
    """Check the chain of the audit trail and its checkpoints outside the ledger.

    Returns what is wrong, as JSON-ready data, and the number of entries checked.
    """
    kept = checkpoint.read(str(context.layout.checkpoints_file))
    with context.ledger.read() as connection:
        chain = audit.verify(connection)
        anchored = checkpoint.verify_against(kept.listed, connection)
    problems: list[dict[str, Any]] = [
        {
            "code": report.problem.fault.value,
            "entry": report.problem.sequence,
            "message": report.problem.message,
        }
        for report in (chain, anchored)
        if report.problem is not None
    ]
    problems += [
        {
            "code": "checkpoint-unreadable",
            "entry": None,
            "message": f"Line {number} of the checkpoints is none",
        }
        for number in kept.unreadable
    ]
    return problems, chain.checked


def write_checkpoint(context: Context) -> None:
    """Anchor the present end of the audit trail outside the ledger, unless it is anchored already."""
    path = str(context.layout.checkpoints_file)
    with context.ledger.read() as connection:
        head = audit.head(connection)
    kept = checkpoint.read(path).listed
    if head.count and (not kept or kept[-1].count != head.count):
        checkpoint.append(path, head, context.clock.now())
