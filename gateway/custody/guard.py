"""One gateway per site: an operating system lock that ends with the process that holds it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from gateway.custody.copies import write_all
from gateway.custody.layout import Layout
from gateway.custody.refusals import StrPath, refusing, shown
from gateway.errors import SiteBusy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


_MOST = 4096


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works on a site: process, host, and since when (UTC, ISO 8601)."""

    pid: int
    host: str
    since: str


class SiteGuard:
    """Keeps a second gateway off the site in ``site_directory`` while this one works; a context manager.

    The lock belongs to the open file, so a killed process leaves none behind; the lock file stays
    and means nothing by itself. A forked child shares the lock until it closes or execs.
    """

    def __init__(self, site_directory: StrPath) -> None:
        self._path = Layout(site_directory).guard_file
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Take the lock at once; raises SiteBusy naming the holder where somebody has it."""
        with refusing("open the lock", self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            with refusing("lock", self._path):
                _lock(descriptor, self._path)
                _sign(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock back."""
        with contextlib.suppress(OSError):  # a share may refuse the signature; it is closed all the same
            os.close(self._descriptor)
        self._descriptor = -1


def holder(site_directory: StrPath) -> Holder | None:
    """Return who works on the site now; None where nobody does."""
    with contextlib.suppress(FileNotFoundError), _opened(Layout(site_directory).guard_file) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(descriptor)
    return None


@contextlib.contextmanager
def _opened(path: StrPath) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: os.PathLike[str]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        other = _read(descriptor)
        raise SiteBusy(
            f"Process {other.pid} on {other.host} works on this site since {other.since}",
            where=shown(path),
            hint="Stop it first, or wait until it has finished. For several at once the ledger must be "
            "on PostgreSQL",
        ) from error


def _sign(descriptor: int) -> None:
    """Write who holds the lock, for people and for the refusal of the next one."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    os.ftruncate(descriptor, 0)
    write_all(
        descriptor, json.dumps(asdict(Holder(os.getpid(), socket.gethostname(), since))).encode() + b"\n"
    )


def _read(descriptor: int) -> Holder:
    """Return the holder as it signed; it may be signing just now."""
    try:
        data = json.loads(os.pread(descriptor, _MOST, 0))
        return Holder(int(data["pid"]), str(data["host"]), str(data["since"]))
    except (ValueError, KeyError, TypeError):
        return Holder(0, "an unknown host", "just now")
