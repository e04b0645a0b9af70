"""Fixed-width files: each text at its place, padded with blanks, discriminators filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from gateway.writers.base import PLAIN, Style
from gateway.writers.lines import LineOutput
from gateway.writers.output import RecordTypes, refuse, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.formats.definition import Format, RecordType
    from gateway.formats.row import Row


class FixedWidthWriter:
    """Writes fixed-width files: a text shorter than its place stands at the left of it."""

    def __init__(self, style: Style = PLAIN) -> None:
        self._style = style

    def write(self, definition: Format, rows: Iterable[Row], out: BinaryIO) -> None:
        """Write ``rows``; see ``Writer``."""
        lines = LineOutput(definition, out, self._style)
        kinds = RecordTypes(definition)
        for row in rows:
            line = _record(row, kinds.of(row))
            if self._style.stripped:
                line = line.rstrip(" ") or line[:1]
            lines.write(line, row)
        lines.finish()


def _record(row: Row, kind: RecordType) -> str:
    """Return the whole record of ``row``, with blanks where nothing stands."""
    refuse(row, row.texts, "\r\n\0", "it is refused within a record")
    ends = [(field.offset or 0) + (field.length or 0) for field in kind.fields]
    record = " " * (kind.length if kind.length is not None else max(ends, default=0))
    for field in kind.fields:
        text = row.texts.get(field.name)
        if text is None:
            continue
        start, length = field.offset or 0, field.length or 0
        if len(text) > length:
            raise unwritable(row, field.name, f"{text!r} has {len(text)} characters, its place has {length}")
        record = record[:start] + text.ljust(length) + record[start + length :]
    return _marked(record, kind)


def _marked(record: str, kind: RecordType) -> str:
    """Return ``record`` with its discriminator, if nothing stands in its place yet."""
    mark = kind.discriminator
    if mark is None or mark.offset is None or mark.length is None:
        return record
    end = mark.offset + mark.length
    if record[mark.offset : end].strip(" "):
        return record
    return record[: mark.offset] + mark.value[: mark.length].ljust(mark.length) + record[end:]
