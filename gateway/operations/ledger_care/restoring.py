"""A backup in the place of the ledger, brought up to date from what the archive says came after it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from gateway.custody.copies import copy_new
from gateway.errors import BackupInvalid
from gateway.ledger import checkpoint
from gateway.ledger.backup import Backup, discard, inspect, reading
from gateway.ledger.belonging import kept_entries
from gateway.operations.demands import demand_reason
from gateway.operations.ledger_care.at_rest import SiteAtRest, at_rest, open_ledger_file
from gateway.operations.ledger_care.on_record import before
from gateway.operations.ledger_care.owners import given_back_if_refused
from gateway.operations.ledger_care.rebuilding import Rebuilt, renew
from gateway.operations.ledger_care.recovery import Progress, Recovery
from gateway.printable import printable


def restore(
    directory: Path,
    file: Path,
    reason: str | None,
    *,
    actor: str | None = None,
    progress: Progress = lambda _text: None,
) -> Rebuilt:
    """Put the backup ``file`` in the place of the site's ledger; that one is set aside, never removed.

    What settled after the backup is taken over from its manifests, so that nothing is delivered twice;
    a file that was in work meanwhile is set before an operator. The backup itself is only read.

    Raises ReasonMissing, SiteBusy where a gateway works on the site, BackupInvalid where ``file`` is no
    sound backup of this site, LedgerVersion where a newer gateway wrote it.
    """
    why = demand_reason(reason)
    path = os.path.abspath(file)
    with at_rest(directory, actor) as rest, given_back_if_refused(rest.layout):
        _demand_another(rest, path)
        progress("Reading the backup")
        made = inspect(path)
        kept = _kept(rest, path)
        ended = before(rest)
        new = f"{rest.file}.new"
        discard(new)
        copy_new(path, new)
        found = Recovery()
        with contextlib.closing(found.before), contextlib.closing(open_ledger_file(new)) as ledger:
            context = rest.context(ledger)
            facts = {"backup": _facts(made)}
            said = renew(rest, context, ended, found, "restored", why, progress, kept, facts)
        placed = rest.put_in_place(new, "before-restore", ended.demand_last)
    return Rebuilt(placed.ledger, placed.aside, found, said)


def _demand_another(rest: SiteAtRest, path: str) -> None:
    """Raise BackupInvalid where ``path`` is the ledger itself, in use and with a log beside it."""
    with contextlib.suppress(OSError):
        if os.path.samefile(path, rest.file):
            raise BackupInvalid(
                "It is the ledger itself, not a backup of it",
                where=printable(path),
                hint="Name a file that `gateway ledger backup` wrote, or one that was set aside",
            )


def _kept(rest: SiteAtRest, path: str) -> int:
    """Return the last entry of the backup's trail that is the site's; raises BackupInvalid."""
    noted = checkpoint.read(str(rest.layout.checkpoints_file)).listed
    with reading(path) as connection:
        return kept_entries(connection, noted, printable(path))


def _facts(made: Backup) -> dict[str, object]:
    return {
        "file": printable(made.path),
        "sha256": made.sha256,
        "entries": made.head.count,
        "head": made.head.hash,
        "transfers": made.transfers,
    }
