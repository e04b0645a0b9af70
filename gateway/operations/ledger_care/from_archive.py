"""The ledger takes over what the archive records: every manifest that is not contradicted.

Where the ledger has a transfer already as its manifest says, it stays; else the manifest replaces it,
for the archive is always newer than a backup. Data whose bytes are not those of its manifest is said,
never believed: the row keeps the digest that was recorded, and `gateway verify` goes on saying so.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

from gateway.custody import archive
from gateway.custody.archive import Paper
from gateway.custody.copies import hash_file
from gateway.custody.layout import manifest_of
from gateway.custody.look import exists, sighting
from gateway.custody.names import working_name
from gateway.custody.recorded import Recorded, recorded
from gateway.errors import CustodyError
from gateway.ledger import rebuilding, retention
from gateway.ledger.ids import is_id, new_id
from gateway.ledger.retention import Removal
from gateway.model import Disposition, State, Transfer
from gateway.operations.ledger_care.recording import Recalled, put_recovered
from gateway.operations.ledger_care.recovery import Progress, Recovery
from gateway.operations.ledger_care.removals import recalled
from gateway.printable import printable
from gateway.rules.lifecycle import SETTLED
from gateway.stages.context import Context

_BATCH = 200
_STATE = {"processed": State.PROCESSED, "duplicates": State.DUPLICATE}


def take_archive(context: Context, found: Recovery, progress: Progress) -> None:
    """Bring every transfer that the archive records into the ledger, a few hundred per transaction."""
    walk = archive.papers(context.layout)
    while papers := list(islice(walk, _BATCH)):
        removed = recalled(context, papers, found)
        rows = [row for paper in papers for row in _rows(context, paper, removed, found)]
        _put(context, rows, removed, found)
        progress(f"{found.manifests:,} manifests read; {printable(papers[-1].data)}")
    with context.ledger.write() as connection:
        rebuilding.order_unplaced(connection)
        rebuilding.link_corrections(connection)


def _rows(
    context: Context, paper: Paper, removed: Mapping[str, Recalled], found: Recovery
) -> Iterator[Recorded]:
    """Yield what the ledger shall know of the file of one manifest."""
    if paper.trouble is not None:
        found.trouble(paper.data, paper.trouble)
    if paper.manifest is None:
        yield from _by_bytes(context, paper)
        return
    try:
        rows = recorded(paper.manifest, paper.sha256)
    except (ValueError, KeyError, TypeError) as error:
        found.trouble(paper.data, f"its manifest cannot be one of the gateway's: {error}")
        return
    if not is_id(rows.transfer.id):
        found.trouble(paper.data, f"its manifest names no transfer, but {printable(rows.transfer.id)}")
        return
    found.manifests += 1
    if not paper.is_placed:
        yield _planned(rows)
    else:
        yield rows if rows.transfer.id in removed else _seen(context, rows, found)


def _planned(rows: Recorded) -> Recorded:
    """Return the rows of a file whose settlement was decided and not carried to its end: a pass does."""
    is_delivered = rows.transfer.settle_as is Disposition.PROCESSED and rows.deliveries
    state = State.DELIVERING if is_delivered else State.CLAIMED
    return dataclasses.replace(rows, transfer=rows.transfer.evolve(state=state, manifest_sha256=None))


def _seen(context: Context, rows: Recorded, found: Recovery) -> Recorded:
    """Return the rows with what the file itself shows; say where it is not what was recorded."""
    row = rows.transfer
    path = context.path_of(row)
    if not exists(path):
        if not exists(context.working_path(row)):
            found.trouble(row.settled_path or "", "its manifest names it, and it is not there")
        return rows
    try:
        if row.sha256 is not None and hash_file(path)[0] != row.sha256:
            found.trouble(row.settled_path or "", "its bytes are not those of its manifest")
        entry = sighting(path)
    except CustodyError as error:
        found.trouble(row.settled_path or "", str(error))
        return rows
    return dataclasses.replace(rows, transfer=row.evolve(mtime_ns=entry.mtime_ns, inode=entry.inode))


def _by_bytes(context: Context, paper: Paper) -> Iterator[Recorded]:
    """Yield the little that is proved of a file whose manifest is not believed: its bytes, by its day list.

    So a file with the same bytes is still known for a copy of it.
    """
    path = context.layout.site / paper.data
    if paper.listed is None or not exists(path):
        return
    sha256, size = hash_file(path)
    if sha256 != paper.listed:
        return
    entry, name = sighting(path), os.path.basename(paper.data)
    at = datetime.fromtimestamp(entry.mtime_ns / 1e9, UTC)
    identifier = new_id(at)
    settings = next((one for one in context.site.routes if one.name == paper.route), None)
    row = Transfer(
        id=identifier,
        route=paper.route,
        partner=settings.partner if settings else "",
        message_type=settings.message_type if settings else "",
        name=name,
        state=_STATE[paper.area],
        attempt=1,
        size=size,
        arrived_at=at,
        source=str(path),
        working_name=working_name(identifier, name),
        mtime_ns=entry.mtime_ns,
        inode=entry.inode,
        sha256=sha256,
        reason="taken over by its bytes alone: its manifest is not believed",
        settle_as=Disposition.PROCESSED if paper.area == "processed" else Disposition.DUPLICATE,
        settled_path=paper.data,
        settled_at=at,
        manifest_sha256=paper.sha256 or None,
        changed_at=at,
    )
    yield Recorded(row, (), ())


def _put(
    context: Context, rows: Sequence[Recorded], removed: Mapping[str, Recalled], found: Recovery
) -> None:
    """Write what is not in the ledger already, and note how that was before."""
    with context.ledger.write() as connection:
        there = rebuilding.known(connection, [one.transfer.id for one in rows])
        gone = retention.removals(connection, removed)
        places = rebuilding.at_places(connection, [one.transfer.settled_path or "" for one in rows])
        chosen: dict[str, Recorded] = {}
        for one in rows:
            row = one.transfer
            old = there.get(row.id)
            is_told = row.id not in removed or (row.id in gone and _is_told(gone[row.id], removed[row.id]))
            if old is not None and _is_same(old, row) and is_told:
                found.unchanged += 1
            elif old is None and not one.attempts and row.settled_path in places:
                found.unchanged += 1  # taken over by its bytes; the ledger knows the file at this place
            elif row.id in chosen or (old is not None and _is_elsewhere(context, old, row)):
                found.trouble(row.settled_path or "", f"another manifest is about transfer {row.id} too")
            else:
                found.before.note(row.id, old.state.value if old else None)
                chosen[row.id] = one
                found.counts[row.state.value] += 1
                found.resumed += row.state not in SETTLED
        batch = [(one.transfer, one.attempts, one.deliveries) for one in chosen.values()]
        put_recovered(context, connection, batch, removed)


def _is_same(old: Transfer, new: Transfer) -> bool:
    """Return whether the ledger has the transfer settled as this manifest says."""
    said = (old.state, old.settled_path, old.manifest_sha256)
    return said == (new.state, new.settled_path, new.manifest_sha256)


def _is_told(old: Removal, new: Recalled) -> bool:
    """Return whether the ledger has the removal as its tombstone says, or is about to note its end."""
    return old.tombstone_sha256 == new[0].tombstone_sha256


def _is_elsewhere(context: Context, old: Transfer, new: Transfer) -> bool:
    """Return whether the transfer has another manifest at another place, and that one stands there."""
    if old.settled_path in (None, new.settled_path):
        return False
    return exists(manifest_of(context.site.directory / (old.settled_path or "")))
