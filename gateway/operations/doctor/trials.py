"""Probe files in directories of a server: made, looked at, and removed in any case."""

from __future__ import annotations

import hashlib
import posixpath
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gateway.config.settings import Server
from gateway.errors import GatewayError, RemoteDenied, RemoteMissing, ServerError, ServerUnreachable
from gateway.operations.doctor.checks import Check, Subject
from gateway.sftp.base import Session, Store
from gateway.sftp.probing import Line, connected

ASK = "Ask the partner to give the gateway's account this right there"
_CONTENT = b"a trial of `gateway doctor`; it may be removed\n"
#: Clocks that differ by less are no matter.
_SKEW_SECONDS = 5.0


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


def tried(subject: Subject, trials: Trials, work: Iterator[Check]) -> Iterator[Check]:
    """Yield what ``work`` finds, then what is left behind; a broken connection is raised after that."""
    broken: ServerError | None = None
    try:
        yield from work
    except ServerError as error:
        broken = error
    finally:
        trials.clean()
    if trials.left:
        yield subject.warning(
            f"probe files may be left there: {', '.join(trials.left)}",
            "They could not be removed, and nobody else removes them; routes pass over hidden names",
            "Remove them, or ask the partner to",
        )
    if broken is not None:
        raise broken


def stopped(subject: Subject, error: GatewayError, why: str) -> Iterator[Check]:
    """Yield what was refused; a broken connection ends everything else, too."""
    if isinstance(error, ServerUnreachable):
        raise error
    yield subject.refused(error, why, ASK)


def refuses_changes(session: Session, path: str) -> bool:
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


def skew(subject: Subject, session: Session, path: str, sent: float, answered: float) -> Check:
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
