"""What changed between a failed file and its correction, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from gateway.findings import Findings
from gateway.formats.definition import Format, RecordType
from gateway.readers import reader_for
from gateway.readers.base import LINE, RECORD

#: Changes listed in the audit trail and the manifest; the count is exact.
LISTED = 200
#: Changes put into words in the manifest.
_WORDED = 20
#: Records compared; a correction by hand is small, and memory stays bounded.
COMPARED = 200_000


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one record that differs; None where there is no such record."""

    record_type: str
    record: int  #: number in the corrected file, or in the failed one where it was removed
    line: int | None
    column: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        """Return place, field, old and new value."""
        line = f", line {self.line}" if self.line else ""
        return f"{self.record_type} {self.record}{line}, {self.column}: {self.old!r} -> {self.new!r}"


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """The first changes, their exact number, and whether every record was compared."""

    changes: tuple[Change, ...]
    total: int
    complete: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as JSON-ready data."""
        listed = [
            {
                "record_type": one.record_type,
                "record": one.record,
                "line": one.line,
                "column": one.column,
                "old": one.old,
                "new": one.new,
            }
            for one in self.changes
        ]
        return {"total": self.total, "complete": self.complete, "changes": listed}

    def words(self) -> str:
        """Return the difference in one line, as it stands in the manifest's attempts."""
        shown = "; ".join(str(one) for one in self.changes[:_WORDED])
        more = f"; and {self.total - _WORDED} more" if self.total > _WORDED else ""
        part = "" if self.complete else f" in the first {COMPARED} records"
        fields = "field differs" if self.total == 1 else "fields differ"
        return f"{self.total} {fields}{part}: {shown}{more}" if shown else f"no field differs{part}"


@dataclass(frozen=True, slots=True)
class _Row:
    record: int
    line: int | None
    values: Mapping[str, str | None]


_Identity = tuple[str, object, int]  # record type, key values or ordinal, repetition


def field_diff(definition: Format, old: BinaryIO, new: BinaryIO) -> FieldDiff:
    """Compare two files of one format.

    Records are paired by their record key where their type has one, else by their ordinal within
    the type, so that one inserted row does not make all later ones differ.
    """
    before, all_before = _rows(definition, old)
    after, all_after = _rows(definition, new)
    changes = [
        change
        for identity in dict.fromkeys([*before, *after])
        for change in _compare(identity[0], before.get(identity), after.get(identity))
    ]
    changes.sort(key=lambda change: change.record)
    return FieldDiff(tuple(changes[:LISTED]), len(changes), all_before and all_after)


def _compare(record_type: str, before: _Row | None, after: _Row | None) -> list[Change]:
    old = before.values if before else {}
    new = after.values if after else {}
    place = after or before
    if place is None:
        return []
    return [
        Change(record_type, place.record, place.line, column, old.get(column), new.get(column))
        for column in dict.fromkeys([*old, *new])
        if old.get(column) != new.get(column)
    ]


def _rows(definition: Format, stream: BinaryIO) -> tuple[dict[_Identity, _Row], bool]:
    rows: dict[_Identity, _Row] = {}
    repeated: dict[tuple[str, object], int] = {}
    for chunk in reader_for(definition.kind).read(definition, stream, Findings()):
        for values in chunk.frame.iter_rows(named=True):
            if len(rows) >= COMPARED:
                return rows, False
            name = chunk.record_type.name
            what = _identity(chunk.record_type, values)
            turn = repeated[(name, what)] = repeated.get((name, what), -1) + 1
            cells = {field.name: values[field.name] for field in chunk.record_type.fields}
            rows[(name, what, turn)] = _Row(values[RECORD], values[LINE], cells)
    return rows, True


def _identity(record_type: RecordType, values: Mapping[str, Any]) -> object:
    """Return the record key's values; None pairs by ordinal through the repetition count."""
    return tuple(values[field] for field in record_type.key) if record_type.key else None
