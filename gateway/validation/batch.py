"""Rows of many files that are validated together, and what each file has shown so far.

Chunks of small files are concatenated with a column that says which file a row is of, and
validated once; a large file passes through in parts of bounded size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from gateway.formats.definition import FieldType, Format, RecordType, Role
from gateway.readers.base import LINE, RECORD, Chunk, frame_of
from gateway.validation.columns import FILE, WHOLE_DIGITS, value_name
from gateway.validation.envelope import EXACT, Sum, Surroundings
from gateway.validation.gathering import Gathered, slots
from gateway.validation.schema import SCHEMAS
from gateway.validation.verdicts import Wrong, locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.findings import Findings

#: Text that is validated at one time; below 4 MiB pandera's fixed cost shows.
FLUSH_BYTES = 6 * 1024 * 1024
FLUSH_ROWS = 200_000


@dataclass(slots=True)
class FileState:
    """What one file has shown so far."""

    findings: Findings
    surroundings: Surroundings = field(default_factory=Surroundings)
    gathered: Gathered = field(default_factory=Gathered)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one file in a concatenated frame."""

    state: FileState
    start: int
    rows: int


class Batch:
    """Collects chunks of files of one format and validates them together."""

    def __init__(self, definition: Format) -> None:
        self._definition = definition
        self._slots = slots(definition)
        self._waiting: dict[str, list[tuple[int, Chunk]]] = {}
        self._states: list[FileState] = []
        self._bytes = self._rows = 0
        totals = definition.envelope.totals
        self._sums = {
            # once each, however many records state the same total
            one.name: list(dict.fromkeys(t.sum_of.field for t in totals if t.sum_of.record_type == one.name))
            for one in definition.record_types
        }

    def begin(self, state: FileState) -> None:
        """From here on chunks belong to the file of ``state``."""
        self._states.append(state)

    def add(self, chunk: Chunk) -> None:
        """Take a chunk of the present file; validate what has come together when it is enough."""
        if self._bytes >= FLUSH_BYTES or self._rows >= FLUSH_ROWS:
            self.flush()
        if chunk.height:
            self._waiting.setdefault(chunk.record_type.name, []).append((len(self._states) - 1, chunk))
            self._bytes += _size_of(chunk)
            self._rows += chunk.height

    def flush(self) -> None:
        """Validate all rows that have come together; header and trailer first."""
        waiting, self._waiting = self._waiting, {}
        self._bytes = self._rows = 0
        types = [one for one in self._definition.record_types if one.name in waiting]
        for record_type in sorted(types, key=lambda one: one.role is Role.RECORD):
            self._validate(record_type, waiting.pop(record_type.name))

    def _validate(self, record_type: RecordType, chunks: Sequence[tuple[int, Chunk]]) -> None:
        frame, parts = self._concatenated(chunks)
        schema = SCHEMAS.get(self._definition, record_type)
        prepared = schema.prepare(frame)
        for verdict in schema.refused(prepared):
            for wrong in verdict.wrongs:
                self._report(prepared, record_type, wrong)
        firsts = prepared[[part.start for part in parts]]
        _count(record_type, firsts, parts)
        if record_type.role is not Role.RECORD:
            _surround(record_type, firsts, parts)
        self._add_up(record_type, prepared, parts)
        self._gather(record_type, prepared, parts)

    def _concatenated(self, chunks: Sequence[tuple[int, Chunk]]) -> tuple[pl.DataFrame, list[Part]]:
        parts, start = [], 0
        for number, chunk in chunks:
            parts.append(Part(self._states[number], start, chunk.height))
            start += chunk.height
        frame = _one_frame([chunk for _, chunk in chunks])
        numbers = pl.DataFrame({FILE: [n for n, _ in chunks], "rows": [part.rows for part in parts]})
        files = numbers.select(pl.col(FILE).repeat_by("rows").explode())
        return frame.with_columns(files[FILE]), parts

    def _report(self, prepared: pl.DataFrame, record_type: RecordType, wrong: Wrong) -> None:
        most = max(state.findings.per_rule for state in self._states)
        for located in locate(prepared, record_type.name, wrong, most):
            self._states[located.file].findings.extend(located.findings, located.total)

    def _add_up(self, record_type: RecordType, prepared: pl.DataFrame, parts: Sequence[Part]) -> None:
        for name in self._sums[record_type.name]:
            numbers = prepared[value_name(record_type.field(name))]
            for part, total, missing in zip(parts, *_sums(prepared, name, numbers, parts), strict=True):
                sums = part.state.surroundings.sums.setdefault(f"{record_type.name}.{name}", Sum())
                sums.add(total, part.rows, missing)

    def _gather(self, record_type: RecordType, prepared: pl.DataFrame, parts: Sequence[Part]) -> None:
        wanted = self._slots.get(record_type.name)
        if wanted is None:
            return
        gathered = prepared.select(
            RECORD, LINE, *(expression.alias(slot) for slot, expression in wanted.items())
        )
        for part in parts:
            part.state.gathered.append(record_type.name, gathered.slice(part.start, part.rows))


