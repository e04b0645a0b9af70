"""Texts made from a schema of strings, and patterns of JSON Schema in the words of the gateway.

A pattern of JSON Schema is found anywhere in the text unless it is anchored; ours match the whole text.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from gateway.formats.compare import patterns

_FORMATS = {
    "date": ("2026-01-31", "1999-12-31"),
    "time": ("06:30:00Z", "23:59:59+01:00"),
    "date-time": ("2026-01-31T06:30:00Z", "1999-12-31T23:59:59.5+01:00"),
    "duration": ("P1D", "PT30M"),
    "email": ("a@b.example",),
    "idn-email": ("a@b.example",),
    "hostname": ("mes01.example",),
    "idn-hostname": ("mes01.example",),
    "ipv4": ("192.0.2.1",),
    "ipv6": ("2001:db8::1",),
    "uri": ("urn:example:1", "http://a.example/"),
    "uri-reference": ("a/b", "#c"),
    "iri": ("urn:example:1",),
    "iri-reference": ("a/b",),
    "uuid": ("00000000-0000-4000-8000-000000000000", "123e4567-e89b-12d3-a456-426614174000"),
    "uri-template": ("a/{b}",),
    "json-pointer": ("/a", ""),
    "relative-json-pointer": ("0",),
    "regex": ("a",),
}
_COMMON = ("a", "A", "0", "1", "", "abc", "ABC", "123", "A1", " ", "2026-01-31", "x y", "é")
#: Characters up to which a text is made.
_MOST = 70_000
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_"}


def candidates(table: dict[str, Any]) -> Iterator[str]:
    """Yield texts that may satisfy the keywords of ``table``; the caller validates."""
    shortest, longest = table.get("minLength", 0), table.get("maxLength")
    lengths = {shortest, shortest + 1, *(() if longest is None else (longest, longest - 1))}
    fitting = [each for each in sorted(lengths) if 0 <= each <= _MOST]
    made: Iterator[str] = iter(_FORMATS.get(table.get("format", ""), ()))
    body = whole(table["pattern"]) if "pattern" in table else None
    if body is not None and shortest <= (shortest if longest is None else longest):
        made = itertools.chain(made, patterns.examples(body, (shortest, longest)))
    for text in itertools.chain(made, () if "format" in table else _COMMON):
        yield text
        for length in fitting if text else ():
            yield text[:length] if len(text) >= length else text + text[-1] * (length - len(text))


def pattern_difference(writer: str, reader: str) -> str | patterns.Unknown | None:
    """Return a text in which ``writer`` is found and ``reader`` is not; None where there is proof of none."""
    bodies = whole(writer), whole(reader)
    if bodies[0] is None or bodies[1] is None:
        return patterns.Unknown.UNKNOWN
    return patterns.difference(bodies[0], bodies[1])


def whole(pattern: str) -> str | None:
    """Return the expression of the whole texts in which ``pattern`` is found; None where it is not sure.

    Not sure are anchors inside, and escapes that dialects understand differently.
    """
    body = pattern.removeprefix("^")
    ended = body.endswith("$") and not _escaped(body)
    pieces = _pieces(body[:-1] if ended else body)
    if pieces is None or ("|" in pieces and (ended or body != pattern)):
        return None
    before = "" if pattern.startswith("^") else patterns.ANYTHING
    return f"{before}(?:{''.join(pieces)}){'' if ended else patterns.ANYTHING}"


def _escaped(text: str) -> bool:
    """Whether a backslash takes the meaning from the last character."""
    before = text[:-1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _pieces(body: str) -> list[str] | None:
    """Return ``body`` in our words; None where it has an anchor or an escape of unsure meaning.

    A choice outside of all groups is a piece of its own.
    """
    pieces: list[str] = []
    depth, inside, position = 0, False, 0
    while position < len(body):
        char = body[position]
        if char == "\\":
            escape = body[position + 1 : position + 2]
            named = _CLASSES.get(escape)
            if escape.isalnum() and named is None:
                return None
            pieces.append(char + escape if named is None else named if inside else f"[{named}]")
            position += 2
            continue
        if not inside and char in "^$":
            return None
        depth += 0 if inside else {"(": 1, ")": -1}.get(char, 0)
        inside = (char == "[" or inside) and char != "]"
        if char == "|" and (depth or inside):
            pieces[-1] += char
        else:
            pieces.append(char)
        position += 1
    return pieces
