"""The part of a JSON document that is in memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.readers.document_text import DocumentText

#: Characters behind the position that are worth to be forgotten.
TRIM_AT = 1024 * 1024
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(slots=True)
class Window:
    """The part of the document's text that is in memory."""

    source: DocumentText
    keep: bool = False  #: the whole text stays
    text: str = ""
    position: int = 0
    line: int = 1  #: physical line of the text's first character
    offset: int = 0  #: byte of the text's first character, without a byte order mark
    ended: bool = False

    def more(self, wanted: int = 1) -> bool:
        """Take at least ``wanted`` more characters; return False at the end of the document."""
        pieces = []
        while wanted > 0 and not self.ended:
            piece = self.source.piece()
            self.ended = not piece
            wanted -= len(piece)
            pieces.append(piece)
        self.text += "".join(pieces)
        return any(pieces)

    def peek(self) -> str:
        """Go over white space and return the next character, empty at the end."""
        while True:
            space = _SPACE.match(self.text, self.position)
            self.position = space.end() if space else self.position
            if self.position < len(self.text):
                return self.text[self.position]
            if not self.more():
                return ""

    def trim(self, line: int, least: int = TRIM_AT) -> str:
        """Forget, and return, the text before the position where it is at least so many characters.

        The character at the position is on ``line``.
        """
        if self.position < least or self.keep:
            return ""
        gone, self.text = self.text[: self.position], self.text[self.position :]
        self.line, self.position = line, 0
        self.offset += self.source.width(gone)
        return gone

    def line_at(self, position: int) -> int:
        """Return the physical line of a character of the text."""
        return self.line + self.text.count("\n", 0, position)

    def byte_at(self, position: int) -> int:
        """Return the byte at which a character of the text begins, as far as bytes can be counted."""
        return self.source.start + self.offset + self.source.width(self.text[:position])

    def place_of(self, position: int) -> int | None:
        """Return the byte in the file at which a character of the text begins; None where it is not known."""
        return self.source.place(self.byte_at(position))
