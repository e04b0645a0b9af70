"""A normal schema as one table of keywords: references followed, ``allOf`` merged where that is exact.

What cannot be merged without changing the meaning stays under ``allOf``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.formats.compare.json_schema.normal import ANNOTATIONS, OPAQUE, Schema
from gateway.formats.compare.json_schema.texts import text_of

Flat = dict[str, Any]

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_OBJECT = ("properties", "patternProperties", "additionalProperties")
_ARRAY = ("prefixItems", "items")
#: Keywords that are read together.
_GROUPS = (("contains", "minContains", "maxContains"), ("if", "then", "else"))
_LARGER = ("minLength", "minItems", "minProperties")
_SMALLER = ("maxLength", "maxItems", "maxProperties")
#: Keywords that speak of one type of value alone, so that null passes them.
_OF_ONE_TYPE = frozenset(
    (*_OBJECT, *_ARRAY, *_LARGER, *_SMALLER, *ANNOTATIONS, "required", "uniqueItems", "pattern", "format",
     "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "dependentRequired",
     "propertyNames", "contains", "minContains", "maxContains", "type", "enum")
)  # fmt: skip


def both(first: Schema, second: Schema) -> Schema:
    """Return the schema of what satisfies both."""
    if first is False or second is False:
        return False
    if first is True or first == {} or first == second:
        return second
    return first if second is True or second == {} else {"allOf": [first, second]}


def flat(schema: Schema, definitions: Mapping[str, Schema]) -> Flat:
    """Return ``schema`` as one table; of False the table that has no type left."""
    return _nullable(_flat(schema, definitions, frozenset()), definitions)


def _flat(schema: Schema, definitions: Mapping[str, Schema], seen: frozenset[str]) -> Flat:
    if not isinstance(schema, dict):
        return {} if schema else {"type": []}
    if "$ref" in schema:
        name = schema["$ref"]
        return {} if name in seen else _flat(definitions[name], definitions, seen | {name})
    found: Flat = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema.get("allOf", ()):
        inner = _flat(part, definitions, seen)
        if "unevaluatedProperties" in inner or "unevaluatedItems" in inner:
            found.setdefault("allOf", []).append(part)  # it sees nothing of what stands around it
        else:
            found = _merged(found, inner)
    return found


def _merged(first: Flat, second: Flat) -> Flat:
    """Return both tables as one; groups of keywords that stand in both and differ go to ``allOf``."""
    found = {**second, **first}
    apart = [*first.get("allOf", ()), *second.get("allOf", ())]
    shared = first.keys() & second.keys()
    for group in (*_GROUPS, *((name,) for name in sorted(shared - _SIMPLE.keys() - set(ANNOTATIONS)))):
        mine = {name: first[name] for name in group if name in first}
        other = {name: second[name] for name in group if name in second}
        if mine and other and group[0] not in ("allOf", *_OBJECT, *_ARRAY) and mine != other:
            for name in other:
                found.pop(name)
            found |= mine
            apart.append(other)
    for name in shared & _SIMPLE.keys():
        found[name] = _SIMPLE[name](first[name], second[name])
    _bounds(first, second, found)
    _merge_members(first, second, found, apart)
    _merge_items(first, second, found, apart)
    if apart:
        found["allOf"] = apart
    return found


def _types(first: list[str], second: list[str]) -> list[str]:
    taken = set(first) & set(second)
    if {"number", "integer"} <= {*first, *second}:
        taken.add("integer")
    return sorted(taken - ({"integer"} if "number" in taken else set()))


def _values(first: list[Any], second: list[Any]) -> list[Any]:
    texts = {text_of(value) for value in second}
    return [value for value in first if text_of(value) in texts]


def _demanded(first: dict[str, list[str]], second: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: sorted({*first.get(name, ()), *second.get(name, ())}) for name in first | second}


_SIMPLE: dict[str, Any] = {
    "type": _types,
    "enum": _values,
    "required": lambda first, second: sorted({*first, *second}),
    "uniqueItems": lambda _first, _second: True,
    "dependentRequired": _demanded,
    **dict.fromkeys(_LARGER, max),
    **dict.fromkeys(_SMALLER, min),
    **{name: (lambda first, _second: first) for name in ANNOTATIONS},
}


def _bounds(first: Flat, second: Flat, found: Flat) -> None:
    """Keep the stricter bound at each end, with one keyword."""
    for name, exclusive, sign in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
        bounds = [
            (sign * Decimal(each[key]), key == exclusive, each[key])
            for each in (first, second)
            for key in (name, exclusive)
            if key in each
        ]
        found.pop(name, None)
        found.pop(exclusive, None)
        if bounds:
            _, excluded, bound = max(bounds, key=lambda one: one[:2])
            found[exclusive if excluded else name] = bound


def _merge_members(first: Flat, second: Flat, found: Flat, apart: list[Schema]) -> None:
    mine, other = ({n: each[n] for n in _OBJECT if n in each} for each in (first, second))
    if not mine or not other:
        return
    for name in _OBJECT:
        found.pop(name, None)
    if mine == other or "patternProperties" in mine or "patternProperties" in other:
        found |= mine
        apart += [other] if mine != other else []
        return
    rest, rest_other = mine.get("additionalProperties", True), other.get("additionalProperties", True)
    names, names_other = mine.get("properties", {}), other.get("properties", {})
    members = {n: both(names.get(n, rest), names_other.get(n, rest_other)) for n in names | names_other}
    found |= {"properties": members} if members else {}
    if both(rest, rest_other) not in (True, {}):
        found["additionalProperties"] = both(rest, rest_other)


def _merge_items(first: Flat, second: Flat, found: Flat, apart: list[Schema]) -> None:
    mine, other = ({n: each[n] for n in _ARRAY if n in each} for each in (first, second))
    if not mine or not other or mine == other:
        return
    for name in _ARRAY:
        found.pop(name, None)
    if "prefixItems" in mine or "prefixItems" in other:
        found |= mine
        apart.append(other)
    else:
        found["items"] = both(mine["items"], other["items"])


def _nullable(table: Flat, definitions: Mapping[str, Schema]) -> Flat:
    """Say ``anyOf: [X, null]`` as the type of X or null, where nothing in X speaks of null."""
    for name in ("anyOf", "oneOf"):
        branches = table.get(name, ())
        if len(branches) != 2:
            continue
        tables = [_flat(each, definitions, frozenset()) for each in branches]
        others = [each for each in tables if _said(each) != {"type": ["null"]}]
        if len(others) == 1 and _takes_no_null(others[0]):
            rest = {key: value for key, value in table.items() if key != name}
            return _merged(rest, _with_null(others[0]))
    return table


def _said(table: Flat) -> Flat:
    return {key: value for key, value in table.items() if key not in ANNOTATIONS}


def _takes_no_null(table: Flat) -> bool:
    return "type" in table and "null" not in table["type"] and table.keys() <= _OF_ONE_TYPE


def _with_null(table: Flat) -> Flat:
    found = {**table, "type": sorted({*table["type"], "null"})}
    if "enum" in table:
        found["enum"] = sorted([*table["enum"], None], key=text_of)
    return found


def opaque(schema: Schema) -> bool:
    """Whether anything in ``schema`` is beyond the normal form."""
    if isinstance(schema, dict):
        return OPAQUE in schema or any(opaque(each) for each in schema.values())
    return isinstance(schema, list) and any(opaque(each) for each in schema)
