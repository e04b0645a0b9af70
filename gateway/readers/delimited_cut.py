"""Text -> rows of a delimited file, cut where no quote is open; in three speeds with one result.

A block without quotes is cut at its line ends, and its rows stay whole until their columns are
wanted. A block with quotes goes through the csv module, which is exact on well-formed rows;
from the first row it refuses, the exact parser takes over and says what is wrong.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.readers.base import LONGEST_RECORD
from gateway.readers.lines import Fault, LineCutter, Rows, clip
from gateway.readers.quoting import Parsed, RowParser, Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.findings import Findings
    from gateway.formats.definition import Dialect


@dataclass(slots=True)
class ParsedRows(Rows):
    """Rows whose cells are known; a faulty row has none."""

    numbers: list[int]
    cells: list[str] = field(default_factory=list)  #: of all rows, one after the other
    widths: list[int] = field(default_factory=list)  #: how many of them each row has
    stray: list[int] = field(default_factory=list)  #: lines with a lone CR (or LF) outside quotes
    unended: bool = False  #: the last row has no line end

    def add(self, text: str, number: int, cells: Sequence[str], fault: Fault | None) -> None:
        """Append one row; of a faulty one only the text."""
        if fault:
            self.faults[len(self.texts)] = fault
            cells = ()
        self.texts.append(text)
        self.numbers.append(number)
        self.cells.extend(cells)
        self.widths.append(len(cells))


class RowCutter(LineCutter):
    """Cuts the blocks of one delimited file into rows."""

    def __init__(
        self, dialect: Dialect, findings: Findings, *, cr: bool, longest: int = LONGEST_RECORD
    ) -> None:
        super().__init__(dialect, findings, cr=cr, longest=longest)
        self._delimiter = dialect.delimiter
        self._dialect = dialect
        self._special = tuple(mark for mark in (dialect.quote, dialect.escape) if mark)

    @functools.cached_property
    def _parser(self) -> RowParser:
        """Made for the first row with quotes: most files have none."""
        return RowParser(self._dialect, self.ends.mark)

    def _cut(self, text: str, *, final: bool) -> Rows:
        if not any(mark in text for mark in self._special):
            return super()._cut(text, final=final)
        rows = ParsedRows([], [])
        done = self._read_regular(text, rows)
        self._read_exactly(text, done, rows, final=final)
        ended = len(rows.texts) - rows.unended
        rows.texts[:ended] = self.ends.strip(rows.texts[:ended], rows.numbers)
        self.ends.report_stray(rows.stray)
        return rows

    def _read_regular(self, text: str, rows: ParsedRows) -> int:
        """Add the rows that the csv module reads without doubt; return where the next one begins."""
        mark = self.ends.mark
        # The csv module drops a CR before CRLF, and an LF before CR, without a word.
        if self._parser.escape or ("\r\r" if mark == "\n" else "\n") in text:
            return 0
        lines = text.split(mark)[:-1]
        cells, widths, ends = self._run_csv([line + mark for line in lines])
        if not ends:
            return 0
        starts = [0, *ends[:-1]]
        single = ends[-1] == len(ends)
        texts = (
            lines[: len(ends)]
            if single
            else [mark.join(lines[a:b]) for a, b in zip(starts, ends, strict=True)]
        )
        if max(map(len, texts)) > self._longest:
            return 0
        rows.texts, rows.cells, rows.widths = texts, cells, widths
        rows.numbers = [self._line + start for start in starts]
        self._line += ends[-1]
        return sum(map(len, lines[: ends[-1]])) + ends[-1]

    def _run_csv(self, lines: list[str]) -> tuple[list[str], list[int], list[int]]:
        """Return all cells, the number of cells of each row, and the lines read after each row."""
        cells: list[str] = []
        widths: list[int] = []
        ends: list[int] = []
        reader = csv.reader(lines, delimiter=self._delimiter, quotechar=self._parser.quote, strict=True)
        try:
            for row in reader:
                cells.extend(row)
                widths.append(len(row))
                ends.append(reader.line_num)
        except csv.Error:
            pass  # a row that is not whole or not well-formed: the exact parser says which
        return cells, widths, ends

    def _read_exactly(self, text: str, start: int, rows: ParsedRows, *, final: bool) -> None:
        """Add the rows from ``start`` on; what is not whole is carried over to the next block."""
        while start < len(text):
            more = len(text) - start > self._longest  # more text than one row may have
            parsed = self._parser.parse(text, start, min(len(text), start + self._longest + 1))
            if parsed.stop in (Stop.END, Stop.OPEN) and not final and not more:
                break
            code, search = self._judge(text, start, parsed, more=more)
            end = text.find(self.ends.mark, search)
            if end < 0 and not final and not more:
                break
            if end < 0:
                end, rows.unended, self._skipping = len(text), True, not final
                code = code or ("F105" if self._closed else None)
            fault = self._fault(code, text[start:end], parsed, self._line_of(text, start, parsed.opened))
            rows.add(text[start:end], self._line, parsed.cells, fault)
            if parsed.stray and code in (None, "F105"):
                rows.stray.append(self._line)
            self._line += text.count(self.ends.mark, start, end + 1)
            start = end + 1
        self._carry = text[start:]

    def _judge(self, text: str, start: int, parsed: Parsed, *, more: bool) -> tuple[str | None, int]:
        """Return the code of what is wrong with the row, and from where to look for its end.

        After a quote that was never closed, reading goes on with the next physical line, so
        that the rows which the quote would swallow are seen.
        """
        if parsed.stop is Stop.ROW:
            return None, parsed.at
        if parsed.stop is Stop.END:
            return ("F113", start) if more else (None, parsed.at)
        if parsed.stop is Stop.OPEN or self._reopened(text, parsed):
            return "F106", start
        return "F107", parsed.at

    def _reopened(self, text: str, parsed: Parsed) -> bool:
        # The quote taken for the closing one begins a field of a later line: it opens that field.
        closing = parsed.at - 1
        return self._parser.opens(text, closing) and self.ends.mark in text[parsed.opened : closing]

    def _line_of(self, text: str, start: int, at: int) -> int:
        return self._line + (text.count(self.ends.mark, start, at) if at > start else 0)

    def _fault(self, code: str | None, text: str, parsed: Parsed, opened_on: int) -> Fault | None:
        if code == "F105":
            return self._unterminated(text)
        if code == "F113":
            return self._too_long(text)
        if code == "F107":
            return Fault(code, "Text stands after a closing quote.", clip(text))
        if code == "F106":
            field = len(parsed.cells) + 1 if parsed.stop is Stop.OPEN else len(parsed.cells)
            message = f"The quote that opens field {field} on line {opened_on} is not closed."
            return Fault(code, message, clip(text), line=opened_on)
        return None
