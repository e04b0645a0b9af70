"""Taking files out of the sender's reach: a rename into the route's working directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gateway.custody import anew, syncs
from gateway.custody.look import exists, sighting
from gateway.custody.moves import move_new, rename_new, resume_move
from gateway.custody.refusals import StrPath, shown
from gateway.errors import FileChanged, FileMissing, GatewayError, NameTaken, NotRegular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.model import Sighting

#: The coarsest time stamps of a file system that a working directory may stand on (FAT).
COARSE_NS = 2_000_000_000


def claim(items: Sequence[tuple[StrPath, StrPath, Sighting]]) -> list[GatewayError | None]:
    """Move each file to its working path if it is still the one that was seen; durable on return.

    Results come in the items' order, None is success. Run again after a crash it comes to the
    same end; a file that was claimed before is a success, and a new file that the sender has put
    in its place since is left alone. Each directory is synced once.

    Errors: FileMissing (in neither place), FileChanged (size, time or inode differ: it stays or
    goes back), NotRegular, NameTaken (another file has the working name), CustodyError.
    """
    results: list[GatewayError | None] = []
    for source, working, expected in items:
        try:
            _claim_one(source, working, expected)
            results.append(None)
        except GatewayError as error:
            results.append(error)
    # The sender may not have synced, and cannot any more: its file is not where it put it.
    undurable = anew.sync_held(
        working for (_, working, _), result in zip(items, results, strict=True) if result is None
    )
    # Of the files that failed, too: one may have been moved, and moved back.
    unsynced = syncs.sync_each(_parent(path) for source, working, _ in items for path in (source, working))
    return [
        result
        or undurable.get(os.fspath(working))
        or unsynced.get(_parent(working))
        or unsynced.get(_parent(source))
        for (source, working, _), result in zip(items, results, strict=True)
    ]


def _claim_one(source: StrPath, working: StrPath, expected: Sighting) -> None:
    anew.renew(working)
    if exists(working):
        _resume(source, working, expected)
        return
    if not exists(source):
        raise FileMissing(
            "The file is gone", where=shown(source), hint="The sender took it back or renamed it"
        )
    _check(source, sighting(source), expected)
    was_copied = move_new(source, working)
    after = sighting(working)
    if not _is_same(after, expected) or (after.inode != expected.inode and not was_copied):
        # Replaced between look and rename. Nothing proves the new one complete: it goes back.
        rename_new(working, source)
        raise FileChanged("The file was replaced while it was claimed", where=shown(source))


def _resume(source: StrPath, working: StrPath, expected: Sighting) -> None:
    """Finish a claim that may have been interrupted; the working name belongs to this file alone."""
    if not _is_same(sighting(working), expected):
        raise NameTaken("Another file has the working name", where=shown(working))
    if exists(source) and _is_same(sighting(source), expected):
        resume_move(source, working)


def _check(source: StrPath, seen: Sighting, expected: Sighting) -> None:
    if seen.kind != "file":
        raise NotRegular(f"This is a {seen.kind}, not a regular file", where=shown(source))
    if not _is_same(seen, expected) or seen.inode != expected.inode:
        raise FileChanged(
            f"Seen with {expected.size} bytes, now it has {seen.size} or is another file",
            where=shown(source),
            hint="The sender still writes; the next pass looks again",
        )


def _is_same(seen: Sighting, expected: Sighting) -> bool:
    """Return whether ``seen`` has the content that was expected, as far as a look can tell.

    A file copied from another file system has a new inode, and maybe a rounded time.
    """
    if seen.kind != "file" or seen.size != expected.size:
        return False
    apart = abs(seen.mtime_ns - expected.mtime_ns)
    return apart == 0 if seen.inode == expected.inode else apart < COARSE_NS


def _parent(path: StrPath) -> str:
    return os.path.dirname(os.fspath(path)) or "."
