"""ARRIVED transfers are moved out of the sender's reach: intent first, then the rename, then the fact.

The stage SHALL claim only files whose intent is committed, and SHALL commit CLAIMED only after file
and directories are synced. A file that is gone or has changed is WITHDRAWN: it arrives anew.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

from gateway.errors import FileChanged, FileMissing, GatewayError, NotRegular
from gateway.ledger import arrivals, attempts, transfers
from gateway.ledger.engine import Connection
from gateway.model import Attempt, Companion, Sighting, State, Transfer
from gateway.sources import Claim, Folder, Source
from gateway.stages.context import Context, Move, Report, record_moves


def claim(context: Context, batch: Sequence[Transfer], report: Report) -> list[Transfer]:
    """Return the transfers of ``batch``, all of one route, that are CLAIMED now."""
    claims = [Claim(_sighting(row), context.working_path(row)) for row in batch]
    results = _by_source(batch, claims)
    moves = []
    for row, result in zip(batch, results, strict=True):
        if result is None:
            moves.append(Move(row, row.evolve(state=State.CLAIMED), "claimed"))
        elif isinstance(result, (FileMissing, FileChanged, NotRegular)):
            moves.append(
                Move(row, row.evolve(state=State.WITHDRAWN, reason=str(result)), "withdrawn", str(result))
            )
        else:
            report.problem(result, row)
    moves = [dataclasses.replace(move, after=_with_companions(context, move.after)) for move in moves]
    if not moves:
        return []
    with context.ledger.write() as connection:
        rows = record_moves(context, connection, moves)
        claimed = [row for row in rows if row.state is State.CLAIMED]
        gone = [row for row in rows if row.state is State.WITHDRAWN]
        attempts.end(connection, [_given_up(row) for row in gone])
        _give_back(context, connection, gone)
        # only now: the side files of a withdrawn file have waited as long as they have
        beside = [companion.name for row in claimed for companion in row.companions]
        arrivals.remove(connection, batch[0].route, beside)
    return claimed


def _give_back(context: Context, connection: Connection, gone: Sequence[Transfer]) -> None:
    """Let failed transfers whose correction was taken away be uncorrected again."""
    parents = transfers.get_many(connection, [row.parent for row in gone if row.parent])
    children = {row.id: row for row in gone}
    moves = [
        Move(row, row.evolve(superseded_by=None), "correction-withdrawn", children[row.superseded_by].reason)
        for row in parents.values()
        if row.superseded_by in children
    ]
    record_moves(context, connection, moves)


def _given_up(row: Transfer) -> Attempt:
    """Return how the attempt at a withdrawn file ended."""
    return Attempt(
        row.id,
        row.attempt,
        "",
        "",
        row.arrived_at,
        ended_at=row.changed_at,
        outcome=row.state.value,
        detail=row.reason,
    )


def _by_source(batch: Sequence[Transfer], claims: Sequence[Claim]) -> list[GatewayError | None]:
    """Claim from each directory in one go; the transfer remembers where it was seen."""
    results: list[GatewayError | None] = [None] * len(batch)
    directories = [os.path.dirname(row.source) for row in batch]
    for directory in dict.fromkeys(directories):
        chosen = [index for index, one in enumerate(directories) if one == directory]
        source: Source = Folder(directory)
        for index, result in zip(chosen, source.claim([claims[index] for index in chosen]), strict=True):
            results[index] = result
    return results


def _sighting(row: Transfer) -> Sighting:
    name = os.path.basename(row.source)
    return Sighting(name=name, kind="file", size=row.size, mtime_ns=row.mtime_ns, inode=row.inode)


def _with_companions(context: Context, row: Transfer) -> Transfer:
    """Bring markers and checksum files along; what they said is in the evidence already."""
    if row.state is not State.CLAIMED or not row.companions:
        return row
    return row.evolve(companions=_claim_companions(context, row))


def _claim_companions(context: Context, row: Transfer) -> tuple[Companion, ...]:
    """Claim the companions of ``row`` and return those that are still there."""
    claims = [
        Claim(Sighting(one.name, "file", one.size, one.mtime_ns, one.inode), context.companion_path(row, one))
        for one in row.companions
    ]
    results = Folder(os.path.dirname(row.source)).claim(claims)
    return tuple(one for one, failed in zip(row.companions, results, strict=True) if failed is None)
