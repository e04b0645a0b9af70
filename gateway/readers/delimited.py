"""Delimited files: rows with quotes, headings, several record types, and every row's own place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.findings import Findings
from gateway.formats.definition import Format, RecordType, Role
from gateway.readers.base import CHUNK_BYTES, LONGEST_RECORD, ByteStream, Chunk
from gateway.readers.delimited_cells import cells_of
from gateway.readers.delimited_cut import RowCutter
from gateway.readers.delimited_table import DelimitedTable, Layout
from gateway.readers.lines import Rows, plain_rows
from gateway.readers.row_types import Place
from gateway.readers.text import (
    HEAD_BYTES,
    Block,
    TextSource,
    decode_part,
    ends_lines_with_cr,
    plain_text,
    read_fully,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Input taken at a time: the parser of polars uses several cores from so much on.
_BLOCK_BYTES = 2 * CHUNK_BYTES
#: Characters of a file's beginning in which the first rows are looked for at first.
_FIRST_LOOK = 512


class DelimitedReader:
    """Reads delimited files."""

    def __init__(self, chunk_bytes: int = _BLOCK_BYTES, longest_row: int = LONGEST_RECORD) -> None:
        self._chunk_bytes = chunk_bytes
        self._longest_row = longest_row
        self._layout: Layout | None = None

    def probe(self, definition: Format, head: bytes) -> dict[str, str]:
        """Return the header records' fields in the first bytes, and the headings; see ``Reader``."""
        text = decode_part(definition.encoding, head)
        cr = ends_lines_with_cr(definition.dialect.line_end, text)
        layout = self._layout_of(definition)
        seen, is_all = _look(layout, Block(text[:_FIRST_LOOK], False, cr))
        return seen if is_all else _look(layout, Block(text, False, cr))[0]

    def read(self, definition: Format, stream: ByteStream, findings: Findings) -> Iterator[Chunk]:
        """Yield the file's records; see ``Reader``."""
        dialect = definition.dialect
        table = DelimitedTable(self._layout_of(definition), findings)
        head = read_fully(stream, HEAD_BYTES)
        rows = self._plain(definition, head) if len(head) < min(HEAD_BYTES, self._chunk_bytes) else None
        if rows is not None:
            yield from table.take(rows)
            return
        source = TextSource(definition.encoding, dialect.line_end, findings, self._chunk_bytes)
        cutter: RowCutter | None = None
        for block in source.blocks(stream, head):
            cutter = cutter or RowCutter(dialect, findings, cr=block.cr, longest=self._longest_row)
            lines = cutter.whole(block)
            yield from table.take(cutter.feed(block)) if lines is None else table.take_whole(lines)

    def ending(self, definition: Format, tail: bytes) -> bool:
        """Return whether the last row is a whole trailer record; see ``Reader``."""
        text = decode_part(definition.encoding, tail)
        cr = ends_lines_with_cr(definition.dialect.line_end, text)
        mark = "\r" if cr else "\n"
        if definition.dialect.final_line_end == "required" and not text.endswith(mark):
            return False
        last = text.rstrip("\r\n")[-LONGEST_RECORD:].rpartition(mark)[2]
        rows = RowCutter(definition.dialect, Findings(), cr=cr).feed(Block(last + mark, True, cr))
        if len(rows.texts) != 1 or rows.faults:
            return False
        cells = cells_of(rows, definition.dialect.delimiter)
        kind = _kind_of(self._layout_of(definition), cells.row(0))
        return (
            kind is not None
            and kind.role is Role.TRAILER
            and self._layout_of(definition).plans[kind.name].fits(definition.dialect, last, cells.widths[0])
        )

    def _plain(self, definition: Format, content: bytes) -> Rows | None:
        """Return the rows of a whole small file if none of its bytes and line ends is odd."""
        text = plain_text(definition.encoding, content)
        return plain_rows(definition.dialect, text, self._longest_row) if text else None

    def _layout_of(self, definition: Format) -> Layout:
        """Return the layout of ``definition``, most often the one that was asked for last."""
        if self._layout is None or self._layout.definition is not definition:
            self._layout = Layout(definition)
        return self._layout


def _look(layout: Layout, block: Block) -> tuple[dict[str, str], bool]:
    """Return what the whole rows of ``block`` say up to the first that is no header, and if there is one."""
    dialect = layout.definition.dialect
    rows = RowCutter(dialect, Findings(), cr=block.cr).feed(block)
    cells = cells_of(rows, dialect.delimiter)
    seen: dict[str, str] = {}
    awaits_heading = dialect.header_row
    for index, row in enumerate(rows.texts):
        if not row:
            continue
        if index in rows.faults:
            return seen, True
        values = cells.row(index)
        if awaits_heading:
            seen["heading"] = dialect.delimiter.join(values)
            awaits_heading = False
            continue
        kind = _kind_of(layout, values)
        if kind is None or kind.role is not Role.HEADER:
            return seen, True
        names = (f"{kind.name}.{field.name}" for field in kind.fields)
        seen.update(zip(names, values, strict=False))
    return seen, False


def _kind_of(layout: Layout, cells: list[str]) -> RecordType | None:
    def tags(place: Place) -> list[str | None]:
        column = place[0] or 0
        return [cells[column] if column < len(cells) else None]

    (index,) = layout.kinds.assign(1, tags)
    return None if index is None else layout.definition.record_types[index]
