"""ARRIVED transfers are moved out of the sender's reach: intent first, then the rename, then the fact.

The stage SHALL claim only files whose intent is committed, and SHALL commit CLAIMED only after file
and directories are synced. A file that is gone or has changed is WITHDRAWN: it arrives anew.
Where a claim leaves the file at its source (on a server), that it was taken SHALL be committed together
with CLAIMED: from then on it is acknowledged there, and never taken again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.errors import FileChanged, FileMissing, GatewayError, NotRegular
from gateway.ledger import arrivals, attempts, remote_files, transfers
from gateway.ledger.engine import Connection
from gateway.ledger.remote_files import RemoteFile
from gateway.model import Attempt, Companion, Sighting, State, Transfer
from gateway.printable import printable
from gateway.sources import Claim, Source
from gateway.stages.context import Context, Move, Report, record_moves
from gateway.stages.gate import is_of_server
from gateway.stages.origins import origin, reaching, report_away
from gateway.stages.register import demand_room


def claim(context: Context, batch: Sequence[Transfer], report: Report) -> list[Transfer]:
    """Return the transfers of ``batch``, all of one route, that are CLAIMED now."""
    taken = [_Taken(row, os.path.dirname(row.source)) for row in batch]
    for directory in dict.fromkeys(one.directory for one in taken):
        _claim_from(context, directory, [one for one in taken if one.directory == directory])
    moves: list[Move] = []
    stopped: list[GatewayError] = []
    for one in taken:
        row, error = one.row, one.error
        if error is None:
            after = row.evolve(state=State.CLAIMED, companions=tuple(one.companions))
            moves.append(Move(row, after, "claimed"))
        elif isinstance(error, (FileMissing, FileChanged, NotRegular)):
            reason = str(error)
            moves.append(Move(row, row.evolve(state=State.WITHDRAWN, reason=reason), "withdrawn", reason))
        elif is_of_server(error):
            report.stuck.add(row.id)
            report_away(report, error)
        elif any(one is error for one in stopped):
            report.stuck.add(row.id)  # one cause stops all of them: said once
        else:
            stopped.append(error)
            report.problem(error, row)
    _report_contradicted(context, [one for one in taken if isinstance(one.error, FileChanged)], report)
    return _commit(context, moves, [debt for one in taken for debt in one.debts])


def _report_contradicted(context: Context, changed: Sequence[_Taken], report: Report) -> None:
    """Report files that stay as they are wherever they are listed, and are others whenever they are taken.

    Nothing else would tell of them: each time, they arrive anew.
    """
    if not changed:
        return
    with context.ledger.read() as connection:
        before = transfers.withdrawn_before(connection, [one.row for one in changed])
    for one in changed:
        if before.get(one.row.id, 0) >= _PATIENT_TIMES:
            error = FileChanged(
                f"{before[one.row.id] + 1:,} times now, the file was listed unchanged and found changed "
                "when it was to be taken",
                where=printable(one.row.source),
                cause=one.error,
                hint="Have the sender write it once more; if that does not help, its server states sizes "
                "or times that are not right: ask its administrator",
            )
            report.problem(error, name=one.row.name)


def _commit(context: Context, moves: Sequence[Move], debts: Sequence[RemoteFile]) -> list[Transfer]:
    """Write what was claimed and what went away, and what is owed to the senders for it."""
    if not moves:
        return []
    with context.ledger.write() as connection:
        rows = record_moves(context, connection, moves)
        remote_files.save(connection, debts)
        claimed = [row for row in rows if row.state is State.CLAIMED]
        gone = [row for row in rows if row.state is State.WITHDRAWN]
        attempts.end(connection, [_given_up(row) for row in gone])
        _give_back(context, connection, gone)
        # only now: the side files of a withdrawn file have waited as long as they have
        beside = [companion.name for row in claimed for companion in row.companions]
        arrivals.remove(connection, rows[0].route, beside)
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


#: So often an entry may be found changed before anybody is told: senders do that in passing.
_PATIENT_TIMES = 2


@dataclass(slots=True)
class _Taken:
    """One transfer on its way into custody."""

    row: Transfer
    directory: str  #: in which it was seen
    error: GatewayError | None = None
    companions: list[Companion] = field(default_factory=list)  #: that came along
    debts: list[RemoteFile] = field(default_factory=list)


def _claim_from(context: Context, directory: str, group: Sequence[_Taken]) -> None:
    """Claim from one directory in one go; the transfer remembers where it was seen."""
    try:
        source = origin(context, group[0].row.route, directory)
        with reaching(context, source.place) as reach:
            if source.place is not None:
                demand_room(context, source.bytes_to_come([_sighting(one.row) for one in group]))
            _claim_files(context, source, group)
            reach.saw(one.error for one in group)
    except GatewayError as error:
        for one in group:
            one.error = one.error or error


def _claim_files(context: Context, source: Source, group: Sequence[_Taken]) -> None:
    """Claim the files, then what belongs to those that came: what it says is in the evidence already."""
    claims = [Claim(_sighting(one.row), context.working_path(one.row)) for one in group]
    for one, failed in zip(group, source.claim(claims), strict=True):
        one.error = failed
        if failed is None:
            _owe(context, source, one, _sighting(one.row))
    beside = [(one, each) for one in group if one.error is None for each in one.row.companions]
    claims = [
        Claim(
            Sighting(each.name, "file", each.size, each.mtime_ns, each.inode),
            context.companion_path(one.row, each),
        )
        for one, each in beside
    ]
    results = source.claim(claims) if claims else []
    for (one, each), claim, error in zip(beside, claims, results, strict=True):
        if error is None:
            one.companions.append(each)
            _owe(context, source, one, claim.sighting)
        elif not isinstance(error, (FileMissing, FileChanged, NotRegular)):
            # the whole is claimed again, or its side files would be forgotten where they are
            one.error = error


def _owe(context: Context, source: Source, one: _Taken, seen: Sighting) -> None:
    """Note that a file still stands at its source, which is to be told that it was taken."""
    if source.place is not None:
        one.debts.append(
            RemoteFile(
                one.row.route,
                source.place,
                seen.name,
                seen.size,
                seen.mtime_ns,
                one.row.id,
                remote_files.OWED,
                context.clock.now(),
            )
        )


def _sighting(row: Transfer) -> Sighting:
    name = os.path.basename(row.source)
    return Sighting(name=name, kind="file", size=row.size, mtime_ns=row.mtime_ns, inode=row.inode)
