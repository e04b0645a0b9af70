"""Rows of one file -> chunks: what delimited and fixed-width files have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.readers.frames import Column, chunk_of
from gateway.readers.lines import Rows, report
from gateway.readers.row_types import Place, RowTypes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.findings import Findings
    from gateway.formats.definition import Format, RecordType
    from gateway.model import Finding
    from gateway.readers.base import Chunk


class RowTable(ABC):
    """Takes the rows of one file block by block: blank lines, record numbers, record types."""

    def __init__(self, definition: Format, findings: Findings) -> None:
        self.dialect = definition.dialect
        self.findings = findings
        self._types = RowTypes(definition, findings)
        self._next = 1
        self.rows = Rows([], [])  #: the rows of the block at hand

    @abstractmethod
    def tags(self, place: Place) -> Sequence[str | None]:
        """Return the raw text at ``place`` in each row, None where the row is too short."""

    @abstractmethod
    def sound(self, kind: RecordType, indices: list[int], records: Sequence[int]) -> list[int]:
        """Return those of ``indices`` whose rows have the form of ``kind``; report the others."""

    @abstractmethod
    def columns(self, kind: RecordType, indices: list[int]) -> Sequence[Column]:
        """Return the raw text of each field in the rows ``indices``."""

    def without_heading(self, kept: Sequence[int]) -> Sequence[int]:
        """Return ``kept`` without the row of column headings, if it has one."""
        return kept

    def take(self, rows: Rows) -> Iterator[Chunk]:
        """Yield the records of ``rows``, one chunk for each record type; report what is wrong."""
        self.rows = rows
        kept = self.without_heading(self._without_blank(rows))
        records = self._number(rows, kept)
        if rows.faults:
            self.report_faults(kept, records)
            kept = [index for index in kept if index not in rows.faults]
        if not kept:
            return
        kinds = self._types.assign(len(rows.texts), self.tags)
        for kind, indices in self._types.split(rows, kept, records, kinds):
            sound = self.sound(kind, indices, records)
            if sound:
                lines = [rows.numbers[index] for index in sound]
                numbers = [records[index] for index in sound]
                yield chunk_of(kind, numbers, lines, self.columns(kind, sound))

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
