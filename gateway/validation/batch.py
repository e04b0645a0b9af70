"""Rows of many files that are validated together, and what each file has shown so far.

Chunks of small files are concatenated with a column that says which file a row is of, and
validated once; a large file passes through in parts of bounded size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from gateway.formats.definition import Format, RecordType, Role
from gateway.formats.notation import NUMERIC, WHOLE_DIGITS
from gateway.readers.base import LINE, RECORD, Chunk, UncutRows, frame_of
from gateway.validation.columns import FILE, value_name
from gateway.validation.envelope import EXACT, Sum, Surroundings
from gateway.validation.gathering import Gathered, slots
from gateway.validation.schema import SCHEMAS
from gateway.validation.spool import Stretch, Table
from gateway.validation.verdicts import Verdict, named

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


class Part(NamedTuple):
    """Rows of one file in a concatenated frame."""

    file: int  #: its number in the batch
    state: FileState
    start: int
    rows: int
    place: tuple[int, int | None]  #: record and line of the first of them


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
        parts = self._parts(chunks)
        schema = SCHEMAS.get(self._definition, record_type)
        prepared = schema.prepare(_one_frame([chunk for _, chunk in chunks]))
        judged = schema.judge(prepared)
        if judged.refused:
            wrong = judged.wrong(prepared.with_columns(_files(parts)))
            self._report(wrong, record_type, judged.refused)
        _count(record_type, parts)
        if record_type.role is not Role.RECORD:
            _surround(record_type, prepared, parts)
        self._add_up(record_type, prepared, parts)
        self._gather(record_type, prepared, parts)

    def _parts(self, chunks: Sequence[tuple[int, Chunk]]) -> list[Part]:
        parts, start = [], 0
        for number, chunk in chunks:
            parts.append(Part(number, self._states[number], start, chunk.height, chunk.place))
            start += chunk.height
        return parts

    def _report(self, rows: pl.DataFrame, record_type: RecordType, refused: Sequence[Verdict]) -> None:
        listings = [self._states[file].findings for file in rows[FILE].unique()]
        wrongs = [wrong for verdict in refused for wrong in verdict.wrongs]
        failed = rows.select(wrong.failed.alias(str(number)) for number, wrong in enumerate(wrongs))
        for wrong, mask in zip(wrongs, failed, strict=True):
            place = (wrong.code, wrong.rule, record_type.name, wrong.column or "")
            most = max((findings.room(*place) for findings in listings), default=0)
            for located in named(rows, record_type.name, wrong, mask, most):
                self._states[located.file].findings.extend(located.findings, located.total)

    def _add_up(self, record_type: RecordType, prepared: pl.DataFrame, parts: Sequence[Part]) -> None:
        for name in self._sums[record_type.name]:
            numbers = prepared[value_name(record_type.field(name))]
            missing = _missing(prepared[name], numbers, parts)
            for part, total, left_out in zip(parts, _sums(numbers, parts), missing, strict=True):
                sums = part.state.surroundings.sums.setdefault(f"{record_type.name}.{name}", Sum())
                sums.add(total, part.rows, left_out)

    def _gather(self, record_type: RecordType, prepared: pl.DataFrame, parts: Sequence[Part]) -> None:
        wanted = self._slots.get(record_type.name)
        if wanted is None:
            return
        gathered = Table(
            prepared.select(RECORD, LINE, *(expression.alias(slot) for slot, expression in wanted.items()))
        )
        for part in parts:
            part.state.gathered.append(record_type.name, Stretch(gathered, part.start, part.rows))


def _size_of(chunk: Chunk) -> int:
    """Return about how many bytes the rows take as a frame; each text has at least a view of 16."""
    few = chunk.few
    if few is None:
        return int(chunk.frame.estimated_size())
    if isinstance(few, UncutRows):
        texts = sum(map(len, few.texts))
    else:
        texts = sum(sum(map(len, filter(None, column))) for column in few.columns)
    return texts + 16 * len(chunk.record_type.fields) * len(few.records)


def _one_frame(chunks: Sequence[Chunk]) -> pl.DataFrame:
    """Return the rows of all chunks of one type; those that are no frames yet become one together."""
    few = [chunk.few for chunk in chunks if chunk.few is not None]
    if len(few) == len(chunks):
        return frame_of(chunks[0].record_type, few)
    return pl.concat([chunk.frame for chunk in chunks], rechunk=True)


def _files(parts: Sequence[Part]) -> pl.Series:
    """Return of each row of ``parts`` which file it is of."""
    table = pl.DataFrame({FILE: [part.file for part in parts], "rows": [part.rows for part in parts]})
    return table.select(pl.col(FILE).repeat_by("rows").explode())[FILE]


def _sums(numbers: pl.Series, parts: Sequence[Part]) -> list[Decimal]:
    """Return the exact sum of each part's ``numbers``.

    The parts of small files are added up in one go; where the sum of all might overflow, each alone.
    """
    if not _sums_fit(numbers):
        return [exact_sum(numbers.slice(part.start, part.rows)) for part in parts]
    so_far = numbers.fill_null(0).cum_sum().gather([part.start + part.rows - 1 for part in parts])
    ends: list[Decimal] = so_far.to_list()
    return [EXACT.subtract(end, before) for end, before in zip(ends, [Decimal(0), *ends], strict=False)]


def _missing(texts: pl.Series, numbers: pl.Series, parts: Sequence[Part]) -> list[int]:
    """Return how many texts of each part are no number."""
    unusable = numbers.is_null() & texts.is_not_null()
    if not unusable.any():
        return [0] * len(parts)
    return [int(unusable.slice(part.start, part.rows).sum()) for part in parts]


def _count(record_type: RecordType, parts: Sequence[Part]) -> None:
    """Count the rows of each part, and note where its first one stands."""
    for part in parts:
        found = part.state.surroundings
        found.counts[record_type.name] = found.counts.get(record_type.name, 0) + part.rows
        found.places.setdefault(record_type.name, part.place)


def _surround(record_type: RecordType, prepared: pl.DataFrame, parts: Sequence[Part]) -> None:
    """Note the texts and numbers of the first row of a header or trailer type in each part."""
    numeric = {one.name for one in record_type.fields if one.type in NUMERIC}
    wanted = [one.name for one in record_type.fields]
    wanted += [value_name(one) for one in record_type.fields if one.name in numeric]
    # not the whole row: polars has moments, such as the first hours of year 1 elsewhere, that Python has not
    firsts = prepared.select(wanted)
    if firsts.height > len(parts):
        firsts = firsts[[part.start for part in parts]]
    for one in record_type.fields:
        key = f"{record_type.name}.{one.name}"
        for part, text in zip(parts, firsts[one.name].to_list(), strict=True):
            known = one.default if text is None else text
            if known is not None:
                part.state.surroundings.texts.setdefault(key, known)
        numbers = firsts[value_name(one)].to_list() if one.name in numeric else ()
        for part, number in zip(parts, numbers, strict=False):
            if number is not None:
                part.state.surroundings.numbers.setdefault(key, number)


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
