"""What one place of a JSON Schema says of the values there: types, codes, and members whatever is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.formats.compare.json_schema.flat import Flat
from gateway.formats.compare.json_schema.normal import Schema
from gateway.formats.importing.names import quoted, quoted_exactly

MAX_CODES = 60  #: of one field


def common(branches: list[Flat]) -> Flat:
    """Return the types of all branches together, where each states its own."""
    types = [types_of(each) for each in branches]
    return {"type": sorted(set().union(*types))} if all(types) else {}


def members(table: Flat, branches: list[Flat]) -> dict[str, Schema]:
    """Return the members that an object has whatever branch is taken, with all that they may be.

    A member that an open branch does not name may be anything there: it is left out.
    """
    own: dict[str, Schema] = table.get("properties", {})
    found = dict(own)
    objects = [each for each in branches if "object" in each.get("type", ("object",))]
    for name in dict.fromkeys(name for each in objects for name in each.get("properties", ())):
        naming = [each["properties"][name] for each in objects if name in each.get("properties", {})]
        closed = [each for each in objects if each.get("additionalProperties") is False]
        others = [each for each in objects if name not in each.get("properties", {}) and each not in closed]
        if name not in own and not others:
            found[name] = naming[0] if len(naming) == 1 else {"anyOf": naming}
    return found


def types_of(table: Flat) -> set[str]:
    """Return the types that a value may have; none where the schema does not say."""
    types = set(table.get("type", ()))
    return types or {_type_of(value) for value in table.get("enum", ())}


def settings(table: Flat, types: set[str], *, needed: bool) -> Iterator[str]:
    """Yield the settings of a field beside its path: only what the schema implies.

    ``needed`` says that the member is there in every record.
    """
    kind = _field_type(table, types - {"null"})
    if kind != "string":
        yield f"type: {kind}"
    if kind in ("integer", "decimal"):
        yield "severity: warning"
    if not needed:
        yield "required: false"
    if kind == "string" or "null" in types or not needed:
        yield "nullable: true"
    codes = _codes(table) if kind == "string" else []
    if codes:
        yield f"codes: [{', '.join(map(quoted_exactly, codes))}]"
    description = table.get("description") or table.get("title")
    if isinstance(description, str) and description.strip():
        yield f"description: {quoted(description)}"


def _codes(table: Flat) -> list[str]:
    """Return the texts that an enumeration allows; none where it has other values or very many."""
    values = table.get("enum", ())
    texts = [value for value in values if isinstance(value, str) and value]
    plain = all(isinstance(value, str | None) for value in values) and all(map(str.isprintable, texts))
    return texts if plain and len(texts) <= MAX_CODES else []


def _field_type(table: Flat, types: set[str]) -> str:
    if types == {"integer"}:
        return "integer"
    if types and types <= {"integer", "number"}:
        return "decimal"
    if types == {"boolean"}:
        return "boolean"
    return "date" if types == {"string"} and table.get("format") == "date" else "string"


def _type_of(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    return {str: "string", int: "integer", dict: "object", list: "array"}.get(type(value), "number")


def why_not(types: set[str]) -> str:
    """Return in words why values of ``types`` are no field."""
    if not types:
        return "the schema does not say its type"
    return f"it may be {' or '.join(sorted(types))}"
