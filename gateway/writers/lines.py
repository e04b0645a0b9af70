"""Lines -> a file: line ends, the last of them, and a blank line where one is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from gateway.writers.output import Output

if TYPE_CHECKING:
    from gateway.formats.definition import Format
    from gateway.formats.row import Row
    from gateway.writers.base import Style

#: Where the format leaves the choice, lines end with LF.
_ENDS = {"any": "\n", "lf": "\n", "crlf": "\r\n", "cr": "\r", "none": "", "optional": "\n"}


class LineOutput:
    """The lines of one file; a line's end is written when the next one comes, or the file ends."""

    def __init__(self, definition: Format, out: BinaryIO, style: Style) -> None:
        self._output = Output(definition.encoding, out)
        self._end = _ENDS[definition.dialect.line_end]
        self._final = style.final_line_end
        self._blank = self._end if style.blank_line else ""
        self._pending = ""

    def write(self, line: str, row: Row | None) -> None:
        """Write ``line``, which was made of ``row`` (None: of no row); UnwritableRow as ``Output``."""
        if row is None:
            self._output.write(self._pending + line)
            self._pending = self._end
        else:
            self._output.write_row(self._pending + line, row)
            self._pending = self._end + self._blank
            self._blank = ""

    def finish(self) -> None:
        """End the file."""
        if self._final:
            self._output.write(self._pending)
