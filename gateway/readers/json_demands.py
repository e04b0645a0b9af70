"""What a JSON Schema asks of records that are written alike: value by value.

A schema that says of its objects only which members there are, and of its arrays only how many elements,
falls apart: whether it takes their structure is told once for all records of a shape, and what is left
are the schemas of single values. Those are asked of the validator itself, each distinct value once. Any
other schema is asked of whole records, one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from gateway.readers.json_schema import exact
from gateway.readers.json_shape import Sort
from gateway.readers.json_values import Number

if TYPE_CHECKING:
    from gateway.readers.json_schema import JsonSchema
    from gateway.readers.json_values import Pointer

_NOTES = frozenset(
    ("title", "description", "$comment", "default", "examples", "deprecated", "readOnly", "writeOnly")
)
_ABOVE = frozenset(("$schema", "$id", "$defs", "definitions"))  # of the whole schema
_OF_OBJECTS = frozenset(("type", "properties", "required", "additionalProperties"))
_OF_ARRAYS = frozenset(("type", "items", "minItems", "maxItems"))
#: How values of a type begin; an integer may be written as 1.0, which its first character does not tell.
_BEGINNINGS = {"string": '"', "number": "-0123456789", "boolean": "tf", "null": "n"}


@dataclass(frozen=True, slots=True)
class Judge:
    """What is asked of the single values at one place."""

    validator: Any  #: of an array of them
    beginnings: str | None  #: first characters of those that are right, where no more is asked than the type

    def takes(self, value: Any) -> bool:
        """Whether a parsed value is right."""
        return bool(self.validator.is_valid([exact(value) if isinstance(value, Number) else value]))

    def wrong(self, values: pl.Series, sort: Sort) -> pl.Series | None:
        """Return which of ``values`` are wrong, None where all are right; the first one of them is right."""
        if self.beginnings is not None:
            return None if sort is not Sort.ANY else ~values.str.head(1).is_in(list(self.beginnings))
        distinct = values.unique().to_list()
        written = [f'"{one}"' for one in distinct] if sort is Sort.TEXT else distinct
        if self.validator.is_valid(exact(f"[{','.join(written)}]")):
            return None
        pairs = zip(distinct, written, strict=True)
        return values.is_in([one for one, text in pairs if not self.validator.is_valid([exact(text)])])


@dataclass(frozen=True, slots=True)
class Elements:
    """What is asked of an array."""

    place: Pointer | None  #: of its elements' schema; None: anything goes
    least: int
    most: int | None

    def wrong(self, count: pl.Expr) -> pl.Expr:
        """Return whether an array of ``count`` elements is wrong."""
        return (count < self.least) | (pl.lit(False) if self.most is None else count > self.most)


@dataclass(slots=True)
class Demands:
    """What is asked of the values of records of one shape."""

    values: dict[Pointer, Judge] = field(default_factory=dict)
    arrays: dict[Pointer, Elements] = field(default_factory=dict)


class _WholeError(Exception):
    """The schema does not fall apart, or does not take the structure."""


def demands_of(schema: JsonSchema, place: Pointer, record: dict[str, Any]) -> Demands | None:
    """Return what the schema at ``place`` asks of the values of records like ``record``.

    None where it cannot be asked of them alone, or where all such records are wrong.
    """
    demands = Demands()
    try:
        _ask(schema, place, record, (), demands)
    except _WholeError:
        return None
    return demands


def _ask(schema: JsonSchema, place: Pointer, value: Any, at: Pointer, demands: Demands) -> None:
    contents, where = schema.part(place)
    if contents is True or (contents is not None and not contents.keys() - _NOTES):
        return
    if isinstance(value, dict):
        _ask_members(schema, _plain(contents, where, _OF_OBJECTS, "object"), where, value, at, demands)
    elif isinstance(value, list):
        plain = _plain(contents, where, _OF_ARRAYS, "array")
        items = (*where, "items") if "items" in plain else None
        demands.arrays[at] = Elements(items, plain.get("minItems", 0), plain.get("maxItems"))
    else:
        demands.values[at] = Judge(schema.judge(place), _beginnings(contents))


def _plain(
    contents: dict[str, Any] | None, where: Pointer, keywords: frozenset[str], kind: str
) -> dict[str, Any]:
    """Return a schema that says no more of a ``kind`` than ``keywords`` do; raises _WholeError for others."""
    allowed = keywords | _NOTES | (_ABOVE if not where else frozenset())
    if contents is None or contents.keys() - allowed:
        raise _WholeError
    if "type" in contents and kind not in _types(contents):
        raise _WholeError
    return contents


def _ask_members(
    schema: JsonSchema,
    contents: dict[str, Any],
    where: Pointer,
    value: dict[str, Any],
    at: Pointer,
    demands: Demands,
) -> None:
    properties = contents.get("properties", {})
    if not value.keys() >= set(contents.get("required", ())):
        raise _WholeError
    for name, member in value.items():
        if name in properties:
            _ask(schema, (*where, "properties", name), member, (*at, name), demands)
        elif contents.get("additionalProperties", True) is not True:
            raise _WholeError


def _types(contents: dict[str, Any]) -> list[str]:
    types = contents["type"]
    return [types] if isinstance(types, str) else types


def _beginnings(contents: dict[str, Any] | None) -> str | None:
    """Return how right values begin, where their type is all that a schema asks."""
    if contents is None or contents.keys() - _NOTES != {"type"}:
        return None
    types = _types(contents)
    if "integer" in types and "number" not in types:
        return None
    return "".join(_BEGINNINGS.get(one, "") for one in types)
