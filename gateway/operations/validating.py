"""Checking one file against a format: the same code as a pass, with nothing moved or remembered."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config.settings import FolderSource, Route
from gateway.custody.look import open_regular
from gateway.errors import FormatUnknown
from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Format, Version
from gateway.model import Finding
from gateway.stages.examine import HEAD_BYTES
from gateway.stages.identify import choose_format
from gateway.validation.reading import Input, ListingLimits, read_files


@dataclass(frozen=True, slots=True)
class Validation:
    """What a check of one file found."""

    format: str | None
    sha256: str
    size: int
    records: int
    envelope: dict[str, str]
    findings: Findings

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        return {
            "format": self.format,
            "sha256": self.sha256,
            "size": self.size,
            "records": self.records,
            "envelope": self.envelope,
            "findings": self.findings.summary(),
        }


def validate_file(file: Path, chosen: str, catalogue_directory: Path) -> Validation:
    """Check ``file`` against ``chosen``: a message type, or ``type@version``.

    Raises FormatUnknown or FormatError for the format, CustodyError where the file cannot be opened.
    """
    catalogue = Catalogue.load(catalogue_directory)
    message_type, _at, version = chosen.partition("@")
    definition = _definition(catalogue, message_type, version, file)
    if isinstance(definition, Finding):
        findings = Findings()
        findings.add(definition)
        return Validation(None, "", file.stat().st_size, 0, {}, findings)
    one = Input(number=0, name=file.name, open=functools.partial(open_regular, str(file)))
    reading = read_files(definition, [one], limits=ListingLimits())[0]
    reading.keys.close()
    return Validation(
        definition.name, reading.sha256, reading.size, reading.records, reading.envelope, reading.findings
    )


def _definition(catalogue: Catalogue, message_type: str, version: str, file: Path) -> Format | Finding:
    if version:
        try:
            return catalogue.get(message_type, Version.parse(version))
        except ValueError as error:
            raise FormatUnknown(str(error)) from error
    with open_regular(str(file)) as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        return finding("F101", "The file is empty: it has no bytes at all.")
    route = Route("validate", "", message_type, FolderSource(file.parent), ())
    return choose_format(catalogue, route, file.name, head)
