"""Fixed-width files: record types by discriminator, in lines or one right after the other.

Offsets and lengths count characters of the decoded text. In single-byte code pages and in
ASCII text, as IDocs have them, these are bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.formats.definition import Format, RecordType, Role
from gateway.readers.base import CHUNK_BYTES, LONGEST_RECORD, ByteStream, Chunk
from gateway.readers.delimited_cells import whole_cells
from gateway.readers.fixed_width_cut import PackedCutter, is_packed, length_of
from gateway.readers.frames import VECTOR_ROWS, Column
from gateway.readers.lines import LineCutter, WholeLines, clip, report
from gateway.readers.row_table import RowTable
from gateway.readers.row_types import Kinds, Place
from gateway.readers.text import Block, TextSource, decode_part, ends_lines_with_cr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.model import Finding

#: Bytes that are read at a time: so many that their rows are validated by themselves.
_BLOCK_BYTES = CHUNK_BYTES * 3 // 2
#: What no text of a plant has: by it the parser of polars cuts nothing, and gives whole lines.
_NOWHERE = "\x1f"
#: Characters of a file's beginning in which the header is looked for at first.
_FIRST_LOOK = 4096


class FixedWidthReader:
    """Reads fixed-width files."""

    def __init__(self, chunk_bytes: int = _BLOCK_BYTES, longest_record: int = LONGEST_RECORD) -> None:
        self._chunk_bytes = chunk_bytes
        self._longest_record = longest_record

    def probe(self, definition: Format, head: bytes) -> dict[str, str]:
        """Return the header records' fields in the first bytes; see ``Reader``."""
        text = decode_part(definition.encoding, head)
        return _look(definition, text[:_FIRST_LOOK]) or _look(definition, text)

    def read(self, definition: Format, stream: ByteStream, findings: Findings) -> Iterator[Chunk]:
        """Yield the file's records; see ``Reader``."""
        source = TextSource(definition.encoding, definition.dialect.line_end, findings, self._chunk_bytes)
        table = FixedWidthTable(definition, findings)
        cutter: PackedCutter | LineCutter | None = None
        for block in source.blocks(stream):
            if cutter is None:
                cutter = _cutter(definition, source.head, findings, cr=block.cr, longest=self._longest_record)
            lines = cutter.whole(block) if isinstance(cutter, LineCutter) else None
            yield from table.take(cutter.feed(block)) if lines is None else table.take_whole(lines)

    def ending(self, definition: Format, tail: bytes) -> bool:
        """Return whether the last record is a whole trailer record; see ``Reader``."""
        text = decode_part(definition.encoding, tail)
        mark = "\r" if ends_lines_with_cr(definition.dialect.line_end, text) else "\n"
        line_end = definition.dialect.line_end
        if definition.dialect.final_line_end == "required" and not text.endswith(mark):
            return False
        text = text.rstrip("\r\n")
        types = Kinds(definition)
        for index, kind in enumerate(definition.record_types):
            if kind.role is not Role.TRAILER:
                continue
            length = length_of(kind)
            if (
                line_end in ("none", "optional")
                and len(text) >= length
                and types.at(text, len(text) - length) == index
            ):
                return True
            last = text.rpartition(mark)[2]
            if line_end != "none" and types.at(last, 0) == index and _fits(definition, kind, last):
                return True
        return False


class FixedWidthTable(RowTable):
    """The records of one fixed-width file as they come, block by block."""

    def __init__(self, definition: Format, findings: Findings) -> None:
        super().__init__(definition, Kinds(definition), findings)
        self._definition = definition

    def take_whole(self, lines: WholeLines) -> Iterator[Chunk]:
        """Yield what `take` does of lines that are not cut apart, if they can be read without being so."""
        cells = whole_cells(lines, _NOWHERE) if self.are_many(len(lines.numbers)) else None
        chunks = None if cells is None else self.texts_at_once(lines.numbers, cells[0])
        yield from self.take(lines.rows()) if chunks is None else chunks

    def tags(self, place: Place) -> Sequence[str | None]:
        """Return the text where the discriminator stands."""
        start, end = place[1] or 0, (place[1] or 0) + (place[2] or 0)
        return [text[start:end] for text in self.rows.texts]

    def tags_at_once(self, place: Place, texts: pl.Series) -> pl.Series:
        """Return the text where the discriminator stands."""
        return texts.str.slice(place[1] or 0, place[2] or 0)

    def columns_at_once(self, kind: RecordType, texts: pl.Series) -> Sequence[Column] | None:
        """Return the slice of each field, if every record has its full length."""
        if not (texts.str.len_chars() == length_of(kind)).all():
            return None
        return [texts.str.slice(field.offset or 0, field.length or 0) for field in kind.fields]

    def sound(self, kind: RecordType, indices: list[int], records: Sequence[int]) -> list[int]:
        """Return the records of the right length; the others are F109."""
        sound = [index for index in indices if _fits(self._definition, kind, self.rows.texts[index])]
        if len(sound) < len(indices):
            length = length_of(kind)

            def describe(index: int) -> Finding:
                text = self.rows.texts[index]
                message = f"The record has {len(text)} characters; expected: {length}."
                return finding("F109", message, record_type=kind.name, record=records[index],
                               line=self.rows.numbers[index], value=clip(text))  # fmt: skip

            report(self.findings, "F109", sorted(set(indices).difference(sound)), describe, kind.name)
        return sound

    def columns(self, kind: RecordType, indices: list[int]) -> Sequence[Column]:
        """Return the slice of each field, with all its blanks."""
        texts = [self.rows.texts[index] for index in indices]
        if self.dialect.stripped_blanks:
            length = length_of(kind)
            texts = [text.ljust(length) for text in texts]
        places = [(field.offset or 0, field.length or 0) for field in kind.fields]
        if len(texts) < VECTOR_ROWS:
            return [[text[start : start + length] for text in texts] for start, length in places]
        series = pl.Series(texts, dtype=pl.String)
        return [series.str.slice(start, length) for start, length in places]


def _fits(definition: Format, kind: RecordType, text: str) -> bool:
    length = length_of(kind)
    return len(text) == length or (definition.dialect.stripped_blanks and len(text) < length)


def _cutter(
    definition: Format, head: str, findings: Findings, *, cr: bool, longest: int = LONGEST_RECORD
) -> PackedCutter | LineCutter:
    if is_packed(definition, head):
        return PackedCutter(definition)
    if definition.dialect.line_end == "none":
        findings.add(finding("F104", "The records stand in lines, but no line ends are declared.", line=1))
    return LineCutter(definition.dialect, findings, cr=cr, longest=longest)


def _look(definition: Format, text: str) -> dict[str, str]:
    """Return what the whole records at the beginning of ``text`` say, up to the first that is no header."""
    cr = ends_lines_with_cr(definition.dialect.line_end, text)
    rows = _cutter(definition, text, Findings(), cr=cr).feed(Block(text, False, cr))
    types = Kinds(definition)
    seen: dict[str, str] = {}
    for index, row in enumerate(rows.texts):
        found = types.at(row, 0)
        kind = None if found is None else definition.record_types[found]
        if (
            kind is None
            or kind.role is not Role.HEADER
            or index in rows.faults
            or not _fits(definition, kind, row)
        ):
            break
        padded = row.ljust(length_of(kind))
        for field in kind.fields:
            start = field.offset or 0
            seen[f"{kind.name}.{field.name}"] = padded[start : start + (field.length or 0)]
    return seen
