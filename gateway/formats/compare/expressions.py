r"""Regular expressions as trees: the subset that ``formats.patterns`` lets a definition use.

Characters, classes, ``.``, groups, alternatives, repetitions (lazy ones too, which match the same
texts) and anchors. What is beyond it is `UndecidedError`: the question is then not decided.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

#: The last code point; classes are intervals of code points, both ends included.
LAST = 0x10FFFF

Intervals = tuple[tuple[int, int], ...]


class UndecidedError(Exception):
    """The question is too large, or an expression uses what is not understood here."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of a class."""

    intervals: Intervals


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same again and again; ``most`` is None where there is no limit."""

    item: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """The beginning (``^``) or the end (``$``) of the text."""

    end: bool


Node = Characters | Sequence | Choice | Repeat | Anchor

_GROUP = re.compile(r"\((?:\?P<[A-Za-z_][A-Za-z0-9_]*>|\?:|(?!\?))")
_REPEAT = re.compile(r"(?:[*+?]|\{([0-9]+)(?:(,)([0-9]*))?\})(\??)")
#: Everything but the line feed, as ``.`` has it.
_DOT: Intervals = ((0, 9), (11, LAST))


@functools.lru_cache(maxsize=512)
def parse(pattern: str) -> Node:
    """Return the tree of ``pattern``; UndecidedError where it has something else than the subset."""
    reader = _Reader(pattern)
    try:
        node = reader.choice()
    except (IndexError, RecursionError) as error:
        raise UndecidedError(pattern) from error
    if reader.position < len(pattern):
        raise UndecidedError(pattern)
    return node


def negated(intervals: Intervals) -> Intervals:
    """Return all other code points."""
    found, start = [], 0
    for low, high in sorted(intervals):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    if start <= LAST:
        found.append((start, LAST))
    return tuple(found)


def holds(intervals: Intervals, code: int) -> bool:
    """Return whether a code point lies in one of ``intervals``."""
    for low, high in intervals:  # noqa: SIM110 - a generator takes three times as long, and this is the inner loop
        if low <= code <= high:
            return True
    return False


class _Reader:
    """Reads a pattern from left to right, one method per level of binding."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0

    def choice(self) -> Node:
        branches = [self._sequence()]
        while self._peek() == "|":
            self.position += 1
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Node:
        items = []
        while self._peek() not in ("", "|", ")"):
            items.append(self._repeated(self._atom()))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _repeated(self, item: Node) -> Node:
        found = _REPEAT.match(self.pattern, self.position)
        if found is None:
            return item
        self.position = found.end()
        # A repetition of a repetition is possessive in some engines and an error in others.
        if isinstance(item, Anchor) or _REPEAT.match(self.pattern, self.position):
            raise UndecidedError(self.pattern)
        sign = found[0][0]
        if sign != "{":
            return Repeat(item, int(sign == "+"), 1 if sign == "?" else None)
        least = int(found[1])
        if not found[2]:
            return Repeat(item, least, least)
        return Repeat(item, least, int(found[3]) if found[3] else None)

    def _atom(self) -> Node:
        char = self._peek()
        if char == "(":
            return self._group()
        if char == "[":
            return Characters(self._class())
        if char in "*+?{":
            raise UndecidedError(self.pattern)
        if char in "^$.":
            self.position += 1
            return Characters(_DOT) if char == "." else Anchor(char == "$")
        code = self._character()
        return Characters(((code, code),))

    def _group(self) -> Node:
        opening = _GROUP.match(self.pattern, self.position)
        if opening is None:
            raise UndecidedError(self.pattern)
        self.position = opening.end()
        node = self.choice()
        if self._peek() != ")":
            raise UndecidedError(self.pattern)
        self.position += 1
        # A group keeps its own node, so that a repetition after it is no repetition of a repetition.
        return node

    def _class(self) -> Intervals:
        self.position += 1
        other = self._peek() == "^"
        self.position += other
        found: list[tuple[int, int]] = []
        while not found or self._peek() != "]":
            low = high = self._character()
            if self._peek() == "-" and self.pattern[self.position + 1] != "]":
                self.position += 1
                high = self._character()
            if high < low:
                raise UndecidedError(self.pattern)
            found.append((low, high))
        self.position += 1
        others = negated(tuple(found))
        return others if other else negated(others)  # twice: neighbours are one interval

    def _character(self) -> int:
        char = self.pattern[self.position]
        self.position += 1
        if char != "\\":
            return ord(char)
        escaped = self.pattern[self.position]
        self.position += 1
        if escaped.isalnum():
            raise UndecidedError(self.pattern)
        return ord(escaped)

    def _peek(self) -> str:
        return self.pattern[self.position : self.position + 1]
