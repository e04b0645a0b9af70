"""Making things durable: as few syncs as the batch allows, and no false success.

After a failed sync the kernel may forget that pages were dirty, so that a second sync of the same
file would succeed over lost bytes. So nothing here tries again; who writes must write anew.

``syncfs`` tells of a lost write once for each file system and not once for each file: another program's
``syncfs`` may have been told of ours. So afterwards each file is asked for itself, which costs no sync.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from typing import TYPE_CHECKING

from gateway.custody.refusals import StrPath, refusal, refusing, shown
from gateway.errors import CustodyError, SyncFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

#: From so many files on one file system, one ``syncfs`` is cheaper than a sync for each.
SYNCFS_FROM = 8

# Local file systems whose syncfs waits for the data, and whose files know of their lost writes. FUSE
# does not wait; overlay keeps the errors of its files on another file system, out of reach.
_SYNCFS_TYPES = frozenset({"ext2", "ext3", "ext4", "xfs", "f2fs", "tmpfs"})
# Before this kernel syncfs kept write errors to itself.
_SYNCFS_KERNEL = (5, 8)

_WAIT_BEFORE, _WRITE, _WAIT_AFTER = 1, 2, 4  # of sync_file_range

_libc = ctypes.CDLL(None, use_errno=True)
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def sync_files(paths: Iterable[StrPath]) -> None:
    """Make the content of the files ``paths`` durable; their names are `sync_directories`' matter.

    Many files on one file system are synced with one ``syncfs``. That writes other programs'
    dirty data too, so callers bound their batches by bytes.

    Raises SyncFailed or DiskFull where the disk refuses (see the module), AccessDenied or
    FileMissing where a file cannot even be opened.
    """
    for device, group in _by_device(paths).items():
        if len(group) >= SYNCFS_FROM and syncfs_serves(device):
            sync_file_system(os.path.dirname(group[0]) or ".")
            for path in group:
                _demand_written(path)
        else:
            for path in group:
                _sync_file(path, device)


def sync_directories(paths: Iterable[StrPath]) -> None:
    """Make the names in the directories ``paths`` durable, each directory once."""
    for path in dict.fromkeys(os.fspath(path) for path in paths):
        sync_directory(path)


def sync_each(paths: Iterable[StrPath]) -> dict[str, CustodyError]:
    """Sync the directories ``paths``, each once, and return the errors by directory.

    For batches: what could not be made durable concerns the files of that directory alone.
    """
    errors: dict[str, CustodyError] = {}
    for path in dict.fromkeys(os.fspath(path) for path in paths):
        try:
            sync_directory(path)
        except CustodyError as error:
            errors[path] = error
    return errors


def sync_directory(path: StrPath) -> None:
    """Make the names in the directory ``path`` durable; raises SyncFailed where the disk refuses."""
    with refusing("open the directory", path):
        descriptor = os.open(path, _OPEN_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems have nothing to sync in a directory and say so.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise _sync_refusal(error, path) from error
    finally:
        os.close(descriptor)


def sync_file_system(directory: StrPath) -> None:
    """Make everything on the file system of ``directory`` durable."""
    with refusing("open the directory", directory):
        descriptor = os.open(directory, _OPEN_DIRECTORY)
    try:
        _syncfs(descriptor)
    except OSError as error:
        raise _sync_refusal(error, directory) from error
    finally:
        os.close(descriptor)


def sync_descriptor(descriptor: int, path: StrPath) -> None:
    """Make the open file durable; ``path`` is named in the refusal."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise _sync_refusal(error, path) from error


@functools.lru_cache(maxsize=64)
def syncfs_serves(device: int) -> bool:
    """Return whether ``syncfs`` is known to be as good as a sync of every file on ``device``."""
    release = os.uname().release.split(".")
    kernel = tuple(int(part) for part in release[:2] if part.isdigit())
    has_calls = hasattr(_libc, "syncfs") and hasattr(_libc, "sync_file_range")
    return has_calls and kernel >= _SYNCFS_KERNEL and _type_of(device) in _SYNCFS_TYPES


def _by_device(paths: Iterable[StrPath]) -> dict[int, list[str]]:
    """Group ``paths`` by the device of their directory; one stat per directory."""
    devices: dict[str, int] = {}
    groups: dict[int, list[str]] = {}
    for path in dict.fromkeys(os.fspath(path) for path in paths):
        directory = os.path.dirname(path) or "."
        if directory not in devices:
            with refusing("look at", directory):
                devices[directory] = os.stat(directory).st_dev
        groups.setdefault(devices[directory], []).append(path)
    return groups


def _sync_file(path: str, device: int) -> None:
    with refusing("open for sync", path):
        try:
            descriptor = os.open(path, _OPEN)
        except PermissionError:
            # A file that we may rename but not read still has to be durable.
            if not syncfs_serves(device):
                raise
            descriptor = -1
    if descriptor < 0:
        sync_file_system(os.path.dirname(path) or ".")
        return
    try:
        sync_descriptor(descriptor, path)
    finally:
        os.close(descriptor)


def _demand_written(path: str) -> None:
    """Raise SyncFailed where a write of the file was lost, whoever else was told of it."""
    with refusing("open for sync", path):
        try:
            descriptor = os.open(path, _OPEN)
        except PermissionError:
            return  # a file that we may rename but not read: syncfs has to do
    try:
        _sync_range(descriptor)
    except OSError as error:
        raise _sync_refusal(error, path) from error
    finally:
        os.close(descriptor)


def _sync_range(descriptor: int) -> None:
    """Wait for what is being written of the file, and raise the errors of what was."""
    everything = ctypes.c_int64(0)
    flags = ctypes.c_uint(_WAIT_BEFORE | _WRITE | _WAIT_AFTER)
    if _libc.sync_file_range(descriptor, ctypes.c_int64(0), everything, flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _syncfs(descriptor: int) -> None:
    if _libc.syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _type_of(device: int) -> str | None:
    """Return the type of the mounted file system ``device``; None where it is not listed."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                mount, _, kind = line.partition(" - ")
                if mount.split(" ", 3)[2] == wanted:
                    return kind.split(" ", 1)[0]
    except OSError:
        return None
    return None


def _sync_refusal(error: OSError, path: StrPath) -> CustodyError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return refusal(error, "sync", path)
    return SyncFailed(
        where=shown(path),
        cause=error,
        hint="Look into the system log for disk errors; nothing of this batch counts as written",
    )
