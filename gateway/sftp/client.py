"""A session with an SFTP server over one channel of a transport."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import paramiko

from gateway.config.settings import Server
from gateway.errors import GatewayError
from gateway.printable import printable
from gateway.sftp import listing, packets, reading, requests, writing
from gateway.sftp.base import Capabilities, Fetch, RemoteEntry, Store, Stored
from gateway.sftp.capabilities import capabilities, greet
from gateway.sftp.failures import NotOpened, demand
from gateway.sftp.line import place
from gateway.sftp.packets import Kind
from gateway.sftp.window import Exchange, Work, ask
from gateway.sftp.wire import Wire

T = TypeVar("T")

_PIPELINED = 64


def open_session(transport: paramiko.Transport, server: Server) -> Client:
    """Start SFTP on a transport that is logged in.

    Raises ServerUnreachable where the server offers none, speaks none, or says nothing for
    ``reply_seconds``.
    """
    return Client(transport, server)


class Client:
    """The session (see `base.Session`); for one thread at a time.

    A breach of protocol, a silence or a broken line ends the transport too, so that nobody lends
    it again.
    """

    def __init__(self, transport: paramiko.Transport, server: Server) -> None:
        """Open the channel and agree on what the server can do."""
        wire = Wire(transport, place(server), server.reply_seconds)
        self._exchange = Exchange(wire)
        self.capabilities = Capabilities()
        software = printable(transport.remote_version)
        self.capabilities = self._exchange.result(capabilities(software, greet(wire)))
        self._most_open = self.capabilities.handles

    def entries(self, path: str) -> Iterator[RemoteEntry]:
        """Yield the entries of a directory as they come, without ``.`` and ``..``."""
        return listing.entries(self._exchange, path)

    def look(self, paths: Sequence[str]) -> list[RemoteEntry | None]:
        """Return what stands under each path, following no link; None where nothing does."""
        found: list[RemoteEntry | None] = []
        for result in self.look_each(paths):
            if isinstance(result, GatewayError):
                raise result
            found.append(result)
        return found

    def look_each(self, paths: Sequence[str]) -> list[RemoteEntry | GatewayError | None]:
        """Look as `look` does; a path that the server refuses to look at has its own error."""
        return self._exchange.run([reading.look(path) for path in paths], _PIPELINED)

    def read(self, path: str, offset: int, size: int) -> bytes:
        """Return at most ``size`` bytes of a file from ``offset``; below 0 it counts from the end."""
        return self._exchange.result(reading.read(path, offset, size, self.capabilities.read_bytes))

    def fetch(self, fetches: Sequence[Fetch]) -> list[GatewayError | None]:
        """Read files whole; see `base.Session.fetch`."""
        most = self.capabilities.read_bytes
        return self._each([functools.partial(reading.fetch, one, most) for one in fetches])

    def store(self, stores: Sequence[Store]) -> list[Stored | GatewayError]:
        """Write files, exclusively created; see `base.Session.store`."""
        able = self.capabilities
        return self._each([functools.partial(writing.store, one, able) for one in stores])

    def _each(self, works: Sequence[Callable[[], Work[T]]]) -> list[T | GatewayError]:
        """Do pieces of work with a file open in each.

        A server that takes fewer open files than it says, or does not say, refuses some of them:
        those are done one by one, and fewer at once from then on if that was it.
        """
        results = self._exchange.run([work() for work in works], self._most_open)
        refused = [index for index, result in enumerate(results) if isinstance(result, NotOpened)]
        if len(works) > 1:
            for index in refused:
                (results[index],) = self._exchange.run([works[index]()], 1)
        if any(not isinstance(results[index], NotOpened) for index in refused):
            self._most_open = max(1, self._most_open // 4)
        return results

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, never over an existing one (TargetOccupied)."""
        self._exchange.result(writing.rename(old, new))

    def rename_each(self, names: Sequence[tuple[str, str]]) -> list[GatewayError | None]:
        """Rename many files, old name and new; see `base.Session.rename_each`."""
        return self._exchange.run([writing.rename(old, new) for old, new in names], _PIPELINED)

    def replace(self, old: str, new: str) -> None:
        """Give a file another name, over an existing one too; only where ``can_replace``."""
        self._exchange.result(writing.replace(old, new))

    def link(self, old: str, new: str) -> None:
        """Give a file a second name, never over an existing one; only where ``can_link``."""
        self._exchange.result(writing.link(old, new))

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._exchange.result(writing.remove(path))

    def remove_each(self, paths: Sequence[str]) -> list[GatewayError | None]:
        """Remove many files; see `base.Session.remove_each`."""
        return self._exchange.run([writing.remove(path) for path in paths], _PIPELINED)

    def make_directory(self, path: str) -> None:
        """Make a directory; one that is there is a TargetOccupied."""
        self._exchange.result(writing.make_directory(path))

    def resolve(self, path: str) -> str:
        """Return the absolute path that the server understands by ``path``."""
        return self._exchange.result(_resolve(path))

    def free_bytes(self, path: str) -> int | None:
        """Return how much room the gateway's user has there; None where the server cannot say."""
        if reading.STATVFS not in self.capabilities.extensions:
            return None
        return self._exchange.result(reading.free_bytes(path))


def _resolve(path: str) -> Work[str]:
    reply = yield from ask(requests.on_path(Kind.REALPATH, path))
    found = packets.names(demand(reply, Kind.NAME, "resolve", path))
    if len(found) != 1:
        raise packets.breach(f"it resolves one path to {len(found)}")
    return found[0].name
