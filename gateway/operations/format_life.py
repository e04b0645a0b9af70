"""The life of a format version: a new one from an old one, its release, its retirement."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.custody import syncs, writes
from gateway.custody.refusals import refusing
from gateway.errors import ActionRefused, FormatError
from gateway.formats.catalogue import Catalogue, Standing
from gateway.formats.check import check_format
from gateway.formats.definition import Format, Status, Version
from gateway.formats.digests import Digests, digests_of, file_names
from gateway.formats.editing import as_next, as_released
from gateway.formats.loading import FILE_NAME
from gateway.formats.lock import Lock, Signature, version_item
from gateway.mappings.loading import find, load_mapping
from gateway.operations.checking import shared_problems
from gateway.operations.format_desk import Desk, alone, changing, keep
from gateway.operations.mapping import demand_releasable

Key = tuple[str, Version]


@dataclass(frozen=True, slots=True)
class Locked:
    """What `lock` did with one item."""

    item: str
    digest: str
    files: int
    was_draft: bool = False  #: its status line was changed to released
    was_locked: bool = False  #: it was locked already with the same bytes: nothing was done


@dataclass(frozen=True, slots=True)
class Item:
    """Files that are locked together under one key."""

    key: str
    directory: Path
    names: tuple[str, ...] | None = None  #: None: all files in the directory

    def digests(self) -> Digests:
        """Return the digests of its files; raises FormatError where they cannot be read."""
        try:
            return digests_of(self.directory, self.names)
        except OSError as error:
            raise FormatError("The files cannot be read", where=str(self.directory), cause=error) from error


def lock_versions(desk: Desk, wanted: Sequence[Key], reason: str | None) -> list[Locked]:
    """Release versions: drafts get the status released, then the bytes of all go into the lock.

    Nothing is done unless every version can be released. A crash between status and lock leaves a
    version that is called released and not locked, which nothing uses; the same call completes it.
    Raises ReasonMissing, ActionRefused for a retired version, FormatChanged for one that is locked
    with other bytes, FormatError with every problem that `gateway formats check` finds.
    """
    signed = desk.sign(reason)
    for key in wanted:
        _directory(desk, key)
    with changing(desk) as lock:
        new = [key for key in dict.fromkeys(wanted) if not _is_locked(desk, lock, key)]
        definitions = [desk.catalogue.look(*key) for key in new]
        _demand_releasable(desk.catalogue, definitions)
        drafts = {one.name for one in definitions if one.status is Status.DRAFT}
        for definition in definitions:
            if definition.name in drafts:
                _release(definition)
        items = [Item(version_item(*key), _directory(desk, key)) for key in wanted]
        done = _lock(desk, lock, list(dict.fromkeys(items)), signed)
        desk.catalogue.look_again()
    return [dataclasses.replace(one, was_draft=one.item in drafts) for one in done]


def lock_mappings(desk: Desk, items: Sequence[Item], reason: str | None) -> list[Locked]:
    """Lock mappings that are called released and whose test cases all hold; see `lock_versions`.

    Raises ReasonMissing, MappingInvalid with every problem, FormatChanged for one that is locked with
    other bytes.
    """
    signed = desk.sign(reason)
    for item in items:
        for name in item.names or ():
            demand_releasable(desk.catalogue, item.directory / name)
    with changing(desk) as lock:
        return _lock(desk, lock, items, signed)


def retire(desk: Desk, wanted: Key, reason: str | None) -> bool:
    """Retire a released version: it takes no files any more. Returns whether it was not retired before.

    Raises ReasonMissing, FormatUnknown, FormatNotLocked for a version that was never released.
    """
    signed = desk.sign(reason)
    _directory(desk, wanted)
    item = version_item(*wanted)
    with changing(desk) as before:
        after = before.with_retirement(item, signed)
        if after is not before:
            keep(desk, after, [("format-retired", item, {})], signed)
        desk.catalogue.look_again()
    return after is not before


def new_version(desk: Desk, source: Key, version: Version) -> Path:
    """Make the draft ``version`` as a copy of ``source`` and return its directory.

    Its `version` and `status` are changed and the effective dates left out; all other bytes are the
    same. Raises FormatUnknown, FormatError, ActionRefused where there is such a version already.
    """
    definition = desk.catalogue.look(*source)
    origin = _directory(desk, source)
    target = origin.with_name(str(version))
    with alone(desk), refusing("copy the version to", target):
        if os.path.lexists(target):
            raise ActionRefused(f"There is {definition.message_type} {version} already", where=str(target))
        _copy_version(origin, target, version)
    return target


def _copy_version(origin: Path, target: Path, version: Version) -> None:
    text = as_next((origin / FILE_NAME).read_bytes(), str(origin / FILE_NAME), version)
    temporary = target.with_name(f".new-{version}")
    shutil.rmtree(temporary, ignore_errors=True)  # what an interrupted try left
    temporary.mkdir()
    try:
        for name in file_names(origin):
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin / name, temporary / name)
        (temporary / FILE_NAME).write_bytes(text)
        syncs.sync_files(temporary / name for name in file_names(temporary))
        syncs.sync_directories(sorted({(temporary / name).parent for name in file_names(temporary)}))
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    syncs.sync_directory(target.parent)


def _is_locked(desk: Desk, lock: Lock, key: Key) -> bool:
    """Return whether a version is locked with the bytes that it has; raises FormatChanged if with others."""
    item = version_item(*key)
    if lock.release(item) is None:
        return False
    directory = _directory(desk, key)
    lock.demand_unchanged(item, Item(item, directory).digests(), str(directory))
    return True


def _directory(desk: Desk, key: Key) -> Path:
    """Return the directory of a version; raises FormatUnknown where the catalogue does not have it."""
    found = desk.catalogue.entries.get(key[0], {}).get(key[1])
    if found is None:
        raise desk.catalogue.unknown(*key)
    return found


def _demand_releasable(catalogue: Catalogue, definitions: Sequence[Format]) -> None:
    for definition in definitions:
        if definition.status is Status.RETIRED:
            raise ActionRefused(f"{definition.name} is retired; only a draft can be released")
    problems = []
    for definition in definitions:
        problems += check_format(definition)
        problems += shared_problems(catalogue, definition.message_type, [definition.version])
    if problems:
        names = ", ".join(one.name for one in definitions)
        raise FormatError(f"Nothing is locked: there are problems in {names}", problems=problems)


def _release(definition: Format) -> None:
    """Change the status line of a draft; every other byte stays as it is."""
    assert definition.directory is not None  # noqa: S101 - it was loaded from the catalogue
    path = definition.directory / FILE_NAME
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FormatError(where=str(path), cause=error) from error
    writes.replace(path, as_released(raw, str(path)))


def _lock(desk: Desk, before: Lock, items: Sequence[Item], signed: Signature) -> list[Locked]:
    lock, done = before, []
    acts: list[tuple[str, str, dict[str, Any]]] = []
    for item in items:
        digests = item.digests()
        known = lock.release(item.key) is not None
        lock = lock.with_release(item.key, digests, signed, str(item.directory))
        done.append(Locked(item.key, digests.whole, len(digests.files), was_locked=known))
        if not known:
            files = {one.name: one.sha256 for one in digests.files}
            acts.append(("format-locked", item.key, {"digest": digests.whole, "files": files}))
    if lock is not before:
        keep(desk, lock, acts, signed)
    return done


def unlocked(catalogue: Catalogue) -> list[Key]:
    """Return the versions that are called released and are not in the lock, oldest first."""
    return [
        (name, version)
        for name in catalogue.message_types()
        for version in catalogue.versions(name)
        if catalogue.standing(name, version) is Standing.NOT_LOCKED
    ]


def unlocked_mappings(catalogue: Catalogue) -> list[Item]:
    """Return the mappings that are called released and are not in the lock."""
    found = []
    for message_type in catalogue.message_types():
        for _source, _target, path in find(catalogue.directory, message_type):
            mapping, _document = load_mapping(path)
            if mapping.status is Status.RELEASED and catalogue.lock().release(mapping.key) is None:
                found.append(Item(mapping.key, path.parent, (path.name,)))
    return found


def next_version(version: Version, step: str) -> Version:
    """Return the next ``major``, ``minor`` or ``patch`` version after ``version``."""
    steps: dict[str, Callable[[], Version]] = {
        "major": lambda: Version(version.major + 1, 0, 0),
        "minor": lambda: Version(version.major, version.minor + 1, 0),
        "patch": lambda: Version(version.major, version.minor, version.patch + 1),
    }
    return steps[step]()
