"""JSON values as the C scanner gives them: numbers as text, and what is wrong beside the grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from json import JSONDecodeError
from json.decoder import JSONDecoder
from typing import Any

MAX_DEPTH = 64  #: levels of arrays and objects in one value
MAX_NUMBER = 64  #: characters of one number
MAX_EXPONENT = 308  #: power of ten of a binary64, which is what receivers can be trusted with

Pointer = tuple[str, ...]

_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)\Z")


class Number(str):
    """A JSON number as it stands in the file."""

    __slots__ = ()


class JsonError(Exception):
    """The document cannot be read on; ``position`` is where, in the window's text."""

    def __init__(self, code: str, message: str, position: int) -> None:
        super().__init__(message)
        self.code = code
        self.position = position


@dataclass(slots=True)
class Notes:
    """What the scanner saw in one value beside its grammar."""

    repeated: bool = False  #: a member twice in one object
    numbers: bool = False  #: NaN, Infinity, or a number beyond the limits

    def clear(self) -> None:
        """Forget everything before the next value."""
        self.repeated = self.numbers = False

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return the members of one object, noting repeated ones."""
        members = dict(pairs)
        self.repeated |= len(members) != len(pairs)
        return members

    def number(self, text: str) -> Number:
        """Return a number's text, noting one beyond the limits."""
        if not is_safe_number(text):
            self.numbers = True
        return Number(text)

    def constant(self, text: str) -> Number:
        """Note NaN or Infinity, which are not JSON."""
        self.numbers = True
        return Number(text)


def is_safe_number(text: str) -> bool:
    """Whether every receiver can hold the number: at most 64 characters, exponent within 308."""
    if len(text) > MAX_NUMBER or text[-1] in "Ny":
        return False
    exponent = _EXPONENT.search(text)
    return exponent is None or abs(int(exponent.group(1))) <= MAX_EXPONENT


def decoder(notes: Notes) -> JSONDecoder:
    """Return a decoder that keeps numbers as text and fills ``notes``."""
    return JSONDecoder(
        object_pairs_hook=notes.pairs,
        parse_float=notes.number,
        parse_int=notes.number,
        parse_constant=notes.constant,
    )


@dataclass(frozen=True, slots=True)
class Value:
    """One value parsed at once: an element of an array of records, or one that stands around."""

    at: Pointer
    index: int | None  #: number of the element from 0, None for another value
    value: Any
    text: str
    start: int  #: position in the window's text
    line: int
    notes: Notes


def depth(value: Any) -> int:
    """Return how deeply arrays and objects are nested in ``value``, itself included."""
    level, values = 0, [value]
    while values:
        nested = [v for v in values if isinstance(v, (dict, list))]
        level += bool(nested)
        values = [child for v in nested for child in (v.values() if isinstance(v, dict) else v)]
    return level


def plain_message(message: str, *, at_end: bool) -> str:
    """Return the C scanner's message as a sentence about the file."""
    message = message.removesuffix(" starting at")
    if at_end:
        return f"The document ends too early ({message[0].lower()}{message[1:]})."
    return message.rstrip(".: ") + "."


def scan_text(text: str) -> Value:
    """Return the one value in ``text``; raises JsonError where that is not what it holds."""
    notes = Notes()
    try:
        start = len(text) - len(text.lstrip(" \t\n\r"))
        value, end = decoder(notes).scan_once(text, start)  # type: ignore[attr-defined] # typeshed lacks it
    except JSONDecodeError as error:
        raise JsonError("F601", plain_message(error.msg, at_end=False), error.pos) from None
    except StopIteration as stop:
        raise JsonError("F601", "A value is missing or cut off.", stop.value) from None
    except RecursionError:
        raise JsonError("F604", "Arrays and objects are nested too deeply.", 0) from None
    if text[end:].strip(" \t\n\r"):
        raise JsonError("F601", "Text stands after the value.", end)
    if depth(value) > MAX_DEPTH:
        raise JsonError("F604", f"Arrays and objects are nested more than {MAX_DEPTH} deep.", start)
    return Value((), None, value, text[start:end], start, 1, notes)
