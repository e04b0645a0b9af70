"""The grammar of one delimited row: quotes, doubled quotes, escapes; exact, and slow.

A quote opens a quoted field only where the field begins; anywhere else it is literal text.
Blocks without quotes never come here, and regular quoted ones are read by the csv module.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gateway.formats.definition import Dialect


class Stop(enum.Enum):
    """Why the parsing of a row stopped."""

    ROW = "row"  #: at its line end
    END = "end"  #: at the end of the text, outside quotes
    OPEN = "open"  #: at the end of the text, inside quotes
    STRAY = "stray"  #: at text after a closing quote


class Parsed(NamedTuple):
    """One row as far as it could be parsed."""

    cells: list[str]
    stop: Stop
    at: int  #: where parsing stopped
    opened: int  #: where the last quoted field began; -1 without one
    stray: bool = False  #: a lone CR (or LF) stands outside quotes


class RowParser:
    """Parses rows of one dialect whose lines are cut at ``mark`` (LF, or CR)."""

    def __init__(self, dialect: Dialect, mark: str) -> None:
        self.quote = dialect.quote
        self.escape = dialect.escape
        self._delimiter = dialect.delimiter
        stop = re.escape(dialect.delimiter)
        escaped = rf"{re.escape(self.escape)}(?:.|\Z)" if self.escape else r"(?!)"
        skip = re.escape(self.escape) if self.escape else ""
        # Alternatives that begin differently, runs that are possessive: no match takes more than linear
        # time. No group is: before Python 3.11.5 one whose last turn fails keeps what that turn had read.
        if mark == "\n":
            unquoted = rf"(?:[^{stop}{skip}\r\n]++|{escaped}|\r(?!\n))*"
        else:
            unquoted = rf"(?:[^{stop}{skip}\r]++|{escaped})*"
        self._unquoted = re.compile(unquoted, re.DOTALL)
        self._line_end = re.compile(r"\r?\n" if mark == "\n" else r"\r")
        quote = re.escape(self.quote) if self.quote else "(?!)"
        inside = rf"(?:[^{quote}{skip}]++|{quote}{quote}|{escaped})*"
        self._quoted = re.compile(f"{quote}({inside}){quote}(?!{quote})", re.DOTALL)
        self._escapes = re.compile(f"{escaped}|{quote}{quote}", re.DOTALL)
        self._lone = "\r" if mark == "\n" else "\n"

    def parse(self, text: str, start: int, limit: int) -> Parsed:
        """Return the row of ``text`` that begins at ``start``, looking no further than ``limit``."""
        cells: list[str] = []
        at, opened, stray = start, -1, False
        while True:
            if self.quote and text.startswith(self.quote, at):
                opened = at
                match = self._quoted.match(text, at, limit)
                if match is None:
                    return Parsed(cells, Stop.OPEN, limit, opened, stray)
                cells.append(self._escapes.sub(self._second, match[1]))
            else:
                match = self._unquoted.match(text, at, limit)
                assert match is not None  # noqa: S101 - the pattern also matches the empty text
                cells.append(self._escapes.sub(self._second, match[0]) if self.escape else match[0])
                stray = stray or self._lone in match[0]
            at = match.end()
            if at >= limit:
                return Parsed(cells, Stop.END, at, opened, stray)
            if text[at] != self._delimiter:
                stop = Stop.ROW if self._line_end.match(text, at) else Stop.STRAY
                return Parsed(cells, stop, at, opened, stray)
            at += 1

    def opens(self, text: str, at: int) -> bool:
        """Return whether the character at ``at`` is the first one of a field."""
        return at == 0 or text[at - 1] in (self._delimiter, "\n", "\r")

    @staticmethod
    def _second(match: re.Match[str]) -> str:
        return match[0][1:]
