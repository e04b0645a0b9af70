"""Putting files to rest: data, companions, manifest, report and day list, a batch at a time.

The order is the point. First everything that needs disk space is written under hidden names and,
with the data itself, synced; then names are given, data before manifest, and the directories synced,
each once; the day list follows, so that it never names a file that is still in ``working``. So a
crash leaves a file in ``working`` or at its target and nowhere else, and the same call afterwards
comes to the same end.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.custody import anew, daylist, syncs, writes
from gateway.custody.copies import hash_file
from gateway.custody.layout import manifest_of, report_of
from gateway.custody.look import exists, open_regular, require
from gateway.custody.manifest import report_bytes
from gateway.custody.moves import demand_free, make_directory, resume_move
from gateway.custody.refusals import StrPath, refusing, shown
from gateway.errors import (
    AccessDenied,
    CustodyError,
    FileChanged,
    FileMissing,
    GatewayError,
    ManifestInvalid,
    NameTaken,
    NotRegular,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Bytes of a manifest that are looked at for the transfer it is of.
_LARGEST_MANIFEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CompanionMove:
    """A companion's way from ``working`` to the side of its file."""

    working: StrPath
    target: StrPath
    sha256: str | None = None  #: None: it is hashed here


@dataclass(frozen=True, slots=True)
class SettleItem:
    """One file to settle. Target, manifest and report are the same however often it is tried."""

    transfer: str
    working: StrPath  #: may be the target itself: a replayed file that stays where it is
    target: StrPath
    sha256: str
    manifest: bytes
    companions: tuple[CompanionMove, ...] = ()
    report: str | None = None
    day_list: StrPath | None = None  #: the day directory; None where there is no list (``failed``)
    discard: StrPath | None = None  #: an output in work that is not kept; it may not be there
    mtime_ns: int | None = None  #: of the file when it was hashed; with another one it is hashed again


@dataclass(slots=True)
class _Work:
    """One item on its way through the steps; it takes part until it has an error."""

    item: SettleItem
    error: GatewayError | None = None
    papers: list[tuple[str, str]] = field(default_factory=list)  #: temporary and final path
    sync_first: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)  #: of these, what is no paper but the file itself
    is_fresh: bool = True  #: no earlier try has moved the data, so none has listed it


def settle(items: Sequence[SettleItem]) -> list[GatewayError | None]:
    """Settle ``items``; durable on return. Results come in their order, None is success.

    An item that fails leaves its file in ``working``, or at its target where a later step failed;
    trying again goes on from there. Its neighbours are not affected, unless the disk itself
    refuses to sync.

    Errors: NameTaken (target, manifest or a companion's target belong to another transfer, found out
    before anything moves: choose another name),
    FileMissing, FileChanged (the bytes at the target are not those of the manifest), DiskFull,
    SyncFailed, CustodyError.
    """
    works = [_Work(item) for item in items]
    _refuse_shared_targets(works)
    _make_directories(works)
    _each(works, _renew)
    _each(works, _demand_free)
    _each(works, _write_papers)
    _sync_before_naming(works)
    _each(works, _move_files)
    _each(works, _place_papers)
    _each(works, _discard_output)
    _sync_directories(works)
    _list(works)
    for work in works:
        if work.error is not None:
            _discard_papers(work)
    return [work.error for work in works]


def _each(works: Sequence[_Work], step: Callable[[_Work], None]) -> None:
    """Take one step with every item that is still without an error."""
    for work in works:
        if work.error is None:
            try:
                step(work)
            except GatewayError as error:
                work.error = error


def _refuse_shared_targets(works: Sequence[_Work]) -> None:
    seen: set[str] = set()
    for work in works:
        wanted = [os.fspath(path) for path in _targets(work.item)]
        if not seen.isdisjoint(wanted):
            work.error = NameTaken("Two files of one batch have the same target", where=shown(wanted[0]))
        seen.update(wanted)


def _make_directories(works: Sequence[_Work]) -> None:
    made: dict[str, CustodyError | None] = {}
    for work in works:
        for directory in {_parent(path) for path in _targets(work.item)}:
            if directory not in made:
                made[directory] = _made(directory)
            work.error = work.error or made[directory]


def _made(directory: str) -> CustodyError | None:
    try:
        make_directory(directory)
    except CustodyError as error:
        return error
    return None


def _renew(work: _Work) -> None:
    """Write anew what an earlier try could not sync; its name is given back by that."""
    item = work.item
    anew.renew(item.working, item.sha256)
    for companion in item.companions:
        anew.renew(companion.working, companion.sha256)


def _demand_free(work: _Work) -> None:
    """Look at every name before the first is given: data without its companions would be stranded."""
    for source, target in _moves(work.item):
        demand_free(source, target)


def _write_papers(work: _Work) -> None:
    item = work.item
    owner = manifest_owner(manifest_of(item.target))
    if owner not in (None, item.transfer):
        raise NameTaken(f"The name belongs to transfer {owner}", where=shown(item.target))
    if item.report is not None:
        report = report_bytes(item.report)
        final = report_of(item.target)
        if owner is None and _differs(final, report):
            raise NameTaken("A report without its manifest has the name", where=shown(final))
        _write_paper(work, final, report)
    _write_paper(work, manifest_of(item.target), item.manifest)
    for source, target in _moves(item):
        path = os.fspath(source if exists(source) else target)
        status = require(path)  # a link or FIFO in the file's place is this item's error, not the disk's
        if path == os.fspath(item.working) and item.mtime_ns not in (None, status.st_mtime_ns):
            _demand_same(path, item)
        work.sync_first.append(path)
        if path == os.fspath(source):
            work.held.append(path)


