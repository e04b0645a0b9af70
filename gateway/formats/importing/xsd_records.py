"""Which records and fields the documents of an XSD have: repeating elements, and the single ones in them.

Only what the schema implies is said of a field; the schema itself is enforced as it stands. So whether a
field is there is left to the schema, and a field is typed only where the gateway takes every text that the
type allows, or else its findings are warnings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.formats.compare.xsd.model import (
    ANY_TYPE,
    Attribute,
    Complex,
    Element,
    Schema,
    Simple,
    children,
    local,
    namespace,
    uses,
)
from gateway.formats.importing.names import snake, unique

MAX_RECORDS = 60  #: record types of one format
MAX_FIELDS = 80  #: of one record type
MAX_DEPTH = 6  #: single elements within one another
MAX_CODES = 60
MAX_ATTRIBUTES = 3  #: optional ones of an element with text

_SHOWN = 8  #: places that a note names
_TYPES = {"integer": "integer", "decimal": "decimal", "boolean": "boolean", "date": "date"}


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A field to be: its name, its path from the record, and what the schema says of it."""

    name: str
    path: str
    type: str = "string"
    codes: tuple[str, ...] = ()
    lenient: bool = False  #: findings are warnings: the gateway's notation is narrower than the schema's
    trimmed: bool = False
    description: str = ""


@dataclass(slots=True)
class RecordPlan:
    """A record type to be: an element that repeats, or the root."""

    name: str
    path: str
    key: str  #: of its type
    trail: tuple[str, ...]  #: types on the way from the root, itself the last
    parent: str | None = None
    role: str = "record"
    description: str = ""
    fields: list[FieldPlan] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Plan:
    """The record types of a format, and what was left out."""

    records: list[RecordPlan] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plan_records(schema: Schema, root: Element, home: str) -> Plan:
    """Return the record types for documents with the root element ``root``; ``home`` is its namespace."""
    return _Planner(schema, home).plan(root)


@dataclass(frozen=True, slots=True)
class _Repeated:
    """An element that may stand several times, waiting to become a record type."""

    element: Element
    holder: RecordPlan
    steps: tuple[str, ...]
    trail: tuple[str, ...]


