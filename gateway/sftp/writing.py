"""Writing files and changing names: each function is one piece of work on the server.

No name is ever taken from another file. Files are created exclusively; and as some servers
ignore that word, the name is looked at in the same breath. A plain rename is said to fail where the
new name is taken (section 6.5 of the draft), but servers differ:

- OpenSSH links the new name and removes the old one, which never takes a name. Where its file
  system has no hard links it looks first and renames then.
- Others rename as their operating system does. That fails on Windows; on Unix it replaces.

So the new name is looked at before every rename, whoever answers. On OpenSSH nothing can come in
between; elsewhere another writer could in that moment, so names must be the gateway's own.
"""

from __future__ import annotations

from typing import BinaryIO

from gateway.custody.look import open_regular
from gateway.custody.refusals import refusal, shown
from gateway.errors import FileChanged, GatewayError, ServerError, ServerUnreachable, TargetOccupied
from gateway.printable import printable
from gateway.sftp import packets, requests
from gateway.sftp.base import Capabilities, Store, Stored
from gateway.sftp.failures import expect_ok, failure
from gateway.sftp.hashing import Blocks, Digest
from gateway.sftp.packets import Code, Kind, Reply
from gateway.sftp.reading import STATVFS, attributes_in, demand_opened, free_bytes, look, stated
from gateway.sftp.requests import Access, Request
from gateway.sftp.window import MOST_BYTES, Work, answered, ask, ask_all

_FSYNC = "fsync@openssh.com"
#: Codes with which servers say that a name is taken, or something else.
_UNCLEAR = (Code.FAILURE, Code.FILE_ALREADY_EXISTS, Code.PERMISSION_DENIED)
_CREATE = Access.WRITE | Access.CREATE | Access.EXCLUSIVE


def store(wanted: Store, able: Capabilities) -> Work[Stored]:
    """Write a file under a free name, durable where the server can; what fails leaves no part."""
    with open_regular(wanted.local) as file:
        handle = yield from _created(wanted.path)
        try:
            yield from _written(handle, file, wanted, able.write_bytes)
            synced = yield from _finished(handle, wanted, able.can_sync)
        except ServerUnreachable:
            raise
        except GatewayError as error:
            full = isinstance(error, ServerError) and STATVFS in able.extensions
            full = full and (yield from _is_full(wanted.path, able.write_bytes))
            # The name is ours: it was created exclusively. Where it stays, the next try removes it.
            yield from ask(requests.on_path(Kind.REMOVE, wanted.path))
            if full:
                raise _disk_full(wanted) from error
            raise
    return Stored(synced)


def rename(old: str, new: str) -> Work[None]:
    """Give a file another name, never over an existing one."""
    if stated(new, (yield from ask(requests.on_path(Kind.LSTAT, new)))) is not None:
        raise occupied(new)
    reply = yield from ask(requests.renaming(old, new))
    yield from _resolved(reply, "rename", old, new)


def replace(old: str, new: str) -> Work[None]:
    """Give a file another name, over an existing one too."""
    reply = yield from ask(_two_names("posix-rename@openssh.com", old, new))
    yield from _resolved(reply, "rename", old, None)


def link(old: str, new: str) -> Work[None]:
    """Give a file a second name, never over an existing one."""
    reply = yield from ask(_two_names("hardlink@openssh.com", old, new))
    yield from _resolved(reply, "link", old, new)


def remove(path: str) -> Work[None]:
    """Remove a file."""
    expect_ok((yield from ask(requests.on_path(Kind.REMOVE, path))), "remove", path)


def make_directory(path: str) -> Work[None]:
    """Make a directory; one that is there is a TargetOccupied."""
    reply = yield from ask(requests.making(path))
    yield from _resolved(reply, "make the directory", None, path)


def occupied(path: str) -> TargetOccupied:
    """Return the error of a name that another file has."""
    return TargetOccupied(where=printable(path))


def _created(path: str) -> Work[bytes]:
    """Create a file exclusively and return its handle."""
    before, reply = yield from ask_all([requests.on_path(Kind.LSTAT, path), requests.opening(path, _CREATE)])
    taken = before.kind == Kind.ATTRS
    if taken and reply.kind == Kind.HANDLE:  # a server that ignores EXCLUSIVE; nothing was written yet
        yield from ask(requests.on_handle(Kind.CLOSE, packets.handle(reply)))
    if taken:
        raise occupied(path)
    if reply.kind == Kind.STATUS and (yield from look(path)) is not None:
        raise occupied(path)  # somebody came in between
    demand_opened(reply, "create", path)
    return packets.handle(reply)


