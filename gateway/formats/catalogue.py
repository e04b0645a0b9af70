"""All format versions of a site, found by listing directories and loaded when they are used.

A format version lives in ``<message type>/<version>/format.yaml``. Listing opens no file;
one broken format never stops the others: its error is kept and raised when it is asked for.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.errors import FormatError, FormatUnknown
from gateway.formats.definition import Format, Version

if TYPE_CHECKING:
    from pathlib import Path

_FILE_NAME = "format.yaml"

Key = tuple[str, Version]


@dataclass(slots=True)
class Catalogue:
    """The format versions under one directory."""

    directory: Path
    entries: dict[str, dict[Version, Path]]  #: message type -> version -> directory
    _loaded: dict[Key, Format | FormatError] = field(default_factory=dict)

    @classmethod
    def load(cls, directory: Path) -> Catalogue:
        """Return the catalogue of ``directory``; directories without a ``format.yaml`` are no formats.

        Raises FormatError if the directory itself cannot be listed.
        """
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
        return cls(directory, entries)

    def message_types(self) -> list[str]:
        """Return the message types that have at least one version, in alphabetical order."""
        return list(self.entries)

    def versions(self, message_type: str) -> list[Version]:
        """Return the versions of ``message_type``, oldest first; none if it is unknown."""
        return list(self.entries.get(message_type, ()))

    def get(self, message_type: str, version: Version) -> Format:
        """Return one format version, loaded once.

        Raises FormatUnknown if the catalogue does not have it, FormatError (the same
        until `look_again`) if its definition has problems.
        """
        key = (message_type, version)
        if key not in self._loaded:
            self._loaded[key] = self._load(message_type, version)
        found = self._loaded[key]
        if isinstance(found, FormatError):
            raise found
        return found

    def usable(self, message_type: str) -> list[Format]:
        """Return the versions of ``message_type`` that load, newest first, whatever their status."""
        formats = []
        for version in reversed(self.versions(message_type)):
            try:
                formats.append(self.get(message_type, version))
            except FormatError:  # kept: `broken` tells
                continue
        return formats

    def look_again(self) -> None:
        """Forget which versions did not load: the next question reads them anew."""
        for key in [key for key, found in self._loaded.items() if isinstance(found, FormatError)]:
            del self._loaded[key]

    def broken(self) -> list[tuple[str, Version, FormatError]]:
        """Return the versions that do not load, each with its error; loads everything."""
        found = []
        for message_type, versions in self.entries.items():
            for version in versions:
                try:
                    self.get(message_type, version)
                except FormatError as error:
                    found.append((message_type, version, error))
        return found

    def _load(self, message_type: str, version: Version) -> Format | FormatError:
        # Here, so that listing a catalogue costs no YAML and no JSON Schema.
        from gateway.formats.loading import load_format

        directory = self.entries.get(message_type, {}).get(version)
        if directory is None:
            return self._unknown(message_type, version)
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
        return definition

    def _unknown(self, message_type: str, version: Version) -> FormatUnknown:
        known = ", ".join(str(each) for each in self.versions(message_type))
        hint = f"Known versions: {known}" if known else f"Known message types: {', '.join(self.entries)}"
        return FormatUnknown(
            f"There is no format {message_type} {version}", where=str(self.directory), hint=hint
        )


def _directories(directory: Path) -> list[str]:
    """Return the names of the directories in ``directory``, sorted; hidden ones do not count."""
    with os.scandir(directory) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _version(name: str) -> Version | None:
    try:
        return Version.parse(name)
    except ValueError:
        return None
