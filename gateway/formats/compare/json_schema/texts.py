"""Values and schemas as text: one text for equal values, and the JSON that a witness is written in."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

#: Digits up to which a number is written out; a longer one is written with an exponent.
_MOST_DIGITS = 400


def text_of(value: Any) -> str:
    """Return the canonical JSON text of ``value``: equal values, as JSON Schema sees them, have one text."""
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}:{text_of(value[name])}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(text_of, value)) + "]"
    if isinstance(value, Decimal):
        whole = value.is_finite() and value.adjusted() < _MOST_DIGITS and value == value.to_integral_value()
        return str(int(value)) if whole else _fraction(value)
    return json.dumps(value, ensure_ascii=False)


def _fraction(value: Decimal) -> str:
    # not `normalize`, which rounds to 28 digits
    if abs(value.adjusted()) >= _MOST_DIGITS:
        return str(value)
    return f"{value:f}".rstrip("0")


def document(value: Any) -> bytes:
    """Return ``value`` as a JSON file in UTF-8, its numbers exactly as they are."""
    return (_written(value, 0) + "\n").encode("utf-8", "backslashreplace")


def _written(value: Any, depth: int) -> str:
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict) and value:
        lines = (f"{pad}{json.dumps(name)}: {_written(each, depth + 1)}" for name, each in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{end}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(pad + _written(each, depth + 1) for each in value) + f"\n{end}]"
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) < _MOST_DIGITS else str(value)
    return json.dumps(value)


def shown(value: Any, most: int = 60) -> str:
    """Return ``value`` as people read it in a sentence, cut where it is long."""
    text = text_of(_pointed(value))
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _pointed(value: Any) -> Any:
    """Return a schema with the fragments of its references alone, whose files a sentence need not name."""
    if isinstance(value, list):
        return [_pointed(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: f"#{each.partition('#')[2]}" if name == "$ref" and isinstance(each, str) else _pointed(each)
        for name, each in value.items()
    }
