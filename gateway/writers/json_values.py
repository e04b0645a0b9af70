"""JSON values in memory and as text: numbers exactly as given, everything as the schema wants it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from gateway.formats.definition import Dialect, Field, FieldType

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
#: What readers accept as a number, so that every receiver can hold it.
_MAX_NUMBER = 64
_MAX_EXPONENT = 308

Tree = dict[str, Any]


class Token(str):
    """A text that stands in JSON as it is: a number, ``true``, ``false``, ``null``."""

    __slots__ = ()


NULL = Token("null")


def value_of(text: str, field: Field, dialect: Dialect, types: frozenset[str] | None) -> str:
    """Return how ``text`` stands in JSON: as a Token, or as a string.

    ``types`` are those that the JSON Schema allows there, None where it says nothing: then the type
    of the field decides.
    """
    if text == "":
        return NULL if _is_null(field, dialect, types) else text
    numeric = field.type in (FieldType.INTEGER, FieldType.DECIMAL)
    if is_number(text) and (numeric if types is None else _prefers(types, {"number", "integer"}, numeric)):
        return Token(text)
    boolean = field.type is FieldType.BOOLEAN
    if text in ("true", "false") and (boolean if types is None else _prefers(types, {"boolean"}, boolean)):
        return Token(text)
    return text


def is_number(text: str) -> bool:
    """Return whether ``text`` is a JSON number (RFC 8259 section 6) that every receiver can hold."""
    if len(text) > _MAX_NUMBER or not _NUMBER.fullmatch(text):
        return False
    exponent = re.split("[eE]", text)[1:]
    return not exponent or abs(int(exponent[0])) <= _MAX_EXPONENT


def _is_null(field: Field, dialect: Dialect, types: frozenset[str] | None) -> bool:
    if types is not None:
        return "null" in types
    tokens = dialect.null_tokens if field.null_tokens is None else field.null_tokens
    return field.nullable and "" in tokens


def _prefers(types: frozenset[str], wanted: set[str], by_field: bool) -> bool:
    """Whether the schema has one of ``wanted``; where it has strings as well, the field decides."""
    return bool(types & wanted) and (by_field or "string" not in types)


def dumped(value: Any) -> str:
    """Return ``value`` (objects, arrays, texts, Tokens) as JSON on one line."""
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(dumped(item) for item in value)}]"
    return f"{{{', '.join(member(name, one) for name, one in value.items())}}}"


def member(name: str, value: Any) -> str:
    """Return one member of an object as JSON."""
    return f"{json.dumps(name, ensure_ascii=False)}: {dumped(value)}"


def escaped(text: str) -> str:
    """Return JSON ``text`` with characters beyond ASCII, which stand in strings only, as escapes."""
    return re.sub("[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)


def with_arrays(value: Any) -> Any:
    """Return ``value`` with each object whose members are called 0, 1, 2 ... as an array."""
    if isinstance(value, list):
        return [with_arrays(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    members = {name: with_arrays(one) for name, one in value.items()}
    if members and set(members) == {str(number) for number in range(len(members))}:
        return [members[str(number)] for number in range(len(members))]
    return members
