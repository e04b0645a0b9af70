"""NDJSON: one JSON value on each line; the record type is told by a member of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from gateway.finding_codes import finding
from gateway.readers.base import CHUNK_BYTES, Chunk
from gateway.readers.json_check import SchemaCheck
from gateway.readers.json_plan import DocumentPlan, document_plan
from gateway.readers.json_records import JsonRecords, Source
from gateway.readers.json_runs import RUN, Alike, Place, ahead
from gateway.readers.json_scan import MAX_VALUE, Run, bound
from gateway.readers.json_settled import settle
from gateway.readers.json_values import JsonError, Value, scan_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.findings import Findings
    from gateway.formats.definition import Format
    from gateway.readers.document_text import DocumentText
    from gateway.readers.json_alike import Found

#: Characters of lines from which on it pays to read them at once.
_LEAST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its text without the line end, and where it begins."""

    text: str
    number: int
    offset: int
    ended: bool  #: by a line feed


def read_lines(definition: Format, text: DocumentText, findings: Findings) -> Iterator[Chunk]:
    """Yield the records of an NDJSON file; a line that cannot be read does not stop the others."""
    reading = _Reading(definition, text, findings)
    since = 0
    for item, found in ahead(reading.items(), reading.alike.read):
        if isinstance(item, Line):
            reading.take(item)
        elif found is not None:
            reading.settle(item, *found)
        if item.offset - since >= CHUNK_BYTES:
            since = item.offset
            yield from reading.records.rows.flush()
    yield from reading.records.rows.flush()


def lines_of(text: DocumentText) -> Iterator[Line]:
    """Yield the lines of ``text``; of one of more than 16 MiB only its beginning, a little more than that."""
    for stretch in stretches_of(text):
        yield from lines_in(stretch, text) if isinstance(stretch, Run) else (stretch,)


def stretches_of(text: DocumentText) -> Iterator[Line | Run]:
    """Yield many lines at once where there are many, else one; see `lines_of`."""
    parts: list[str] = []  # joined once: added up piece by piece, a long line would be copied over and over
    held, number, offset, passing_over = 0, 1, -1, False
    while piece := text.pieces(RUN):
        offset = text.start if offset < 0 else offset
        first = piece.find("\n")
        if first >= 0 and (passing_over or held + first > MAX_VALUE):
            line, piece = "".join([*parts, piece[:first]]), piece[first + 1 :]
            if not passing_over:
                yield Line(line, number, offset, ended=True)
            parts, held, passing_over = [], 0, False
            number += 1
            offset += text.width(line) + text.width("\n")
        behind = piece.rfind("\n") + 1
        if behind:
            many = "".join([*parts, piece[:behind]])
            parts, held = [], 0
            texts = pl.Series([many[:-1]]).str.split("\n").explode()
            yield Run((), 0, many, texts, number, offset, is_listed=False)
            number += len(texts)
            offset += text.width(many)
        rest = piece[behind:]
        if passing_over:
            offset += text.width(rest)
            continue
        parts.append(rest)
        held += len(rest)
        if held > MAX_VALUE:
            beginning = "".join(parts)
            yield Line(beginning, number, offset, ended=False)
            offset += text.width(beginning)
            parts, held, passing_over = [], 0, True
    if held:
        yield Line("".join(parts), number, offset, ended=False)


def lines_in(run: Run, text: DocumentText) -> Iterator[Line]:
    """Yield the lines of a run."""
    offset = run.offset
    for number, line in enumerate(run.text[:-1].split("\n"), run.line):
        yield Line(line, number, offset, ended=True)
        offset += text.width(line) + text.width("\n")


class _Reading:
    """One pass over one NDJSON file."""

    def __init__(self, definition: Format, text: DocumentText, findings: Findings) -> None:
        self._text = text
        self.records = JsonRecords(definition, findings)
        self._dialect = definition.dialect
        self._plan: DocumentPlan = document_plan(definition)
        self._findings = findings
        self._check = SchemaCheck(definition, self._plan, findings)
        self.alike = Alike(definition, self._plan, (), self._check.schema, ())

    def items(self) -> Iterator[Line | Run]:
        """Yield the lines, many at once while that pays."""
        for stretch in stretches_of(self._text):
            if isinstance(stretch, Run) and (len(stretch.text) < _LEAST or not self.alike.is_useful):
                yield from lines_in(stretch, self._text)
            else:
                yield stretch

    def settle(self, run: Run, found: list[Found], odd: pl.Series) -> None:
        """Add the records of many lines, the odd ones line by line."""
        settle(run, found, odd, self.records, self._text, self._odd)

    def _odd(self, place: Place) -> bool:
        self.take(Line(place.text, place.line, place.offset, ended=True))
        return True

    def take(self, line: Line) -> None:
        """Add the record of one line, or what is wrong with it."""
        if len(line.text) > MAX_VALUE:
            self.records.rows.next_number()
            message, record = "The line is longer than 16 MiB.", self.records.rows.number
            self._findings.add(finding("F604", message, record=record, line=line.number))
            return
        self._check_end(line)
        if not line.text.strip(" \t\r"):
            if self._dialect.blank_lines == "refuse":
                self._findings.add(finding("F112", "The line is blank.", line=line.number))
            return
        try:
            bound(line.text, 0, len(line.text))
            self._record(line, scan_text(line.text.rstrip("\r")))
        except JsonError as error:
            self.records.rows.next_number()
            before = line.text[: error.position]
            self._findings.add(
                finding(
                    error.code,
                    str(error),
                    record=self.records.rows.number,
                    line=line.number,
                    byte_offset=self._text.place(line.offset + self._text.width(before)),
                )
            )

    def _check_end(self, line: Line) -> None:
        if not line.ended and self._dialect.final_line_end == "required":
            self._findings.add(finding("F105", "The last line has no line end.", line=line.number))

    def _record(self, line: Line, item: Value) -> None:
        plan = self._plan.choose((), item.value)
        if plan is None:
            self.records.rows.next_number()
            message = "The line is of no record type of the format."
            self._findings.add(finding("F110", message, record=self.records.rows.number, line=line.number))
            return
        place = self.records.begin(plan, line.number)
        source = Source(line.text, line.number, lambda: line.offset, self._text)
        sound = self.records.sound(item.notes, source, place)
        if sound and self.records.record(place, item.value, source):
            self._check.line(place, item.text, item.value)
