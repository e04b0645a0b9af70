"""Reading the archive for what it says: every manifest of every area, with what speaks against it.

Nothing is believed that its own proof contradicts: a manifest counts where its day list has its digest
(or there is none, as for failed files) and it is about the place where it lies. What stands in the way
of that is said with the place, and never stops the walk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.custody import daylist
from gateway.custody.layout import DAY_AREAS, Layout
from gateway.custody.look import exists, look, open_regular
from gateway.custody.manifest import read_manifest
from gateway.custody.names import MANIFEST_SUFFIX, TEMPORARY_PREFIX, temporary_name
from gateway.custody.refusals import refusing
from gateway.custody.tombstone import Tombstone, standing, tombstone_of
from gateway.errors import CustodyError, ManifestInvalid

# No manifest of the gateway is larger; a bigger file under such a name is not read into memory.
_LARGEST_MANIFEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Paper:
    """A manifest of the archive, or what is left of one."""

    area: str  #: ``processed``, ``duplicates`` or ``failed``
    route: str
    data: str  #: path of the file it is about, relative to the site
    sha256: str  #: of the manifest's bytes, or what the day list says of them where they are not believed
    manifest: Mapping[str, Any] | None = None  #: None where it is not believed
    trouble: str | None = None  #: why it is not
    listed: str | None = None  #: SHA-256 of the data by its day list
    tombstone: Tombstone | None = None  #: of its file, which retention removed
    is_placed: bool = True  #: False: it has not got its name yet, the file was being settled


def papers(layout: Layout) -> Iterator[Paper]:
    """Yield every manifest in the archive, directory by directory; days in order.

    Raises CustodyError only where a directory cannot be listed.
    """
    for area in (*DAY_AREAS, "failed"):
        for route in _directories(os.fspath(layout.area(area))):
            places = _directories(route) if area in DAY_AREAS else [route]
            for place in places:
                yield from _in_directory(layout, area, os.path.basename(route), place)


def _directories(parent: str) -> list[str]:
    found = [one.name for one in look(parent) if one.kind == "directory"] if exists(parent) else []
    return [os.path.join(parent, name) for name in sorted(found)]


def _in_directory(layout: Layout, area: str, route: str, directory: str) -> Iterator[Paper]:
    listed, doubt = _listed(directory) if area in DAY_AREAS else ({}, None)
    names = sorted(one.name for one in look(directory) if one.kind == "file")
    for name in names:
        path = os.path.join(directory, name)
        if name.endswith(MANIFEST_SUFFIX):
            data_name = name.removesuffix(MANIFEST_SUFFIX)
            about = layout.relative(os.path.join(directory, data_name))
            yield _paper(path, Paper(area, route, about, "", listed=listed.get(data_name)), listed, doubt)
        elif name.startswith(TEMPORARY_PREFIX):
            unplaced = _unplaced(layout, area, route, directory, name)
            if unplaced is not None:
                yield unplaced


def _listed(directory: str) -> tuple[dict[str, str], str | None]:
    """Return the day list; where it cannot be read, nothing and why."""
    try:
        return daylist.read(directory), None
    except CustodyError as error:
        return {}, str(error)


def _paper(path: str, paper: Paper, listed: Mapping[str, str], doubt: str | None) -> Paper:
    """Return ``paper`` with what its file says, or with why that is not believed."""
    name = os.path.basename(path)
    expected = listed.get(name)
    try:
        data = _read(path)
        sha256 = hashlib.sha256(data).hexdigest()
        if doubt is None and paper.area in DAY_AREAS and expected != sha256:
            return _doubted(paper, expected or sha256, "the day list has another digest for its manifest")
        manifest = read_manifest(data)
    except CustodyError as error:
        return _doubted(paper, expected or "", str(error))
    said = (manifest["result"].get("path"), manifest["transfer"]["route"])
    if said != (paper.data, paper.route):
        return _doubted(paper, sha256, f"its manifest is about {said[0]}")
    stone, why = _tombstone(
        os.path.join(os.path.dirname(path), os.path.basename(paper.data)), manifest, sha256
    )
    if stone is not None and paper.area in DAY_AREAS and doubt is None:
        stone = stone if listed.get(tombstone_of(os.path.basename(paper.data))) == stone.sha256 else None
    return Paper(paper.area, paper.route, paper.data, sha256, manifest, doubt or why, paper.listed, stone)


def _tombstone(data: str, manifest: Mapping[str, Any], sha256: str) -> tuple[Tombstone | None, str | None]:
    """Return the tombstone of the file ``data``, or why what stands in its place is not believed."""
    try:
        return standing(data, manifest, sha256), None
    except CustodyError as error:
        return None, str(error)


def _doubted(paper: Paper, sha256: str, why: str) -> Paper:
    return Paper(paper.area, paper.route, paper.data, sha256, None, why, paper.listed)


def _unplaced(layout: Layout, area: str, route: str, directory: str, name: str) -> Paper | None:
    """Return the manifest in a temporary: its file was being settled, and everything of it was decided.

    None where it is no whole manifest, or its place has one already.
    """
    try:
        data = _read(os.path.join(directory, name))
        manifest = read_manifest(data)
    except CustodyError:
        return None
    final = manifest["file"]["archived_as"] + MANIFEST_SUFFIX
    about = layout.relative(os.path.join(directory, manifest["file"]["archived_as"]))
    said = (manifest["result"].get("path"), manifest["transfer"]["route"])
    if temporary_name(final) != name or said != (about, route) or exists(os.path.join(directory, final)):
        return None
    return Paper(area, route, about, hashlib.sha256(data).hexdigest(), manifest, is_placed=False)


def _read(path: str) -> bytes:
    with open_regular(path) as file, refusing("read", path):
        data = file.read(_LARGEST_MANIFEST + 1)
    if len(data) > _LARGEST_MANIFEST:
        raise ManifestInvalid("The manifest is too large to be one", where=path)
    return data