def _written(handle: bytes, file: BinaryIO, wanted: Store, most: int) -> Work[None]:
    """Send the bytes, hashing them; nothing is under way any more when this ends.

    Where it fails the file is closed. Nobody may close it twice: the server may have given the
    handle to another file by then.
    """
    try:
        yield from _sent(handle, file, wanted, most)
    except ServerUnreachable:
        raise
    except GatewayError:
        yield from ask(requests.on_handle(Kind.CLOSE, handle))
        raise


def _sent(handle: bytes, file: BinaryIO, wanted: Store, most: int) -> Work[None]:
    """Send the bytes; see `_written`."""
    digest = Digest(wanted.size)
    try:
        yield from _sent_and_hashed(handle, Blocks(file, most, digest), wanted)
    finally:
        digest.close()


def _sent_and_hashed(handle: bytes, blocks: Blocks, wanted: Store) -> Work[None]:
    """Send the bytes and compare what they were."""
    sent, confirmed = 0, 0
    failed: GatewayError | None = None
    asked: dict[object, int] = {}
    data: bytes | memoryview = b""
    more = True
    while True:
        while more and failed is None and sent < confirmed + MOST_BYTES:
            try:
                data = blocks.next()
            except OSError as error:
                failed = refusal(error, "read", wanted.local)
                break
            more = bool(data) and sent + len(data) <= wanted.size
            if more:
                asked[(yield requests.writing(handle, sent, data))] = len(data)
                sent += len(data)
        if not asked:
            break
        number, reply = yield from answered()
        confirmed += asked.pop(number)
        try:
            expect_ok(reply, "write", wanted.path)
        except ServerUnreachable:
            raise
        except GatewayError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    if data or sent != wanted.size or blocks.digest.hexdigest() != wanted.sha256:
        raise FileChanged(
            "The file that is to be sent has not the content that it must have", where=shown(wanted.local)
        )


def _is_full(path: str, least: int) -> Work[bool]:
    """Return whether the disk has no room for one write: OpenSSH, for one, tells a bare "Failure" of it."""
    directory, slash, _name = path.rpartition("/")
    try:
        return (yield from free_bytes(directory or slash or ".")) < least
    except ServerUnreachable:
        raise
    except ServerError:
        return False


def _disk_full(wanted: Store) -> ServerError:
    return ServerError(
        "Cannot write: the server's disk is full",
        where=printable(wanted.path),
        hint="Ask the partner to make room; the next pass tries again",
    )


def _finished(handle: bytes, wanted: Store, can_sync: bool) -> Work[bool]:
    """Make the file durable, compare its size, close it; return whether it is durable.

    Every one of these must succeed, but that a server announces what it cannot do is no failure.
    """
    steps = [requests.on_handle(Kind.FSTAT, handle), requests.on_handle(Kind.CLOSE, handle)]
    if can_sync:
        steps.insert(0, requests.extended(_FSYNC, handle))
    *sync, about, closed = yield from ask_all(steps)
    is_able = [packets.status(reply)[0] != Code.OP_UNSUPPORTED for reply in sync]
    if any(is_able):
        expect_ok(sync[0], "make durable", wanted.path)
    size = attributes_in(about, wanted.path).size
    if size != wanted.size:
        raise ServerError(
            f"The server has {size} of {wanted.size} bytes after all were written",
            where=printable(wanted.path),
        )
    expect_ok(closed, "close", wanted.path)
    return any(is_able)


def _two_names(extension: str, old: str, new: str) -> Request:
    return requests.extended(extension, requests.path_bytes(old), requests.path_bytes(new))


def _resolved(reply: Reply, operation: str, old: str | None, new: str | None) -> Work[None]:
    """Raise what a reply refuses; looking tells whether the new name is taken or the old one missing.

    Most servers say a bare "Failure" to both.
    """
    code, words = packets.status(reply)
    if code == Code.OK:
        return
    if new is not None and code in _UNCLEAR and (yield from look(new)) is not None:
        raise occupied(new)
    if old is not None and code in _UNCLEAR and (yield from look(old)) is None:
        code, words = Code.NO_SUCH_FILE, ""
    raise failure(code, words, operation, " -> ".join(path for path in (old, new) if path is not None))
