"""From a definition's JSON pointers to the objects that a writer makes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gateway.errors import FormatError
from gateway.formats.definition import Field, Format, RecordType, Role
from gateway.writers.json_types import JsonTypes, json_types
from gateway.writers.json_values import Token, Tree, value_of
from gateway.writers.output import named, unwritable
from gateway.writers.units import Steps, Unit, holders

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class JsonPlan:
    """All places of a definition."""

    definition: Format
    records: dict[str, Steps]  #: record type -> its pointer from the document, ``*`` for elements
    holder: dict[str, str]
    arrays: frozenset[Steps]  #: pointers of outer types whose records are elements of an array
    types: JsonTypes | None

    def tree(self, unit: Unit) -> Tree:
        """Return the object of a record with its fields and nested records."""
        tree: Tree = {}
        above = self._schema_steps(unit.kind)
        for field in unit.kind.fields:
            text = unit.row.texts.get(field.name)
            if text is not None:
                self._put(tree, unit, field, text, above)
        mark = unit.kind.discriminator
        if mark is not None and mark.path is not None:
            self._mark(tree, unit, tokens(mark.path), mark.value)
        for nested in unit.nested:
            self._nest(tree, unit, nested)
        return tree

    def _put(self, tree: Tree, unit: Unit, field: Field, text: str, above: Steps) -> None:
        half = _HALF.search(text)
        if half:
            raise unwritable(unit.row, field.name, f"{named(half[0])} is half a character")
        pointer = tokens(field.path if field.path is not None else field.name)
        types = None if self.types is None else self.types.at((*above, *pointer))
        value = value_of(text, field, self.definition.dialect, types)
        if not pointer or not _place(tree, pointer, value):
            raise unwritable(unit.row, field.name, "another value stands in its place")

    def _mark(self, tree: Tree, unit: Unit, pointer: Steps, value: str) -> None:
        found: Any = tree
        for token in pointer:
            found = found.get(token) if isinstance(found, dict) else None
        if found is None and not _place(tree, pointer, value):
            raise unwritable(unit.row, None, "another value stands in the place of the discriminator")

    def _nest(self, tree: Tree, unit: Unit, nested: Unit) -> None:
        inside = _inside(self.records[unit.kind.name], self.records[nested.kind.name])
        value = self.tree(nested)
        types = None if self.types is None else self.types.at((*self._schema_steps(unit.kind), *inside))
        single = types == frozenset({"object"})
        around: Any = tree
        for token in inside[:-1]:
            around = around.setdefault(token, {}) if isinstance(around, dict) else None
        if not isinstance(around, dict):
            raise unwritable(nested.row, None, "a single value stands where its object should")
        there = around.setdefault(inside[-1], value if single else [])
        if isinstance(there, list):
            there.append(value)
        elif there is not value:
            raise unwritable(nested.row, None, "another value stands in its place")

    def _schema_steps(self, kind: RecordType) -> Steps:
        """Return where the schema describes the records of ``kind``."""
        holder = self.holder.get(kind.name)
        if holder is not None:
            above = self._schema_steps(self.definition.record_type(holder))
            here = (*above, *_inside(self.records[holder], self.records[kind.name]))
        else:
            here = self.records[kind.name]
            if here not in self.arrays:
                return here
        is_object = self.types is not None and self.types.at(here) == frozenset({"object"})
        return here if is_object else (*here, "*")


def json_plan(definition: Format) -> JsonPlan:
    """Return the places of ``definition``; FormatError where its JSON Schema cannot be read."""
    records = {kind.name: tokens(kind.path or "") for kind in definition.record_types}
    holder = holders(definition, records)
    arrays = frozenset(
        records[kind.name]
        for kind in definition.record_types
        if kind.role is Role.RECORD and kind.name not in holder and not definition.dialect.lines
    )
    return JsonPlan(definition, records, holder, arrays, _types(definition))


def tokens(pointer: str) -> Steps:
    """Return the reference tokens of a JSON pointer, unescaped (RFC 6901 section 4)."""
    parts = pointer.removeprefix("/").split("/") if pointer.strip("/") else []
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _types(definition: Format) -> JsonTypes | None:
    if definition.dialect.json_schema is None:
        return None
    if definition.directory is None:
        raise FormatError("The format names a JSON Schema but has no directory.", where=definition.name)
    return json_types(definition.directory / definition.dialect.json_schema)


def _inside(holder: Steps, nested: Steps) -> Steps:
    inside = nested[len(holder) :]
    return inside[1:] if inside[:1] == ("*",) else inside


def _place(tree: Tree, pointer: Steps, value: str) -> bool:
    """Put ``value`` at ``pointer``; return False where something else stands there or on the way."""
    around: Any = tree
    for token in pointer[:-1]:
        if not isinstance(around, dict):
            return False
        around = around.setdefault(token, {})
    if not isinstance(around, dict):
        return False
    there = around.get(pointer[-1])
    if there is None or (there == value and isinstance(there, Token) == isinstance(value, Token)):
        around[pointer[-1]] = value
        return True
    return False
