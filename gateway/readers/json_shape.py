"""How a record is written, as regular expressions: the names of its members in their order.

What matches the shape of another record is well-formed JSON, has no name twice, no half a character, and
numbers that are sound but for their length; each of its values is cut out as it stands, escapes included.
What does not match is not wrong for that: it has to be looked at by itself.

The expressions are made for the automaton that the regex crate calls one-pass, the only one of its that
captures quickly: no more than 16 groups, and no character that could belong to two parts. So an object is
matched in sections, the next one in what the last one left as ``rest``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import polars as pl

from gateway.readers.json_values import Number, Pointer

#: The group of a section with everything behind it.
REST = "rest"

_SPACE = r"[ \t\n\r]*"
_ESCAPE = r'\\(?:["\\/bfnrt]|u(?:[0-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))'
_CHARACTERS = rf'(?:[^"\\\x00-\x1f]|{_ESCAPE})*'
_TEXT = f'"{_CHARACTERS}"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?"
_VALUE = rf"{_TEXT}|{_NUMBER}|true|false|null"
_MOST_GROUPS = 14  # of values in a section; with an array and the rest there are 16
_MOST_VALUES = 250
_DEEPEST = 8  # levels of objects in a record


def _nested(plain: str, text: str, opening: str, closing: str, levels: int) -> str:
    """Return what may stand between two brackets, with such brackets in it up to ``levels`` times."""
    inside = f"(?:{plain}|{text})*"
    for _ in range(levels):
        inside = f"(?:{plain}|{text}|{opening}{inside}{closing})*"
    return inside


_ELEMENTS = _nested(r'[^"\[\]\\]', _TEXT, r"\[", r"\]", 3)
_MEMBERS = _nested('[^"{}]', r'"(?:[^"\\]|\\(?s:.))*"', r"\{", r"\}", _DEEPEST)

#: An escape that stands for half a character, of which another one may be the other half.
HALF = r"\\u[dD][89a-fA-F]"
#: How an object in an array begins, up to its first value.
OPENING = re.compile(rf",{_SPACE}\{{{_SPACE}{_TEXT}")
#: An object of an array with the comma before it, or else everything up to the end: matches have no gaps.
ELEMENT = rf",?{_SPACE}\{{{_MEMBERS}\}}{_SPACE}|(?s:.+)"


class Sort(Enum):
    """What the values at one place of a shape are: the expression of its group, and what is around it."""

    TEXT = ('"', rf"{_CHARACTERS}")  #: the group is the text itself
    NUMBER = ("", _NUMBER)
    ANY = ("", _VALUE)  #: strings have their quotes

    def group(self, name: str) -> str:
        """Return the expression of a value with its group."""
        quote, expression = self.value
        return f"{quote}(?P<{name}>{expression}){quote}"


@dataclass(slots=True)
class Shape:
    """The expressions for a record, and the groups in which its values are found."""

    first: str = ""  #: the expression up to the first value, with the comma before
    sections: list[str] = field(default_factory=list)  #: of everything behind that
    values: dict[Pointer, str] = field(default_factory=dict)  #: single values: pointer -> group
    sorts: dict[Pointer, Sort] = field(default_factory=dict)
    arrays: dict[Pointer, tuple[str, int]] = field(default_factory=dict)  #: of objects: group, section
    order: list[tuple[str, Pointer]] = field(default_factory=list)  #: everything in it, as it is written

    def opens_with(self, opening: str) -> bool:
        """Whether such a record may begin so, up to its first value."""
        return re.fullmatch(self.first, opening) is not None

    @property
    def is_flat(self) -> bool:
        """Whether it has nothing but single values."""
        return len(self.order) == len(self.values) + 1


class _OtherwiseError(Exception):
    """The value is nothing that a shape can describe."""


def shape_of(record: dict[str, Any], marks: frozenset[Pointer], sorts: dict[Pointer, Sort]) -> Shape | None:
    """Return the shape of a parsed record, None where it has none, as an empty one.

    Values at ``marks`` belong to the shape: another record of it has the same there. The others are of the
    given ``sorts``, or of the sort of the record's own values.
    """
    writer = _Writer(marks, sorts)
    if not record:
        return None
    try:
        writer.write(record, ())
    except _OtherwiseError:
        return None
    return writer.finished()


def sort_of(value: Any) -> Sort:
    """Return the sort of a single value."""
    if isinstance(value, Number):
        return Sort.NUMBER
    return Sort.TEXT if isinstance(value, str) else Sort.ANY


class _Writer:
    """Writes the expressions of one shape."""

    def __init__(self, marks: frozenset[Pointer], sorts: dict[Pointer, Sort]) -> None:
        self._marks = marks
        self._sorts = sorts
        self._shape = Shape()
        self._section = ""
        self._groups = 0

    def write(self, value: Any, at: Pointer) -> None:
        """Add the expression for ``value``, and for what is in it."""
        if isinstance(value, dict):
            self._object(value, at)
        elif isinstance(value, list):
            self._array(value, at)
        else:
            self._single(value, at)

    def finished(self) -> Shape:
        """Return the shape of what was written."""
        self._shape.sections.append(f"{self._section}{_SPACE}(?P<{REST}>)$")
        return self._shape

    def _object(self, value: dict[str, Any], at: Pointer) -> None:
        if len(at) >= _DEEPEST:
            raise _OtherwiseError
        self._shape.order.append(("object", at))
        self._section += r"\{"
        for number, (name, member) in enumerate(value.items()):
            if number:
                self._section += ","
                if self._groups >= _MOST_GROUPS:
                    self._end_section()
            self._section += f"{_SPACE}{_literal(name)}"
            if len(self._shape.order) == 1:
                self._shape.first, self._section = f",?{_SPACE}{self._section}", ""
            self._section += f"{_SPACE}:{_SPACE}"
            self.write(member, (*at, name))
            self._section += _SPACE
        self._section += r"\}" if value else rf"{_SPACE}\}}"

    def _array(self, value: list[Any], at: Pointer) -> None:
        if not all(isinstance(element, dict) for element in value):
            raise _OtherwiseError
        group = f"a{len(self._shape.arrays)}"
        self._shape.arrays[at] = (group, len(self._shape.sections))
        self._shape.order.append(("array", at))
        self._section += rf"\[(?P<{group}>{_ELEMENTS})\]"
        self._end_section()

    def _single(self, value: Any, at: Pointer) -> None:
        if len(self._shape.values) >= _MOST_VALUES:
            raise _OtherwiseError
        group = f"v{len(self._shape.values)}"
        is_mark = at in self._marks
        sort = Sort.ANY if is_mark else self._sorts.get(at, sort_of(value))
        self._shape.values[at], self._shape.sorts[at] = group, sort
        self._shape.order.append((_written(value) if is_mark else "value", at))
        self._section += f"(?P<{group}>{_written(value)})" if is_mark else sort.group(group)
        self._groups += 1

    def _end_section(self) -> None:
        self._shape.sections.append(f"{self._section}(?P<{REST}>(?s:.*))$")
        self._section, self._groups = "", 0


def _written(value: Any) -> str:
    """Return the expression for one single value as it stood."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return pl.escape_regex(value) if isinstance(value, Number) else _literal(value)


def _literal(text: str) -> str:
    """Return the expression for a string that is written without escapes."""
    if '"' in text or "\\" in text or min(text, default=" ") < " ":
        raise _OtherwiseError
    return f'"{pl.escape_regex(text)}"'
