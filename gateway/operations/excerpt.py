"""The rows of a file that its findings are about, as they stand in the file."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from gateway.custody import look
from gateway.errors import FormatError
from gateway.formats.definition import Format, Version
from gateway.model import Transfer
from gateway.stages.context import Context

#: Rows shown; the first findings tell most.
_ROWS = 5
#: How far into a file rows are looked for, in characters; a person waits for the answer.
_FARTHEST = 64 * 1024 * 1024
#: Characters of a row that are shown, and of a line that are read at once.
_SHOWN, _READ = 240, 64 * 1024


@dataclass(frozen=True, slots=True)
class FileRow:
    """One physical line of a file, cut around the value that is wrong."""

    line: int
    text: str


def rows_of(context: Context, transfer: Transfer) -> list[FileRow]:
    """Return the first lines that findings of ``transfer`` name; none where lines mean nothing to it.

    Raises CustodyError where the file cannot be opened.
    """
    wanted: dict[int, str] = {}
    for finding in (transfer.findings or {}).get("listed", ()):
        if finding.get("line") and len(wanted) < _ROWS:
            wanted.setdefault(finding["line"], finding.get("value") or "")
    definition = _definition(context, transfer)
    if not wanted or (definition and definition.dialect.line_end == "none"):
        return []
    with look.open_regular(context.path_of(transfer)) as file:
        return list(_rows(file, definition, wanted))


def _definition(context: Context, transfer: Transfer) -> Format | None:
    if transfer.format_version is None:
        return None
    try:
        return context.catalogue.look(transfer.message_type, Version.parse(transfer.format_version))
    except FormatError:
        return None


def _rows(file: BinaryIO, definition: Format | None, wanted: Mapping[int, str]) -> Iterator[FileRow]:
    charset = definition.encoding.charset if definition else "utf-8"
    carriage = definition is not None and definition.dialect.line_end == "cr"
    # utf-8-sig would hide a byte order mark that may be the very fault
    text = io.TextIOWrapper(
        file,
        codecs.lookup(charset).name,
        "backslashreplace" if charset.startswith("utf") else "replace",
        newline="\r" if carriage else "\n",
    )
    for number, line in _lines(text, max(wanted)):
        if number in wanted:
            yield FileRow(number, _cut(line.rstrip("\r\n"), wanted[number]))


def _lines(text: io.TextIOWrapper, last: int) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers up to ``last``; of a very long one, its beginning."""
    seen = 0
    for number in range(1, last + 1):
        line = part = text.readline(_READ)
        while part and not part.endswith(("\n", "\r")) and len(part) == _READ:
            seen += len(part)
            part = text.readline(_READ)
        seen += len(line)
        if not line or seen > _FARTHEST:
            return
        yield number, line


def _cut(line: str, value: str) -> str:
    """Return ``line``, or the part of it around ``value`` where it is too long to show."""
    if len(line) <= _SHOWN:
        return line
    at = line.find(value) if value else -1
    start = max(0, min(at - _SHOWN // 2, len(line) - _SHOWN))
    before = "... " if start else ""
    after = " ..." if start + _SHOWN < len(line) else ""
    return f"{before}{line[start : start + _SHOWN]}{after}"


def row_data(rows: Sequence[FileRow]) -> list[dict[str, Any]]:
    """Return rows as JSON-ready data."""
    return [{"line": row.line, "text": row.text} for row in rows]
