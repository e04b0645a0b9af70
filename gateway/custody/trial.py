"""Trying what custody needs of a directory, with files of the trial's own that are gone afterwards."""

from __future__ import annotations

import errno
import os

from gateway.custody import syncs
from gateway.custody.copies import write_all
from gateway.custody.moves import rename_new
from gateway.custody.refusals import StrPath, refusing, shown
from gateway.custody.writes import discard
from gateway.errors import CustodyError, NameTaken

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def try_directory(directory: StrPath, name: str) -> None:
    """Create, sync, rename and remove files ``name`` in a directory; nothing stays.

    Raises CustodyError for the first step that does not work: AccessDenied, DiskFull, SyncFailed, and
    where a rename takes the place of another file.
    """
    first = os.path.join(directory, name)
    second = f"{first}-2"
    try:
        _create(first)
        syncs.sync_files([first])
        rename_new(first, second)
        _create(first)
        try:
            rename_new(first, second)
        except NameTaken:
            pass
        else:
            raise CustodyError(
                "A rename took the place of an existing file",
                where=shown(directory),
                hint="This file system is not safe for files of value: use another one",
            )
        syncs.sync_directory(directory)
    finally:
        _remove(first, second)


def can_rename(source: StrPath, target: StrPath, name: str) -> bool:
    """Return whether files go from one directory to the other by a rename; False: they are copied.

    Raises CustodyError where neither works.
    """
    before, after = os.path.join(source, name), os.path.join(target, name)
    try:
        _create(before)
        rename_new(before, after)
    except CustodyError as error:
        if isinstance(error.cause, OSError) and error.cause.errno == errno.EXDEV:
            return False
        raise
    finally:
        _remove(before, after)
    return True


def _create(path: str) -> None:
    with refusing("create", path):
        descriptor = os.open(path, _CREATE, 0o600)
        try:
            write_all(descriptor, b"a trial of `gateway doctor`; it may be removed\n")
        finally:
            os.close(descriptor)


def _remove(*paths: str) -> None:
    for path in paths:
        discard(path)
