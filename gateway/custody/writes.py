"""Writing small files so that a reader sees the old content, the new content, or nothing.

`write_temporary`, `place_new` and `place_over` are for batches: the caller syncs the temporaries of
the whole batch, renames them, and syncs each directory once. `write_new`, `replace` and
`append_lines` do all of it for one file and are durable when they return.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import BinaryIO

from gateway.custody import syncs
from gateway.custody.copies import write_all
from gateway.custody.look import exists
from gateway.custody.moves import rename_new
from gateway.custody.names import temporary_name
from gateway.custody.refusals import StrPath, refusing
from gateway.errors import CustodyError

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_TAIL = 64 * 1024


def write_temporary(target: StrPath, data: bytes) -> str:
    """Write ``data`` beside ``target`` under its hidden temporary name and return that path.

    What an interrupted try left there is replaced. Not synced. Raises DiskFull, CustodyError.
    """
    temporary = temporary_beside(target)
    discard(temporary)
    with refusing("write", target):
        descriptor = os.open(temporary, _CREATE, 0o666)
        try:
            try:
                write_all(descriptor, data)
            finally:
                os.close(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    return temporary


def temporary_beside(target: StrPath) -> str:
    """Return the path of the temporary name of ``target``, in the same directory."""
    directory, name = os.path.split(os.fspath(target))
    return os.path.join(directory, temporary_name(name))


def place_new(temporary: StrPath, target: StrPath) -> None:
    """Give a synced temporary its final name; raises NameTaken rather than overwrite."""
    rename_new(temporary, target)


def place_over(temporary: StrPath, target: StrPath) -> None:
    """Give a synced temporary its final name, in place of what has it."""
    with refusing("replace", target):
        os.replace(temporary, target)


def write_new(path: StrPath, data: bytes) -> None:
    """Write the new file ``path``, durable when this returns; raises NameTaken if it exists."""
    temporary = write_temporary(path, data)
    try:
        syncs.sync_files([temporary])
        place_new(temporary, path)
    except BaseException:
        discard(temporary)
        raise
    syncs.sync_directory(_parent(path))


def replace(path: StrPath, data: bytes) -> None:
    """Write ``path`` anew in one step, durable when this returns, whether it exists or not."""
    temporary = write_temporary(path, data)
    try:
        syncs.sync_files([temporary])
        place_over(temporary, path)
    except BaseException:
        discard(temporary)
        raise
    syncs.sync_directory(_parent(path))


def append_lines(path: StrPath, data: bytes) -> None:
    """Append whole lines to ``path``, made if need be; durable when this returns.

    A last line without its end was torn by a crash; it is removed first.
    """
    is_new = not exists(path)
    with refusing("append to", path):
        descriptor = os.open(path, _APPEND, 0o666)
        try:
            end = _mend(descriptor)
            try:
                write_all(descriptor, data)
                syncs.sync_descriptor(descriptor, path)
            except (OSError, CustodyError):
                # After a failed sync, too: lines that are left would be taken for durable ones.
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)
    if is_new:
        syncs.sync_directory(_parent(path))


@contextlib.contextmanager
def writing(path: StrPath) -> Iterator[BinaryIO]:
    """Open ``path``, new or in place of what an earlier try left there, for writing a file of any size.

    Durable when it is left without an error. What stands there may be torn by a crash until then: the
    caller uses it only by a digest that it notes afterwards. Raises DiskFull, NotRegular, CustodyError.
    """
    discard(path)
    with refusing("write", path):
        descriptor = os.open(path, _CREATE, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            syncs.sync_descriptor(descriptor, path)
    syncs.sync_directory(_parent(path))


def discard(path: StrPath) -> None:
    """Remove a temporary of the gateway's own; one that is not there is no error."""
    with refusing("remove", path), contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _mend(descriptor: int) -> int:
    """Cut off a torn last line and return the size of the whole lines."""
    end = size = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - _TAIL)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end != size:
        os.ftruncate(descriptor, end)
    return end


def _parent(path: StrPath) -> str:
    return os.path.dirname(os.fspath(path)) or "."
