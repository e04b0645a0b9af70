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
from gateway.errors import ConfigurationError, GatewayError, RemoteDenied, ServerError
from gateway.ledger import audit, remote_files, transfers
from gateway.ledger.remote_files import LEFT, RemoteFile
from gateway.model import AuditEntry, Transfer
from gateway.printable import printable
from gateway.rules import retry
from gateway.rules.acknowledging import Verdict
from gateway.sftp.base import Session
from gateway.sources.acknowledging import Task, delete, move
from gateway.sources.addresses import address, parse
from gateway.stages.context import Context, Report, Route
from gateway.stages.gate import is_of_server
from gateway.stages.origins import reaching, report_away

_WORDS = {
    Verdict.GONE: "it was not there any more",
    Verdict.REPLACED: "the sender had put another file in its place",
}
_HINTS: dict[type[GatewayError], str] = {
    RemoteDenied: "Ask the partner for this right, or let the files stay there with acknowledge: leave",
    # what most servers answer where a rename would have to copy
    ServerError: "Where files are moved, move_to must be a directory on the file system of the source; "
    "`gateway doctor` tries whether files can be renamed there",
}


@dataclass(frozen=True, slots=True)
class _Ended:
    """One file that nothing is owed for any more: how, and where it stands."""

    file: RemoteFile
    how: str
    stands: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Failed:
    """One file that could not be acknowledged now, and why."""

    file: RemoteFile
    error: GatewayError


def acknowledge(context: Context, route: Route, report: Report) -> None:
    """Acknowledge what is owed and due on ``route``, group by group; never raises for the server."""
    failed: list[_Failed] = []
    while not context.stopping():
        group = _due(context, route, failed)
        if not group:
            return
        try:
            ended, now_failed = _attempt(context, route, group)
        except ServerError as error:
            report_away(report, error)
            return
        _commit(context, route, ended, now_failed)
        _report(now_failed, report)
        failed += now_failed
        if not ended or any(is_of_server(one.error) for one in now_failed):
            return  # the others wait for a better time, too


def _due(context: Context, route: Route, failed: Sequence[_Failed]) -> list[RemoteFile]:
    """Return the next files that are due, all in one directory, and none that ``failed`` in this pass."""
    now = context.clock.now()
    latest = retry.latest_try(route.source.retry, now) if isinstance(route.source, SftpSource) else None
    limit = context.site.limits.batch_files + len(failed)
    with context.ledger.read() as connection:
        rows = remote_files.due(connection, route.name, now, limit, latest)
    tried = {(one.file.location, one.file.mark) for one in failed}
    fresh = [row for row in rows if (row.location, row.mark) not in tried]
    return [row for row in fresh if row.location == fresh[0].location][: context.site.limits.batch_files]


def _attempt(
    context: Context, route: Route, group: Sequence[RemoteFile]
) -> tuple[list[_Ended], list[_Failed]]:
    """Acknowledge files of one directory; return those that are, and the others with their errors.

    Raises ServerError where the server as a whole is not to be had.
    """
    server, directory = parse(group[0].location)
    settings = route.source
    if not isinstance(settings, SftpSource) or settings.server != server:
        note = "the route takes no more files from that server"
        return [_Ended(row, "leave", stands=row.location, note=note) for row in group], []
    if settings.acknowledge is Acknowledgement.LEAVE:
        return [_Ended(row, "leave", stands=row.location) for row in group], []
    try:
        with reaching(context, group[0].location) as reach, context.connections.session(server) as session:
            tasks = _carry_out(session, settings, directory, group)
            reach.saw(task.error for task in tasks)
    except ServerError as error:
        if is_of_server(error):
            raise
        return [], [_Failed(row, error) for row in group]
    ended = [_ended(server, settings.acknowledge, task) for task in tasks if task.error is None]
    return ended, [_Failed(task.file, task.error) for task in tasks if task.error is not None]


def _carry_out(
    session: Session, settings: SftpSource, directory: str, group: Sequence[RemoteFile]
) -> list[Task]:
    if settings.acknowledge is Acknowledgement.DELETE:
        return delete(session, directory, group)
    if settings.move_to is None:
        raise ConfigurationError("acknowledge: move needs move_to, the directory for taken files")
    return move(session, directory, settings.move_to, group)


def _ended(server: str, how: Acknowledgement, task: Task) -> _Ended:
    stands = None if task.stands is None else address(server, task.stands)
    return _Ended(task.file, how.value, stands, _WORDS.get(task.verdict))


def _commit(context: Context, route: Route, ended: Sequence[_Ended], failed: Sequence[_Failed]) -> None:
    """Write what was acknowledged, and when the others are tried again."""
    left = [one.file for one in ended if one.how == Acknowledgement.LEAVE.value]
    gone = [one.file for one in ended if one.how != Acknowledgement.LEAVE.value]
    kept = [dataclasses.replace(row, state=LEFT, next_try_at=None, last_error=None) for row in left]
    owed = [_later(context, route, one) for one in failed]
    with context.ledger.write() as connection:
        owners = transfers.get_many(connection, [one.file.transfer for one in ended])
        if gone:  # all of one directory
            marks = [row.mark for row in gone]
            remote_files.forget(connection, route.name, gone[0].location, marks)
        remote_files.save(connection, [*kept, *owed])
        audit.append(connection, _entries(context, ended, owners))


def _later(context: Context, route: Route, one: _Failed) -> RemoteFile:
    """Return the row after a failed try; where the server itself was away, that is no try of the file."""
    error = str(one.error)
    if is_of_server(one.error) or not isinstance(route.source, SftpSource):
        return dataclasses.replace(one.file, last_error=error)
    now, jitter = context.clock.now(), random.random()  # noqa: S311 - jitter, not a secret
    tries = one.file.tries + 1
    next_try_at = retry.next_try(route.source.retry, tries, now, jitter)
    return dataclasses.replace(one.file, tries=tries, next_try_at=next_try_at, last_error=error)


def _report(failed: Sequence[_Failed], report: Report) -> None:
    """Report failures once for each kind, with the first file and the number of the others."""
    kinds: dict[type[GatewayError], list[_Failed]] = {}
    for one in failed:
        kinds.setdefault(type(one.error), []).append(one)
    for kind, same in kinds.items():
        file, error = same[0].file, same[0].error
        if is_of_server(error):
            report_away(report, error)
            continue
        more = f" and {len(same) - 1:,} more" if len(same) > 1 else ""
        report.problem(
            kind(
                "Taken files cannot be acknowledged; they stay there and are not taken twice",
                where=f"{file.location}/{printable(file.name)}{more}",
                cause=error,
                hint=_HINTS.get(type(error)),
            ),
            name=file.name,
        )


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