class _Planner:
    """Walks the types from the root, near elements first."""

    def __init__(self, schema: Schema, home: str) -> None:
        self._schema = schema
        self._home = home
        self._plan = Plan()
        self._names: set[str] = set()
        self._waiting: deque[_Repeated] = deque()
        self._later: deque[_Repeated] = deque()  # plain texts that repeat: last
        self._left: list[str] = []
        self._attributes_left = 0

    def plan(self, root: Element) -> Plan:
        """Return the record types: the root as the header, then every repeating element."""
        name = unique("header", self._names)
        header = RecordPlan(name, f"/{self._step(root)}", root.type, (root.type,), role="header")
        header.description = "What stands once in the document."
        self._plan.records.append(header)
        self._fill(header)
        header.fields = header.fields or [FieldPlan("content", ".")]
        while waiting := self._waiting or self._later:
            self._add(waiting.popleft())
        if len(self._plan.records) == 1:
            header.name, header.role = snake(root.local), "record"
            self._plan.notes.append("No element repeats: the document itself is the one record")
        self._plan.notes += self._left_out()
        return self._plan

    def _left_out(self) -> Iterator[str]:
        if self._attributes_left:
            yield f"{self._attributes_left} optional attributes of texts are not read as fields"
        places = list(dict.fromkeys(self._left))
        if places:
            more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
            what = "Not read as fields or records, though the XSD checks them all the same"
            yield f"{what}: {', '.join(places[:_SHOWN])}{more}"

    def _add(self, one: _Repeated) -> None:
        path = "/".join((one.holder.path, *one.steps))
        if len(self._plan.records) >= MAX_RECORDS or one.trail.count(one.element.type) > 1:
            self._left.append(path)
            return
        source = one.element.local
        name = snake(source)
        if name in self._names and one.holder.role == "record":
            name = snake(f"{one.holder.name}_{source}")
        trail = (*one.trail, one.element.type)
        record = RecordPlan(name, path, one.element.type, trail, description=self._words(one.element))
        record.parent = one.holder.name if one.holder.role == "record" else None
        before = len(self._waiting) + len(self._later)
        self._fill(record)
        if not record.fields and before == len(self._waiting) + len(self._later):
            self._left.append(path)
            return
        record.name = unique(name, self._names)
        record.fields = record.fields or [FieldPlan("content", ".")]
        self._plan.records.append(record)

    def _words(self, element: Element) -> str:
        type_ = self._schema.types.get(element.type)
        return element.documentation or (type_.documentation if type_ is not None else "")

    def _step(self, element: Element) -> str:
        space = namespace(element.name) if element.qualified else ""
        return element.local if space == self._home else f"{{{space}}}{element.local}"

    # fields

    def _fill(self, record: RecordPlan) -> None:
        """Give ``record`` its fields; let what repeats in it wait."""
        for made in self._inside(record, record.key, (), record.trail):
            if len(record.fields) >= MAX_FIELDS:
                self._left.append(f"{record.path}/{made.path}")
                continue
            record.fields.append(made)

    def _inside(
        self, record: RecordPlan, key: str, steps: tuple[str, ...], trail: tuple[str, ...]
    ) -> Iterator[FieldPlan]:
        """Yield the fields of the type ``key``, which stands at ``steps``."""
        one = self._schema.types.get(key)
        if isinstance(one, Simple):
            yield self._text(record, steps, one, words="")
            return
        if one is None or key == ANY_TYPE:
            self._left.append("/".join((record.path, *steps)))
            return
        if one.mixed:
            self._left.append("/".join((record.path, *steps, "text()")))
        yield from self._attributes(record, one, steps)
        if one.text is not None:
            yield self._text(record, steps, one.text, words=one.documentation)
            return
        numbers = children(one.content)
        elements = {use.element.name: use.element for use in uses(one.content)}
        for name, (low, high) in numbers.items():
            if high != 0:
                yield from self._child(record, elements[name], (low, high), steps, trail)

    def _child(
        self,
        record: RecordPlan,
        element: Element,
        number: tuple[int, int | None],
        steps: tuple[str, ...],
        trail: tuple[str, ...],
    ) -> Iterator[FieldPlan]:
        inner = (*steps, self._step(element))
        if number[1] is None or number[1] > 1:
            type_ = self._schema.types.get(element.type)
            plain = isinstance(type_, Simple) or (isinstance(type_, Complex) and type_.text is not None)
            (self._later if plain else self._waiting).append(_Repeated(element, record, inner, trail))
        elif element.type in trail or len(inner) > MAX_DEPTH:
            self._left.append("/".join((record.path, *inner)))
        else:
            yield from self._inside(record, element.type, inner, (*trail, element.type))

    def _text(self, record: RecordPlan, steps: tuple[str, ...], type_: Simple, words: str) -> FieldPlan:
        own = local(steps[-1]) if steps else record.path.rpartition("/")[2].rpartition("}")[2]
        name = self._field_name(record, (*steps[:-1], own) if steps else ("value",))
        return _planned(name, "/".join(steps) or ".", type_, words=words or type_.documentation)

    def _attributes(self, record: RecordPlan, one: Complex, steps: tuple[str, ...]) -> Iterator[FieldPlan]:
        many = one.text is not None and len(one.attributes) > MAX_ATTRIBUTES
        for attribute in one.attributes.values():
            if many and not attribute.required:
                self._attributes_left += 1
                continue
            words = "_".join(local(step) for step in (*steps[-1:], attribute.name))
            name = self._field_name(record, (*steps[:-1], words))
            yield self._attribute(attribute, name, steps)

    def _attribute(self, attribute: Attribute, name: str, steps: tuple[str, ...]) -> FieldPlan:
        path = "/".join((*steps, f"@{attribute.name}"))
        return _planned(name, path, attribute.type, words="")

    def _field_name(self, record: RecordPlan, steps: tuple[str, ...]) -> str:
        """Return the last step as a name, the steps before it added where it is taken."""
        words = [local(step) for step in steps]
        for number in range(1, len(words) + 1):
            name = snake("_".join(words[-number:]))
            if name not in record.names:
                break
        return unique(name, record.names)


def _planned(name: str, path: str, type_: Simple, words: str) -> FieldPlan:
    kind = "string" if type_.item is not None or type_.members else _TYPES.get(type_.builtin, "string")
    codes = _codes(type_) if kind == "string" else ()
    return FieldPlan(
        name,
        path,
        kind,
        codes=codes,
        lenient=kind in ("decimal", "date") or (kind == "integer" and not _is_bounded(type_)),
        trimmed=kind != "string" or (bool(codes) and type_.facets.white_space == "collapse"),
        description=words,
    )


def _is_bounded(type_: Simple) -> bool:
    facets = type_.facets
    return facets.min_inclusive is not None and facets.max_inclusive is not None


def _codes(type_: Simple) -> tuple[str, ...]:
    """Return the enumeration where it can stand as codes: few texts, no blanks that a schema joins."""
    values = type_.facets.enumeration or ()
    fits = type_.builtin == "string" and 0 < len(values) <= MAX_CODES
    return tuple(v for v in values if v) if fits and not any(c.isspace() for v in values for c in v) else ()
