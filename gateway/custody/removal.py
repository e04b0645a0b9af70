"""Removing settled files whose time is over: a tombstone comes before anything goes.

The order is the point. First each file's bytes are compared with its manifest: what was altered is
evidence, and stays. Then the tombstone is written and synced; then the day list names it instead of what
goes, in one step, so that `sha256sum -c` succeeds at any moment; only then the files go. Run again after
a crash, the same call comes to the same end.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.custody import daylist, syncs, writes
from gateway.custody.copies import hash_file
from gateway.custody.look import exists
from gateway.custody.moves import remove as unlink
from gateway.custody.one_by_one import each
from gateway.custody.refusals import StrPath, shown
from gateway.custody.tombstone import Part, tombstone_of
from gateway.errors import FileChanged, FileMissing, GatewayError, NameTaken


@dataclass(frozen=True, slots=True)
class RemovalItem:
    """One settled file to remove, with everything beside it but its manifest."""

    settled: StrPath  #: where it is
    parts: tuple[Part, ...]  #: what goes; each has its digest
    tombstone: bytes
    day_list: StrPath | None = None  #: the day directory; None where there is no list (``failed``)


def demand_whole(item: RemovalItem) -> None:
    """Let the file pass if all its parts are what its manifest says; one that is not stays as evidence.

    A part may be gone where the tombstone stands: an earlier try has removed it.
    Raises FileMissing, FileChanged, CustodyError.
    """
    for part in item.parts:
        path = _beside(item.settled, part.name)
        if exists(path):
            if hash_file(path)[0] != part.sha256:
                raise FileChanged("Its bytes are not those of its manifest", where=shown(path))
        elif not _stands(item):
            raise FileMissing("Its manifest names it, and it is not there", where=shown(path))


def remove(items: Sequence[RemovalItem]) -> list[GatewayError | None]:
    """Put tombstones in the place of settled files; durable on return. None is success.

    Errors: FileMissing, FileChanged (a part is not what its manifest says: all of it stays), NameTaken
    (another file has the tombstone's name), DiskFull, SyncFailed, CustodyError.
    """
    errors: list[GatewayError | None] = [None] * len(items)
    each(items, errors, demand_whole)
    each(items, errors, _put_tombstone)
    _exchange(items, errors)
    each(items, errors, _unlink)
    unsynced = syncs.sync_each(
        _directory(item) for item, error in zip(items, errors, strict=True) if error is None
    )
    return [error or unsynced.get(_directory(item)) for item, error in zip(items, errors, strict=True)]


def _put_tombstone(item: RemovalItem) -> None:
    place = tombstone_of(item.settled)
    if not exists(place):
        writes.write_new(place, item.tombstone)
    elif _stands(item):
        # Anew: after a crash nobody knows whether what stands there ever reached the disk.
        writes.replace(place, item.tombstone)
    else:
        raise NameTaken("Another file has the name of the tombstone", where=shown(place))


def _stands(item: RemovalItem) -> bool:
    place = tombstone_of(item.settled)
    return exists(place) and hash_file(place)[0] == hashlib.sha256(item.tombstone).hexdigest()


def _exchange(items: Sequence[RemovalItem], errors: list[GatewayError | None]) -> None:
    """Let the day lists name the tombstones instead of what goes, each list rewritten once."""
    groups: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        if errors[number] is None and item.day_list is not None:
            groups.setdefault(os.fspath(item.day_list), []).append(number)
    for directory, numbers in groups.items():
        chosen = [items[number] for number in numbers]
        gone = [part.name for item in chosen for part in item.parts]
        entries = [
            (hashlib.sha256(item.tombstone).hexdigest(), os.path.basename(tombstone_of(item.settled)))
            for item in chosen
        ]
        try:
            daylist.exchange(directory, gone, entries)
        except GatewayError as error:
            for number in numbers:
                errors[number] = error


def _unlink(item: RemovalItem) -> None:
    for part in item.parts:
        path = _beside(item.settled, part.name)
        if exists(path):
            unlink(path)


def _beside(settled: StrPath, name: str) -> str:
    return os.path.join(os.path.dirname(os.fspath(settled)), name)


def _directory(item: RemovalItem) -> str:
    return os.path.dirname(os.fspath(item.settled))
