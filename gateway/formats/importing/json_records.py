"""Which records and fields the documents of a JSON Schema have: arrays of objects, and the values in them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from gateway.formats.compare.json_schema.flat import Flat, flat
from gateway.formats.compare.json_schema.normal import Normal, Schema
from gateway.formats.importing.json_fields import common, members, settings, types_of, why_not
from gateway.formats.importing.names import quoted_exactly, snake, unique

MAX_RECORDS = 100  #: record types of one format
MAX_FIELDS = 400  #: of one record type
MAX_DEPTH = 12  #: objects in objects
MAX_PLACES = 20_000  #: members that are looked at: types that use one another multiply
MAX_NOTES = 50  #: places left out that are told one by one

_CHOICES = 4  #: choices within choices that are looked into
_SIMPLE = frozenset(("string", "integer", "number", "boolean", "null"))


@dataclass(slots=True)
class RecordPlan:
    """A record type being made: its place, and the lines of its fields."""

    name: str
    pointer: str
    parent: str | None = None
    description: str = ""
    fields: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)


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


class Making:
    """Walks through the schema, the record types in the order in which it names them."""

    def __init__(self, form: Normal, message_type: str) -> None:
        self.form = form
        self.message_type = message_type
        self.notes: list[str] = []
        self.header: RecordPlan | None = None
        self.records: list[RecordPlan] = []
        self._taken = {"header"}
        self._left_out = 0
        self._places = 0
        self._tables: dict[tuple[str, int], Flat] = {}

    def run(self) -> None:
        """Make the record types of the document."""
        root: Schema = {"$ref": self.form.root}
        table = self._table(root)
        place = _Place(seen=(self.form.root,))
        if table.get("type") == ["array"]:
            self._array(None, table, place, self.message_type)
        elif "object" in table.get("type", ("object",)):
            record = RecordPlan("header", "", None, _words(table))
            whole = table.get("type") == ["object"]
            self._object(record, table, dataclasses.replace(place, needed=whole))
            self._settle_root(record)
        self.records = [each for each in self.records if self._worth(each)]
        if self._left_out > MAX_NOTES:
            self.notes.append(f"{self._left_out - MAX_NOTES} more places were left out.")
        if self._places > MAX_PLACES:
            self.notes.append(f"The schema has more than {MAX_PLACES} places: the others were not looked at.")

    def _settle_root(self, record: RecordPlan) -> None:
        """The document itself is a header where it has records, else the one record."""
        if record.fields and any(self._worth(each) for each in self.records):
            self.header = record
        elif record.fields:
            record.name = snake(self.message_type)
            self.records = [record]

    def _worth(self, record: RecordPlan) -> bool:
        """Whether a record type has a field, and stands under one that has."""
        above = next((each for each in self.records if each.name == record.parent), None)
        return bool(record.fields) and (record.parent is None or (above is not None and self._worth(above)))

    def _table(self, schema: Schema, levels: int = _CHOICES) -> Flat:
        """Return what a schema says, with what all branches of its choices say."""
        if not isinstance(schema, dict) or "$ref" not in schema:
            return self._with_choices(schema, levels)
        known = (_reference(schema), levels)
        if known not in self._tables:
            self._tables[known] = self._with_choices(schema, levels)
        return self._tables[known]

    def _with_choices(self, schema: Schema, levels: int) -> Flat:
        table = flat(schema, self.form.definitions)
        for name in ("anyOf", "oneOf") if levels else ():
            branches = [self._table(branch, levels - 1) for branch in table.get(name, ())]
            if branches:
                table = {**common(branches), **table, "properties": members(table, branches)}
        return table

    def _object(self, record: RecordPlan, table: Flat, place: _Place) -> None:
        """Add the single values of an object as fields, those of its objects too; arrays apart."""
        for name, schema in table.get("properties", {}).items():
            self._places += 1
            if self._places > MAX_PLACES:
                return
            below = place.within(name, schema)
            if _reference(schema) in place.seen or len(place.seen) > MAX_DEPTH:
                self._leave_out(record, below, "it repeats what it stands in")
                continue
            needed = place.needed and name in table.get("required", ())
            self._value(record, self._table(schema), dataclasses.replace(below, needed=needed), name)

    def _value(self, record: RecordPlan, table: Flat, place: _Place, name: str) -> None:
        types = types_of(table)
        if "object" in types and types <= {"object", "null"}:
            null = "null" in types
            inner = dataclasses.replace(place, needed=place.needed and not null, null=place.null or null)
            self._object(record, table, inner)
        elif types == {"array"} and not place.null:
            self._array(record, table, place, name)
        elif types and types <= _SIMPLE:
            self._field(record, table, types, place)
        else:
            self._leave_out(record, place, why_not(types))

    def _array(self, above: RecordPlan | None, table: Flat, place: _Place, name: str) -> None:
        items = table.get("items", True)
        inner = self._table(items)
        pointer = f"{above.pointer if above else ''}{place.pointer}"
        if types_of(inner) != {"object"} or "prefixItems" in table or _reference(items) in place.seen:
            self._note(pointer, "it is no list of objects of one kind")
            return
        if len(self.records) >= MAX_RECORDS:
            self._note(pointer, f"there are {MAX_RECORDS} record types already")
            return
        nested = above is not None and above.name != "header"
        made = RecordPlan(unique(snake(_singular(name)), self._taken), pointer)
        made.parent = above.name if above is not None and nested else None
        made.description = _words(inner) or _words(table)
        self.records.append(made)
        self._object(made, inner, _Place(seen=(*place.seen, _reference(items))))
        if not made.fields:
            self._note(pointer, "it has no single value of its own")

    def _field(self, record: RecordPlan, table: Flat, types: set[str], place: _Place) -> None:
        if len(record.fields) >= MAX_FIELDS:
            self._leave_out(record, place, f"the record has {MAX_FIELDS} fields already")
            return
        parts = [part.replace("~1", "/").replace("~0", "~") for part in place.pointer.split("/")[1:]]
        short = snake(parts[-1])
        name = unique(short if short not in record.taken else snake("_".join(parts)), record.taken)
        told = [f"path: {quoted_exactly(place.pointer)}", *settings(table, types, needed=place.needed)]
        record.fields.append(f"      {name}: {{{', '.join(told)}}}")

    def _leave_out(self, record: RecordPlan, place: _Place, why: str) -> None:
        self._note(f"{record.pointer}{place.pointer}", why)

    def _note(self, pointer: str, why: str) -> None:
        self._left_out += 1
        if self._left_out <= MAX_NOTES:
            self.notes.append(f"{pointer or '/'}: left out, {why}.")


def _reference(schema: Schema) -> str:
    """Return the definition that a schema is, by its name; a name of nothing where it is none."""
    return str(schema["$ref"]) if isinstance(schema, dict) and "$ref" in schema else f"-{id(schema)}"


def _words(table: Flat) -> str:
    description = table.get("description")
    return description if isinstance(description, str) else ""


def _singular(name: str) -> str:
    """Return the name of one of many, as English makes it."""
    if name.endswith("ies") and len(name) > 4:
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") and len(name) > 2 else name
