"""Directories of an SFTP server, tried as routes use them; probe files are removed in any case."""

from __future__ import annotations

import contextlib
import hashlib
import posixpath
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.config.settings import Acknowledgement, Server, SftpDestination, SftpSource
from gateway.errors import GatewayError, RemoteDenied, RemoteMissing, ServerError, ServerUnreachable
from gateway.operations.doctor.checks import Check, Subject, Verdict, said
from gateway.sftp.base import RemoteEntry, Session, Store
from gateway.sftp.probing import Line, connected

_CONTENT = b"a trial of `gateway doctor`; it may be removed\n"
#: A directory is listed for so long; what comes after that is not counted.
_LIST_SECONDS = 10.0
_SLOW_SECONDS = 5.0
#: Clocks that differ by less are no matter.
_SKEW_SECONDS = 5.0
_ASK = "Ask the partner to give the gateway's account this right there"


@dataclass(frozen=True, slots=True)
class Inbox:
    """A remote directory that a route takes files from."""

    route: str
    source: SftpSource


class Trials:
    """Probe files in directories of one server; what is made is removed when the block ends."""

    def __init__(self, line: Line, server: Server, name: str) -> None:
        """Make files whose names begin with ``name``."""
        self._line, self._server, self._name = line, server, name
        self._made: list[str] = []
        self.left: list[str] = []  #: what could not be removed

    def path(self, directory: str, number: int) -> str:
        """Return the path of a probe file; it is removed at the end if it is there."""
        path = posixpath.join(directory, f"{self._name}-{number}")
        if path not in self._made:
            self._made.append(path)
        return path

    def make(self, path: str) -> bool:
        """Write a probe file and return whether it was made durable; raises what the server refuses."""
        with tempfile.TemporaryDirectory(prefix="gateway-") as directory:
            local = Path(directory, "probe")
            local.write_bytes(_CONTENT)
            digest = hashlib.sha256(_CONTENT).hexdigest()
            (result,) = self._line.session.store([Store(str(local), path, digest, len(_CONTENT))])
        if isinstance(result, GatewayError):
            raise result
        return result.synced

    def clean(self) -> None:
        """Remove what is there, over a connection of its own where the first one is gone."""
        try:
            self._remove(self._line.session)
        except ServerUnreachable:
            try:
                with connected(self._server) as line:
                    self._remove(line.session)
            except ServerError:
                self.left = self._made

    def _remove(self, session: Session) -> None:
        for path in self._made:
            try:
                session.remove(path)
            except RemoteMissing:
                continue
            except ServerUnreachable:
                raise
            except ServerError:
                # refused: only what is there is worth a word
                self.left += [path] if session.look([path]) != [None] else []


@contextlib.contextmanager
def _trials(line: Line, server: Server, name: str) -> Iterator[Trials]:
    trials = Trials(line, server, name)
    try:
        yield trials
    finally:
        trials.clean()


