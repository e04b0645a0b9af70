"""JSON Schemas enforced as they stand, with exact decimals, without network.

A small document is validated as a whole. A large one is validated in parts: each record by the
schema of the array's items, and the document around the records with empty arrays. That is
the same where the schema reaches the array by ``properties`` and ``$ref`` alone and says no
more about it than ``type``, ``items``, ``minItems`` and ``maxItems``. The draft is the one that
``$schema`` states, 2020-12 where it states none.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from gateway.errors import FormatError
from gateway.formats import json_schema_cost, json_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gateway.formats.definition import Format
    from gateway.readers.json_values import Pointer

_APPLICATORS = frozenset(
    ("allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas", "patternProperties", "unevaluatedProperties")
)
_OF_ARRAYS = frozenset(("uniqueItems", "contains", "prefixItems", "unevaluatedItems", "additionalItems"))
_MASK = "the value"

#: Members and elements up to which every violation is looked for: the validator makes all of them
#: at once, over a kilobyte each, so that a megabyte of ``1,1,1`` would take one gigabyte.
MOST_VALUES = 50_000

#: Steps back that a pattern with look-around or back-references may take on one value, which is wrong
#: after them; other patterns run in linear time and take none.
MOST_BACKTRACKS = 10_000


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One violation: the place in the instance, the keyword, and readable words."""

    path: tuple[str | int, ...]
    keyword: str
    message: str


@dataclass(slots=True)
class JsonSchema:
    """A JSON Schema with the validators for whole documents and for the items of its arrays."""

    uri: str
    contents: dict[str, Any]
    registry: jsonschema_rs.Registry
    document: Any
    deepest: int  #: levels of nesting of which it is asked
    falls_apart: bool  #: a part of it means the same when it is asked alone, of a value at any depth
    _items: dict[Pointer, Any] = field(default_factory=dict)
    _judges: dict[Pointer, Any] = field(default_factory=dict)

    def errors(self, instance: Any, *, values: int = 0) -> Iterable[SchemaError]:
        """Return what is wrong with a whole document, its numbers being int and Decimal.

        Of a document of more than ``MOST_VALUES`` values, as its text tells, only the first error.
        """
        return self._too_deep(instance, ()) or _errors(self.document, instance, values)

    def item_errors(self, pointer: Pointer, instance: Any, *, values: int = 0) -> Iterable[SchemaError]:
        """Return what is wrong with one element of the array at ``pointer``; see ``errors``."""
        if too_deep := self._too_deep(instance, (*pointer, 0)):
            return too_deep
        if pointer not in self._items:
            self._items[pointer] = self._validator_of(self._reference(self.place_of_items(pointer)))
        return _errors(self._items[pointer], instance, values)

    def _too_deep(self, instance: Any, place: Pointer | tuple[str | int, ...]) -> tuple[SchemaError, ...]:
        """Return the error of a value at ``place`` that is nested deeper than the schema can be asked of."""
        if self.deepest >= json_schema_cost.LEVELS[0] or not _is_deeper(instance, self.deepest - len(place)):
            return ()
        told = f"The value is nested deeper than the {self.deepest} levels that this schema can be asked of"
        return (SchemaError((), "nesting", told),)

    def divides(self, pointer: Pointer) -> bool:
        """Whether the array at ``pointer`` can be validated element by element."""
        schema, _ = self._array(pointer)
        return schema is not None and "items" in schema and not _OF_ARRAYS & schema.keys()

    def place_of_items(self, pointer: Pointer) -> Pointer:
        """Return the place of the schema of the items of the array at ``pointer``."""
        return (*self._array(pointer)[1], "items")

    def part(self, place: Pointer) -> tuple[Any, Pointer]:
        """Return the schema at ``place`` and where it stands, ``$ref`` followed; None where it leads away."""
        found = self._at(place)
        return (True, place) if found is True else self._resolved(found, place)

    def judge(self, place: Pointer) -> Any:
        """Return the validator of an array whose elements are to be as the schema at ``place`` says."""
        if place not in self._judges:
            self._judges[place] = self._validator_of({"items": self._reference(place)})
        return self._judges[place]

    def _reference(self, place: Pointer) -> dict[str, Any]:
        return {"$ref": f"{self.uri}#{_fragment(place)}"}

    def _validator_of(self, schema: dict[str, Any]) -> Any:
        draft = {"$schema": self.contents["$schema"]} if "$schema" in self.contents else {}
        return _validator(schema | draft, self.registry, None)

    def count_errors(self, pointer: Pointer, count: int) -> Iterable[SchemaError]:
        """Return what is wrong with the number of elements of the array at ``pointer``."""
        schema = self._array(pointer)[0] or {}
        path = tuple(pointer)
        if count < schema.get("minItems", 0):
            yield SchemaError(path, "minItems", f"has {count} elements, fewer than {schema['minItems']}")
        if "maxItems" in schema and count > schema["maxItems"]:
            yield SchemaError(path, "maxItems", f"has {count} elements, more than {schema['maxItems']}")

    def _array(self, pointer: Pointer) -> tuple[dict[str, Any] | None, Pointer]:
        """Return the schema of the array at ``pointer`` and its place; None where it is not plain."""
        schema, place = self._resolved(self.contents, ())
        for name in pointer:
            if schema is None or _APPLICATORS & schema.keys() or name not in schema.get("properties", {}):
                return None, place
            schema, place = self._resolved(schema["properties"][name], (*place, "properties", name))
        if schema is None or _APPLICATORS & schema.keys():
            return None, place
        return schema, place

    def _resolved(self, schema: Any, place: Pointer) -> tuple[dict[str, Any] | None, Pointer]:
        """Follow ``$ref`` within the document."""
        for _ in range(32):
            if not isinstance(schema, dict):
                return None, place
            reference = schema.get("$ref")
            if reference is None:
                return schema, place
            if not reference.startswith("#/") or len(schema.keys() - {"description", "title"}) > 1:
                return None, place
            place = tuple(p.replace("~1", "/").replace("~0", "~") for p in reference[2:].split("/"))
            schema = self._at(place)
        return None, place

    def _at(self, place: Pointer) -> Any:
        """Return the part of the document at ``place``, None where there is none."""
        part: Any = self.contents
        for name in place:
            part = part.get(name) if isinstance(part, dict) else None
        return part


