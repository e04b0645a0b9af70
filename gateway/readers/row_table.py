"""Rows of one file -> chunks: what delimited and fixed-width files have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from gateway.finding_codes import finding
from gateway.formats.definition import RecordType
from gateway.readers.base import LINE, RECORD
from gateway.readers.frames import VECTOR_ROWS, Column, chunk_at_once, chunk_of
from gateway.readers.lines import Rows, report
from gateway.readers.row_types import Kinds, Place, RowTypes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.findings import Findings
    from gateway.formats.definition import Format
    from gateway.model import Finding
    from gateway.readers.base import Chunk


#: Returns the raw text of each field of a type in the rows that are marked, or in all; None if one is odd.
ColumnsOf = Callable[[RecordType, pl.Series | None], Sequence[Column] | None]


class RowTable(ABC):
    """Takes the rows of one file block by block: blank lines, record numbers, record types."""

    def __init__(self, definition: Format, kinds: Kinds, findings: Findings) -> None:
        self.dialect = definition.dialect
        self.findings = findings
        self._types = RowTypes(kinds, findings)
        self._next = 1
        self.rows = Rows([], [])  #: the rows of the block at hand

    @abstractmethod
    def tags(self, place: Place) -> Sequence[str | None]:
        """Return the raw text at ``place`` in each row, None where the row is too short."""

    @abstractmethod
    def sound(self, kind: RecordType, indices: list[int], records: Sequence[int]) -> list[int]:
        """Return those of ``indices`` whose rows have the form of ``kind``; report the others."""

    def chunk(self, kind: RecordType, indices: list[int], records: list[int], lines: list[int]) -> Chunk:
        """Return the rows ``indices`` of the record numbers and lines that are given."""
        return chunk_of(kind, records, lines, self.columns(kind, indices))

    @abstractmethod
    def columns(self, kind: RecordType, indices: list[int]) -> Sequence[Column]:
        """Return the raw text of each field in the rows ``indices``."""

    @abstractmethod
    def tags_at_once(self, place: Place, texts: pl.Series) -> pl.Series:
        """Return the raw text at ``place`` in each of ``texts``, null where the row is too short."""

    @abstractmethod
    def columns_at_once(self, kind: RecordType, texts: pl.Series) -> Sequence[Column] | None:
        """Return the raw text of each field in ``texts``; None where one has not the form of ``kind``."""

    def without_heading(self, kept: Sequence[int]) -> Sequence[int]:
        """Return ``kept`` without the row of column headings, if it has one."""
        return kept

    def take(self, rows: Rows) -> Iterator[Chunk]:
        """Yield the records of ``rows``, one chunk for each record type; report what is wrong."""
        at_once = self.at_once(rows)
        if at_once is not None:
            yield from at_once
            return
        self.begin(rows)
        kept = self.without_heading(self._without_blank(rows))
        records = self._number(rows, kept)
        if rows.faults:
            self.report_faults(kept, records)
            kept = [index for index in kept if index not in rows.faults]
        if not kept:
            return
        kinds = self._types.kinds.assign(len(rows.texts), self.tags)
        for kind, indices in self._types.split(rows, kept, records, kinds):
            sound = self.sound(kind, indices, records)
            if sound:
                lines = [rows.numbers[index] for index in sound]
                numbers = [records[index] for index in sound]
                yield self.chunk(kind, sound, numbers, lines)

    def are_many(self, count: int) -> bool:
        """Return whether it pays to read ``count`` rows at once."""
        return count >= VECTOR_ROWS

    def begin(self, rows: Rows) -> None:
        """Take ``rows`` up, which are looked at one by one."""
        self.rows = rows

    def at_once(self, rows: Rows) -> list[Chunk] | None:
        """Return the records of ``rows`` if nothing at all is odd about them: so it is with most blocks.

        What is odd is left to the way that knows each row.
        """
        count = len(rows.texts)
        if not self.are_many(count) or rows.faults or "" in rows.texts:
            return None
        return self.texts_at_once(rows.numbers[:count], pl.Series(rows.texts, dtype=pl.String))

    def texts_at_once(self, lines: Sequence[int], texts: pl.Series) -> list[Chunk] | None:
        """Return the records of rows that stand on ``lines``, none of them blank; None if one is odd."""
        return self.assemble(
            lines,
            lambda place: self.tags_at_once(place, texts),
            lambda kind, mine: self.columns_at_once(kind, texts if mine is None else texts.filter(mine)),
        )

    def assemble(
        self, lines: Sequence[int], tags: Callable[[Place], pl.Series], columns: ColumnsOf
    ) -> list[Chunk] | None:
        """Return the rows that stand on ``lines``, one chunk for each record type; None if one is odd."""
        rank, count = self._types.rank, len(lines)
        kinds = self._types.at_once(count, tags)
        if kinds is None:
            return None
        numbers = pl.DataFrame(
            {RECORD: pl.int_range(self._next, self._next + count, eager=True), LINE: _series(lines)},
            schema={RECORD: pl.Int64, LINE: pl.Int64},
        )
        chunks = []
        present = kinds.unique().sort()
        for index in present:
            kind = self._types.kinds.types[index]
            mine = kinds == index if len(present) > 1 else None
            found = columns(kind, mine)
            if found is None:
                self._types.rank = rank
                return None
            chunks.append(chunk_at_once(kind, numbers if mine is None else numbers.filter(mine), found))
        self._next += count
        return chunks

    def report_faults(self, kept: Sequence[int], records: Sequence[int]) -> None:
        """Report the faulty ones of the rows ``kept``."""
        rows = self.rows
        by_code: dict[str, list[int]] = {}
        for index in kept:
            if index in rows.faults:
                by_code.setdefault(rows.faults[index].code, []).append(index)

        def describe(index: int) -> Finding:
            fault = rows.faults[index]
            line = rows.numbers[index] if fault.line is None else fault.line
            return finding(
                fault.code, fault.message, record=records[index] or None, line=line, value=fault.value
            )

        for code, indices in by_code.items():
            report(self.findings, code, indices, describe)

    def _without_blank(self, rows: Rows) -> Sequence[int]:
        if "" not in rows.texts:
            return range(len(rows.texts))
        if self.dialect.blank_lines == "refuse":
            blank = [index for index, text in enumerate(rows.texts) if not text]

            def describe(index: int) -> Finding:
                return finding("F112", "The line is blank.", line=rows.numbers[index])

            report(self.findings, "F112", blank, describe)
        return [index for index, text in enumerate(rows.texts) if text]

    def _number(self, rows: Rows, kept: Sequence[int]) -> Sequence[int]:
        """Return the record number of each row by its index; rows that are no record get 0."""
        first = self._next
        self._next += len(kept)
        if len(kept) == len(rows.texts):
            return range(first, self._next)
        records = [0] * len(rows.texts)
        for record, index in enumerate(kept, first):
            records[index] = record
        return records


def _series(numbers: Sequence[int]) -> pl.Series:
    if isinstance(numbers, range):
        return pl.int_range(numbers.start, numbers.stop, numbers.step, eager=True)
    return pl.Series(numbers, dtype=pl.Int64)
