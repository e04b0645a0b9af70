"""Proving the archive and the audit trail: files, manifests and ledger against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gateway.custody.differences import Known, VerifyReport
from gateway.custody.verify import verify_archive
from gateway.errors import CustodyError, UsageError
from gateway.ledger import audit, checkpoint, settlements, transfers
from gateway.model import State
from gateway.stages.context import Context, is_archived

_WORKED_ON = (State.ARRIVED, State.CLAIMED, State.HELD, State.DELIVERING, State.REPLAY)


def verify_site(context: Context, progress: Callable[[str, int], None] | None = None) -> VerifyReport:
    """Compare every archived file, manifest and day list with its digests and with the ledger."""
    return verify_archive(context.layout, _settled(context), progress, _in_work(context))


def _in_work(context: Context) -> dict[str, bool]:
    """Return the paths of the files in work and beside them, and whether each must be there.

    One that a crash stopped between two places may be in either; the next pass brings it on.
    """
    paths: dict[str, bool] = {}
    with context.ledger.read() as connection:
        for row in transfers.search(connection, states=_WORKED_ON, limit=None):
            at_work = row.state not in (State.ARRIVED, State.REPLAY) and not is_archived(row)
            paths[context.layout.relative(context.working_path(row))] = at_work and row.settle_as is None
            is_due = at_work and row.settle_as is None and row.output is not None
            paths[context.layout.relative(context.working_output(row))] = is_due
            for one in row.companions:
                paths[context.layout.relative(context.companion_path(row, one))] = False
    return paths


def _settled(context: Context) -> Iterator[Known]:
    """Yield what the ledger knows to be at rest, replays from the archive included."""
    with context.ledger.read() as connection:
        for path, sha256, manifest_sha256 in settlements.at_rest(connection):
            yield Known(path, sha256, manifest_sha256)


def verify_audit(
    context: Context, progress: Callable[[int, int], None] | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Check the chain of the audit trail and its checkpoints outside the ledger.

    ``progress`` is told now and then of the entries checked and their number. Returns what is
    wrong, as JSON-ready data, and the number of entries checked.
    """
    kept = checkpoint.read(str(context.layout.checkpoints_file))
    with context.ledger.read() as connection:
        chain = audit.verify(connection, progress)
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


def export_audit(context: Context, file: Path) -> int:
    """Write the whole audit trail to the new ``file``; return the number of entries.

    Raises UsageError where there is a file already, CustodyError where it cannot be written,
    AuditBroken for an entry that cannot be read: what was written until then stays.
    """
    try:
        with open(file, "xb") as out, context.ledger.read() as connection:
            return audit.export(connection, out)
    except FileExistsError:
        raise UsageError("There is a file already", where=str(file), hint="Choose another name") from None
    except OSError as error:
        raise CustodyError("The audit trail cannot be written", where=str(file), cause=error) from error
