"""Reading files and what is known of them: each function is one piece of work on the server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from gateway.custody.refusals import refusal
from gateway.errors import FileChanged, GatewayError, ServerError, ServerUnreachable
from gateway.printable import printable
from gateway.sftp import packets, requests
from gateway.sftp.base import Fetch, RemoteEntry
from gateway.sftp.failures import NotOpened, demand, failure
from gateway.sftp.packets import Attributes, Code, Kind, Reply, breach
from gateway.sftp.requests import Access
from gateway.sftp.window import MOST_BYTES, Work, answered, ask, ask_all

STATVFS = "statvfs@openssh.com"
_GONE = (Code.NO_SUCH_FILE, Code.NO_SUCH_PATH)


def look(path: str) -> Work[RemoteEntry | None]:
    """Return what stands under a path, following no link; None where nothing does."""
    return stated(path, (yield from ask(requests.on_path(Kind.LSTAT, path))))


def stated(path: str, reply: Reply) -> RemoteEntry | None:
    """Return what the reply to a look says."""
    if reply.kind == Kind.STATUS and packets.status(reply)[0] in _GONE:
        return None
    found = packets.attributes(demand(reply, Kind.ATTRS, "look at", path))
    return RemoteEntry(path.rpartition("/")[2], found.kind, found.size, found.mtime)


def read(path: str, offset: int, size: int, most: int) -> Work[bytes]:
    """Return at most ``size`` bytes of a file from ``offset``; below 0 it counts from the end.

    ``most`` is the largest single read.
    """
    handle = yield from opened(path, Access.READ)
    parts: list[bytes] = []
    try:
        if offset < 0:
            now = attributes_in((yield from ask(requests.on_handle(Kind.FSTAT, handle))), path)
            offset = max(0, now.size + offset)
        end = min(offset + size, packets.MOST_SIZE)
        yield from pieces(handle, path, (offset, end), most, parts.append)
    except ServerUnreachable:
        raise
    except GatewayError:
        yield from ask(requests.on_handle(Kind.CLOSE, handle))
        raise
    yield from ask(requests.on_handle(Kind.CLOSE, handle))
    return b"".join(parts)


def fetch(wanted: Fetch, most: int) -> Work[None]:
    """Read a file whole, from its offset on; raises FileChanged where it is not the one expected."""
    handle = yield from opened(wanted.path, Access.READ)
    about = requests.on_handle(Kind.FSTAT, handle)
    try:
        found = attributes_in((yield from ask(about)), wanted.path)
        _compare(wanted, found, "when it was opened")
        wanted = dataclasses.replace(wanted, mtime=wanted.mtime or found.mtime)
        reached = yield from pieces(handle, wanted.path, (wanted.offset, wanted.size), most, wanted.write)
        if reached != wanted.size:
            raise _changed(wanted, f"it ended after {reached} of {wanted.size} bytes")
    except ServerUnreachable:
        raise
    except GatewayError:
        yield from ask(requests.on_handle(Kind.CLOSE, handle))
        raise
    # Of the handle once all bytes are there, and of the name, which may belong to another file by now;
    # and whether the file goes on behind its stated end, as with a server that does not know its sizes.
    behind = requests.reading(handle, wanted.size, 1)
    beyond, at_end, _closed, named = yield from ask_all(
        [behind, about, requests.on_handle(Kind.CLOSE, handle), requests.on_path(Kind.LSTAT, wanted.path)]
    )
    if beyond.kind == Kind.DATA and beyond.body:
        raise _changed(wanted, f"it goes on after the {wanted.size} bytes that the server states")
    _compare(wanted, attributes_in(at_end, wanted.path), "after it was read")
    there = stated(wanted.path, named)
    if there is None:
        raise _changed(wanted, "it is gone after it was read")
    _compare(wanted, Attributes(there.size, there.mtime), "under its name after it was read")


def free_bytes(path: str) -> Work[int]:
    """Return how much room the account has there; only where the server has ``STATVFS``."""
    reply = yield from ask(requests.extended(STATVFS, requests.path_bytes(path)))
    return packets.room(demand(reply, Kind.EXTENDED_REPLY, "ask for the free space of", path))


def opened(path: str, access: Access) -> Work[bytes]:
    """Open a file and return its handle."""
    reply = yield from ask(requests.opening(path, access))
    demand_opened(reply, "open", path)
    return packets.handle(reply)


def demand_opened(reply: Reply, operation: str, path: str) -> None:
    """Demand that a file was opened; raises NotOpened where the server does not say why it was not."""
    try:
        demand(reply, Kind.HANDLE, operation, path)
    except ServerError as error:
        if reply.kind == Kind.STATUS and packets.status(reply)[0] == Code.FAILURE:
            raise NotOpened(error.message, where=error.where) from error
        raise


def attributes_in(reply: Reply, path: str) -> Attributes:
    """Return what the reply says of an open file; nothing can be verified where it states no size."""
    found = packets.attributes(demand(reply, Kind.ATTRS, "look at", path))
    if not found.sized:
        raise ServerError("The server does not say how large its files are", where=printable(path))
    return found


def pieces(
    handle: bytes, path: str, span: tuple[int, int], most: int, write: Callable[[bytes], object]
) -> Work[int]:
    """Give ``write`` the bytes of ``span`` in order and return where they ended, at most its end.

    Nothing is under way any more when this ends, whether it returns or raises; so the handle can be
    closed.
    """
    position, ahead = span[0], span[0]
    end = span[1]
    failed: GatewayError | None = None
    asked: dict[object, tuple[int, int]] = {}
    came: dict[int, bytes] = {}
    while True:
        while failed is None and ahead < end and ahead < position + MOST_BYTES:
            size = min(most, end - ahead)
            asked[(yield requests.reading(handle, ahead, size))] = ahead, size
            ahead += size
        if not asked:
            break
        number, reply = yield from answered()
        offset, size = asked.pop(number)
        try:
            data = _data(reply, size, path)
            came[offset] = data
            if not data:
                end = min(end, offset)
            elif len(data) < size and failed is None:
                rest = requests.reading(handle, offset + len(data), size - len(data))
                asked[(yield rest)] = offset + len(data), size - len(data)
            while failed is None and came.get(position):
                piece = came.pop(position)
                _write(write, piece, path)
                position += len(piece)
        except ServerUnreachable:
            raise
        except GatewayError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return position


def _data(reply: Reply, size: int, path: str) -> bytes:
    """Return the bytes of a reply; none at the end of the file."""
    if reply.kind == Kind.STATUS:
        code, words = packets.status(reply)
        if code == Code.EOF:
            return b""
        raise failure(code, words, "read", path)
    if reply.kind != Kind.DATA or len(reply.body) > size:
        raise breach(f"a reply of kind {reply.kind} with {len(reply.body)} bytes came to a read of {size}")
    return reply.body


def _write(write: Callable[[bytes], object], data: bytes, path: str) -> None:
    try:
        write(data)
    except OSError as error:
        raise refusal(error, "write what was fetched", path) from error


def _compare(wanted: Fetch, found: Attributes, when: str) -> None:
    if found.size != wanted.size:
        raise _changed(wanted, f"it had {found.size} bytes {when}, {wanted.size} were expected")
    if found.mtime != wanted.mtime and found.mtime and wanted.mtime:
        raise _changed(wanted, f"its time was {found.mtime} {when}, {wanted.mtime} was expected")


def _changed(wanted: Fetch, what: str) -> FileChanged:
    return FileChanged(
        f"The file on the server is not the one that was seen: {what}",
        where=printable(wanted.path),
        hint="The next pass looks again",
    )
