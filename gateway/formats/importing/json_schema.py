"""A JSON Schema as a JSON format: arrays of objects become record types, single values fields.

The schema is copied and enforced as it stands; fields say only what it implies, so that nothing
it accepts is refused. Numbers are read with `severity: warning`, for JSON has more ways to write a
number (`1e3`, `1.0` for a whole one) than the gateway computes with.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.errors import FormatError, ImportFailed
from gateway.formats import json_schemas
from gateway.formats.compare.json_schema.flat import Flat, flat
from gateway.formats.compare.json_schema.normal import Normal, Schema, normal
from gateway.formats.definition import Version
from gateway.formats.importing.entry import ImportedFormat
from gateway.formats.importing.names import quoted, quoted_exactly, snake, unique

#: Objects in objects, fields of one record type, codes of one field.
_DEEPEST, _MOST_FIELDS, _MOST_CODES = 12, 400, 60
#: Choices within choices that are looked into.
_CHOICES = 4
_SIMPLE = frozenset(("string", "integer", "number", "boolean", "null"))


@dataclass(slots=True)
class _Record:
    """A record type being made: its place, and the lines of its fields."""

    name: str
    pointer: str
    parent: str | None = None
    description: str = ""
    fields: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)


def import_json_schema(
    file: Path, message_type: str, version: Version, *, title: str | None = None
) -> ImportedFormat:
    """Return the format of JSON documents that the schema in ``file`` describes.

    Raises ImportFailed where the schema cannot be read, is not valid, or describes no record.
    """
    try:
        files = json_schemas.read(file)
        json_schemas.validator(files)
        form = normal(files, "")
    except FormatError as error:
        reason = error.cause or ValueError(error.message)
        raise ImportFailed("The JSON Schema cannot be used", where=str(file), cause=reason) from error
    made = _Making(form, message_type)
    made.run()
    if not made.records:
        hint = "A format needs an object or an array of objects with at least one single value"
        raise ImportFailed("The JSON Schema describes no record", where=str(file), hint=hint)
    main = file.name if re.fullmatch(r"[A-Za-z0-9._-]+\.json", file.name) else "schema.json"
    told = title or _told(files.contents) or f"JSON documents {message_type}"
    text = "\n".join([*_front(message_type, version, told, main), *_records(made)]) + "\n"
    copies = {main: file.read_bytes(), **_beside(files, form)}
    if main != file.name:
        made.notes.append(f"{file.name} is copied as {main}; references to it by its old name lead nowhere.")
    return ImportedFormat(text, copies, (*made.notes, *_NOTES))


_NOTES = (
    "The schema decides what a document may hold; the fields only name what tables and reports show.",
    "Numbers are only warned about (`severity: warning`): JSON may write 1000 as 1e3, or 7 as 7.0.",
    "No envelope is known: name the fields for `message_id`, `sender` and `control_number` where there are.",
)


def _told(contents: dict[str, Any]) -> str:
    title = contents.get("title")
    return title if isinstance(title, str) and title.strip() else ""


def _beside(files: json_schemas.SchemaFiles, form: Normal) -> dict[str, bytes]:
    """Return the files beside the schema that its references lead to."""
    used = {name.strip().partition("#")[0] for name in form.definitions} - {files.uri}
    names = sorted(uri.removeprefix(json_schemas.BASE) for uri in used)
    return {name: (files.main.parent / name).read_bytes() for name in names}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object stands in its record, and what that means for the values in it."""

    pointer: str = ""  #: from the record
    seen: tuple[str, ...] = ()  #: definitions around it
    needed: bool = True  #: it is there in every record
    null: bool = False  #: it may be null, so that no array can be looked for in it

    def within(self, name: str, schema: Schema, **changes: bool) -> _Place:
        """Return the place of a member."""
        step = name.replace("~", "~0").replace("/", "~1")
        seen = (*self.seen, _reference(schema))
        return dataclasses.replace(self, pointer=f"{self.pointer}/{step}", seen=seen, **changes)


