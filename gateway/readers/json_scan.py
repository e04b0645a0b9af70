"""A JSON document (RFC 8259) value by value in bounded memory, with the place of everything.

The document is walked in Python only as far as the definition's pointers lead; every value
beyond is cut out and parsed by the C scanner at once. Numbers keep their exact text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined] # typeshed lacks it
from typing import TYPE_CHECKING, Any

from gateway.readers.json_values import (
    MAX_DEPTH,
    JsonError,
    Notes,
    Pointer,
    Value,
    decoder,
    depth,
    plain_message,
)
from gateway.readers.json_window import TRIM_AT, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

#: Characters of one record, or of all that stands around the records.
MAX_VALUE = 16 * 1024 * 1024
#: Members and elements of one record: each takes hundreds of bytes in memory, though two in the file.
MAX_MEMBERS = 200_000
_MEMBER = 128  # what a member around the records counts for beside its characters
_AHEAD = 16  # an error this near to the end of the text may vanish with more of it


@dataclass(frozen=True, slots=True)
class Opened:
    """An object that the walk goes into begins."""

    at: Pointer
    line: int


@dataclass(frozen=True, slots=True)
class Closed:
    """An object that the walk went into has ended; ``members`` without the arrays of records."""

    at: Pointer
    members: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A member of an object that the walk goes into occurs again."""

    at: Pointer
    line: int
    start: int  #: position in the window's text


@dataclass(frozen=True, slots=True)
class Run:
    """Some elements of an array of records that were taken at once, or lines; nothing of them is parsed."""

    at: Pointer
    index: int  #: of the first one in its array
    text: str  #: all of them, with what stands between them
    texts: pl.Series  #: each of them, in an array with the comma before it, but without the ``opening``
    line: int  #: on which the text begins
    offset: int  #: byte at which the text begins, as far as bytes can be counted
    is_listed: bool  #: in an array; else lines
    opening: str = ""  #: how each of them begins


@dataclass(frozen=True, slots=True)
class Seam:
    """No more elements could be taken at once: the walk goes on with one."""


Item = Opened | Closed | Value | Repeated | Run | Seam