def schema_of(definition: Format) -> JsonSchema | None:
    """Return the JSON Schema of ``definition``, None where it names none.

    Raises FormatError where it cannot be loaded. A released version is compiled once.
    """
    if definition.dialect.json_schema is None:
        return None
    if definition.directory is None:
        raise FormatError("The format names a JSON Schema but has no directory.", where=definition.name)
    main = definition.directory / definition.dialect.json_schema
    return _cached(definition.digest, main) if definition.digest else _load(main)


def takes(definition: Format, data: bytes) -> bool:
    """Return whether the JSON Schema of ``definition`` takes ``data``, of JSON lines the first line.

    True where there is none. Raises FormatError where it cannot be loaded.
    """
    found = schema_of(definition)
    text = data.decode(definition.encoding.charset).removeprefix("\ufeff")
    if definition.dialect.lines:
        text = text.partition("\n")[0]
    return found is None or not any(True for _ in found.errors(exact(text)))


def exact(text: str) -> Any:
    """Return a JSON text as a value whose numbers are int and Decimal."""
    return json.loads(text, parse_float=Decimal)


@functools.lru_cache(maxsize=64)
def _cached(_digest: str, main: Path) -> JsonSchema:
    return _load(main)


def _load(main: Path) -> JsonSchema:
    files = json_schemas.read(main)
    if problem := json_schema_cost.too_costly(files):
        raise FormatError(f"The JSON Schema could hang the gateway: {problem}", where=str(main))
    try:
        registry = jsonschema_rs.Registry(list(files.documents.items()))
        deepest = json_schema_cost.deepest(files)
        is_dynamic = any(name in str(files.documents) for name in ("$dynamicRef", "$recursiveRef"))
        return JsonSchema(
            files.uri,
            files.contents,
            registry,
            _validator(files.contents, registry, files.uri),
            deepest,
            falls_apart=not is_dynamic and deepest >= json_schema_cost.LEVELS[0],
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        reason = ValueError(str(error).partition("\n")[0])
        raise FormatError("The JSON Schema is not valid.", where=str(main), cause=reason) from error


def _validator(schema: dict[str, Any], registry: jsonschema_rs.Registry, uri: str | None) -> Any:
    """Compile ``schema``; nothing is ever fetched, and ``format`` is checked."""
    return jsonschema_rs.validator_for(
        schema,
        registry=registry,
        base_uri=uri,
        validate_formats=True,
        mask=_MASK,
        offline=True,
        pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=MOST_BACKTRACKS),
    )


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether there are members or elements in members more than ``levels`` times."""
    row = [value]
    for _ in range(levels + 1):
        row = [
            inner
            for each in row
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not row:
            return False
    return True


def values_in(text: str) -> int:
    """Return a bound of the number of members and elements in a JSON text."""
    return text.count(",") + text.count("[") + text.count("{") + 1


def _errors(validator: Any, instance: Any, values: int) -> Iterable[SchemaError]:
    if values <= MOST_VALUES:
        return map(_error, validator.iter_errors(instance))
    try:
        validator.validate(instance)
    except jsonschema_rs.ValidationError as error:
        first = _error(error)
        told = f"{first.message}; of so many values only the first error is shown"
        return (SchemaError(first.path, first.keyword, told),)
    return ()


def _error(error: jsonschema_rs.ValidationError) -> SchemaError:
    message = re.sub(rf"\A{_MASK}", "The value", error.message)
    return SchemaError(tuple(error.instance_path), error.kind.name, message[:300])


def _fragment(pointer: Pointer) -> str:
    """Return a pointer as a URI fragment."""
    escaped = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in pointer)
    return re.sub(r"[^A-Za-z0-9/._~$-]", lambda m: "".join(f"%{b:02X}" for b in m.group().encode()), escaped)
