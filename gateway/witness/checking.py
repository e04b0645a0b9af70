"""Files in memory read and validated as every file is; the verdict of the real reader counts."""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from gateway.formats.definition import Format
from gateway.model import Finding, Severity
from gateway.validation.envelope import IDENTIFIERS
from gateway.validation.reading import Input, ListingLimits, read_files

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

#: Findings that are kept of one file: enough to say why it is refused.
_LIMITS = ListingLimits(per_rule=5, per_file=50)


@dataclass(frozen=True, slots=True)
class WitnessFile:
    """A file that proves something."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    """How one version of a format judges a file."""

    format: str  #: message type and version
    errors: int  #: findings of severity error, in all
    findings: tuple[Finding, ...]  #: the first of them
    identity: Mapping[str, str | None] = field(default_factory=dict)  #: what the envelope says of the file

    @property
    def accepted(self) -> bool:
        """Whether the file is valid."""
        return self.errors == 0


def checked(definition: Format, files: Sequence[WitnessFile]) -> list[Checked]:
    """Return the verdict of ``definition`` on each of ``files``, all read together.

    Raises FormatError where the definition cannot be applied.
    """
    if not files:
        return []
    inputs = [
        Input(number, file.name, functools.partial(_opened, file.data)) for number, file in enumerate(files)
    ]
    readings = read_files(definition, inputs, limits=_LIMITS)
    for reading in readings:
        reading.keys.close()
    return [
        Checked(
            definition.name,
            reading.findings.errors,
            tuple(one for one in reading.findings.listed() if one.severity is Severity.ERROR),
            {name: getattr(reading, name) for name in IDENTIFIERS},
        )
        for reading in readings
    ]


def has_name(definition: Format, name: str) -> bool:
    """Return whether files of ``definition`` may be called ``name``."""
    return definition.file_name is None or re.fullmatch(definition.file_name, name) is not None


def _opened(data: bytes) -> AbstractContextManager[BinaryIO]:
    return contextlib.closing(io.BytesIO(data))
