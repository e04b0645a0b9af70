"""Remote directories that routes deliver into."""

from __future__ import annotations

import contextlib
import posixpath
import time
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.config.settings import Server, SftpDestination
from gateway.errors import GatewayError, RemoteDenied, RemoteMissing, ServerError, ServerUnreachable
from gateway.operations.doctor.checks import Check, Subject, said
from gateway.operations.doctor.trials import ASK, Trials, refuses_changes, skew, stopped, tried
from gateway.sftp.base import Session
from gateway.sftp.probing import Line, ask_plain_rename


@dataclass(frozen=True, slots=True)
class Outbox:
    """A remote directory that a route delivers into."""

    route: str
    destination: SftpDestination


def destination(
    outbox: Outbox, line: Line, server: Server, name: str, *, writes: bool, least: int
) -> Iterator[Check]:
    """Yield whether a route can deliver into its remote directory, and how renames go there."""
    route, settings = outbox.route, outbox.destination
    subject = Subject("servers", f"{route} to {server.name}:{settings.path}")
    why = f"Files of {route} are not delivered there; they wait in the gateway's custody"
    (there,) = line.session.look([settings.path])
    if there is None:
        do = f"Let the partner make it, or correct `path` of the destination {settings.name}"
        yield subject.failure("the directory is not there", why, do)
        return
    yield from _free(subject, line.session, settings.path, least)
    if not writes:
        refused = refuses_changes(line.session, posixpath.join(settings.path, f"{name}-none"))
        if refused:
            yield subject.failure("the account may change nothing there", why, ASK)
        else:
            yield subject.ok("it is there; whether files can be written was not tried (--no-writes)")
        return
    trials = Trials(line, server, name)
    work = _tried_destination(subject, settings.path, line, server, trials, why)
    yield from tried(subject, trials, work)


def _tried_destination(
    subject: Subject, path: str, line: Line, server: Server, trials: Trials, why: str
) -> Iterator[Check]:
    first, second, third = (trials.path(path, number) for number in (1, 2, 3))
    session = line.session
    try:
        sent = time.time()
        synced = trials.make(first)
        answered = time.time()
        yield skew(subject, session, first, sent, answered)
        session.rename(first, second)
        trials.make(third)
    except GatewayError as error:
        yield from stopped(subject, error, why)
        return
    durable = "durable" if synced else "not known to be durable (no fsync)"
    yield subject.ok(f"files can be written, are {durable}, and get their names by a rename")
    yield _renames(subject, _replaces(server, session, third, second))
    yield from _replacing(subject, session, trials, second, third)
    yield from _removed(subject, session, second)


def _renames(subject: Subject, replaces: bool | None) -> Check:
    if replaces is None:
        return subject.ok("whether its plain rename takes existing names could not be told")
    if not replaces:
        return subject.ok("its plain rename takes no existing name")
    return subject.warning(
        "its plain rename takes the place of an existing file",
        "The gateway looks before each rename, but a file that another writer puts there in that very moment"
        " would be lost",
        "Let nobody else write files of the same names there, or put the id into `file_name`",
    )


def _replaces(server: Server, session: Session, old: str, new: str) -> bool | None:
    """Whether a plain rename takes the place of a file; None where that cannot be told."""
    try:
        has_worked = ask_plain_rename(server, old, new)
    except ServerError:
        return None
    there, still = session.look([new, old])
    if has_worked:
        return still is None
    return False if there and still else None


def _replacing(subject: Subject, session: Session, trials: Trials, old: str, new: str) -> Iterator[Check]:
    """Yield whether the extension that replaces files does so, where it is announced."""
    if not session.capabilities.can_replace:
        return
    try:
        if session.look([new]) == [None]:
            trials.make(new)
        session.replace(new, old)
    except GatewayError as error:
        if isinstance(error, ServerUnreachable):
            raise
        yield subject.ok(f"it announces posix-rename, and refuses it: {said(error)}")
    else:
        yield subject.ok("posix-rename works")


def _removed(subject: Subject, session: Session, path: str) -> Iterator[Check]:
    try:
        session.remove(path)
    except ServerError as error:
        if isinstance(error, ServerUnreachable):
            raise
        yield subject.warning(
            f"files cannot be removed: {said(error)}",
            "What a broken delivery leaves stays",
            ASK,
        )


def _free(subject: Subject, session: Session, path: str, least: int) -> Iterator[Check]:
    with contextlib.suppress(RemoteDenied, RemoteMissing):
        free = session.free_bytes(path)
        if free is None:
            yield subject.ok("it does not say how much room there is")
        elif free < least:
            yield subject.warning(
                f"only {free:,} bytes are free there",
                "Deliveries fail when there is no room; they are tried again",
                "Ask the partner to make room",
            )
        else:
            yield subject.ok(f"{free / 2**30:,.1f} GiB are free there")
