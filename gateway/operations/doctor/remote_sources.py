"""Remote directories that routes take files from."""

from __future__ import annotations

import contextlib
import posixpath
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from gateway.config.settings import Acknowledgement, Server, SftpSource
from gateway.errors import GatewayError, RemoteDenied, ServerError
from gateway.operations.doctor.checks import Check, Subject
from gateway.operations.doctor.trials import ASK, Trials, refuses_changes, skew, stopped, tried
from gateway.sftp.base import RemoteEntry, Session
from gateway.sftp.probing import Line

#: A directory is listed for so long; what comes after that is not counted.
_LIST_SECONDS = 10.0
_SLOW_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Inbox:
    """A remote directory that a route takes files from."""

    route: str
    source: SftpSource


def source(inbox: Inbox, line: Line, server: Server, name: str, *, writes: bool) -> Iterator[Check]:
    """Yield whether a route can list its remote directory, and do with files there what it is to do."""
    settings = inbox.source
    subject = Subject("servers", f"{inbox.route} from {server.name}:{settings.path}")
    why = f"Files of {inbox.route} stay at the partner"
    try:
        yield _listed(subject, line.session, settings.path)
    except ServerError as error:
        yield from stopped(subject, error, why)
        return
    if settings.acknowledge is Acknowledgement.LEAVE:
        yield subject.ok("files stay there and are remembered: no right to change anything is needed")
        return
    yield from _acknowledging(subject, settings, line, server, name, writes=writes)


def _listed(subject: Subject, session: Session, path: str) -> Check:
    start, count, is_whole = time.monotonic(), 0, True
    with contextlib.closing(_closable(session, path)) as entries:
        for _entry in entries:
            count += 1
            if time.monotonic() - start > _LIST_SECONDS:
                is_whole = False
                break
    took = time.monotonic() - start
    text = f"{count:,}{'' if is_whole else ' and more'} entries, listed in {took:.2f} s"
    if took < _SLOW_SECONDS:
        return subject.ok(text)
    return subject.warning(
        text,
        "Every pass lists the whole directory",
        "Ask the partner to tidy it up, or let taken files be moved away (`acknowledge`)",
    )


def _closable(session: Session, path: str) -> Generator[RemoteEntry, None, None]:
    """Yield the entries; a generator, so that the listing ends when this is closed."""
    yield from session.entries(path)


def _acknowledging(
    subject: Subject, settings: SftpSource, line: Line, server: Server, name: str, *, writes: bool
) -> Iterator[Check]:
    """Yield whether taken files can be moved or removed."""
    verb = "moved away" if settings.acknowledge is Acknowledgement.MOVE else "removed"
    why = f"Files that were taken cannot be {verb}: they stay, and are remembered until it works"
    if refuses_changes(line.session, posixpath.join(settings.path, f"{name}-none")):
        yield subject.failure(
            "the account may remove nothing there (asked with a name that nothing has)",
            why,
            f"{ASK}, or set `acknowledge: leave`",
        )
        return
    target = settings.move_to if settings.acknowledge is Acknowledgement.MOVE else None
    if target is not None and line.session.look([target]) == [None]:
        yield subject.failure(
            f"move_to ({target}) is not there", why, f"Let the partner make {target}, or correct `move_to`"
        )
        return
    if not writes:
        yield subject.ok(f"whether files can be {verb} was not tried (--no-writes)")
        return
    trials = Trials(line, server, name)
    work = _tried_source(subject, settings.path, target, line, trials, why)
    yield from tried(subject, trials, work)


def _tried_source(
    subject: Subject, path: str, target: str | None, line: Line, trials: Trials, why: str
) -> Iterator[Check]:
    probe = trials.path(path, 1)
    sent = time.time()
    try:
        trials.make(probe)
    except RemoteDenied:
        yield subject.ok(
            "the account may make no file there, so whether it may take one away shows with the first one"
        )
        return
    except GatewayError as error:
        yield from stopped(subject, error, why)
        return
    yield skew(subject, line.session, probe, sent, time.time())
    try:
        if target is None:
            line.session.remove(probe)
        else:
            line.session.rename(probe, trials.path(target, 1))
    except GatewayError as error:
        yield from stopped(subject, error, why)
        return
    yield subject.ok("files can be removed" if target is None else f"files can be moved to {target}")
