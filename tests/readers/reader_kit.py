"""Small formats, and one call that reads bytes and returns what a user would see."""

import io
from dataclasses import dataclass
from typing import Any

from gateway.findings import Findings
from gateway.formats.definition import (
    Dialect,
    Discriminator,
    Encoding,
    Field,
    Format,
    Kind,
    RecordType,
    Role,
    Status,
    Version,
)
from gateway.model import Finding
from gateway.readers.base import Reader
from gateway.readers.delimited import DelimitedReader
from gateway.readers.fixed_width import FixedWidthReader

#: Chunk sizes whose borders fall everywhere, and one that holds every test file.
SIZES = (1, 2, 3, 5, 7, 16, 4 * 1024 * 1024)


def fields(*names: str) -> tuple[Field, ...]:
    """Return required text fields."""
    return tuple(Field(name) for name in names)


def delimited(
    *kinds: RecordType, encoding: Encoding | None = None, closed: bool = True, **dialect: Any
) -> Format:
    """Return a delimited format of ``kinds``; by default rows of the fields a, b, c."""
    kinds = kinds or (RecordType("row", Role.RECORD, fields("a", "b", "c")),)
    return _format(Kind.DELIMITED, kinds, encoding, closed, Dialect(**dialect))


def fixed_width(*kinds: RecordType, encoding: Encoding | None = None, **dialect: Any) -> Format:
    """Return a fixed-width format of ``kinds``."""
    return _format(Kind.FIXED_WIDTH, kinds, encoding, True, Dialect(**dialect))


def _format(
    kind: Kind, kinds: tuple[RecordType, ...], encoding: Encoding | None, closed: bool, dialect: Dialect
) -> Format:
    return Format(
        "test", Version(1, 0, 0), Status.RELEASED, kind, "test", kinds,
        encoding=encoding or Encoding(), dialect=dialect, closed=closed,
    )  # fmt: skip


#: A delimited envelope: H;id - R;order;quantity - T;count
ENVELOPE = (
    RecordType("head", Role.HEADER, fields("tag", "id"), discriminator=Discriminator("H", 0)),
    RecordType("item", Role.RECORD, fields("tag", "order", "quantity"), discriminator=Discriminator("R", 0)),
    RecordType("trail", Role.TRAILER, fields("tag", "count"), discriminator=Discriminator("T", 0)),
)


@dataclass(frozen=True)
class Outcome:
    """All rows by record type, each as (record, line, values...), and the findings."""

    rows: dict[str, list[tuple[Any, ...]]]
    listed: list[Finding]
    total: int

    def values(self, kind: str = "row") -> list[tuple[Any, ...]]:
        """Return the rows of ``kind`` without record number and line."""
        return [row[2:] for row in self.rows.get(kind, [])]

    @property
    def seen(self) -> list[tuple[Any, ...]]:
        """Return code, record and line of each listed finding."""
        return [(each.code, each.record, each.line) for each in self.listed]

    @property
    def codes(self) -> list[str]:
        """Return the codes of the listed findings."""
        return [each.code for each in self.listed]


def read(definition: Format, data: bytes, size: int = SIZES[-1], longest: int = 1024 * 1024) -> Outcome:
    """Read ``data`` in chunks of ``size`` bytes."""
    kind = DelimitedReader if definition.kind is Kind.DELIMITED else FixedWidthReader
    return read_with(kind(size, longest), definition, data)


def read_with(reader: Reader, definition: Format, data: bytes) -> Outcome:
    """Read ``data`` with ``reader``."""
    findings = Findings()
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for chunk in reader.read(definition, io.BytesIO(data), findings):
        names = ["_record", "_line", *(field.name for field in chunk.record_type.fields)]
        rows.setdefault(chunk.record_type.name, []).extend(chunk.frame.select(names).rows())
        assert chunk.frame["_parent"].null_count() == chunk.frame.height
    return Outcome(rows, findings.listed(), findings.errors)


def read_everyhow(definition: Format, data: bytes, longest: int = 1024 * 1024) -> Outcome:
    """Read ``data`` in chunks of every size; the outcome is always the same."""
    outcomes = [read(definition, data, size, longest) for size in SIZES]
    for size, outcome in zip(SIZES, outcomes, strict=True):
        assert (size, outcome) == (size, outcomes[-1])
    return outcomes[-1]
