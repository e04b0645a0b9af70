"""The canonical model of a format version, the same for every physical kind.

A definition is data: loading builds it from ``format.yaml`` (``formats.loading``), readers
and validation interpret it, comparison compares it. Nothing here touches a file.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.formats.versions import Status as Status
from gateway.formats.versions import Version as Version
from gateway.model import Severity


class Kind(enum.Enum):
    """The physical kind of a file."""

    DELIMITED = "delimited"
    FIXED_WIDTH = "fixed-width"
    XML = "xml"
    JSON = "json"


class Role(enum.Enum):
    """What a record type is for. Only ``RECORD`` rows are business records and are counted."""

    HEADER = "header"
    RECORD = "record"
    TRAILER = "trailer"


class FieldType(enum.Enum):
    """How the text of a field is understood."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Encoding:
    """The declared character encoding; decoding is strict."""

    charset: str = "utf-8"  #: a Python codec name: utf-8, cp1252, iso-8859-1, utf-16, utf-16-le ...
    bom: str = "optional"  #: ``optional``, ``required`` or ``forbidden``


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text is cut into records and fields. Unused settings keep their defaults."""

    # delimited
    delimiter: str = ";"
    quote: str | None = '"'  #: doubled inside a quoted field; None: no quoting at all
    escape: str | None = None
    header_row: bool = False  #: the first line names the columns
    trailing_delimiter: str = "forbidden"  #: ``forbidden``, ``optional`` or ``required``
    blank_lines: str = "refuse"  #: ``refuse`` or ``skip`` (skipped lines still count as lines)
    # delimited and fixed-width
    line_end: str = "any"  #: ``any`` (LF or CRLF), ``lf``, ``crlf``, ``cr``, ``none``, or ``optional``:
    #: fixed-width, none or any, told by whether a line end stands in or right after the first record
    final_line_end: str = "optional"  #: ``required``: a last line without one is truncated
    # fixed-width
    stripped_blanks: bool = False  #: short lines stand for lines padded with blanks
    # xml
    namespace: str | None = None
    root: str | None = None  #: local name of the root element
    xsd: str | None = None  #: file beside ``format.yaml``
    # json
    lines: bool = False  #: NDJSON: one document per line
    json_schema: str | None = None  #: file beside ``format.yaml``
    # values
    decimal_mark: str = "."
    thousands_mark: str | None = None
    date_format: str = "YYYY-MM-DD"
    time_format: str = "HH:MM:SS"
    datetime_format: str = "YYYY-MM-DDTHH:MM:SS"
    time_zone: str | None = None  #: zone of times without an offset
    null_tokens: tuple[str, ...] = ("",)
    true_tokens: tuple[str, ...] = ("true",)
    false_tokens: tuple[str, ...] = ("false",)
    trim: str = "none"  #: ``none``, ``right``, ``left``, ``both``


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type."""

    name: str
    type: FieldType = FieldType.STRING
    description: str = ""
    id: str | None = None  #: survives a renaming
    aliases: tuple[str, ...] = ()
    required: bool = True  #: the column, element or member must be there
    nullable: bool = False  #: its value may be empty (a null token)
    heading: str | None = None  #: its column heading, where that differs from the name
    offset: int | None = None  #: fixed-width: first character, from 0
    length: int | None = None  #: fixed-width: characters
    path: str | None = None  #: xml: XPath from the record; json: pointer from the record
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None  #: must match the whole value
    minimum: str | None = None  #: text in canonical form (``-1.5``, ``2020-01-01``)
    maximum: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)  #: code -> meaning; empty: any
    constant: str | None = None
    digits: int | None = None  #: decimal: digits in all
    decimals: int | None = None  #: decimal: at most so many after the mark
    implied_decimals: int | None = None  #: the mark is not written
    rounding: str | None = None  #: how the sender rounds: ``half-up``, ``down`` ...; None: not said
    sign: str = "leading"  #: ``leading``, ``trailing`` or ``none``
    decimal_mark: str | None = None  #: None: the dialect's
    date_format: str | None = None  #: overrides the dialect's for date, time and datetime
    time_zone: str | None = None
    unit: str | None = None
    unit_field: str | None = None
    null_tokens: tuple[str, ...] | None = None
    trim: str | None = None
    default: str | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Discriminator:
    """How a row says which record type it is: the value of a column or of a stretch of text."""

    value: str
    column: int | None = None  #: delimited: column number from 0
    offset: int | None = None  #: fixed-width: first character from 0
    length: int | None = None
    path: str | None = None  #: json: pointer to a member of the record (NDJSON: of the line)