def _demand_same(path: str, item: SettleItem) -> None:
    if hash_file(path)[0] != item.sha256:
        raise FileChanged(
            "The file in work is not the one that was examined: somebody writes to it",
            where=shown(path),
            hint="Find the program that still has it open; what was delivered is as the manifest says",
        )


def _write_paper(work: _Work, final: StrPath, data: bytes) -> None:
    temporary = writes.write_temporary(final, data)
    work.papers.append((temporary, os.fspath(final)))
    work.sync_first.append(temporary)


def _sync_before_naming(works: Sequence[_Work]) -> None:
    """Make papers and data durable under the names they have; the sender may not have synced."""
    try:
        syncs.sync_files(path for work in works if work.error is None for path in work.sync_first)
    except (FileMissing, AccessDenied, NotRegular):
        # One file could not even be opened: find out whose it is.
        _each(works, lambda work: syncs.sync_files(work.sync_first))
    except CustodyError as error:
        # The disk refused, and does not say for which file; asking again would hide the loss.
        for work in works:
            if work.error is None:
                work.error = error
                anew.doubt(path for path in work.held if path != os.fspath(work.item.target))


def _move_files(work: _Work) -> None:
    item = work.item
    work.is_fresh = resume_move(item.working, item.target)
    if not work.is_fresh and hash_file(item.target)[0] != item.sha256:
        raise FileChanged(
            "The file at the target is not the one of the manifest",
            where=shown(item.target),
            hint="Move it away if it is another file; otherwise restore it, the archive was altered",
        )
    for companion in item.companions:
        resume_move(companion.working, companion.target)


def _place_papers(work: _Work) -> None:
    for temporary, final in reversed(work.papers):  # the manifest before the report: it names the owner
        if exists(final):
            # Of this very transfer, as was checked: from an earlier try or an earlier attempt.
            writes.place_over(temporary, final)
        else:
            writes.place_new(temporary, final)


def _discard_output(work: _Work) -> None:
    if work.item.discard is not None:
        writes.discard(work.item.discard)


def _list(works: Sequence[_Work]) -> None:
    """Add what is in place to the day lists, one append per list."""
    groups: dict[str, list[_Work]] = {}
    for work in works:
        if work.error is None and work.item.day_list is not None:
            groups.setdefault(os.fspath(work.item.day_list), []).append(work)
    for directory, group in groups.items():
        try:
            entries = [entry for work in group for entry in _entries(work.item)]
            enter = daylist.append if all(work.is_fresh for work in group) else daylist.add
            enter(directory, entries)
        except GatewayError as error:
            for work in group:
                work.error = error


def _entries(item: SettleItem) -> list[daylist.Entry]:
    """Return the day list's lines of one item."""
    entries = [(item.sha256, _name(item.target))]
    entries.extend((one.sha256 or hash_file(one.target)[0], _name(one.target)) for one in item.companions)
    if item.report is not None:
        report = report_bytes(item.report)
        entries.append((hashlib.sha256(report).hexdigest(), _name(report_of(item.target))))
    entries.append((hashlib.sha256(item.manifest).hexdigest(), _name(manifest_of(item.target))))
    return entries


def _sync_directories(works: Sequence[_Work]) -> None:
    touched = {id(work): _directories(work.item) for work in works if work.error is None}
    unsynced = syncs.sync_each(directory for directories in touched.values() for directory in directories)
    for work in works:
        for directory in touched.get(id(work), ()):
            work.error = work.error or unsynced.get(directory)


def _directories(item: SettleItem) -> list[str]:
    sources = (item.working, *(one.working for one in item.companions))
    return list(dict.fromkeys(_parent(path) for path in (*_targets(item), *sources)))


def _discard_papers(work: _Work) -> None:
    for temporary, _ in work.papers:
        try:
            writes.discard(temporary)
        except CustodyError:
            continue  # the error that the item has already says more


def _moves(item: SettleItem) -> list[tuple[StrPath, StrPath]]:
    return [(item.working, item.target), *((one.working, one.target) for one in item.companions)]


def _targets(item: SettleItem) -> list[StrPath]:
    return [target for _, target in _moves(item)]


def manifest_owner(manifest: StrPath) -> str | None:
    """Return the transfer whose manifest stands at ``manifest``; None where there is none."""
    if not exists(manifest):
        return None
    try:
        with open_regular(manifest) as file, refusing("read", manifest):
            return str(json.loads(file.read(_LARGEST_MANIFEST))["transfer"]["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise ManifestInvalid(where=shown(manifest), cause=error) from error


def _differs(path: StrPath, data: bytes) -> bool:
    """Return whether ``path`` exists with other content than ``data``."""
    return exists(path) and hash_file(path)[0] != hashlib.sha256(data).hexdigest()


def _parent(path: StrPath) -> str:
    return os.path.dirname(os.fspath(path)) or "."


def _name(path: StrPath) -> str:
    return os.path.basename(os.fspath(path))
