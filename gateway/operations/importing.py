"""A vendor's schema or layout brought into the catalogue as a draft version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import ImportFailed
from gateway.formats.definition import Version
from gateway.formats.importing.entry import ImportedFormat, checked, place

if TYPE_CHECKING:
    from gateway.formats.catalogue import Catalogue
    from gateway.formats.definition import Format


@dataclass(frozen=True, slots=True)
class Source:
    """What is imported: one file, and what it does not say itself."""

    kind: str  #: ``xsd``, ``json-schema`` or ``idoc-layout``
    file: Path
    root: str | None = None  #: XSD: the root element, where the schema has several
    segment: str | None = None  #: IDoc layout: the segment of a table that names none
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """What an import made; ``directory`` is None where it was only tried."""

    definition: Format
    made: ImportedFormat
    directory: Path | None


def next_free(catalogue: Catalogue, message_type: str) -> Version:
    """Return the version that an import gets by itself: 1.0.0, or the minor one after the newest."""
    versions = catalogue.versions(message_type)
    return Version(versions[-1].major, versions[-1].minor + 1, 0) if versions else Version(1, 0, 0)


def import_format(
    source: Source, catalogue: Catalogue, message_type: str, version: Version, *, trial: bool
) -> Import:
    """Make a draft of ``source`` and put it into ``catalogue``; a trial writes nothing there.

    Raises ImportFailed with every problem where it cannot be made, or the version exists.
    """
    try:
        made = _made(source, message_type, version)
        if trial:
            return Import(checked(made, message_type, version), made, None)
        definition = place(made, catalogue.directory, message_type, version)
    except OSError as error:  # a file that went away, or no room for the trial of the schema
        where = error.filename if isinstance(error.filename, str) else str(source.file)
        raise ImportFailed("The import cannot read or write", where=where, cause=error) from error
    return Import(definition, made, definition.directory)


def _made(source: Source, message_type: str, version: Version) -> ImportedFormat:
    # each only where it is asked for: they bring the libraries of their kind
    if source.kind == "xsd":
        from gateway.formats.importing.xsd import import_xsd

        return import_xsd(source.file, source.root, message_type, version, title=source.title)
    if source.kind == "json-schema":
        from gateway.formats.importing.json_schema import import_json_schema

        return import_json_schema(source.file, message_type, version, title=source.title)
    from gateway.formats.importing.idoc import import_idoc

    return import_idoc(source.file, message_type, version, segment=source.segment, title=source.title)
