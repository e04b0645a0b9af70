"""Delimited files: rows with quotes where they are needed, headings, discriminators filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from gateway.formats.definition import Dialect, Format, RecordType, Role
from gateway.writers.base import PLAIN, Style
from gateway.writers.lines import LineOutput
from gateway.writers.output import RecordTypes, named, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.formats.row import Row


class DelimitedWriter:
    """Writes delimited files.

    A field that is missing leaves its column empty; at the end of a row the columns of missing
    fields that are not required are left out. The heading row has the columns of all business
    record types.
    """

    def __init__(self, style: Style = PLAIN) -> None:
        self._style = style

    def write(self, definition: Format, rows: Iterable[Row], out: BinaryIO) -> None:
        """Write ``rows``; see ``Writer``."""
        kinds, columns = RecordTypes(definition), _Columns(definition)
        cells = _Cells(definition.dialect, quoted=self._style.quoted)
        lines = LineOutput(definition, out, self._style)
        if definition.dialect.header_row:
            lines.write(cells.joined([cells.heading(name) for name in columns.headings]), None)
        for row in rows:
            line = cells.row(columns.of(row, kinds.of(row)), row)
            if not line:
                line = cells.blank(row)
            lines.write(line, row)
        lines.finish()


class _Columns:
    """Which text of a row stands in which column."""

    def __init__(self, definition: Format) -> None:
        self._laid_out: dict[str, tuple[list[str], int]] = {}
        business = [kind for kind in definition.record_types if kind.role is Role.RECORD]
        names = (field.heading or field.name for kind in business for field in kind.fields)
        self.headings = list(dict.fromkeys(names)) if definition.dialect.header_row else []

    def of(self, row: Row, kind: RecordType) -> list[tuple[str, str]]:
        """Return field and text of each column; a column of no field of the row has the name ``""``."""
        if kind.name not in self._laid_out:
            self._laid_out[kind.name] = self._layout(kind)
        names, least = self._laid_out[kind.name]
        texts = [row.texts.get(name) for name in names]
        mark = kind.discriminator
        if mark is not None and mark.column is not None and texts[mark.column] is None:
            texts[mark.column] = mark.value
        count = len(texts)
        while count > least and texts[count - 1] is None:
            count -= 1
        return [(name, text or "") for name, text in zip(names[:count], texts[:count], strict=True)]

    def _layout(self, kind: RecordType) -> tuple[list[str], int]:
        """Return the field of each column, and how many columns a row has at least."""
        if self.headings and kind.role is Role.RECORD:
            by_heading = {field.heading or field.name: field.name for field in kind.fields}
            names = [by_heading.get(heading, "") for heading in self.headings]
            return names, len(names)
        names = [field.name for field in kind.fields]
        return names, next((n for n in range(len(names), 0, -1) if kind.fields[n - 1].required), 1)


class _Cells:
    """How one value is written: bare where that is read as it is, in quotes or escaped where not."""

    def __init__(self, dialect: Dialect, *, quoted: bool) -> None:
        self._delimiter = dialect.delimiter
        self._quote = dialect.quote
        self._escape = dialect.escape
        self._all = quoted and dialect.quote is not None
        self._special = tuple(
            mark for mark in (dialect.delimiter, dialect.quote, dialect.escape, "\r", "\n") if mark
        )
        self._unusual = re.compile(f"[{re.escape(''.join(self._special))}\\0]")
        self._closing = dialect.delimiter if dialect.trailing_delimiter == "required" else ""

    def joined(self, cells: list[str]) -> str:
        """Return ``cells`` as one row without its line end."""
        return self._delimiter.join(cells) + self._closing

    def heading(self, name: str) -> str:
        """Return a column heading as a cell."""
        return self._in_quotes(name) if self._all or any(mark in name for mark in self._special) else name

    def row(self, texts: list[tuple[str, str]], row: Row) -> str:
        """Return the row of ``texts``, each with its field, without its line end."""
        bare = [text for _name, text in texts]
        if self._all or self._unusual.search("".join(bare)):
            return self.joined([self.cell(text, row, name) for name, text in texts])
        return self.joined(bare)

    def cell(self, text: str, row: Row, name: str) -> str:
        """Return ``text`` as a cell; UnwritableRow where the dialect has no way to write it."""
        if "\0" in text:
            raise unwritable(row, name, "the character U+0000 cannot be written: it is refused in texts")
        if not any(mark in text for mark in self._special):
            return self._in_quotes(text) if self._all else text
        if self._quote is not None:
            return self._in_quotes(text)
        return self._escaped(text, row, name)

    def blank(self, row: Row) -> str:
        """Return a row of one empty value, which bare would be a blank line."""
        if self._quote is None:
            raise unwritable(row, None, "a row of one empty value is a blank line")
        return self._quote * 2

    def _in_quotes(self, text: str) -> str:
        quote = self._quote or ""
        if self._escape:
            text = text.replace(self._escape, self._escape * 2)
        if quote and quote != self._escape:
            text = text.replace(quote, quote * 2)
        return f"{quote}{text}{quote}"

    def _escaped(self, text: str, row: Row, name: str) -> str:
        for mark in ("\r", "\n") if self._escape else self._special:
            if mark in text:
                raise unwritable(row, name, f"{named(mark)} cannot be written: the dialect has no quotes")
        escape = self._escape or ""
        return text.replace(escape, escape * 2).replace(self._delimiter, escape + self._delimiter)
