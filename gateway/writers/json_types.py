"""Which JSON types the schema beside a format allows at a place: as much of it as a writer needs.

The schema itself is enforced when the written file is read back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import FormatError

_BRANCHES = ("allOf", "anyOf", "oneOf", "then", "else")
_DEEPEST = 32

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JsonTypes:
    """The types that one JSON Schema names, place by place."""

    schema: Any

    def at(self, steps: Steps) -> frozenset[str] | None:
        """Return the types allowed at ``steps`` from the document (``*``: an element of an array).

        None where the schema does not say.
        """
        schemas = list(self._resolved(self.schema, 0))
        for step in steps:
            schemas = [deeper for one in schemas for deeper in self._below(one, step)]
        named = [found for one in schemas for found in _types(one)]
        return frozenset(named) or None

    def _below(self, schema: Any, step: str) -> Iterator[Any]:
        below = schema.get("items") if step == "*" else schema.get("properties", {}).get(step)
        if isinstance(below, list):
            below = below[0] if below else None
        yield from self._resolved(below, 0)

    def _resolved(self, schema: Any, depth: int) -> Iterator[Any]:
        """Yield ``schema`` and what it refers to or is composed of."""
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return
        yield schema
        yield from self._resolved(self._target(schema.get("$ref")), depth + 1)
        for name in _BRANCHES:
            branch = schema.get(name)
            for one in branch if isinstance(branch, list) else [branch]:
                yield from self._resolved(one, depth + 1)

    def _target(self, reference: object) -> Any:
        """Return what a reference within the same file leads to (RFC 6901), None for others."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        found = self.schema
        for token in reference[1:].split("/")[1:]:
            found = (
                found.get(token.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
            )
        return found


def json_types(file: Path) -> JsonTypes:
    """Return the types of the schema in ``file``; FormatError where it cannot be read."""
    try:
        return JsonTypes(json.loads(file.read_bytes()))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError("The JSON Schema cannot be read", where=str(file), cause=error) from error


def _types(schema: dict[str, Any]) -> list[str]:
    named = schema.get("type")
    if isinstance(named, str):
        return [named]
    if isinstance(named, list):
        return [one for one in named if isinstance(one, str)]
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    kinds = {bool: "boolean", str: "string", int: "integer", float: "number", type(None): "null"}
    return sorted({kinds[type(one)] for one in values if type(one) in kinds})
