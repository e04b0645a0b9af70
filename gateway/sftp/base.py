"""What a session with an SFTP server offers, in values of the gateway's own.

Sources and destinations stand on this protocol alone. Names are text with ``surrogateescape``, as
everywhere; paths are POSIX, as the server understands them. Every method raises a ServerError
(ServerUnreachable where the connection is gone: the session is of no use then, and nobody knows
whether what was asked for has happened; RemoteMissing, RemoteDenied, ServerError else). Methods over
many files keep as many requests under way as the server allows; one file's failure is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import GatewayError


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """One entry of a directory, as the server states it."""

    name: str
    kind: str  #: as ``Sighting.kind``; ``file`` where the server does not say
    size: int
    mtime: int  #: seconds since 1970, by the server's clock; 0 where it does not say


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server offers; asked of it, never assumed."""

    software: str = ""  #: its identification string
    extensions: frozenset[str] = frozenset()  #: names, as it announced them
    read_bytes: int = 32768  #: largest read and write that it takes
    write_bytes: int = 32768
    handles: int = 64  #: files that may be open at once

    @property
    def can_replace(self) -> bool:
        """Whether a rename can take the place of an existing file (posix-rename@openssh.com)."""
        return "posix-rename@openssh.com" in self.extensions

    @property
    def can_sync(self) -> bool:
        """Whether a file can be made durable on request (fsync@openssh.com)."""
        return "fsync@openssh.com" in self.extensions

    @property
    def can_link(self) -> bool:
        """Whether a second name can be given to a file, never taking one (hardlink@openssh.com)."""
        return "hardlink@openssh.com" in self.extensions


@dataclass(frozen=True, slots=True)
class Fetch:
    """One file to be read, from ``offset`` to its end."""

    path: str
    size: int  #: that it must have, before and after
    mtime: int  #: that it must have, before and after
    write: Callable[[bytes], object]  #: is given the bytes in order
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Store:
    """One file to be written under a name that must be free."""

    local: str  #: path of the bytes; a regular file
    path: str
    sha256: str  #: that the local bytes must have, found while they are read
    size: int


@dataclass(frozen=True, slots=True)
class Stored:
    """How a file was stored."""

    synced: bool  #: whether the server confirmed that it is durable


class Session(Protocol):
    """One connection to one server, used by one thread at a time."""

    capabilities: Capabilities

    def entries(self, path: str) -> Iterator[RemoteEntry]:
        """Yield the entries of a directory as they come, without ``.`` and ``..``."""
        ...

    def look(self, paths: Sequence[str]) -> list[RemoteEntry | None]:
        """Return what stands under each path, following no link; None where nothing does."""
        ...

    def look_each(self, paths: Sequence[str]) -> list[RemoteEntry | GatewayError | None]:
        """Look as `look` does; a path that the server refuses to look at has its own error."""
        ...

    def read(self, path: str, offset: int, size: int) -> bytes:
        """Return at most ``size`` bytes of a file from ``offset``; below 0 it counts from the end."""
        ...

    def fetch(self, fetches: Sequence[Fetch]) -> list[GatewayError | None]:
        """Read files whole. FileChanged where one is not, or is no longer, the one that was expected.

        A file is the expected one if size and mtime are right when it is opened, of the open
        handle at the end, and of its name after that, and all its bytes came.
        """
        ...

    def store(self, stores: Sequence[Store]) -> list[Stored | GatewayError]:
        """Write files, exclusively created, synced where the server can; sizes compared at the end.

        TargetOccupied where the name is not free.
        """
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, never over an existing one (TargetOccupied)."""
        ...

    def rename_each(self, names: Sequence[tuple[str, str]]) -> list[GatewayError | None]:
        """Rename many files as `rename` does; what became of each, in order."""
        ...

    def replace(self, old: str, new: str) -> None:
        """Give a file another name, over an existing one too; only where ``can_replace``."""
        ...

    def link(self, old: str, new: str) -> None:
        """Give a file a second name, never over an existing one; only where ``can_link``."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file."""
        ...

    def remove_each(self, paths: Sequence[str]) -> list[GatewayError | None]:
        """Remove many files; what became of each, in order."""
        ...

    def make_directory(self, path: str) -> None:
        """Make a directory; one that is there is a TargetOccupied."""
        ...

    def resolve(self, path: str) -> str:
        """Return the absolute path that the server understands by ``path``."""
        ...

    def free_bytes(self, path: str) -> int | None:
        """Return how much room the gateway's user has there; None where the server cannot say."""
        ...


class Connections(Protocol):
    """Sessions with the servers of a site, opened when they are needed and used again."""

    def session(self, server: str) -> AbstractContextManager[Session]:
        """Lend a session with the server of that name to this thread.

        One that broke inside the block is closed, another one is kept for the next. At most as
        many as the server's settings allow are open; who comes then waits.
        """
        ...

    def interrupt(self) -> None:
        """Break every session that is lent, from another thread, and lend no more: the end is near."""
        ...

    def close_idle(self) -> None:
        """Close the sessions that nobody has used for as long as their servers' settings say."""
        ...

    def close(self) -> None:
        """Close every session that is not lent; one that is lent is closed when it comes back."""
        ...
