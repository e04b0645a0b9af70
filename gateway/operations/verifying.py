"""Proving the archive and the audit trail: files, manifests and ledger against each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.custody.differences import LISTED, Known, VerifyReport
from gateway.custody.verify import verify_archive
from gateway.errors import CustodyError, UsageError
from gateway.ledger import audit, settlements, transfers
from gateway.ledger.checkpoint_lines import Trouble
from gateway.model import State
from gateway.operations.verifying_rows import verify_rows
from gateway.operations.verifying_rules import verify_rules
from gateway.operations.verifying_trail import verify_audit
from gateway.stages.context import Context, is_archived

__all__ = ["export_audit", "verify_audit", "verify_records", "verify_site"]

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
        for path, sha256, manifest_sha256, tombstone_sha256, removed_at in settlements.at_rest(connection):
            yield Known(path, sha256, manifest_sha256, tombstone_sha256, removed_at is not None)


def verify_records(
    context: Context, progress: Callable[[int], None] | None = None, archive: VerifyReport | None = None
) -> tuple[list[Trouble], int]:
    """Compare the ledger's rows with trail and manifests, and what files are judged by with its record.

    Of use only where the trail is whole.

    ``progress`` is told how many transfers were looked at. ``archive`` is what `verify_site` found: of the
    altered manifests that it lists, it is told the first member that differs. Returns the first further
    differences, and how many there are.
    """
    troubles: list[Trouble] = []
    total = 0
    for one in itertools.chain(verify_rows(context, progress, archive), verify_rules(context)):
        total += 1
        if len(troubles) < LISTED:
            troubles.append(one)
    return troubles, total


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
