"""Moving files without ever overwriting one, and without a moment in which a file is nowhere."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os

from gateway.custody import syncs
from gateway.custody.copies import copy_new, hash_file
from gateway.custody.look import exists, require
from gateway.custody.names import temporary_name
from gateway.custody.refusals import StrPath, refusing, shown
from gateway.errors import CustodyError, FileChanged, FileMissing, NameTaken

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1

_libc = ctypes.CDLL(None, use_errno=True)


def rename_new(source: StrPath, target: StrPath) -> None:
    """Rename ``source`` to ``target`` in one step inside one file system; not synced.

    Raises NameTaken where ``target`` exists, whoever made it and however late; FileMissing,
    CustodyError else.
    """
    with refusing("rename", source, target):
        _rename(os.fspath(source), os.fspath(target))


def move_new(source: StrPath, target: StrPath) -> bool:
    """Move ``source`` to the new name ``target``, over file systems too; return whether it had to be copied.

    Inside one mount it is `rename_new`, and the caller syncs both directories. Across file systems, or
    two mounts of one, it is copy, sync, verify, rename, remove, each durable before the next, so that a
    crash leaves at least one whole copy; `resume_move` goes on from there.

    Raises NameTaken, FileMissing, FileChanged, DiskFull, CustodyError.
    """
    with refusing("move", source, target):
        try:
            _rename(os.fspath(source), os.fspath(target))
            return False
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
    _carry_over(os.fspath(source), os.fspath(target))
    return True


def resume_move(source: StrPath, target: StrPath) -> bool:
    """Move ``source`` to ``target`` or finish a move that a crash interrupted.

    ``target`` must be a name meant for this file alone. Returns True if the file was moved now,
    False if it was at its target already. Raises FileMissing where it is in neither place,
    NameTaken where ``target`` is another file, and what `move_new` raises.
    """
    if not exists(target):
        require(source)
        move_new(source, target)
        return True
    if exists(source) and not _same_entry(source, target):
        _finish(os.fspath(source), os.fspath(target))
    return False


def demand_free(source: StrPath, target: StrPath) -> None:
    """Raise NameTaken where `resume_move` would, because another file has the name ``target``."""
    if exists(target) and exists(source) and not _same_entry(source, target):
        _half_moved(os.fspath(source), os.fspath(target))


def remove(path: StrPath) -> None:
    """Remove the file ``path``; raises FileMissing, AccessDenied or CustodyError."""
    with refusing("remove", path):
        os.unlink(path)


def make_directory(path: StrPath) -> None:
    """Make ``path`` and its parents if need be, so that what is put into it can become durable.

    An empty directory counts as new: it may stem from a try that was cut off before the sync.
    """
    text = os.fspath(path)
    with refusing("make the directory", path):
        try:
            os.mkdir(text, 0o777)
        except FileExistsError:
            with os.scandir(text) as entries:
                if next(entries, None) is not None:
                    return
        except FileNotFoundError:
            make_directory(_parent(text))
            os.mkdir(text, 0o777)
    syncs.sync_directory(_parent(text))


def _rename(source: str, target: str) -> None:
    try:
        _rename_noreplace(os.fsencode(source), os.fsencode(target))
    except OSError as error:
        # sshfs and NFS do not know the flag; asking each time needs no memory of mounts.
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise
        _link_and_unlink(source, target)


def _rename_noreplace(source: bytes, target: bytes) -> None:
    if not hasattr(_libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _libc.renameat2(_AT_FDCWD, source, _AT_FDCWD, target, _RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _link_and_unlink(source: str, target: str) -> None:
    """Rename in two steps: the name ``target`` is made by a link, which never overwrites."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        # A crash between the steps left both names, or NFS lost the reply to the link.
        if _same_entry(source, target) or not _same_inode(source, target):
            raise
    os.unlink(source)


def _carry_over(source: str, target: str) -> None:
    """Copy ``source`` to another file system, verify, then remove it."""
    if exists(target):
        raise NameTaken(where=f"{shown(source)} -> {shown(target)}")
    before = require(source)
    temporary = os.path.join(_parent(target), temporary_name(os.path.basename(target)))
    with contextlib.suppress(FileMissing):
        remove(temporary)
    copied = copy_new(source, temporary)
    try:
        syncs.sync_files([temporary])
        if hash_file(temporary) != copied:
            raise CustodyError("The copy is not the file", where=shown(target), hint="Look for disk errors")
        rename_new(temporary, target)
    except CustodyError:
        with contextlib.suppress(CustodyError):
            remove(temporary)
        raise
    syncs.sync_directory(_parent(target))
    _remove_unchanged(source, before, target)


def _remove_unchanged(source: str, before: os.stat_result, target: str) -> None:
    """Remove the copied ``source``; if somebody wrote to it meanwhile, take the copy back."""
    if _identity(require(source)) != _identity(before):
        remove(target)
        raise FileChanged("The file changed while it was moved", where=shown(source))
    remove(source)
    syncs.sync_directory(_parent(source))


def _finish(source: str, target: str) -> None:
    """Finish a move that left both names."""
    if _half_moved(source, target) == "copied":
        try:
            syncs.sync_files([target])
        except CustodyError:
            remove(target)  # it is carried over anew: a second sync would only say that all is well
            raise
        syncs.sync_directory(_parent(target))
    remove(source)


def _half_moved(source: str, target: str) -> str:
    """Return how a move left both names, linked or copied; NameTaken where it was no move at all."""
    linked = _same_inode(source, target)
    copied = not linked and _are_apart(source, target) and hash_file(source) == hash_file(target)
    if not linked and not copied:
        # Where a rename can be made a move never leaves two files, so equal bytes prove nothing there.
        raise NameTaken(where=f"{shown(source)} -> {shown(target)}")
    return "linked" if linked else "copied"


def _are_apart(source: str, target: str) -> bool:
    """Return whether a move has to copy: over file systems, or over two mounts of one (bind mounts)."""
    if _device(source) != _device(target):
        return True
    try:
        # changes nothing: the names cannot be renamed, and where mounts differ the system says that first
        os.rename(os.path.join(_parent(source), "."), os.path.join(_parent(target), "."))
    except OSError as error:
        return error.errno == errno.EXDEV
    return False


def _same_entry(source: StrPath, target: StrPath) -> bool:
    """Return whether both paths are one directory entry; unlinking one would lose the file."""
    one, other = os.fspath(source), os.fspath(target)
    with refusing("look at", source, target):
        return os.path.basename(one) == os.path.basename(other) and os.path.samestat(
            os.stat(_parent(one)), os.stat(_parent(other))
        )


def _same_inode(source: str, target: str) -> bool:
    one, other = os.lstat(source), os.lstat(target)
    return os.path.samestat(one, other) and one.st_nlink > 1


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _device(path: str) -> int:
    return os.lstat(path).st_dev


def _parent(path: str) -> str:
    return os.path.dirname(path) or "."