def source(inbox: Inbox, line: Line, server: Server, name: str, *, writes: bool) -> Iterator[Check]:
    """Yield whether a route can list its remote directory, and do with files there what it is to do."""
    settings = inbox.source
    subject = Subject("servers", f"{inbox.route} from {server.name}:{settings.path}")
    why = f"Files of {inbox.route} stay at the partner"
    try:
        yield _listed(subject, line.session, settings.path)
    except ServerError as error:
        yield subject.refused(error, why, _ASK)
        if isinstance(error, ServerUnreachable):
            raise
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
    if _refuses_changes(line.session, posixpath.join(settings.path, f"{name}-none")):
        yield subject.failure(
            "the account may remove nothing there (asked with a name that nothing has)",
            why,
            f"{_ASK}, or set `acknowledge: leave`",
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
    with _trials(line, server, name) as trials:
        yield from _tried_source(subject, settings.path, target, line, trials, why)
    yield from _left(subject, trials)


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
    except (ServerError, GatewayError) as error:
        yield from _stopped(subject, error, why)
        return
    yield _skew(subject, line.session, probe, sent, time.time())
    if target is not None:
        try:
            line.session.rename(probe, trials.path(target, 1))
        except GatewayError as error:
            yield from _stopped(subject, error, why)
            return
        yield subject.ok(f"files can be moved to {target} (tried)")
    else:
        yield subject.ok("files can be removed")


def _stopped(subject: Subject, error: GatewayError, why: str) -> Iterator[Check]:
    """Yield what was refused; a broken connection ends everything else, too."""
    if isinstance(error, ServerUnreachable):
        raise error
    yield subject.refused(error, why, _ASK)


def _refuses_changes(session: Session, path: str) -> bool:
    """Whether the server refuses to remove even what is not there, as servers do that only give."""
    try:
        session.remove(path)
    except RemoteDenied:
        return True
    except ServerUnreachable:
        raise
    except ServerError:
        return False
    return False


def _skew(subject: Subject, session: Session, path: str, sent: float, answered: float) -> Check:
    """Return how far the server's clock is off: it stamped a file between ``sent`` and ``answered``."""
    (there,) = session.look([path])
    if there is None or there.mtime <= 0:
        return subject.ok("it states no times: how its clock is cannot be known")
    middle, doubt = (sent + answered) / 2, (answered - sent) / 2 + 1
    off = there.mtime + 0.5 - middle  # it states full seconds, cut off
    if abs(off) <= _SKEW_SECONDS + doubt:
        return subject.ok(f"its clock agrees with this machine's to {abs(off) + doubt:.0f} s at worst")
    word = "ahead of" if off > 0 else "behind"
    return subject.warning(
        f"its clock is {_span(abs(off))} {word} this machine's (give or take {doubt:.0f} s)",
        "The gateway relies on its own clock, but times of files and the partner's logs do not fit together",
        "Look at the topic clock first; if this machine is right, tell the partner",
    )


def _span(seconds: float) -> str:
    whole = round(seconds)
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole / size:,.1f} {unit}"
    return f"{whole} s"


def _left(subject: Subject, trials: Trials) -> Iterator[Check]:
    if trials.left:
        yield subject.warning(
            f"probe files could not be removed: {', '.join(trials.left)}",
            "They are hidden and empty of meaning, but nobody else removes them",
            "Remove them, or ask the partner to",
        )


def destination(
    route: str,
    settings: SftpDestination,
    line: Line,
    server: Server,
    name: str,
    *,
    writes: bool,
    least: int,
) -> Iterator[Check]:
    """Yield whether a route can deliver into its remote directory, and how renames go there."""
    subject = Subject("servers", f"{route} to {server.name}:{settings.path}")
    why = f"Files of {route} are not delivered there; they wait in the gateway's custody"
    (there,) = line.session.look([settings.path])
    if there is None:
        do = f"Let the partner make it, or correct `path` of the destination {settings.name}"
        yield subject.failure("the directory is not there", why, do)
        return
    yield from _free(subject, line.session, settings.path, least)
    if not writes:
        refused = _refuses_changes(line.session, posixpath.join(settings.path, f"{name}-none"))
        if refused:
            yield subject.failure("the account may change nothing there", why, _ASK)
        else:
            yield subject.ok("it is there; whether files can be written was not tried (--no-writes)")
        return
    with _trials(line, server, name) as trials:
        yield from _tried_destination(subject, settings.path, line, server, trials, why)
    yield from _left(subject, trials)


def _tried_destination(
    subject: Subject, path: str, line: Line, server: Server, trials: Trials, why: str
) -> Iterator[Check]:
    first, second, third = (trials.path(path, number) for number in (1, 2, 3))
    session = line.session
    try:
        sent = time.time()
        synced = trials.make(first)
        answered = time.time()
        yield _skew(subject, session, first, sent, answered)
        session.rename(first, second)
        trials.make(third)
    except GatewayError as error:
        yield from _stopped(subject, error, why)
        return
    durable = "durable" if synced else "not known to be durable (no fsync)"
    yield subject.ok(f"files can be written, are {durable}, and get their names by a rename")
    yield _renames(subject, line.replaces(third, second, server.reply_seconds))
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
        yield subject.judged(
            Verdict.WARNING,
            f"files cannot be removed: {said(error)}",
            "What a broken delivery leaves stays",
            _ASK,
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