@dataclass(frozen=True, slots=True)
class RecordType:
    """One kind of row: a header, a business record, a segment, a trailer."""

    name: str
    role: Role
    fields: tuple[Field, ...]
    description: str = ""
    discriminator: Discriminator | None = None
    length: int | None = None  #: fixed-width: characters of one record
    path: str | None = None  #: xml: absolute element path; json: pointer to the array or object
    parent: str | None = None  #: the record type this one stands under
    min_occurs: int = 0
    max_occurs: int | None = None
    key: tuple[str, ...] = ()  #: record key across files
    references: Mapping[str, str] = field(default_factory=dict)  #: order, batch ... -> field

    def field(self, name: str) -> Field:
        """Return the field called ``name``; KeyError if there is none."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Reference:
    """A field of a record type, written ``type.field`` in the definition."""

    record_type: str
    field: str

    def __str__(self) -> str:
        """Return ``type.field``."""
        return f"{self.record_type}.{self.field}"


@dataclass(frozen=True, slots=True)
class ControlCount:
    """A number of records that the envelope states."""

    stated: Reference
    of: tuple[str, ...]  #: names of the record types counted


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """A sum over a field that the envelope states; compared as exact decimals."""

    stated: Reference
    sum_of: Reference


@dataclass(frozen=True, slots=True)
class Numbering:
    """What the sender's control numbers run through, and when they start again."""

    first: int | None = None  #: None: not said
    last: int | None = None  #: after it comes ``first``; None: not said
    reset: str = "never"  #: ``never``, ``daily`` or ``yearly``: starts again though ``last`` is not reached


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a file says who it is; each identifier is a field of a header or trailer type."""

    message_id: Reference | None = None
    sender: Reference | None = None
    receiver: Reference | None = None
    control_number: Reference | None = None
    previous_number: Reference | None = None
    format_version: Reference | None = None
    created_at: Reference | None = None
    version_values: tuple[str, ...] = ()  #: texts in ``format_version`` that mean this version
    key: tuple[str, ...] = ("sender", "message_id")  #: parts of the interchange key
    sequence: Numbering | None = None  #: of ``control_number``; it tells people, the route's policy decides
    counts: tuple[ControlCount, ...] = ()
    totals: tuple[ControlTotal, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on one field of the same row: one of the given is set."""

    field: str
    equals: str | None = None
    among: tuple[str, ...] = ()
    present: bool | None = None
    above: str | None = None  #: the number is greater than this (canonical form); never true of null
    below: str | None = None  #: the number is less than this


@dataclass(frozen=True, slots=True)
class Rule:
    """A cross-field or cross-record rule; ``kind`` says which settings count.

    Cross-field, on each row (where ``when`` holds): ``compare`` (left op right),
    ``required`` (fields not null), ``forbidden`` (fields null), ``any-of`` (one not null).
    Cross-record, over the file: ``unique`` (fields), ``constant`` (field same in all rows, and
    equal to the envelope's ``of`` field where given), ``contiguous`` (field counts up
    from ``start`` by one), ``earlier`` (field repeats an earlier row's ``of`` field, or is
    ``or_value``), ``exists`` (field's value occurs in ``of``, another type's field).

    A cross-record rule with ``record_type`` ``*`` takes the rows of all types of role record
    together, in file order; so does ``of`` with the record type ``*``.
    """

    id: str
    kind: str
    record_type: str
    message: str
    fields: tuple[str, ...] = ()
    left: str | None = None
    op: str | None = None  #: ``<``, ``<=``, ``==``, ``!=``, ``>=``, ``>``
    right: str | None = None  #: a field name
    value: str | None = None  #: or a constant in canonical form
    when: tuple[Condition, ...] = ()  #: all must hold
    start: int = 1
    of: Reference | None = None
    or_value: str | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Format:
    """One version of one message type's file."""

    message_type: str
    version: Version
    status: Status
    kind: Kind
    title: str
    record_types: tuple[RecordType, ...]
    description: str = ""
    encoding: Encoding = field(default_factory=Encoding)
    dialect: Dialect = field(default_factory=Dialect)
    envelope: Envelope = field(default_factory=Envelope)
    rules: tuple[Rule, ...] = ()
    file_name: str | None = None  #: regular expression with named groups
    zero_records: str = "refuse"  #: ``refuse`` or ``accept``
    closed: bool = True  #: columns or members beyond the definition are findings
    effective_from: str | None = None
    effective_until: str | None = None
    directory: Path | None = None
    digest: str = ""  #: SHA-256 over the raw bytes of all its files

    @property
    def name(self) -> str:
        """Return ``message-type version``, as people write it."""
        return f"{self.message_type} {self.version}"

    def record_type(self, name: str) -> RecordType:
        """Return the record type called ``name``; KeyError if there is none."""
        for candidate in self.record_types:
            if candidate.name == name:
                return candidate
        raise KeyError(name)
