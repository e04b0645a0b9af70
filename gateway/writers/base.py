"""What every writer takes, and what it promises.

A writer writes rows as a format version says; it does not judge them: what comes out is read back
and validated by whoever needs it to be valid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from gateway.formats.definition import Format
from gateway.formats.row import Row

__all__ = ["PLAIN", "Row", "Style", "Writer"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a writer uses the freedom that a format leaves it."""

    quoted: bool = False  #: delimited: every value stands in quotes, not only where it must
    stripped: bool = False  #: fixed-width: trailing blanks are taken off
    final_line_end: bool = True
    blank_line: bool = False  #: a blank line stands after the first row


PLAIN = Style()


class Writer(Protocol):
    """One physical kind."""

    def write(self, definition: Format, rows: Iterable[Row], out: BinaryIO) -> None:
        """Write ``rows`` to ``out``, in memory that does not grow with their number.

        Raises UnwritableRow where a row cannot stand in such a file: a text longer than its place,
        a character that the encoding or the dialect cannot carry, an unknown record type or field.
        OSError as ``out`` raises it.
        """
        ...
