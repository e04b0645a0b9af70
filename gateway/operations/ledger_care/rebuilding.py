"""A ledger from directories and manifests alone, for a site whose ledger is lost and has no backup."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from gateway.custody.look import exists
from gateway.errors import NameTaken
from gateway.ledger.backup import discard
from gateway.ledger.checkpoint import Restoration
from gateway.operations.demands import demand_reason
from gateway.operations.ledger_care.at_rest import SiteAtRest, at_rest, open_ledger_file
from gateway.operations.ledger_care.from_archive import take_archive
from gateway.operations.ledger_care.in_work import take_work
from gateway.operations.ledger_care.memory import recall_keys, recall_streams
from gateway.operations.ledger_care.on_record import before, put_on_record
from gateway.operations.ledger_care.recovery import Progress, Recovery
from gateway.printable import printable
from gateway.stages.context import Context


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of a rebuild or a restore."""

    ledger: str  #: where the new one is
    aside: str | None  #: where the one before is kept
    recovery: Recovery
    restoration: Restoration | None  #: what the trail lost; None for a ledger that is not put in place


def rebuild(
    directory: Path,
    reason: str | None,
    into: Path | None = None,
    *,
    actor: str | None = None,
    progress: Progress = lambda _text: None,
) -> Rebuilt:
    """Make the ledger of the site in ``directory`` anew; the present one is set aside, never removed.

    With ``into`` it is written to that new file only, to be looked at, and the site stays as it is.

    Raises ReasonMissing, SiteBusy where a gateway works on the site, NameTaken where ``into`` exists,
    CustodyError where a directory cannot be listed.
    """
    why = demand_reason(reason)
    if into is not None and exists(into):
        raise NameTaken("There is a file already", where=printable(str(into)), hint="Choose another name")
    with at_rest(directory, actor) as rest:
        new = f"{rest.file}.new" if into is None else os.path.abspath(into)
        discard(new)
        found = Recovery()
        with contextlib.closing(open_ledger_file(new, create=True)) as ledger:
            context = rest.context(ledger)
            recover(context, found, why, progress)
            restoration = None
            if into is None:
                ended = before(rest)
                restoration = put_on_record(context, "rebuilt", 0, ended, why, found, {})
        aside = None if into is not None else rest.put_in_place(new, "before-rebuild")
    return Rebuilt(new if into is not None else rest.file, aside, found, restoration)


def recover(context: Context, found: Recovery, reason: str, progress: Progress) -> None:
    """Bring the ledger of ``context`` to what directories and manifests say: empty, or from a backup."""
    take_archive(context, found, progress)
    take_work(context, found, reason)
    recall_streams(context, found)
    recall_keys(context, found, progress)


__all__ = ["Rebuilt", "SiteAtRest", "rebuild", "recover"]
