"""Where in a JSON value's text each member stands: only asked when a finding needs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined] # typeshed lacks it
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from gateway.readers.json_values import Pointer

_TOKEN = re.compile(r"[^\s,:\[\]{}\"]+")
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Member:
    """One value within a text: its pointer, its first character, its text if it is a scalar."""

    at: Pointer
    position: int
    raw: str | None
    repeated: bool = False  #: its name occurred before in the same object


def members(text: str, position: int = 0, at: Pointer = ()) -> Iterator[Member]:
    """Yield every value in ``text``, which is one JSON value known to be well-formed."""
    yield from _value(text, _skip(text, position), at, False)


def position_of(text: str, pointer: Pointer) -> int:
    """Return where the value at ``pointer`` begins; the nearest one around it where there is none."""
    best = 0
    for member in members(text):
        if member.at == pointer:
            return member.position
        if member.raw is None and member.at == pointer[: len(member.at)]:
            best = member.position
    return best


def _skip(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _value(text: str, position: int, at: Pointer, repeated: bool) -> Generator[Member, None, int]:
    """Yield the value at ``position`` and those in it; return the position behind it."""
    char = text[position]
    if char in "{[":
        yield Member(at, position, None, repeated)
        position = yield from _inside(text, position, at)
        return position
    end = scanstring(text, position + 1, True)[1] if char == '"' else _token_end(text, position)
    yield Member(at, position, text[position:end], repeated)
    return int(end)


def _inside(text: str, position: int, at: Pointer) -> Generator[Member, None, int]:
    """Yield the values in the object or array at ``position``; return the position behind it."""
    is_object = text[position] == "{"
    names: set[str] = set()
    index = 0
    position = _skip(text, position + 1)
    while text[position] not in "}]":
        name, repeated = str(index), False
        if is_object:
            name, position = scanstring(text, position + 1, True)
            position = _skip(text, _skip(text, position) + 1)
            repeated = name in names
            names.add(name)
        position = yield from _value(text, position, (*at, name), repeated)
        position = _skip(text, position)
        position = _skip(text, position + 1) if text[position] == "," else position
        index += 1
    return position + 1


def _token_end(text: str, position: int) -> int:
    token = _TOKEN.match(text, position)
    return token.end() if token else position + 1
