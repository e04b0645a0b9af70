"""A ledger from directories and manifests alone, for a site whose ledger is lost and has no backup."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.custody.look import exists
from gateway.errors import NameTaken
from gateway.ledger.backup import discard
from gateway.ledger.checkpoint import Restoration
from gateway.operations.demands import demand_reason
from gateway.operations.ledger_care.at_rest import SiteAtRest, at_rest, open_ledger_file
from gateway.operations.ledger_care.from_archive import take_archive
from gateway.operations.ledger_care.in_work import take_work
from gateway.operations.ledger_care.memory import recall_keys, recall_streams
from gateway.operations.ledger_care.on_record import Before, before, put_on_record
from gateway.operations.ledger_care.owners import (
    disown,
    given_back_if_refused,
    greatest_lease,
    take_in_hand,
    token_above,
)
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
    with at_rest(directory, actor) as rest, given_back_if_refused(rest.layout):
        new = f"{rest.file}.new" if into is None else os.path.abspath(into)
        discard(new)
        ended, found = before(rest), Recovery()
        with (
            contextlib.closing(found.before),
            contextlib.closing(open_ledger_file(new, create=True)) as ledger,
        ):
            context = rest.context(ledger)
            if into is not None:
                recover(context, found, why, progress)
                return Rebuilt(new, None, found, None)
            said = renew(rest, context, ended, found, "rebuilt", why, progress)
        placed = rest.put_in_place(new, "before-rebuild", ended.demand_last)
    return Rebuilt(placed.ledger, placed.aside, found, said)


def renew(
    rest: SiteAtRest,
    context: Context,
    ended: Before,
    found: Recovery,
    kind: str,
    reason: str,
    progress: Progress,
    kept: int = 0,
    facts: Mapping[str, Any] | None = None,
) -> Restoration:
    """Make the ledger of ``context`` ready to be the site's: complete, on record, owned by nobody.

    ``ended`` says how the trail before ended, ``kept`` how much of it is in this one.
    """
    with context.ledger.read() as connection:
        tokens = (ended.token, greatest_lease(connection))
    token = token_above(context, tokens, is_shared=rest.is_shared)
    take_in_hand(context, token, is_shared=rest.is_shared)
    recover(context, found, reason, progress)
    with context.ledger.write() as connection:
        disown(context, connection, token)
    rest.look_once_more(ended.demand_last)
    return put_on_record(context, kind, kept, ended, reason, found, facts or {})


def recover(context: Context, found: Recovery, reason: str, progress: Progress) -> None:
    """Bring the ledger of ``context`` to what directories and manifests say: empty, or from a backup."""
    take_archive(context, found, progress)
    take_work(context, found, reason)
    recall_streams(context, found)
    recall_keys(context, found, progress)
