"""Is the archive still what it was? Bytes against day lists, manifests and the ledger's view.

Run it while no gateway works on the site (under the site's guard), or a file that is being settled
may be seen half-way. Memory: the names of one day directory, eight bytes per known transfer, and a
number per altered file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b

from gateway.custody import daylist
from gateway.custody.copies import hash_file
from gateway.custody.days import Day, Hashed, Hasher
from gateway.custody.differences import Difference, Kind, Known, VerifyReport
from gateway.custody.layout import DAY_AREAS, Layout
from gateway.custody.look import exists, look, sizes
from gateway.custody.manifest import read_manifest
from gateway.custody.names import (
    DAY_LIST,
    FETCH_PREFIX,
    MANIFEST_SUFFIX,
    REPORT_SUFFIX,
    TEMPORARY_PREFIX,
    TOMBSTONE_SUFFIX,
)
from gateway.custody.refusals import StrPath
from gateway.custody.said import Said, claimed, hashed_and_said, read_file, roles, said_at
from gateway.custody.shared_layout import owned_places
from gateway.custody.tombstone import standing, tombstone_of
from gateway.errors import CustodyError, FileMissing
from gateway.printable import printable

#: Called after each file with its path relative to the site and its size in bytes.
Progress = Callable[[str, int], None]

_PAPERS = ((MANIFEST_SUFFIX, "manifest"), (REPORT_SUFFIX, "report"), (TOMBSTONE_SUFFIX, "tombstone"))


def verify_archive(
    layout: Layout,
    known: Iterable[Known] | None = None,
    progress: Progress | None = None,
    in_work: Mapping[str, bool] | None = None,
) -> VerifyReport:
    """Return how the archive of the site differs from what was recorded of it.

    Every file of ``processed``, ``duplicates`` and ``failed`` is read once and compared with its
    day list or manifest. With ``known``, the ledger's settled transfers in any order (by path is
    quickest), files and manifests are compared with the ledger too. ``in_work`` are the paths of
    files in work (relative to the site), and whether each must be there.

    Raises CustodyError only where a directory cannot be listed.
    """
    with Hasher() as hasher:
        run = _Run(layout, progress, hasher)
        if known is not None:
            run.compare_with_ledger(known)
        for area in DAY_AREAS:
            for route in run.directories(layout.area(area)):
                for day in hasher.days(run.directories(route)):
                    run.check_day(day)
    for route in run.directories(layout.area("failed")):
        run.check_by_manifests(route, run.names_in(route))
    for route in run.directories(layout.area("working")):
        owned = owned_places(route)
        run.check_work(route, run.names_in(route) - {os.path.basename(one) for one in owned}, in_work)
        for place in owned:
            run.check_work(place, run.names_in(place), in_work)
    for path, is_due in (in_work or {}).items():
        if is_due:
            run.demand(path)
    return run.report


class _Run:
    """One verification: the report it fills, and which places the ledger knows."""

    def __init__(self, layout: Layout, progress: Progress | None, hasher: Hasher) -> None:
        self.report = VerifyReport()
        self._layout = layout
        self._progress = progress
        self._hasher = hasher
        self._said: dict[str, Said] = {}  # by manifests of the day that were hashed, and not yet looked at
        self._places: array[int] | None = None
        self._tombstones: array[int] | None = None
        self._roles: tuple[str, dict[str, str]] = "", {}
        self._altered: set[int] = set()  # once told: several witnesses may speak of one edit
        self._manifests: set[int] = set()  # as the ledger has them, where the day list has another digest

    def compare_with_ledger(self, known: Iterable[Known]) -> None:
        """Compare each known transfer with what its directory records of it."""
        places, tombstones = array("Q"), array("Q")
        directory, stated = "", dict[str, str]()
        for one in known:
            places.append(_mark(one.path))
            if one.tombstone_sha256 is not None:
                tombstones.append(_mark(f"{one.path}\0{one.tombstone_sha256}"))
            path = os.path.join(self._layout.site, one.path)
            if os.path.dirname(path) != directory:
                directory = os.path.dirname(path)
                stated = _stated(directory)
            self._check_known(one, path, stated)
        self._places = array("Q", sorted(places))
        self._tombstones = array("Q", sorted(tombstones))

    def check_day(self, day: Day) -> None:
        """Check a directory by its day list; by its manifests where the list is no use."""
        directory, stated = day.directory, day.stated
        present = self._without_leftovers(directory, day.sizes)
        if isinstance(stated, CustodyError):
            self._differs(Kind.ALTERED, daylist.list_of(directory), str(stated))
            return self.check_by_manifests(directory, present)
        if present and DAY_LIST not in day.sizes:
            self._differs(Kind.MISSING, daylist.list_of(directory), "the directory has no day list")
            return self.check_by_manifests(directory, present)
        edited: set[str] = set()
        self._said.clear()
        for name, expected in stated.items():
            if "/" in name:  # it would be read wherever it leads
                self._differs(Kind.ALTERED, daylist.list_of(directory), f"it names {printable(name)}")
            elif not self._compare(os.path.join(directory, name), expected, "its day list", self._of_day):
                edited.add(name)
        self._unexpected(directory, present - stated.keys(), "not in the day list")
        named = self._check_manifests(directory, present & stated.keys(), stated, edited)
        return self._unexpected(directory, present & stated.keys() - named, "no manifest names it")

    def check_by_manifests(self, directory: str, present: set[str]) -> None:
        """Check a directory that has no day list by the manifests in it."""
        named = self._check_manifests(directory, present, None)
        self._unexpected(directory, present - named, "no manifest names it")

    def check_work(self, directory: str, present: set[str], in_work: Mapping[str, bool] | None) -> None:
        """Report what lies among the files in work and belongs to none of them.

        Parts of files that are being fetched are no custody, and go with the next pass.
        """
        present = {name for name in present if not name.startswith(FETCH_PREFIX)}
        place = self._layout.relative(directory)
        known = present if in_work is None else {n for n in present if os.path.join(place, n) in in_work}
        self._unexpected(directory, present - known, "the ledger knows of no such file in work")

    def demand(self, path: str) -> None:
        """Report the file in work ``path`` where it is gone."""
        if not exists(self._layout.site / path):
            self._differs(Kind.MISSING, str(self._layout.site / path), "the ledger has it in work")

    def directories(self, parent: StrPath) -> list[str]:
        """Return the directories in ``parent``, sorted; what else stands there is unexpected.

        A link is not followed, wherever it leads.
        """
        found = sorted(look(parent), key=lambda entry: entry.name) if exists(parent) else []
        for entry in found:
            if entry.kind != "directory":
                detail = f"a {entry.kind} where only directories belong"
                self._differs(Kind.UNEXPECTED, os.path.join(parent, entry.name), detail)
        return [os.path.join(parent, entry.name) for entry in found if entry.kind == "directory"]

    def names_in(self, directory: str) -> set[str]:
        """Return the names in ``directory`` but the day list and temporaries, which are reported."""
        return self._without_leftovers(directory, sizes(directory))

    def _without_leftovers(self, directory: str, present: Iterable[str]) -> set[str]:
        names = set(present) - {DAY_LIST}
        leftovers = {name for name in names if name.startswith(TEMPORARY_PREFIX)}
        for name in sorted(leftovers):
            self._differs(Kind.LEFTOVER, os.path.join(directory, name), "left by an interrupted write")
        return names - leftovers

    def _check_manifests(
        self,
        directory: str,
        names: set[str],
        stated: Mapping[str, str] | None,
        edited: Collection[str] = (),
    ) -> set[str]:
        """Check what each manifest among ``names`` says; return all names they account for.

        Digests are compared with the day list's where there is one, for it was compared with the
        bytes already; with the bytes else. What an ``edited`` manifest says is no second difference,
        unless it is the ledger's, and the day list was edited.
        """
        named: set[str] = set()
        for name in sorted(names):
            if not name.endswith(MANIFEST_SUFFIX):
                continue
            data_name = name.removesuffix(MANIFEST_SUFFIX)
            self._check_place(os.path.join(directory, data_name))
            if name in edited and not self._is_by_ledger(os.path.join(directory, name)):
                named |= claimed(os.path.join(directory, name), data_name)
                continue
            parts = self._parts(os.path.join(directory, name), data_name, stated)
            named.add(name)
            if not parts or parts[0][0] == data_name:
                named |= {data_name, data_name + REPORT_SUFFIX}
            for part, expected in parts:
                named.add(part)
                path = os.path.join(directory, part)
                if stated is None:
                    self._compare(path, expected, "its manifest")
                elif part not in stated:
                    self._differs(
                        Kind.MISSING, path, "its manifest names it, the day list does not", expected
                    )
                elif expected not in (None, stated[part]):
                    self._differs(
                        Kind.ALTERED, path, "manifest and day list disagree", expected, stated[part]
                    )
        return named

    def _parts(
        self, path: str, data_name: str, stated: Mapping[str, str] | None
    ) -> Sequence[tuple[str, str | None]]:
        """Return name and digest of the files that the manifest at ``path`` is about, as far as they are due.

        Where a tombstone stands that the ledger knows, it is due in their place.
        """
        said = self._said.pop(path, None) or said_at(path)
        if said.fault is not None:
            self._differs(Kind.ALTERED, path, said.fault)
            return ()
        removed = self._removed(os.path.join(os.path.dirname(path), data_name), path, stated)
        return said.parts if removed is None else (removed,)

    def _removed(self, path: str, manifest: str, stated: Mapping[str, str] | None) -> tuple[str, str] | None:
        """Return name and digest of the tombstone of ``path``; None where none stands that counts.

        One that the ledger does not know excuses nothing.
        """
        name = os.path.basename(tombstone_of(path))
        if stated is not None and name not in stated:
            return None
        try:
            if stated is None and not exists(tombstone_of(path)):
                return None
            content = read_file(manifest)
            found = standing(path, read_manifest(content), hashlib.sha256(content).hexdigest())
        except CustodyError as error:
            self._differs(Kind.ALTERED, tombstone_of(path), str(error))
            return None
        if found is None:
            return None
        mark = f"{self._layout.relative(path)}\0{found.sha256}"
        is_known = self._tombstones is None or _holds(self._tombstones, mark)
        return (name, found.sha256) if is_known else None

    def _of_day(self, path: str) -> Hashed:
        """Return digest and size of a listed file; of a manifest, what it says is kept: it is asked soon."""
        found = hashed_and_said(path) if path.endswith(MANIFEST_SUFFIX) else None
        if found is None:
            return self._hasher.hash(path)
        sha256, size, self._said[path] = found
        return sha256, size

    def _compare(
        self, path: str, expected: str | None, witness: str, hashed: Callable[[str], Hashed] = hash_file
    ) -> bool:
        """Read ``path``; return whether its bytes have the digest that ``witness`` states."""
        try:
            actual, size = hashed(path)
        except FileMissing:
            self._differs(Kind.MISSING, path, f"{witness} names it", expected)
            return False
        except CustodyError as error:
            self._differs(Kind.ALTERED, path, str(error), expected)
            return False
        self.report.files += 1
        self.report.bytes += size
        if self._progress is not None:
            self._progress(self._layout.relative(path), size)
        if expected not in (None, actual):
            self._differs(Kind.ALTERED, path, f"the bytes are not those of {witness}", expected, actual)
            return False
        return True

    def _check_known(self, known: Known, path: str, stated: Mapping[str, str]) -> None:
        manifest = path + MANIFEST_SUFFIX
        listed = stated.get(os.path.basename(path))
        if listed is None and not exists(path) and not exists(manifest):
            # Where day list or manifest name it, the walk reports it.
            self._differs(Kind.MISSING, path, "the ledger names it", known.sha256)
            return
        if listed and known.sha256 not in (None, listed):
            self._differs(Kind.ALTERED, path, "ledger and day list disagree", known.sha256, listed)
        if known.is_removed:
            self._check_tombstone(known, tombstone_of(path), stated)
        if known.manifest_sha256 is None:
            return
        listed = stated.get(os.path.basename(manifest))
        if listed is None:
            self._compare(manifest, known.manifest_sha256, "the ledger")
        elif listed != known.manifest_sha256:
            self._manifests.add(_mark(f"{manifest}\0{known.manifest_sha256}"))
            self._differs(
                Kind.ALTERED, manifest, "ledger and day list disagree", known.manifest_sha256, listed
            )

    def _is_by_ledger(self, manifest: str) -> bool:
        """Return whether ``manifest``, which is not as the day list says, is as the ledger says."""
        if not self._manifests:
            return False
        with contextlib.suppress(CustodyError):
            return _mark(f"{manifest}\0{hash_file(manifest)[0]}") in self._manifests
        return False

    def _check_tombstone(self, known: Known, path: str, stated: Mapping[str, str]) -> None:
        """Compare the tombstone of a file that the ledger knows to be removed."""
        listed = stated.get(os.path.basename(path))
        if listed is None:
            self._compare(path, known.tombstone_sha256, "the ledger")
        elif listed != known.tombstone_sha256:
            detail = "ledger and day list disagree"
            self._differs(Kind.ALTERED, path, detail, known.tombstone_sha256, listed)

    def _check_place(self, path: str) -> None:
        """Report the settled file ``path`` if there is a ledger and it does not know the place."""
        if self._places is None:
            return
        if not _holds(self._places, self._layout.relative(path)):
            self._differs(Kind.UNEXPECTED, path, "the ledger does not know it")

    def _unexpected(self, directory: str, names: set[str], detail: str) -> None:
        for name in sorted(names):
            self._differs(Kind.UNEXPECTED, os.path.join(directory, name), detail)

    def _differs(
        self, kind: Kind, path: str, detail: str, expected: str | None = None, actual: str | None = None
    ) -> None:
        if kind is Kind.ALTERED:
            mark = _mark(path)
            if mark in self._altered:
                return
            self._altered.add(mark)
        code = f"{self._what(path)}-{kind.value}"
        self.report.add(Difference(kind, self._layout.relative(path), detail, expected, actual, code))

    def _what(self, path: str) -> str:
        """Return in one word what lies at ``path``; only what differs is asked about."""
        directory, name = os.path.split(path)
        if name == DAY_LIST:
            return "day-list"
        for suffix, word in _PAPERS:
            if name.endswith(suffix):
                return word
        if self._roles[0] != directory:
            self._roles = directory, roles(directory)
        return self._roles[1].get(name, "file")


def _stated(directory: str) -> dict[str, str]:
    """Return the day list of ``directory``; one that cannot be read is reported by the walk."""
    try:
        return daylist.read(directory)
    except CustodyError:
        return {}


def _holds(marks: array[int], text: str) -> bool:
    mark = _mark(text)
    at = bisect_left(marks, mark)
    return at < len(marks) and marks[at] == mark


def _mark(path: str) -> int:
    return int.from_bytes(blake2b(os.fsencode(path), digest_size=8).digest(), "big")
