"""All format versions of a site, found by listing directories and loaded when they are used.

A format version lives in ``<message type>/<version>/format.yaml``. Listing opens no file;
one broken format never stops the others: its error is kept and raised when it is asked for.

`get` is for working with a version: a released one must be in the lock (``formats.lock``) with the very
bytes that it has. `look` is for showing, checking and comparing: it asks no lock.

Several threads may ask one catalogue. What it says stays the same until `look_again`; who must not see
that change in the middle of its work takes what `renewed` returns, and leaves the old one to the others.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.errors import FormatChanged, FormatError, FormatNotLocked, FormatUnknown, LockInvalid
from gateway.formats.versions import Status, Version

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.formats.definition import Format
    from gateway.formats.lock import Lock

_FILE_NAME = "format.yaml"

Key = tuple[str, Version]


class Standing(enum.Enum):
    """How a version stands to the lock."""

    DRAFT = "draft"  #: not released: it may change
    LOCKED = "locked"  #: released, and byte for byte what was locked
    NOT_LOCKED = "not locked"  #: called released, and not in the lock
    CHANGED = "CHANGED"  #: in the lock with other bytes
    UNKNOWN = "unknown"  #: the lock or the version's files cannot be read


@dataclass(slots=True)
class Catalogue:
    """The format versions under one directory."""

    directory: Path
    entries: dict[str, dict[Version, Path]]  #: message type -> version -> directory
    _loaded: dict[Key, Format | FormatError] = field(default_factory=dict)
    _refused: dict[Key, FormatError | None] = field(default_factory=dict)  #: what the lock says
    _stamps: dict[Path, object] = field(default_factory=dict)  #: of the directories that were read
    _lock: Lock | LockInvalid | None = None
    noted: str = ""  #: hash of the last entry that the lock is known to have had; empty: nothing is known
    _asked: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    @classmethod
    def load(cls, directory: Path) -> Catalogue:
        """Return the catalogue of ``directory``; directories without a ``format.yaml`` are no formats.

        Raises FormatError if the directory itself cannot be listed.
        """
        return cls(directory, _listed(directory))

    def message_types(self) -> list[str]:
        """Return the message types that have at least one version, in alphabetical order."""
        return list(self.entries)

    def versions(self, message_type: str) -> list[Version]:
        """Return the versions of ``message_type``, oldest first; none if it is unknown."""
        return list(self.entries.get(message_type, ()))

    def gone(self, message_type: str) -> list[Version]:
        """Return the versions that the lock has and the directory has not, oldest first; no retired ones.

        `get` refuses them as changed. None where the lock cannot be read: then `get` refuses every version.
        """
        try:
            lock = self.lock()
        except LockInvalid:
            return []
        names = [item.removeprefix(f"{message_type} ") for item in lock.unretired()]
        versions = [version for name in names if (version := _version(name)) is not None]
        return sorted(set(versions) - set(self.versions(message_type)))

    def get(self, message_type: str, version: Version) -> Format:
        """Return one format version to work with, loaded once; retired if the lock says so.

        Raises FormatUnknown if the catalogue does not have it; FormatChanged, FormatNotLocked or
        LockInvalid if it is not as it was released; FormatError if its definition has problems: the
        same until `look_again`.
        """
        with self._asked:
            refused = self._judged((message_type, version))
            if refused is not None:
                raise refused
            found = self.look(message_type, version)
            locked = self.lock().release(found.name)
            if locked is not None and found.digest != locked.digest:
                # the definition was read after its bytes were compared
                raise FormatChanged(f"{found.name} was written to at this moment", where=str(found.directory))
            return found

    def look(self, message_type: str, version: Version) -> Format:
        """Return one format version to look at, whatever the lock says of its bytes.

        Raises FormatUnknown if the catalogue does not have it, FormatError if its definition has problems.
        """
        with self._asked:
            key = (message_type, version)
            if key not in self._loaded:
                self._loaded[key] = self._load(message_type, version)
            found = self._loaded[key]
            if isinstance(found, FormatError):
                raise found
            return found

    def lock(self) -> Lock:
        """Return the lock of the catalogue; raises LockInvalid (the same until `look_again`).

        It must have the entry that is `noted`, if any, from which on its last one is noted: a lock that
        was replaced by an older copy is none.
        """
        with self._asked:
            if self._lock is None:
                # Here, so that listing a catalogue costs no YAML and no JSON Schema.
                from gateway.formats.lock_file import demand_continued, head, read_lock

                self._stamps[self.directory] = _lock_stamp(self.directory)
                try:
                    lock = read_lock(self.directory)
                    demand_continued(lock, self.noted)
                    self._lock, self.noted = lock, head(lock)
                except LockInvalid as error:
                    self._lock = error
            if isinstance(self._lock, LockInvalid):
                raise self._lock
            return self._lock

    def standing(self, message_type: str, version: Version) -> Standing:
        """Return how a version stands to the lock; one that is locked is compared and not loaded."""
        with self._asked:
            refused = self._judged((message_type, version))
            if refused is None:
                return Standing.LOCKED if self.lock().release(f"{message_type} {version}") else Standing.DRAFT
            if isinstance(refused, FormatNotLocked):
                return Standing.NOT_LOCKED
            return Standing.CHANGED if isinstance(refused, FormatChanged) else Standing.UNKNOWN

    def usable(self, message_type: str) -> list[Format]:
        """Return the versions of ``message_type`` that `get` gives, newest first, whatever their status."""
        formats = []
        for version in reversed(self.versions(message_type)):
            try:
                formats.append(self.get(message_type, version))
            except FormatError:  # kept: `get` raises it again
                continue
        return formats

    def readable(self, message_type: str) -> list[Format]:
        """Return the versions of ``message_type`` that `look` gives, newest first, whatever the lock says."""
        formats = []
        for version in reversed(self.versions(message_type)):
            try:
                formats.append(self.look(message_type, version))
            except FormatError:
                continue
        return formats

    def renewed(self) -> tuple[Catalogue, bool]:
        """Return a catalogue that has looked again, and whether anything changed; this one stays as it is.

        It is this one where there is nothing to forget.
        """
        with self._asked:
            other = dataclasses.replace(
                self,
                _loaded=dict(self._loaded),
                _refused=dict(self._refused),
                _stamps=dict(self._stamps),
                _asked=threading.RLock(),
            )
            is_changed = other.look_again()
            return (self if other == self else other), is_changed

    def look_again(self) -> bool:
        """Forget what did not load or was refused, and what changed on the disk since it was read.

        Versions that are new are found. Returns whether anything changed, or may have.
        """
        with self._asked:
            before, is_changed = self.entries, False
            with contextlib.suppress(FormatError):  # what was known is still known; `get` tells what is gone
                self.entries = _listed(self.directory)
            if self._stamps.get(self.directory) != _lock_stamp(self.directory) or isinstance(
                self._lock, LockInvalid
            ):
                is_changed = self._lock is not None
                self._lock = None
                self._refused.clear()
                self._loaded.clear()
            for key in [key for key, found in self._refused.items() if isinstance(found, FormatError)]:
                del self._refused[key]
                is_changed = True  # it may be: nothing was read that could be compared
            for key, found in list(self._loaded.items()):
                was_changed = self._is_changed(key)
                if isinstance(found, FormatError) or was_changed:
                    del self._loaded[key]
                    self._refused.pop(key, None)
                is_changed = is_changed or was_changed
            return is_changed or before != self.entries

    def _is_changed(self, key: Key) -> bool:
        from gateway.formats.digests import stamp_of

        directory = self.entries.get(key[0], {}).get(key[1])
        return directory is None or self._stamps.get(directory) != stamp_of(directory)

    def _judged(self, key: Key) -> FormatError | None:
        """Return what `_refusal` says, asked once."""
        if key not in self._refused:
            self._refused[key] = self._refusal(key)
        return self._refused[key]

    def _refusal(self, key: Key) -> FormatError | None:
        """Return why a version must not be worked with: the lock's word, then its definition's."""
        from gateway.formats.lock import version_item

        item = version_item(*key)
        directory = self.entries.get(key[0], {}).get(key[1])
        try:
            locked = self.lock().release(item)
            if directory is None and locked is None:
                return self.unknown(*key)
            directory = directory or self.directory / key[0] / str(key[1])
            if locked is not None or self.look(*key).status is Status.RELEASED:
                _demand_unchanged(self.lock(), item, directory)
            known = self._loaded.get(key)
            if locked and known and not isinstance(known, FormatError) and known.digest != locked.digest:
                del self._loaded[key]  # it was looked at while its bytes were others
        except FormatError as error:
            return error
        return None

    def _load(self, message_type: str, version: Version) -> Format | FormatError:
        # Here, so that listing a catalogue costs no YAML and no JSON Schema.
        from gateway.formats.digests import stamp_of
        from gateway.formats.loading import load_format

        directory = self.entries.get(message_type, {}).get(version)
        if directory is None:
            return self.unknown(message_type, version)
        self._stamps[directory] = stamp_of(directory)
        try:
            definition = load_format(directory)
        except FormatError as error:
            return error
        if (definition.message_type, definition.version) != (message_type, version):
            return FormatError(
                f"The directory says {message_type} {version}, the definition {definition.name}",
                where=str(directory / _FILE_NAME),
                hint="Correct `message_type` and `version`, or move the directory",
            )
        return self._as_retired(definition)

    def _as_retired(self, definition: Format) -> Format:
        """Return the definition with the status that the lock gives it."""
        try:
            retired = self.lock().retirement(definition.name)
        except LockInvalid:
            return definition  # looking at it is allowed; `get` refuses it
        return dataclasses.replace(definition, status=Status.RETIRED) if retired else definition

    def unknown(self, message_type: str, version: Version) -> FormatUnknown:
        """Return the error that there is no such version, with those that there are."""
        known = ", ".join(str(each) for each in self.versions(message_type))
        hint = f"Known versions: {known}" if known else f"Known message types: {', '.join(self.entries)}"
        return FormatUnknown(
            f"There is no format {message_type} {version}", where=str(self.directory), hint=hint
        )


def _listed(directory: Path) -> dict[str, dict[Version, Path]]:
    """Return the directories of all versions by message type; raises FormatError if it cannot be listed."""
    entries: dict[str, dict[Version, Path]] = {}
    try:
        for message_type in _directories(directory):
            versions = {
                version: directory / message_type / name
                for name in _directories(directory / message_type)
                if (version := _version(name)) is not None
                and (directory / message_type / name / _FILE_NAME).is_file()
            }
            if versions:
                entries[message_type] = dict(sorted(versions.items()))
    except OSError as error:
        raise FormatError(
            "The catalogue of formats cannot be listed", where=str(directory), cause=error
        ) from error
    return entries


def _directories(directory: Path) -> list[str]:
    """Return the names of the directories in ``directory``, sorted; hidden ones do not count."""
    with os.scandir(directory) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _version(name: str) -> Version | None:
    try:
        return Version.parse(name)
    except ValueError:
        return None


def _demand_unchanged(lock: Lock, item: str, directory: Path) -> None:
    """Raise FormatChanged or FormatNotLocked unless ``directory`` is what was locked as ``item``."""
    from gateway.formats.digests import Digests, digests_of

    try:
        found = digests_of(directory) if os.path.lexists(directory) else Digests("", ())
    except OSError as error:
        raise FormatError("The format cannot be read", where=str(directory), cause=error) from error
    lock.demand_unchanged(item, found, str(directory))


def _lock_stamp(directory: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(directory / "formats.lock")
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_ctime_ns
