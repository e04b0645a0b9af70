"""SFTP version 3 on the wire: what servers are asked (draft-ietf-secsh-filexfer-02, section 6)."""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

from gateway.errors import ServerError
from gateway.printable import printable
from gateway.sftp.packets import Kind

_UINT32 = struct.Struct(">I")


class Access(enum.IntFlag):
    """How a file is opened (section 6.3)."""

    READ = 1
    WRITE = 2
    CREATE = 8
    EXCLUSIVE = 0x20


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``cost`` counts the bytes of it and of its reply that may be under way at once."""

    kind: Kind
    body: bytes
    cost: int = 256
    data: bytes | memoryview = b""  #: that ends the body; kept apart because it is large


def string(value: bytes) -> bytes:
    """Return a string with its length before it."""
    return _UINT32.pack(len(value)) + value


def path_bytes(path: str) -> bytes:
    """Return a path as the server gets it; raises ServerError where it cannot be said.

    A null byte would end the name for many servers, so that another file would be meant.
    """
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ServerError("This name cannot be sent to a server", where=printable(path)) from error
    if not raw or b"\0" in raw:
        raise ServerError("This is no name of a file on a server", where=printable(path))
    return raw


def on_path(kind: Kind, path: str) -> Request:
    """Return a request about a path and nothing else."""
    return Request(kind, string(path_bytes(path)))


def on_handle(kind: Kind, handle: bytes, cost: int = 256) -> Request:
    """Return a request about an open file and nothing else."""
    return Request(kind, string(handle), cost)


def opening(path: str, access: Access) -> Request:
    """Return the request to open a file; the server's own defaults decide its permissions."""
    return Request(Kind.OPEN, string(path_bytes(path)) + struct.pack(">II", access, 0))


def reading(handle: bytes, offset: int, size: int) -> Request:
    """Return the request to read ``size`` bytes."""
    return Request(Kind.READ, string(handle) + struct.pack(">QI", offset, size), size + 64)


def writing(handle: bytes, offset: int, data: bytes | memoryview) -> Request:
    """Return the request to write ``data``."""
    body = string(handle) + struct.pack(">QI", offset, len(data))
    return Request(Kind.WRITE, body, len(data) + 64, data)


def making(path: str) -> Request:
    """Return the request to make a directory."""
    return Request(Kind.MKDIR, string(path_bytes(path)) + _UINT32.pack(0))


def renaming(old: str, new: str) -> Request:
    """Return the plain request to rename."""
    return Request(Kind.RENAME, string(path_bytes(old)) + string(path_bytes(new)))


def extended(name: str, *values: bytes) -> Request:
    """Return a request of an extension."""
    return Request(Kind.EXTENDED, string(name.encode()) + b"".join(map(string, values)))
