"""A tiny reader and a small format, so that validation is tested without the real readers."""

from __future__ import annotations

import contextlib
import functools
import io
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from gateway.formats.definition import (
    ControlCount,
    ControlTotal,
    Dialect,
    Envelope,
    Field,
    FieldType,
    Format,
    Kind,
    RecordType,
    Reference,
    Role,
    Rule,
    Status,
    Version,
)
from gateway.readers.base import LINE, PARENT, RECORD, ByteStream, Chunk
from gateway.validation.reading import Input, ListingLimits, Reading, read_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.findings import Findings
    from gateway.model import Finding


class LineReader:
    """Reads lines ``type;field;field``.

    ``~`` stands for a field that is not there, a backslash and an n for a line end in a value.
    A record type with a parent stands under the last record of that type. Rows are handed
    out ``rows`` lines at a time.
    """

    def __init__(self, rows: int = 1000) -> None:
        self.rows = rows

    def probe(self, definition: Format, head: bytes) -> dict[str, str]:
        """Tell nothing."""
        return {}

    def ending(self, definition: Format, tail: bytes) -> bool:
        """Know of no end."""
        return False

    def read(self, definition: Format, stream: ByteStream, findings: Findings) -> Iterator[Chunk]:
        """Yield chunks of ``rows`` lines, one per record type."""
        text = b"".join(iter(lambda: stream.read(65536), b"")).decode()
        lines = text.split("\n")[:-1]
        under: dict[str, int] = {}
        for start in range(0, len(lines), self.rows):
            yield from self._chunks(definition, start, lines[start : start + self.rows], under)

    def _chunks(
        self, definition: Format, start: int, lines: Sequence[str], under: dict[str, int]
    ) -> Iterator[Chunk]:
        cut: dict[str, list[tuple[object, ...]]] = {}
        for number, line in enumerate(lines, start + 1):
            kind, *values = line.split(";")
            record_type = definition.record_type(kind)
            under[kind] = number
            parent = under.get(record_type.parent) if record_type.parent else None
            texts = [None if value == "~" else value.replace("\\n", "\n") for value in values]
            cut.setdefault(kind, []).append((number, number, parent, *texts))
        for kind, rows in cut.items():
            record_type = definition.record_type(kind)
            schema: dict[str, type[pl.DataType]] = {RECORD: pl.Int64, LINE: pl.Int64, PARENT: pl.Int64}
            schema |= {field.name: pl.String for field in record_type.fields}
            yield Chunk(record_type, pl.DataFrame(rows, schema=schema, orient="row"))


def field(name: str, kind: FieldType = FieldType.STRING, **settings: object) -> Field:
    """Return a field; the shortest way to say one."""
    return Field(name, kind, **settings)  # type: ignore[arg-type] # settings are the field's own


def reference(text: str) -> Reference:
    """Return the reference written ``type.field``."""
    return Reference(*text.split("."))


HEADER = RecordType(
    "head",
    Role.HEADER,
    (field("sender"), field("message"), field("version", nullable=True)),
    min_occurs=1,
    max_occurs=1,
)
ITEM = RecordType(
    "item",
    Role.RECORD,
    (
        field("order", pattern="[0-9]{4}"),
        field("step", FieldType.INTEGER),
        field("quantity", FieldType.DECIMAL, digits=13, decimals=3, minimum="0"),
        field("day", FieldType.DATE),
        field("note", nullable=True, max_length=10),
    ),
    key=("order", "step"),
)
TRAILER = RecordType(
    "tail", Role.TRAILER, (field("count", FieldType.INTEGER), field("total", FieldType.DECIMAL)), min_occurs=1
)


def make_format(
    *record_types: RecordType,
    dialect: Dialect | None = None,
    envelope: Envelope | None = None,
    rules: Sequence[Rule] = (),
    zero_records: str = "refuse",
) -> Format:
    """Return a format; without record types it has head, item and tail with all checks of the envelope."""
    own = Envelope(
        message_id=reference("head.message"),
        sender=reference("head.sender"),
        format_version=reference("head.version"),
        counts=(ControlCount(reference("tail.count"), ("item",)),),
        totals=(ControlTotal(reference("tail.total"), reference("item.quantity")),),
    )
    return Format(
        message_type="test",
        version=Version(1, 0, 0),
        status=Status.DRAFT,
        kind=Kind.DELIMITED,
        title="Test",
        record_types=record_types or (HEADER, ITEM, TRAILER),
        dialect=dialect or Dialect(decimal_mark=",", date_format="DD.MM.YYYY"),
        envelope=envelope or (Envelope() if record_types else own),
        rules=tuple(rules),
        zero_records=zero_records,
    )


GOOD = "head;MES;M-1;1.0\nitem;0001;10;1,5;22.11.2026;ok\nitem;0001;20;2,25;22.11.2026;\ntail;2;3,75\n"


def opened(data: bytes) -> contextlib.AbstractContextManager[BinaryIO]:
    """Return ``data`` as a file to be read."""
    return contextlib.closing(io.BytesIO(data))


def read(
    definition: Format,
    *texts: str,
    rows: int = 1000,
    limits: ListingLimits | None = None,
) -> list[Reading]:
    """Read and validate ``texts`` in one call."""
    inputs = [
        Input(number, f"file{number}", functools.partial(opened, text.encode()))
        for number, text in enumerate(texts)
    ]
    return read_with(LineReader(rows), definition, inputs, limits=limits or ListingLimits())


def found(reading: Reading) -> list[Finding]:
    """Return the listed findings."""
    return reading.findings.listed()


def codes(reading: Reading) -> list[str]:
    """Return the codes of the listed findings, in file order."""
    return [one.code for one in found(reading)]
