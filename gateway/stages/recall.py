"""REPLAY: what an operator asked for becomes a new attempt of the same transfer.

A failed or set-aside file SHALL come back into working with its companions and be examined anew. A
processed file SHALL stay in the archive and only be delivered again, from there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from gateway.custody.look import look
from gateway.custody.refusals import shown
from gateway.custody.reopen import ReopenItem, reopen
from gateway.errors import FileMissing
from gateway.ledger import attempts, deliveries, retention, transfers
from gateway.model import Actor, Attempt, Disposition, State, Transfer
from gateway.printable import printable
from gateway.stages.context import Context, Move, Report, Route, in_batches, is_archived, record_moves
from gateway.stages.deliver import new_deliveries
from gateway.stages.settle import companion_moves

#: What a correction may do: whoever makes one says with that that it may come late.
CORRECTION = "reprocess+F801+F804"


def ask_again(
    context: Context, rows: Sequence[Transfer], authorised: str, reason: str, actor: Actor | None = None
) -> list[Transfer]:
    """Commit that ``actor`` (default: who acts now) asks for a new attempt at settled ``rows``.

    ``authorised`` is ``replay``, or ``reprocess`` with the finding codes that may stand.
    Raises ActionRefused where retention has removed the file of one of them.
    """
    action = "replay-requested" if authorised == "replay" else "reprocess-requested"
    moves = [
        Move(
            row,
            row.evolve(state=State.REPLAY, attempt=row.attempt + 1, authorised=authorised, reason=reason),
            action,
            reason,
            {"attempt": row.attempt + 1, "authorised": authorised},
            actor,
        )
        for row in rows
    ]
    now, name = context.clock.now(), (actor or context.actor).name
    with context.ledger.write() as connection:
        retention.demand_kept(connection, rows)
        done = record_moves(context, connection, moves)
        attempts.insert(connection, [Attempt(row.id, row.attempt, name, reason, now) for row in done])
    return done


def recall(context: Context, route: Route, report: Report) -> None:
    """Carry out the open requests of the route."""
    with context.ledger.read() as connection:
        asked = [
            row
            for row in transfers.in_states(connection, route.name, (State.REPLAY,))
            if row.id not in report.stuck
        ]
    limits = context.site.limits
    for batch in in_batches(asked, limits.batch_files, limits.batch_bytes):
        again = [row for row in batch if is_archived(row)]
        back = [row for row in batch if not is_archived(row)]
        _deliver_again(context, route, [row for row in again if not _may_be_under_way(context, row, report)])
        _bring_back(context, back, report)


def _may_be_under_way(context: Context, row: Transfer, report: Report) -> bool:
    """Tell, and report, whether the file of a replay may lie where it was asked for, in the replay directory.

    Begun before it is back at its place, the request would be over, and the file taken as another one.
    """
    path, asked_in = context.path_of(row), context.layout.replay(row.route)
    if os.path.lexists(path) or all(one.name.startswith(".") for one in look(asked_in)):
        return False
    hint = f"Put it back there, or take everything else out of {printable(str(asked_in))}: it may be among it"
    report.problem(
        FileMissing("The file to be delivered again is not there", where=shown(path), hint=hint), row
    )
    return True


def _deliver_again(context: Context, route: Route, rows: Sequence[Transfer]) -> None:
    """Replay: new deliveries with new keys; the file stays where its manifest says."""
    if not rows:
        return
    moved = [
        Move(row, row.evolve(state=State.DELIVERING, settle_as=None), "replay-begun", row.reason)
        for row in rows
    ]
    with context.ledger.write() as connection:
        for row in record_moves(context, connection, moved):
            deliveries.insert(connection, new_deliveries(route, row))


def _bring_back(context: Context, rows: Sequence[Transfer], report: Report) -> None:
    """Reprocess: file and companions return to working, the old manifest and report go."""
    results = reopen([_item(context, row) for row in rows])
    back: list[Move] = []
    for row, error in zip(rows, results, strict=True):
        if error is not None:
            report.problem(error, row)
            continue
        fresh = row.evolve(
            state=State.CLAIMED,
            settle_as=None,
            settled_path=None,
            settled_at=None,
            manifest_sha256=None,
            findings=None,
            verdict=None,
            reason_code=None,
            output=None,
        )
        back.append(Move(row, fresh, "reprocess-begun", row.reason))
    if back:
        with context.ledger.write() as connection:
            record_moves(context, connection, back)


def _item(context: Context, row: Transfer) -> ReopenItem:
    """Return the way back of one settled file."""
    settled = context.path_of(row)
    listed = row.settle_as is not Disposition.FAILED
    return ReopenItem(
        transfer=row.id,
        settled=settled,
        working=context.working_path(row),
        companions=companion_moves(context, row, settled),
        day_list=os.path.dirname(settled) if listed else None,
    )
