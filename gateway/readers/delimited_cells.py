"""Rows of a delimited file -> columns, whether their cells are already cut or not."""

from __future__ import annotations

import codecs
import itertools
from typing import TYPE_CHECKING

import polars as pl

from gateway.readers.delimited_cut import ParsedRows
from gateway.readers.frames import VECTOR_ROWS, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.readers.lines import Rows, WholeLines

#: Columns of a table; what has more is looked at row by row.
_WIDEST = 10_000
#: Bytes of a block in which the first rows are looked at.
_FIRST_LOOK = 4096


class PlainCells:
    """Cells of rows that have no quotes: every delimiter separates two of them."""

    def __init__(self, rows: Rows, delimiter: str) -> None:
        self._texts = rows.texts
        self._delimiter = delimiter
        self.widths = [text.count(delimiter) + 1 for text in rows.texts]

    def row(self, index: int) -> list[str]:
        """Return the cells of one row."""
        return self._texts[index].split(self._delimiter)

    def tags(self, column: int) -> list[str | None]:
        """Return the cell in ``column`` of each row, None where the row is shorter."""
        if column == 0:
            return [text.split(self._delimiter, 1)[0] for text in self._texts]
        parts = [text.split(self._delimiter, column + 1) for text in self._texts]
        return [part[column] if len(part) > column else None for part in parts]

    def columns(self, indices: Sequence[int], positions: Sequence[int | None]) -> list[Column]:
        """Return the cells of the rows ``indices`` at ``positions``, column by column."""
        whole = len(indices) == len(self._texts)
        texts = self._texts if whole else [self._texts[index] for index in indices]
        count = max((position + 1 for position in positions if position is not None), default=0)
        if len(texts) >= VECTOR_ROWS and count:
            parts = pl.Series(texts, dtype=pl.String).str.split_exact(self._delimiter, count - 1)
            fields = parts.struct.unnest().get_columns()
            return [None if position is None else fields[position] for position in positions]
        cells = [text.split(self._delimiter) for text in texts]
        return [
            None if position is None else [row[position] if position < len(row) else None for row in cells]
            for position in positions
        ]


class ParsedCells:
    """Cells of rows that were parsed, all in one list."""

    def __init__(self, rows: ParsedRows) -> None:
        self._cells = rows.cells
        self.widths = rows.widths
        self._starts = [0, *itertools.accumulate(rows.widths)]

    def row(self, index: int) -> list[str]:
        """Return the cells of one row."""
        return self._cells[self._starts[index] : self._starts[index + 1]]

    def tags(self, column: int) -> list[str | None]:
        """Return the cell in ``column`` of each row, None where the row is shorter."""
        places = zip(self._starts, self.widths, strict=False)
        return [self._cells[start + column] if column < width else None for start, width in places]

    def columns(self, indices: Sequence[int], positions: Sequence[int | None]) -> list[Column]:
        """Return the cells of the rows ``indices`` at ``positions``, column by column."""
        width = self.widths[indices[0]]
        uniform = all(self.widths[index] == width for index in indices)
        if uniform and len(self._cells) == width * len(indices):
            # These rows have all the cells there are: each column is one slice.
            return [None if p is None or p >= width else self._cells[p::width] for p in positions]
        places = [(self._starts[index], self.widths[index]) for index in indices]
        return [
            None if p is None else [self._cells[start + p] if p < width else None for start, width in places]
            for p in positions
        ]


def whole_cells(lines: WholeLines, delimiter: str) -> list[pl.Series] | None:
    """Return the cells of ``lines``, which have no quotes, column by column; None where one has more or less.

    The parser of polars leaves every text as it is, refuses a row that has more cells than it is told, and
    fills up one that has less. That none has less shows in the last column, or in the number of delimiters.
    """
    count, data, mark = len(lines.numbers), lines.data, delimiter.encode()
    width = data.count(mark, 0, data.index(b"\n")) + 1
    if width > _WIDEST or len(mark) > 1 or not _looks_uniform(data, mark, width):
        return None
    # It skips a mark of byte order, and may skip a line without any text.
    end = lines.end.encode()
    if data.startswith((codecs.BOM_UTF8, end)) or (width == 1 and b"\n" + end in data):
        return None
    try:
        frame = pl.read_csv(
            data,
            has_header=False,
            separator=delimiter,
            quote_char=None,
            schema={str(column): pl.String for column in range(width)},
            empty_string_is_null=False,
            extra_columns="raise",
        )
    except pl.exceptions.PolarsError:
        return None
    cells = frame.get_columns()
    is_full = (cells[-1] != "").all() or data.count(mark) == count * (width - 1)
    return cells if is_full and frame.height == count else None


def _looks_uniform(data: bytes, mark: bytes, width: int) -> bool:
    """Return whether the first rows have ``width`` cells on average: if not, nothing need be parsed."""
    end = data.rfind(b"\n", 0, _FIRST_LOOK) + 1
    return data.count(mark, 0, end) == data.count(b"\n", 0, end) * (width - 1)


def cells_of(rows: Rows, delimiter: str) -> PlainCells | ParsedCells:
    """Return the cells of ``rows``."""
    return ParsedCells(rows) if isinstance(rows, ParsedRows) else PlainCells(rows, delimiter)
