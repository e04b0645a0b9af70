"""What an SFTP server sends, as the client's own code takes it: packets, and a listing made of them."""

from __future__ import annotations

import contextlib
import struct
from collections import deque
from collections.abc import Iterator
from typing import Any

from gateway.errors import GatewayError, ServerUnreachable
from gateway.sftp import packets
from gateway.sftp.base import RemoteEntry
from gateway.sftp.listing import entries
from gateway.sftp.packets import Kind, Reply
from gateway.sftp.window import Exchange
from tests.fuzz.target import Target, demand

_HEADER = struct.Struct(">IB")


class FakeWire:
    """Stands where a `Wire` stands; the server's packets are the fuzzer's, and answer in order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._asked: deque[int] = deque()
        self.broken = False

    def send(self, kind: Kind, number: int, body: bytes, data: bytes = b"") -> None:
        """Note that something is asked."""
        self._asked.append(number)

    def receive(self) -> tuple[int, Reply]:
        """Return the next packet as the answer to what was asked first."""
        if len(self._data) < _HEADER.size or not self._asked:
            raise ServerUnreachable("The server closed the connection")
        size, kind = _HEADER.unpack_from(self._data)
        body = self._data[_HEADER.size : _HEADER.size + size % 65536]
        self._data = self._data[_HEADER.size + size % 65536 :]
        return self._asked.popleft(), Reply(kind, body)

    def fail(self, error: GatewayError) -> GatewayError:
        """Break the connection."""
        self.broken = True
        return error

    def close(self) -> None:
        """Break the connection."""
        self.broken = True


def _text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _packet(kind: int, body: bytes) -> bytes:
    return _HEADER.pack(len(body), kind) + body


def _name(name: bytes, mode: int = 0o100644) -> bytes:
    attributes = struct.pack(">IQIII", 1 | 4 | 8, 12, mode, 0, 1700000000)
    return _text(name) + _text(b"-rw-r--r-- 1 mes mes 12 Jan 1 00:00 " + name) + attributes


def _listing() -> bytes:
    names = _packet(Kind.NAME, struct.pack(">I", 2) + _name(b"A.csv") + _name(b"\xff\xfe", 0o40755))
    end = _packet(Kind.STATUS, struct.pack(">I", 1) + _text(b"end of file") + _text(b"en"))
    return _packet(Kind.HANDLE, _text(b"h")) + names + end


def _seeds() -> list[bytes]:
    attributes = _packet(
        Kind.ATTRS, struct.pack(">IQII", 1 | 0x80000000, 12, 1, 0) + _text(b"a") + _text(b"b")
    )
    room = _packet(Kind.EXTENDED_REPLY, struct.pack(">11Q", *range(11)))
    version = _packet(Kind.VERSION, struct.pack(">I", 3) + _text(b"posix-rename@openssh.com") + _text(b"1"))
    return [_listing(), attributes, room, version]


def _replies(data: bytes) -> None:
    """Every reply is understood or refused as a breach of protocol."""
    if len(data) < _HEADER.size:
        return
    _size, kind = _HEADER.unpack_from(data)
    reply = Reply(kind, data[_HEADER.size :])
    for understand in (packets.names, packets.handle, packets.attributes, packets.room, packets.status):
        with contextlib.suppress(ServerUnreachable):
            understand(reply)
    with contextlib.suppress(ServerUnreachable):
        packets.extension_pairs(reply.body)


def _list(data: bytes) -> None:
    """A listing ends, with entries that a directory can have, or with an error of the server."""
    wire: Any = FakeWire(data)
    found: list[RemoteEntry] = []
    with contextlib.suppress(GatewayError):
        found.extend(entries(Exchange(wire), "/in"))
    for one in found:
        demand("/" not in one.name and "\0" not in one.name, f"no entry is called {one.name!r}")
        demand(one.name not in ("", ".", ".."), f"no entry is called {one.name!r}")
        demand(0 <= one.size <= packets.MOST_SIZE, f"no file has {one.size} bytes")


TOKENS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x01", b"\x7f\xff\xff\xff", b"\0\0\0\x01/")


def targets() -> Iterator[Target]:
    """Yield a target for each thing that is made of a server's bytes."""
    yield Target("sftp-replies", "single replies of an SFTP server are parsed", _seeds, _replies, TOKENS)
    yield Target(
        "sftp-listing", "a directory is listed over hostile replies", lambda: [_listing()], _list, TOKENS
    )