def _size_of(chunk: Chunk) -> int:
    """Return about how many bytes the rows take as a frame; each text has at least a view of 16."""
    if chunk.few is None:
        return int(chunk.frame.estimated_size())
    texts = sum(sum(map(len, filter(None, column))) for column in chunk.few.columns)
    return texts + 16 * len(chunk.few.columns) * chunk.height


def _one_frame(chunks: Sequence[Chunk]) -> pl.DataFrame:
    """Return the rows of all chunks of one type; those that are no frames yet become one together."""
    few = [chunk.few for chunk in chunks if chunk.few is not None]
    if len(few) == len(chunks):
        return frame_of(chunks[0].record_type, few)
    return pl.concat([chunk.frame for chunk in chunks], rechunk=True)


def _sums(
    prepared: pl.DataFrame, name: str, numbers: pl.Series, parts: Sequence[Part]
) -> tuple[list[Decimal], list[int]]:
    """Return the exact sum of each part's ``numbers``, and how many texts in it are none.

    The parts of small files are added up in one go; where the sum of any of them might overflow, alone.
    """
    rows = pl.DataFrame({"part": range(len(parts)), "rows": [part.rows for part in parts]})
    part = rows.select(pl.col("part").repeat_by("rows").explode())["part"]
    table = pl.DataFrame({"number": numbers, "text": prepared[name], "part": part})
    found = table.group_by("part", maintain_order=True).agg(
        total=pl.col("number").sum(),
        missing=pl.col("number").null_count().cast(pl.Int64) - pl.col("text").null_count().cast(pl.Int64),
    )
    missing = [max(one, 0) for one in found["missing"]]
    if _sums_fit(numbers):
        return [Decimal(str(one)) for one in found["total"]], missing
    return [exact_sum(numbers.slice(part.start, part.rows)) for part in parts], missing


def _count(record_type: RecordType, firsts: pl.DataFrame, parts: Sequence[Part]) -> None:
    """Count the rows of each part, and note where its first one stands."""
    for part, place in zip(parts, firsts.select(RECORD, LINE).iter_rows(), strict=True):
        found = part.state.surroundings
        found.counts[record_type.name] = found.counts.get(record_type.name, 0) + part.rows
        found.places.setdefault(record_type.name, place)


def _surround(record_type: RecordType, firsts: pl.DataFrame, parts: Sequence[Part]) -> None:
    """Note the texts and numbers of the first row of a header or trailer type in each part."""
    numeric = {one.name for one in record_type.fields if one.type in (FieldType.INTEGER, FieldType.DECIMAL)}
    wanted = [one.name for one in record_type.fields]
    wanted += [value_name(one) for one in record_type.fields if one.name in numeric]
    # not the whole row: polars has moments, such as the first hours of year 1 elsewhere, that Python has not
    for part, row in zip(parts, firsts.select(wanted).iter_rows(named=True), strict=True):
        found = part.state.surroundings
        for one in record_type.fields:
            key = f"{record_type.name}.{one.name}"
            text = row[one.name] if row[one.name] is not None else one.default
            if text is not None:
                found.texts.setdefault(key, text)
            number = row[value_name(one)] if one.name in numeric else None
            if number is not None:
                found.numbers.setdefault(key, number)


def exact_sum(numbers: pl.Series) -> Decimal:
    """Return the exact sum of a column of decimals, whatever its size; nulls add nothing."""
    if _sums_fit(numbers):
        return Decimal(str(numbers.sum()))
    total = Decimal(0)  # polars' own sum would overflow
    for number in numbers.drop_nulls():
        total = EXACT.add(total, number)
    return total


def _sums_fit(numbers: pl.Series) -> bool:
    """Return whether no sum of any of ``numbers`` can be too large for polars."""
    largest = numbers.abs().max()
    return largest is None or largest * len(numbers) < Decimal(10) ** WHOLE_DIGITS  # type: ignore[operator] # of decimals
