"""Text -> records of a fixed-width file that has no line ends: one record right after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.readers.lines import SHOWN, Fault, Rows, clip
from gateway.readers.row_types import Kinds

if TYPE_CHECKING:
    from gateway.formats.definition import Format, RecordType
    from gateway.readers.text import Block

_LINE_ENDS = ("\n", "\r\n", "\r")


def length_of(kind: RecordType) -> int:
    """Return how many characters a record of ``kind`` has: as declared, or to its last field's end."""
    if kind.length is not None:
        return kind.length
    return max(((field.offset or 0) + (field.length or 0) for field in kind.fields), default=0)


def is_packed(definition: Format, head: str) -> bool:
    """Return whether a file that begins with ``head`` has its records without line ends.

    Where both are allowed (``optional``), a line end in or right after the first record tells;
    where none is declared, one right after it tells that the file has them all the same.
    """
    declared = definition.dialect.line_end
    if declared not in ("none", "optional"):
        return False
    index = Kinds(definition).at(head, 0)
    kinds = definition.record_types if index is None else (definition.record_types[index],)
    length = max(map(length_of, kinds))
    window = head[length : length + 1] if declared == "none" else head[: length + 1]
    return "\n" not in window and "\r" not in window


class PackedCutter:
    """Cuts the blocks of one file by the lengths of its record types."""

    def __init__(self, definition: Format) -> None:
        self._types = Kinds(definition)
        self._lengths = [length_of(kind) for kind in definition.record_types]
        self._ahead = 2 * max(self._lengths) + 1  # enough text to judge one record and the next
        self._carry = ""
        self._lost = False  # the next record cannot be found any more

    def feed(self, block: Block) -> Rows:
        """Return the records that are whole with ``block``; all that are left if it is final.

        All of them stand on physical line 1.
        """
        if self._lost:
            return Rows([], [])
        text = self._carry + block.text
        texts: list[str] = []
        rows = Rows(texts, [])
        start = 0
        while start < len(text) and (block.final or len(text) - start >= self._ahead):
            if len(text) - start <= 2 and text[start:] in _LINE_ENDS:
                break  # one line end after the last record is no record
            length, fault = self._measure(text, start)
            if fault:
                rows.faults[len(texts)] = fault
            texts.append(text[start : start + length])
            start += length
        self._carry = text[start:]
        rows.numbers = [1] * len(texts)
        return rows

    def _measure(self, text: str, start: int) -> tuple[int, Fault | None]:
        kind = self._types.at(text, start)
        left = len(text) - start
        if kind is not None:
            length = self._lengths[kind]
            if length <= left:
                return length, None
            message = f"The file ends inside the record: {left} of {length} characters are there."
            return left, Fault("F109", message, clip(text[start:]))
        for length in sorted(set(self._lengths)):
            if left == length or (left > length and self._types.at(text, start + length) is not None):
                message = "The record is of no record type of the format."
                return length, Fault("F110", message, clip(text[start : start + length]))
        self._lost = True
        message = "The record is of no record type of the format, and none follows it: the rest is not read."
        return left, Fault("F110", message, text[start : start + SHOWN])
