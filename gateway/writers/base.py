"""What every writer takes, and what it promises.

A writer writes rows as a format version says; it does not judge them: what comes out is read back
and validated by whoever needs it to be valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from gateway.formats.definition import Format


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one record type: raw texts by field name; a field that is missing is not written.

    Rows come in the order of the file; a row stands under the nearest row before it that is of
    its record type's parent.
    """

    record_type: str
    texts: Mapping[str, str]
    record: int | None = None  #: its number in the file it was read from, from 1
    line: int | None = None  #: the physical line there, from 1


class Writer(Protocol):
    """One physical kind."""

    def write(self, definition: Format, rows: Iterable[Row], out: BinaryIO) -> None:
        """Write ``rows`` to ``out``, in memory that does not grow with their number.

        Raises UnwritableRow where a row cannot stand in such a file: a text longer than its place,
        a character that the encoding or the dialect cannot carry, an unknown record type or field.
        OSError as ``out`` raises it.
        """
        ...