class _Making:
    """Walks through the schema, the record types in the order in which it names them."""

    def __init__(self, form: Normal, message_type: str) -> None:
        self.form = form
        self.message_type = message_type
        self.notes: list[str] = []
        self.header: _Record | None = None
        self.records: list[_Record] = []
        self._taken = {"header"}

    def run(self) -> None:
        """Make the record types of the document."""
        root: Schema = {"$ref": self.form.root}
        table = self._table(root)
        place = _Place(seen=(self.form.root,))
        if table.get("type") == ["array"]:
            self._array(None, table, place, self.message_type)
        elif "object" in table.get("type", ("object",)):
            record = _Record("header", "", None, _words(table))
            whole = table.get("type") == ["object"]
            self._object(record, table, dataclasses.replace(place, needed=whole))
            self._settle_root(record)
        self.records = [each for each in self.records if self._worth(each)]

    def _settle_root(self, record: _Record) -> None:
        """The document itself is a header where it has records, else the one record."""
        if record.fields and any(self._worth(each) for each in self.records):
            self.header = record
        elif record.fields:
            record.name = snake(self.message_type)
            self.records = [record]

    def _worth(self, record: _Record) -> bool:
        """Whether a record type has a field, and stands under one that has."""
        above = next((each for each in self.records if each.name == record.parent), None)
        return bool(record.fields) and (record.parent is None or (above is not None and self._worth(above)))

    def _table(self, schema: Schema, levels: int = _CHOICES) -> Flat:
        """Return what a schema says, with what all branches of its choices say."""
        table = flat(schema, self.form.definitions)
        for name in ("anyOf", "oneOf") if levels else ():
            branches = [self._table(branch, levels - 1) for branch in table.get(name, ())]
            if branches:
                table = {**_common(branches), **table, "properties": _members(table, branches)}
        return table

    def _object(self, record: _Record, table: Flat, place: _Place) -> None:
        """Add the single values of an object as fields, those of its objects too; arrays apart."""
        for name, schema in table.get("properties", {}).items():
            below = place.within(name, schema)
            if _reference(schema) in place.seen or len(place.seen) > _DEEPEST:
                self._leave_out(record, below, "it repeats what it stands in")
                continue
            needed = place.needed and name in table.get("required", ())
            self._value(record, self._table(schema), dataclasses.replace(below, needed=needed), name)

    def _value(self, record: _Record, table: Flat, place: _Place, name: str) -> None:
        types = _types_of(table)
        if "object" in types and types <= {"object", "null"}:
            null = "null" in types
            inner = dataclasses.replace(place, needed=place.needed and not null, null=place.null or null)
            self._object(record, table, inner)
        elif types == {"array"} and not place.null:
            self._array(record, table, place, name)
        elif types and types <= _SIMPLE:
            self._field(record, table, types, place)
        else:
            self._leave_out(record, place, _why_not(types))

    def _array(self, above: _Record | None, table: Flat, place: _Place, name: str) -> None:
        items = table.get("items", True)
        inner = self._table(items)
        pointer = f"{above.pointer if above else ''}{place.pointer}"
        if _types_of(inner) != {"object"} or "prefixItems" in table or _reference(items) in place.seen:
            self.notes.append(f"{pointer or '/'}: left out, it is no list of objects of one kind.")
            return
        nested = above is not None and above.name != "header"
        made = _Record(unique(snake(_singular(name)), self._taken), pointer)
        made.parent = above.name if above is not None and nested else None
        made.description = _words(inner) or _words(table)
        self.records.append(made)
        self._object(made, inner, _Place(seen=(*place.seen, _reference(items))))
        if not made.fields:
            self.notes.append(f"{pointer}: left out, it has no single value of its own.")

    def _field(self, record: _Record, table: Flat, types: set[str], place: _Place) -> None:
        if len(record.fields) >= _MOST_FIELDS:
            self._leave_out(record, place, f"the record has {_MOST_FIELDS} fields already")
            return
        parts = [part.replace("~1", "/").replace("~0", "~") for part in place.pointer.split("/")[1:]]
        short = snake(parts[-1])
        name = unique(short if short not in record.taken else snake("_".join(parts)), record.taken)
        settings = ", ".join(_settings(table, types, place))
        record.fields.append(f"      {name}: {{{settings}}}")

    def _leave_out(self, record: _Record, place: _Place, why: str) -> None:
        self.notes.append(f"{record.pointer}{place.pointer}: left out, {why}.")


def _reference(schema: Schema) -> str:
    """Return the definition that a schema is, by its name; a name of nothing where it is none."""
    return str(schema["$ref"]) if isinstance(schema, dict) and "$ref" in schema else f"-{id(schema)}"


def _words(table: Flat) -> str:
    description = table.get("description")
    return description if isinstance(description, str) else ""


def _common(branches: list[Flat]) -> Flat:
    """Return the types of all branches together, where each states its own."""
    types = [_types_of(each) for each in branches]
    return {"type": sorted(set().union(*types))} if all(types) else {}


def _members(table: Flat, branches: list[Flat]) -> dict[str, Schema]:
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


def _types_of(table: Flat) -> set[str]:
    types = set(table.get("type", ()))
    return types or {_type_of(value) for value in table.get("enum", ())}


def _settings(table: Flat, types: set[str], place: _Place) -> Iterator[str]:
    """Yield the settings of a field: only what the schema implies."""
    yield f"path: {quoted_exactly(place.pointer)}"
    kind = _field_type(table, types - {"null"})
    if kind != "string":
        yield f"type: {kind}"
    if kind in ("integer", "decimal"):
        yield "severity: warning"
    if not place.needed:
        yield "required: false"
    if kind == "string" or "null" in types or not place.needed:
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
    return texts if plain and len(texts) <= _MOST_CODES else []


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


def _why_not(types: set[str]) -> str:
    if not types:
        return "the schema does not say its type"
    return f"it may be {' or '.join(sorted(types))}"


def _singular(name: str) -> str:
    """Return the name of one of many, as English makes it."""
    if name.endswith("ies") and len(name) > 4:
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") and len(name) > 2 else name


def _front(message_type: str, version: Version, title: str, main: str) -> Iterator[str]:
    yield from (
        "schema: 1",
        f"message_type: {message_type}",
        f"version: {version}",
        "status: draft",
        f"title: {quoted(title)}",
        "description: >-",
        "  Imported from a JSON Schema, which is enforced as it stands; the fields name the values in it.",
        "kind: json",
        "zero_records: accept",
        "",
        "dialect:",
        f"  json_schema: {quoted(main)}",
        '  date_format: "YYYY-MM-DD"',
        "",
    )


def _records(made: _Making) -> Iterator[str]:
    yield "records:"
    types = [*([made.header] if made.header else []), *made.records]
    for number, each in enumerate(types):
        if number:
            yield ""
        yield f"  {each.name}:"
        if each is made.header:
            yield "    role: header"
        if each.description.strip():
            yield f"    description: {quoted(each.description)}"
        yield f"    path: {quoted_exactly(each.pointer)}"
        if each.parent:
            yield f"    parent: {each.parent}"
        yield "    fields:"
        yield from each.fields
