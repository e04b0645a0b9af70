"""Checking one file against a format: the same code as a pass, with nothing moved or remembered."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.clock import SystemClock
from gateway.config.settings import FolderSource, Route
from gateway.custody.copies import hash_file
from gateway.custody.look import open_regular
from gateway.errors import FormatUnknown
from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.formats.definition import Format, Status, Version
from gateway.formats.selection import recognises
from gateway.model import Finding
from gateway.printable import printable
from gateway.readers import reader_for
from gateway.rules import file_names
from gateway.rules.in_force import out_of_force
from gateway.stages.identify import HEAD_BYTES, choose_format, identity_of

if TYPE_CHECKING:
    from gateway.formats.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Validation:
    """What a check of one file found."""

    format: str | None
    sha256: str
    size: int
    records: int
    envelope: dict[str, str]
    findings: Findings
    notes: tuple[str, ...] = ()  #: why a route may refuse a file that is right

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        return {
            "format": self.format,
            "sha256": self.sha256,
            "size": self.size,
            "records": self.records,
            "envelope": self.envelope,
            "findings": self.findings.summary(),
            "notes": list(self.notes),
        }


def validate_file(file: Path, chosen: str | None, catalogue: Catalogue) -> Validation:
    """Check ``file`` against ``chosen``: a message type, ``type@version``, or None to find it out.

    Raises FormatUnknown or FormatError for the format, CustodyError where the file cannot be opened.
    """
    definition, name = definition_of(catalogue, chosen, file), os.fsdecode(file.name)
    if isinstance(definition, Finding):
        findings = Findings()
        findings.add(definition)
        sha256, size = hash_file(str(file))
        return Validation(None, sha256, size, 0, {}, findings)
    return _validated(definition, file, name)


def _validated(definition: Format, file: Path, name: str) -> Validation:
    # only here, so that a question about a format answers without the data libraries
    from gateway.validation.reading import Input, ListingLimits, read_files

    one = Input(number=0, name=name, open=functools.partial(open_regular, str(file)))
    reading = read_files(definition, [one], limits=ListingLimits())[0]
    reading.keys.close()
    _identity, groups = identity_of(definition, _route(definition.message_type), name, reading)
    if definition.file_name and groups is None:
        message = f"The name does not match {definition.file_name}"
        reading.findings.add(finding("F210", message, value=printable(name)))
    return Validation(
        definition.name,
        reading.sha256,
        reading.size,
        reading.records,
        reading.envelope,
        reading.findings,
        tuple(_notes(definition, SystemClock().now().date().isoformat())),
    )


def _notes(definition: Format, today: str) -> Iterator[str]:
    """Yield why a file of this version that arrives ``today`` is refused by routes, whatever it holds."""
    why = out_of_force(today, definition.effective_from, definition.effective_until)
    if definition.status is Status.RETIRED:
        yield f"{definition.name} is retired: a route refuses such a file with F209."
    elif why is not None:
        period = why.partition(";")[0]
        yield f"{definition.name} {period}: a file that arrives today ({today}) fails with F214."


def _route(message_type: str) -> Route:
    """Return a route that takes a file as it is, with nothing said but its message type."""
    return Route("validate", "", message_type, FolderSource(Path()), ())


def definition_of(catalogue: Catalogue, chosen: str | None, file: Path) -> Format | Finding:
    """Return the format version of ``file``, or the finding that it is of none.

    ``chosen`` is a message type, ``type@version``, or None to find it out. Raises FormatUnknown or
    FormatError for the format, CustodyError where the file cannot be opened.
    """
    name = os.fsdecode(file.name)
    with open_regular(str(file)) as stream:
        head = stream.read(HEAD_BYTES)
    return _definition(catalogue, chosen, name, head)


def _definition(catalogue: Catalogue, chosen: str | None, name: str, head: bytes) -> Format | Finding:
    message_type, _at, version = (chosen or message_type_of(catalogue, name, head)).partition("@")
    if version:
        try:
            return catalogue.get(message_type, Version.parse(version))
        except ValueError as error:
            raise FormatUnknown(str(error)) from error
    if not head:
        return finding("F101", "The file is empty: it has no bytes at all.")
    return choose_format(catalogue, _route(message_type), name, head)


def message_type_of(catalogue: Catalogue, name: str, head: bytes) -> str:
    """Return the only message type whose formats know the file: by its name, else by its beginning.

    Raises FormatUnknown where none or several do.
    """

    def by_name(one: Format) -> bool:
        return one.file_name is not None and file_names.match(one.file_name, name) is not None

    def by_head(one: Format) -> bool:
        return bool(head) and recognises(one, reader_for(one.kind).probe(one, head))

    for knows in (by_name, by_head):
        fitting = _fitting(catalogue, knows)
        if len(fitting) == 1:
            return fitting[0]
    every = catalogue.message_types()
    raise FormatUnknown(
        f"{printable(name)} does not say which message type it is",
        hint=f"Say it with --format: {', '.join(fitting or every)}",
    )


def _fitting(catalogue: Catalogue, knows: Callable[[Format], bool]) -> list[str]:
    types: Iterable[str] = catalogue.message_types()
    return [each for each in types if any(knows(one) for one in catalogue.readable(each))]
