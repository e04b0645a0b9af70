"""The text of a document on its way to the parser, and the last of it, to tell places."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

#: Bytes before the last ones that are remembered: the parser waits for the end of a tag or comment.
_REMEMBERED = 1 << 20
#: Characters given to the parser at a time.
PIECE = 64 * 1024


@dataclass(slots=True)
class Source:
    """Text that can be looked ahead at, from ``more``, which gives pieces and at the end an empty one."""

    more: Callable[[], str]
    _text: str = ""
    _at: int = 0

    def piece(self) -> str:
        """Return the next piece; empty only at the end."""
        at, self._at = self._at, self._at + PIECE
        if at < len(self._text):
            return self._text[at : self._at]
        self._text, self._at = "", 0
        return self.more()

    def put_back(self, text: str) -> None:
        """Let ``text`` come next."""
        if text:
            self._text, self._at = text + self._text[self._at :], 0

    def whole(self, end: str, size: int, limits: dict[str, int]) -> str:
        """Return text up to an ``end``: about ``size`` characters, or as much as there is; empty if none.

        ``limits`` says of strings how often they may be in it.
        """
        if len(self._text) - self._at < size:
            held = [self._text[self._at :]]
            length = len(held[0])
            while length < size and (piece := self.more()):
                held.append(piece)
                length += len(piece)
            self._text, self._at = "".join(held), 0
        stop = min(len(self._text), self._at + size)
        for string, most in limits.items():
            if most == 0:
                # one character is looked for much faster, and is seldom there
                found = self._text.find(string[-1], self._at, stop)
                found = self._text.find(string, found - 1, stop) if found > self._at else -1
                stop = found if found >= 0 else stop
            elif (count := self._text.count(string, self._at, stop)) > most:
                stop = self._at + (stop - self._at) * most // count
        stop = self._text.rfind(end, self._at, stop) + len(end)
        if stop < self._at + len(end):
            return ""
        begun, self._at = self._at, stop
        return self._text[begun:stop]


@dataclass(slots=True)
class Fed:
    """The last bytes given to the parser, to find a byte offset from line and column."""

    width: Callable[[str], int]  #: of a text in the file
    line: int = 1  #: on which the newest piece begins
    offset: int = 0  #: of the first byte that is remembered, in the file
    _first: int = 1  #: its line
    _column: int = 0  #: characters before it in its line
    _pieces: deque[tuple[bytes, int]] = field(default_factory=deque)  #: with their line ends
    _bytes: int = 0

    def add(self, data: bytes) -> None:
        """Remember ``data``; what came long before is forgotten."""
        if self._pieces:
            self.line += self._pieces[-1][1]
        self._pieces.append((data, data.count(b"\n")))
        self._bytes += len(data)
        while self._bytes - len(self._pieces[0][0]) - len(data) >= _REMEMBERED:
            self._forget()

    def before(self, line: int, column: int) -> bytes | None:
        """Return the remembered bytes before ``line`` and ``column`` (from 1); None where too early."""
        rows = b"".join(piece for piece, _lines in self._pieces).split(b"\n")
        index = line - self._first
        characters = column - 1 - (0 if index else self._column)
        if not 0 <= index < len(rows) or characters < 0:
            return None
        last = rows[index].decode("utf-8", "replace")[:characters].encode()
        return b"".join(row + b"\n" for row in rows[:index]) + last

    def pass_by(self, text: str) -> bytes:
        """Forget everything: ``text`` comes next, and not to the parser.

        Return white space that takes the parser to the same line and column.
        """
        while self._pieces:
            self._forget()
        lines, tail = text.count("\n"), len(text) - text.rfind("\n") - 1
        self.offset += self.width(text)
        self._first += lines
        self._column = tail if lines else self._column + tail
        self.line = self._first
        return b"\n" * lines + b" " * tail

    def _forget(self) -> None:
        """Forget the piece that came first."""
        gone, lines = self._pieces.popleft()
        self._bytes -= len(gone)
        self.offset += self.width(gone.decode())
        self._first += lines
        behind = len(gone.rpartition(b"\n")[2].decode())
        self._column = behind if lines else self._column + behind
