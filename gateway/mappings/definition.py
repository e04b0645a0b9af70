"""What a mapping says, as values: which target record comes from which source record, field by field.

A mapping is data, as a format is: no code stands in it. ``mappings.loading`` builds it from its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.formats.definition import Format, Kind, Reference, Status, Version

#: Directory of a message type's mappings, beside its versions.
DIRECTORY = "mappings"
#: What the name of an output ends in, where the mapping does not say.
SUFFIXES = {Kind.DELIMITED: ".csv", Kind.FIXED_WIDTH: ".txt", Kind.XML: ".xml", Kind.JSON: ".json"}


@dataclass(frozen=True, slots=True)
class End:
    """One side of a mapping: a version of a message type."""

    message_type: str
    version: Version

    def __str__(self) -> str:
        """Return ``message-type version``."""
        return f"{self.message_type} {self.version}"


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a text: the ``part``-th piece between separators, or characters by position."""

    separator: str | None = None
    part: int = 1  #: from 1
    start: int = 0  #: first character, from 0, where there is no separator
    length: int | None = None  #: characters; None: up to the end


@dataclass(frozen=True, slots=True)
class UnitChange:
    """A number in another unit: multiplied by an exact factor, given as ``1000``, ``0.001`` or ``1/60``."""

    to: str  #: unit of the target field
    factors: Mapping[str, str]  #: by the unit that the row states; one entry without ``of``
    of: Reference | None = None  #: source field that states the unit; None: the unit is always the same


@dataclass(frozen=True, slots=True)
class When:
    """A test on one source field, as the rules of a format have them: one of the tests is given."""

    of: Reference
    equals: str | None = None  #: all values in canonical form
    among: tuple[str, ...] = ()
    present: bool | None = None
    above: str | None = None  #: never true of an empty field
    below: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """Where the value of one target field comes from: fields of the source, a constant, or a count."""

    target: str
    sources: tuple[Reference, ...] = ()  #: one, or several to join
    constant: str | None = None  #: in canonical form
    when: tuple[When, ...] = ()  #: the constant stands only where all of these hold
    number_from: int | None = None  #: the rows of the target record are numbered from this
    separator: str | None = None  #: between joined texts
    split: Split | None = None
    strip: str | None = None  #: this leading character is taken off
    pad: str | None = None  #: leading character that fills the text up to ``pad_to``
    pad_to: int = 0
    codes: Mapping[str, str] | None = None
    otherwise: str = "refuse"  #: for a code that is not listed: ``refuse``, ``keep`` or ``value``
    otherwise_value: str | None = None
    unit: UnitChange | None = None
    rounding: str | None = None
    default: str | None = None  #: in canonical form, where the source has no value


@dataclass(frozen=True, slots=True)
class RecordMap:
    """How the rows of one target record type are made from the rows of one source record type."""

    target: str
    source: str
    feeds: tuple[Feed, ...]
    drop: Mapping[Reference, str] = field(default_factory=dict)  #: source field -> why it is not used
    group_by: tuple[Reference, ...] | None = None  #: one row for each run of equal values of these


@dataclass(frozen=True, slots=True)
class FormatMapping:
    """One mapping: how a file of one format version becomes a file of another."""

    source: End
    target: End
    status: Status
    title: str
    records: tuple[RecordMap, ...]
    description: str = ""
    drop_records: Mapping[str, str] = field(default_factory=dict)
    suffix: str | None = None  #: what the output's name ends in
    file: Path | None = None
    digest: str = ""  #: of its file, as the lock has it

    @property
    def key(self) -> str:
        """What names it in lock, audit trail and manifests: ``confirmation mappings/1.1.0-to-2.0.0.yaml``."""
        return f"{self.source.message_type} {DIRECTORY}/{file_name(self.source, self.target)}"

    def suffix_for(self, kind: Kind) -> str:
        """Return what the name of an output of ``kind`` ends in."""
        return self.suffix or SUFFIXES[kind]

    def used(self) -> Iterator[Reference]:
        """Yield every source field that something is made from."""
        for record in self.records:
            yield from record.group_by or ()
            for feed in record.feeds:
                yield from feed.sources
                if feed.unit is not None and feed.unit.of is not None:
                    yield feed.unit.of


@dataclass(frozen=True, slots=True)
class Bound:
    """A mapping with the two definitions it stands between."""

    mapping: FormatMapping
    source: Format
    target: Format


def file_name(source: End, target: End) -> str:
    """Return the name that the file of a mapping must have."""
    other = "" if source.message_type == target.message_type else f"{target.message_type}-"
    return f"{source.version}-to-{other}{target.version}.yaml"
