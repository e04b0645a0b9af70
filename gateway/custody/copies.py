"""Reading files whole: copies and hashes in one pass and in bounded memory."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from gateway import pulse
from gateway.custody.look import Fingerprint, fingerprint, open_descriptor
from gateway.custody.refusals import StrPath, refusing, shown
from gateway.errors import FileChanged

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Read size: the fastest for SHA-256 with OpenSSL, and bounded memory whatever the file.
READ_BYTES = 256 * 1024

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def hash_file(path: StrPath) -> tuple[str, int]:
    """Return SHA-256 (hex) and size in bytes of the regular file ``path``.

    Raises FileChanged where somebody wrote to it meanwhile.
    """
    descriptor, found = open_descriptor(path)
    try:
        with refusing("read", path):
            digest = hashlib.sha256()
            size = sum(map(len, _blocks(descriptor, found, path, digest)))
            return digest.hexdigest(), size
    finally:
        os.close(descriptor)


def read_whole(path: StrPath, most: int) -> tuple[bytes, str] | None:
    """Return the bytes of the regular file ``path`` and their SHA-256 (hex); None if there are over ``most``.

    Raises FileChanged where somebody wrote to it meanwhile.
    """
    descriptor, found = open_descriptor(path)
    try:
        if found.size > most:
            return None
        with refusing("read", path):
            digest = hashlib.sha256()
            data = b"".join(_blocks(descriptor, found, path, digest))
            return data, digest.hexdigest()
    finally:
        os.close(descriptor)


def copy_new(source: StrPath, target: StrPath) -> tuple[str, int]:
    """Copy ``source`` to the new file ``target`` and return SHA-256 (hex) and size of what was read.

    The copy keeps the modification time. It is not synced: the caller syncs its batch. What was
    written is removed again when the copy fails.

    Raises NameTaken, DiskFull, FileChanged (somebody wrote to ``source`` meanwhile), CustodyError.
    """
    opened, found = open_descriptor(source)
    try:
        with refusing("create", target):
            descriptor = os.open(target, _CREATE, 0o666)
        try:
            with refusing("copy", source, target):
                try:
                    return _copy(opened, found, descriptor, source)
                finally:
                    os.close(descriptor)  # a network share may report a full disk only here
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(target)
            raise
    finally:
        os.close(opened)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data`` to the open file, however much one call takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _copy(opened: int, found: Fingerprint, descriptor: int, source: StrPath) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for block in _blocks(opened, found, source, digest):
        write_all(descriptor, block)
        size += len(block)
    mtime_ns = fingerprint(opened).mtime_ns
    os.utime(descriptor, ns=(mtime_ns, mtime_ns))
    return digest.hexdigest(), size


def _blocks(descriptor: int, before: Fingerprint, path: StrPath, digest: hashlib._Hash) -> Iterator[bytes]:
    """Yield the bytes of an open file, adding them to ``digest``; raises FileChanged if it is written to."""
    size = 0
    # A file that grows as fast as it is read must not be read for ever.
    while size <= before.size and (block := os.read(descriptor, READ_BYTES)):
        digest.update(block)
        size += len(block)
        pulse.beat()
        yield block
    if fingerprint(descriptor) != before or size != before.size:
        raise FileChanged("The file changed while it was read", where=shown(path))
