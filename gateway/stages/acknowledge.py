"""Remote files that are CLAIMED are acknowledged: moved into another directory there, deleted, or left.

The stage SHALL touch only files whose claim is on record, and of those only the ones that still are
what was taken; a file that the sender has put in their place arrives as what it is. It SHALL never keep
a file from being processed: what cannot be acknowledged now stays owed, is tried again later, and is
not taken a second time.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.config.settings import Acknowledgement, SftpSource
from gateway.errors import GatewayError, RemoteDenied, ServerError
from gateway.ledger import audit, remote_files, transfers
from gateway.ledger.remote_files import LEFT, RemoteFile
from gateway.model import AuditEntry, Transfer
from gateway.printable import printable
from gateway.rules import retry
from gateway.rules.acknowledging import Verdict
from gateway.sources.acknowledging import Task, delete, move
from gateway.sources.addresses import address, parse
from gateway.stages.context import Context, Report, Route
from gateway.stages.gate import is_of_server
from gateway.stages.origins import reaching, report_away

_WORDS = {
    Verdict.GONE: "it was not there any more",
    Verdict.REPLACED: "the sender had put another file in its place",
}
_READ_ONLY = "Ask the partner for this right, or let the files stay there with acknowledge: leave"


@dataclass(frozen=True, slots=True)
class _Ended:
    """One file that nothing is owed for any more: how, and where it stands."""

    file: RemoteFile
    how: str
    stands: str | None = None
    note: str | None = None


def acknowledge(context: Context, route: Route, report: Report) -> None:
    """Acknowledge what is owed and due on ``route``, group by group; never raises for the server."""
    tried: set[tuple[str, remote_files.Mark]] = set()
    while not context.stopping():
        group = _due(context, route, tried)
        if not group:
            return
        tried |= {(row.location, row.mark) for row in group}
        try:
            ended, failed = _attempt(context, route, group)
        except GatewayError as error:
            if not isinstance(error, ServerError):
                raise
            report_away(report, error)
            return
        _commit(context, route, ended, failed, report)
        if not ended:
            return  # none of them could be: the others wait for a better time, too


def _due(context: Context, route: Route, tried: set[tuple[str, remote_files.Mark]]) -> list[RemoteFile]:
    """Return the next files that are due, all in one directory."""
    now = context.clock.now()
    latest = retry.latest_try(route.source.retry, now) if isinstance(route.source, SftpSource) else None
    with context.ledger.read() as connection:
        limit = context.site.limits.batch_files + len(tried)
        rows = remote_files.due(connection, route.name, now, limit, latest)
    fresh = [row for row in rows if (row.location, row.mark) not in tried]
    return [row for row in fresh if row.location == fresh[0].location][: context.site.limits.batch_files]


def _attempt(
    context: Context, route: Route, group: Sequence[RemoteFile]
) -> tuple[list[_Ended], list[tuple[RemoteFile, GatewayError]]]:
    """Acknowledge files of one directory; return those that are, and the others with their errors.

    Raises what stops all of them: the server is not to be had.
    """
    server, directory = parse(group[0].location)
    settings = route.source
    if not isinstance(settings, SftpSource) or settings.server != server:
        note = "the route takes no more files from that server"
        return [_Ended(row, "leave", stands=row.location, note=note) for row in group], []
    if settings.acknowledge is Acknowledgement.LEAVE:
        return [_Ended(row, "leave", stands=row.location) for row in group], []
    with reaching(context, group[0].location) as reach, context.connections.session(server) as session:
        if settings.acknowledge is Acknowledgement.MOVE and settings.move_to is not None:
            tasks = move(session, directory, settings.move_to, group)
        else:
            tasks = delete(session, directory, group)
        reach.saw(task.error for task in tasks)
    ended = [_ended(server, settings.acknowledge, task) for task in tasks if task.error is None]
    return ended, [(task.file, task.error) for task in tasks if task.error is not None]


def _ended(server: str, how: Acknowledgement, task: Task) -> _Ended:
    stands = None if task.stands is None else address(server, task.stands)
    return _Ended(task.file, how.value, stands, _WORDS.get(task.verdict))


def _commit(
    context: Context,
    route: Route,
    ended: Sequence[_Ended],
    failed: Sequence[tuple[RemoteFile, GatewayError]],
    report: Report,
) -> None:
    """Write what was acknowledged, and when the others are tried again."""
    left = [one.file for one in ended if one.how == Acknowledgement.LEAVE.value]
    owed = [_later(context, route, row, error) for row, error in failed]
    with context.ledger.write() as connection:
        owners = transfers.get_many(connection, [one.file.transfer for one in ended])
        remote_files.forget(connection, [one.file for one in ended if one.file not in left])
        kept = [dataclasses.replace(row, state=LEFT, next_try_at=None, last_error=None) for row in left]
        remote_files.save(connection, [*kept, *owed])
        audit.append(connection, _entries(context, ended, owners))
    _report(failed, report)


def _later(context: Context, route: Route, row: RemoteFile, error: GatewayError) -> RemoteFile:
    """Return the row after a failed try; where the server itself was away, that is no try of the file."""
    if is_of_server(error) or not isinstance(route.source, SftpSource):
        return dataclasses.replace(row, last_error=str(error))
    now, jitter = context.clock.now(), random.random()  # noqa: S311 - jitter, not a secret
    tries = row.tries + 1
    next_try_at = retry.next_try(route.source.retry, tries, now, jitter)
    return dataclasses.replace(row, tries=tries, next_try_at=next_try_at, last_error=str(error))


def _report(failed: Sequence[tuple[RemoteFile, GatewayError]], report: Report) -> None:
    """Report failures once for each kind, with the first file and the number of the others."""
    kinds: dict[type[GatewayError], list[tuple[RemoteFile, GatewayError]]] = {}
    for row, error in failed:
        kinds.setdefault(type(error), []).append((row, error))
    for same in kinds.values():
        row, error = same[0]
        if is_of_server(error):
            report_away(report, error)
            continue
        more = f" and {len(same) - 1:,} more" if len(same) > 1 else ""
        hint = _READ_ONLY if isinstance(error, RemoteDenied) else error.hint
        where = f"{row.location}/{printable(row.name)}{more}"
        message = "Taken files cannot be acknowledged; they stay there and are not taken twice"
        report.problem(type(error)(message, where=where, cause=error, hint=hint), name=row.name)


def _entries(context: Context, ended: Sequence[_Ended], owners: dict[str, Transfer]) -> list[AuditEntry]:
    """Return one entry for each transfer: its file and what came with it."""
    by_transfer: dict[str, list[_Ended]] = {}
    for one in ended:
        by_transfer.setdefault(one.file.transfer, []).append(one)
    return [
        context.entry(
            "acknowledged",
            owners[transfer],
            new={"how": group[0].how, "files": [_facts(one) for one in group]},
        )
        for transfer, group in by_transfer.items()
    ]


def _facts(one: _Ended) -> dict[str, str]:
    facts = {"name": printable(one.file.name), "from": printable(one.file.location)}
    if one.stands is not None:
        facts["stands"] = printable(one.stands)
    if one.note is not None:
        facts["note"] = one.note
    return facts
