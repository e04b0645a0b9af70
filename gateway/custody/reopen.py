"""Taking settled files back into ``working``: the way of a reprocess.

Data and companions go first and are synced there; only then manifest, report and day list entries
go. The ledger keeps what the manifest said; the next settlement writes a new one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.custody import daylist, syncs, writes
from gateway.custody.copies import hash_file
from gateway.custody.layout import manifest_of, report_of
from gateway.custody.look import exists
from gateway.custody.moves import remove, resume_move
from gateway.custody.one_by_one import each
from gateway.custody.refusals import StrPath, shown
from gateway.custody.settle import CompanionMove, SettleItem, manifest_owner
from gateway.errors import FileChanged, GatewayError, NameTaken

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ReopenItem:
    """One settled file to take back; each companion move names where it was and is to be again."""

    transfer: str
    settled: StrPath
    working: StrPath
    companions: tuple[CompanionMove, ...] = ()
    day_list: StrPath | None = None  #: the day directory it was listed in


def reopen(items: Sequence[ReopenItem]) -> list[GatewayError | None]:
    """Move settled files back to their working paths; durable on return, None is success.

    Run again after a crash it comes to the same end. Errors: FileMissing (in neither place),
    NameTaken (the place belongs to another transfer, or the working name is taken), CustodyError.
    """
    errors: list[GatewayError | None] = [None] * len(items)
    each(items, errors, _move_back)
    _sync(items, errors)
    each(items, errors, _remove_papers)
    _unlist(items, errors)
    _sync(items, errors)
    return errors


def put_back(found: StrPath, places: Sequence[StrPath], sha256: str) -> None:
    """Bring a settled file that a person has moved or copied to ``found`` to its place; durable on return.

    ``places`` are where the file may be, its settled path first; ``sha256`` is that of ``found``.
    Where one of them has the bytes, ``found`` is a copy and goes. Raises FileChanged where one has
    other bytes: both stay then.
    """
    for place in places:
        if exists(place):
            if hash_file(place)[0] != sha256:
                raise FileChanged("The file at its place is no longer what was accepted", where=shown(place))
            syncs.sync_files([place])  # it may be a person's own copy
            break
    else:
        syncs.sync_files([found])  # so may this be
        resume_move(found, places[0])
    if exists(found):
        remove(found)
    for path in (places[0], found):
        syncs.sync_directory(os.path.dirname(os.fspath(path)))


def fetch_back(item: SettleItem, places: Sequence[StrPath]) -> bool:
    """Bring a file back into work that a try at settling ``item`` left at one of ``places``; durable then.

    So it was where a companion's name was taken after the data had moved. Returns False, and moves
    nothing, where it is not surely this file: it has a manifest, other bytes, or lacks its companions.
    """
    if exists(item.working) or not all(exists(one.working) for one in item.companions):
        return False
    for place in places:
        if exists(place) and not exists(manifest_of(place)) and hash_file(place)[0] == item.sha256:
            resume_move(place, item.working)
            for path in (item.working, place):
                syncs.sync_directory(os.path.dirname(os.fspath(path)))
            return True
    return False


def _move_back(item: ReopenItem) -> None:
    owner = manifest_owner(manifest_of(item.settled))
    if owner not in (None, item.transfer):
        raise NameTaken(f"The place belongs to transfer {owner}", where=shown(item.settled))
    resume_move(item.settled, item.working)
    for companion in item.companions:
        resume_move(companion.target, companion.working)


def _remove_papers(item: ReopenItem) -> None:
    # The report first: the manifest says whose both are, should a crash come between.
    for paper in (report_of(item.settled), manifest_of(item.settled)):
        # Over a name beside the file in work, where nobody but its present owner gets: a node that worked
        # here before, and stood still, would remove the papers of a settlement that came since.
        aside = f"{os.fspath(item.working)}{paper.suffix}-gone"
        if exists(paper):
            writes.discard(aside)
            resume_move(paper, aside)
        writes.discard(aside)


def _unlist(items: Sequence[ReopenItem], errors: list[GatewayError | None]) -> None:
    """Take the names off the day lists, each list rewritten once."""
    groups: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        if errors[number] is None and item.day_list is not None:
            groups.setdefault(os.fspath(item.day_list), []).append(number)
    for directory, numbers in groups.items():
        try:
            daylist.remove(directory, [name for number in numbers for name in _listed_names(items[number])])
        except GatewayError as error:
            for number in numbers:
                errors[number] = error


def _listed_names(item: ReopenItem) -> list[str]:
    papers = (manifest_of(item.settled), report_of(item.settled))
    companions = (companion.target for companion in item.companions)
    return [os.path.basename(os.fspath(path)) for path in (item.settled, *papers, *companions)]


def _sync(items: Sequence[ReopenItem], errors: list[GatewayError | None]) -> None:
    unsynced = syncs.sync_each(
        os.path.dirname(os.fspath(path)) for item in items for path in (item.working, item.settled)
    )
    for number, item in enumerate(items):
        for path in (item.working, item.settled):
            errors[number] = errors[number] or unsynced.get(os.path.dirname(os.fspath(path)))