@dataclass(slots=True)
class Walk:
    """A walk over one document along the pointers that matter."""

    window: Window
    arrays: frozenset[Pointer]  #: whose elements are records
    inner: frozenset[Pointer]  #: objects that are walked member by member
    counts: dict[Pointer, int] = field(default_factory=dict)  #: elements found in each array
    take: Callable[[Walk, Pointer], Iterator[Run | Seam]] | None = None  #: takes elements at once
    _notes: Notes = field(default_factory=Notes)
    _shell: int = 0
    _line: int = 1
    _counted: int = 0

    def items(self) -> Iterator[Item]:
        """Yield what the document holds, in order; raises JsonError where it cannot be read on.

        The last item is the whole document without the arrays of records, as Closed at ``()``
        (or a Value, where it is neither an object nor such an array).
        """
        yield from self._value(())
        if self.window.peek():
            raise JsonError("F601", "Text stands after the end of the document.", self.window.position)

    def _value(self, at: Pointer) -> Iterator[Item]:
        first = self.window.peek()
        if at in self.arrays and first == "[":
            yield from self._array(at)
        elif at in self.inner and first == "{":
            yield from self._object(at)
        else:
            item = self.element(at, None)
            self._count_shell(len(item.text))
            yield item

    def _object(self, at: Pointer) -> Iterator[Item]:
        yield Opened(at, self.line_here())
        members: dict[str, Any] = {}
        self.window.position += 1
        while self._next("}", first=not members):
            key, start = self._key()
            if key in members:
                yield Repeated((*at, key), self.line_here(), start)
            members[key] = [] if (*at, key) in self.arrays else None
            for item in self._value((*at, key)):
                yield item
                if item_at(item) == (*at, key):
                    members[key] = _content(item, members[key])
        yield Closed(at, members)

    def _array(self, at: Pointer) -> Iterator[Item]:
        self.window.position += 1
        self.counts[at] = 0
        while self._next("]", first=self.counts[at] == 0):
            yield self.element(at, self.counts[at])
            self.counts[at] += 1
            self.trim()
            if self.take is not None:
                yield from self.take(self, at)

    def _next(self, close: str, *, first: bool) -> bool:
        """Go to the next member or element; return False after the closing bracket."""
        char = self.window.peek()
        if char == close:
            self.window.position += 1
            return False
        if not first:
            if char != ",":
                self._fail(f"A comma or {close} is missing")
            self.window.position += 1
            self.window.peek()
        return True

    def _key(self) -> tuple[str, int]:
        """Return the member name that begins here, and go behind its colon."""
        window = self.window
        if window.peek() != '"':
            self._fail("A member name in double quotes is missing")
        start = window.position
        while True:
            try:
                key, window.position = scanstring(window.text, start + 1, True)
                break
            except JSONDecodeError as error:
                self._want_more(error.msg, error.pos, start)
        self._count_shell(len(key) + _MEMBER)
        if window.peek() != ":":
            self._fail("A colon is missing")
        window.position += 1
        return key, start

    def element(self, at: Pointer, index: int | None) -> Value:
        """Parse the value that begins here, the ``index``-th of its array if it is in one."""
        window, notes = self.window, self._notes
        if not window.peek():
            self._fail("A value is missing")
        start = window.position
        scan = decoder(notes).scan_once  # type: ignore[attr-defined] # typeshed lacks it
        while True:
            notes.clear()
            try:
                value, end = scan(window.text, start)
            except JSONDecodeError as error:
                self._want_more(error.msg, error.pos, start)
            except StopIteration as stop:
                self._want_more("A value is missing", stop.value, start)
            except RecursionError:
                raise JsonError("F604", "Arrays and objects are nested too deeply.", start) from None
            else:
                if end < len(window.text) or window.ended:
                    break
                window.more()
        text = window.text[start:end]
        line = self.line_here()
        window.position = end
        bound(window.text, start, end)
        self._check_depth(value, text, start)
        return Value(at, index, value, text, start, line, notes)

    def _want_more(self, message: str, position: int, start: int) -> None:
        """Take more text where that may mend an error; raise JsonError where it cannot."""
        window = self.window
        length = len(window.text) - start
        certain = not message.startswith("Unterminated") and position < len(window.text) - _AHEAD
        if not certain and length > MAX_VALUE:
            raise JsonError("F604", "One value is longer than 16 MiB.", start)
        if not certain:
            bound(window.text, start, len(window.text))
        if certain or not window.more(length):
            cut = message.startswith("Unterminated") or not window.text[position:].strip()
            raise JsonError("F601", plain_message(message, at_end=cut), position)

    def _check_depth(self, value: Any, text: str, start: int) -> None:
        if text.count("[") + text.count("{") > MAX_DEPTH and depth(value) > MAX_DEPTH:
            raise JsonError("F604", f"Arrays and objects are nested more than {MAX_DEPTH} deep.", start)

    def _count_shell(self, characters: int) -> None:
        self._shell += characters
        if self._shell > MAX_VALUE:
            message = "What stands around the records is longer than 16 MiB, or has too many members."
            raise JsonError("F604", message, self.window.position)

    def _fail(self, message: str) -> None:
        at_end = not self.window.peek()
        text = "The document ends too early." if at_end else f"{message}."
        raise JsonError("F601", text, self.window.position)

    def line_here(self) -> int:
        """Return the line of the position, counting on from where it was last asked."""
        window = self.window
        self._line += window.text.count("\n", self._counted, window.position)
        self._counted = window.position
        return self._line

    def trim(self, least: int = TRIM_AT) -> str:
        """Forget, and return, the text before the position where it is at least so many characters."""
        gone = self.window.trim(self.line_here(), least)
        self._counted = self.window.position
        return gone

    def go_back(self, text: str, line: int, offset: int) -> None:
        """Go on with ``text`` before what is in the window; it begins on ``line``, at byte ``offset``."""
        window = self.window
        window.text = text + window.text[window.position :]
        window.position, window.line = 0, line
        window.offset = offset - window.source.start
        self._line, self._counted = line, 0


def bound(text: str, start: int, end: int) -> None:
    """Raise JsonError where the value from ``start`` to ``end`` has more members than one may have."""
    if text.count(",", start, end) > MAX_MEMBERS:
        message = f"One value has more than {MAX_MEMBERS:,} members and elements."
        raise JsonError("F604", message, start)


def element_of(window: Window, run: Run, index: int) -> Value:
    """Return the one element that ``window`` holds after its comma; raises JsonError for anything else."""
    walk = Walk(window, frozenset(), frozenset(), _line=window.line)
    if window.peek() != ",":
        raise JsonError("F601", "A comma is missing.", window.position)
    window.position += 1
    value = walk.element(run.at, index)
    if window.peek():
        raise JsonError("F601", "Text stands after the element.", window.position)
    return value


def item_at(item: Item) -> Pointer | None:
    """Return the pointer of a whole value, None for an element or a beginning."""
    if isinstance(item, Closed) or (isinstance(item, Value) and item.index is None):
        return item.at
    return None


def _content(item: Item, default: Any) -> Any:
    if isinstance(item, Value):
        return item.value
    return item.members if isinstance(item, Closed) else default
