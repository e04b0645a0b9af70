"""Files in work whose sync failed: they lose their name until they have been written anew.

After a failed sync the kernel may hold the only right bytes in memory, and call them clean: a second
sync would succeed and write nothing. So the file is renamed at once, which needs neither space nor a
healthy block under its data; under its own name there is only what was synced without an error. The
name outlives this process: whoever tries again writes a copy, syncs that, and gives it the name back.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from gateway.custody import syncs
from gateway.custody.copies import copy_new
from gateway.custody.look import exists
from gateway.custody.moves import remove, rename_new
from gateway.custody.names import UNSYNCED_SUFFIX
from gateway.custody.refusals import StrPath, shown
from gateway.custody.writes import discard, temporary_beside
from gateway.errors import AccessDenied, CustodyError, FileChanged, FileMissing, NotRegular


def sync_held(paths: Iterable[StrPath]) -> dict[str, CustodyError]:
    """Make files durable of which there is no other copy; return the errors by path.

    A file that the disk did not take, or may not have taken, is doubted (see the module).
    """
    held = [os.fspath(path) for path in paths]
    try:
        syncs.sync_files(held)
    except (FileMissing, AccessDenied, NotRegular) as error:
        # One file could not even be opened: find out whose it is.
        if len(held) == 1:
            return {held[0]: error}
        errors: dict[str, CustodyError] = {}
        for path in held:
            errors |= sync_held([path])
        return errors
    except CustodyError as error:
        # Which file it was is not sure: the error of one sync may belong to all that it covered.
        return dict.fromkeys(held, error) | doubt(held)
    return {}


def doubt(paths: Iterable[StrPath]) -> dict[str, CustodyError]:
    """Take their names from the files ``paths``; return the errors of those that keep them."""
    errors: dict[str, CustodyError] = {}
    for path in paths:
        try:
            rename_new(path, _doubted(path))
        except CustodyError as error:
            errors[os.fspath(path)] = error
    return errors


def renew(path: StrPath, sha256: str | None = None) -> None:
    """Write the file ``path`` anew where an earlier sync of it failed; durable when this returns.

    With ``sha256`` only those bytes get the name back. Raises FileChanged where there are others, and
    CustodyError (DiskFull and SyncFailed among them) where the disk still refuses: try again later.
    """
    doubted = _doubted(path)
    if not exists(doubted):
        return
    if not exists(path):
        _copy_back(doubted, os.fspath(path), sha256)
    # else a crash came before the last step: what has the name was synced before it got it
    syncs.sync_directory(os.path.dirname(doubted) or ".")
    remove(doubted)


def _copy_back(doubted: str, path: str, sha256: str | None) -> None:
    temporary = temporary_beside(path)
    discard(temporary)
    copied, _size = copy_new(doubted, temporary)
    try:
        if sha256 not in (None, copied):
            raise FileChanged(
                "The disk did not keep the file as it was",
                where=shown(doubted),
                hint="Look into the system log for disk errors; have the sender send the file again",
            )
        syncs.sync_files([temporary])
        rename_new(temporary, path)
    except CustodyError:
        discard(temporary)
        raise


def _doubted(path: StrPath) -> str:
    return os.fspath(path) + UNSYNCED_SUFFIX
