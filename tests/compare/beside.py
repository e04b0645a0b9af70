"""Schemas beside generated definitions: an XSD or a JSON Schema that fits, and changed copies of it.

A schema is drawn as data, one entry for each record type and field, so that one thing of it can be changed
and both physical forms be written from it. It lets most files of the definition in, and says more and less
than the definition here and there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from gateway.formats.definition import Field, FieldType, Format, Kind, RecordType
from gateway.witness import build
from tests.compare.generated import CODES, definitions
from tests.compare.mutated import mutations

Draw = Callable[[st.SearchStrategy[Any]], Any]

_SIZES = (None, None, 4, 8, 12, 30)
_PATTERNS = (None, None, None, "[A-Z0-9-]*", "[A-Za-z0-9]+", "[^ ]*")
_BOUNDS = (None, None, "0", "100", "500")


@dataclass(frozen=True, slots=True)
class Place:
    """What a schema says of one element or member with a value."""

    name: str
    number: bool = False  #: a decimal number, else a text
    needed: bool = False
    longest: int | None = None
    shortest: int | None = None
    pattern: str | None = None
    values: tuple[str, ...] = ()
    least: str | None = None
    most: str | None = None
    nil: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """What a schema says of the element or object of one record type."""

    name: str
    places: tuple[Place, ...]
    inner: tuple[Holder, ...] = ()
    low: int = 0
    high: int | None = None
    model: str = "sequence"
    open: bool = False


def place_of(draw: Draw, field: Field, definition: Format) -> Place:
    """Draw what a schema says of ``field``."""
    marks = (field.decimal_mark or definition.dialect.decimal_mark, definition.dialect.thousands_mark)
    plain = marks == (".", None) and field.implied_decimals is None and field.sign != "trailing"
    name = (field.path or "").lstrip("/")
    place = Place(name, needed=field.required and draw(st.booleans()), nil=draw(st.booleans()))
    if field.type in (FieldType.INTEGER, FieldType.DECIMAL):
        if not plain or draw(st.integers(0, 3)) == 0:
            return place
        least, most = draw(st.sampled_from((None, None, "-50"))), draw(st.sampled_from(_BOUNDS))
        return dataclasses.replace(place, number=True, least=least, most=most)
    if field.type is not FieldType.STRING:
        return place
    longest, pattern = draw(st.sampled_from(_SIZES)), draw(st.sampled_from(_PATTERNS))
    values = tuple(field.codes) if draw(st.booleans()) else ()
    return dataclasses.replace(place, longest=longest, pattern=pattern, values=values)


def holder_of(draw: Draw, definition: Format, kind: RecordType, name: str) -> Holder:
    """Draw what a schema says of the records of ``kind``."""
    places = tuple(place_of(draw, field, definition) for field in kind.fields)
    below = [one for one in definition.record_types if one.parent == kind.name and one is not kind]
    inner = tuple(holder_of(draw, definition, one, _last(one)) for one in below)
    high = kind.max_occurs if draw(st.booleans()) else None
    model = "sequence" if inner else draw(st.sampled_from(("sequence", "sequence", "all")))
    high = 1 if kind.max_occurs == 1 else high
    return Holder(
        name, places, inner, draw(st.integers(0, kind.min_occurs)), high, model, draw(st.booleans())
    )


def _last(kind: RecordType) -> str:
    return (kind.path or "").rpartition("/")[2]


def schema_of(draw: Draw, definition: Format) -> Holder:
    """Draw the schema of a whole document of ``definition``."""
    tops = [one for one in definition.record_types if one.parent is None]
    if definition.dialect.lines:
        return holder_of(draw, definition, tops[0], "")
    inner = tuple(holder_of(draw, definition, one, _last(one)) for one in tops)
    return Holder("Root", (), inner, 1, 1, open=draw(st.booleans()))


# changes

_HOLDER = ("add", "drop", "order", "model", "open", "number")


def changed(draw: Draw, schema: Holder) -> Holder:
    """Draw a copy of ``schema`` in which one thing differs."""
    if schema.inner and (not schema.places or draw(st.booleans())):
        at = draw(st.integers(0, len(schema.inner) - 1))
        other = changed(draw, schema.inner[at])
        return dataclasses.replace(schema, inner=(*schema.inner[:at], other, *schema.inner[at + 1 :]))
    what = draw(
        st.sampled_from(("place", "place", "place", "add", "drop", "order", "model", "open", "number"))
    )
    places = list(schema.places)
    at = draw(st.integers(0, len(places) - 1)) if places else 0
    if what == "place" and places:
        places[at] = _place_changed(draw, places[at])
    elif what == "add":
        places.insert(at, Place("Extra", needed=draw(st.booleans()), number=draw(st.booleans())))
    elif what == "drop" and len(places) > 1:
        places.pop(at)
    elif what == "order" and places:
        places.append(places.pop(at))
    elif what == "model" and not schema.inner:
        return dataclasses.replace(schema, model="all" if schema.model == "sequence" else "sequence")
    elif what == "number":
        low, high = draw(st.sampled_from(((0, None), (1, None), (0, 1), (0, 2), (1, 3), (2, None))))
        return dataclasses.replace(schema, low=low, high=high)
    else:
        return dataclasses.replace(schema, open=not schema.open)
    assume(len({one.name for one in places}) == len(places))
    return dataclasses.replace(schema, places=tuple(places))


def _place_changed(draw: Draw, place: Place) -> Place:
    options: dict[str, tuple[Any, ...]] = {"needed": (not place.needed,), "nil": (not place.nil,)}
    options["number"] = (not place.number,)
    if place.number:
        options |= {"least": (None, "0", "5"), "most": (None, "10", "499.5", "500")}
    else:
        options |= {
            "longest": (None, 3, 6, 12),
            "shortest": (None, 1, 2, 3),
            "pattern": (*_PATTERNS, "[a-c]*"),
        }
        options["values"] = ((), CODES[:2], CODES[1:], ("K",))
    name = draw(st.sampled_from(sorted(options)))
    cleared = {"longest": None, "shortest": None, "pattern": None, "values": (), "least": None, "most": None}
    settings: dict[str, Any] = cleared if name == "number" else {}
    return dataclasses.replace(place, **settings, **{name: draw(st.sampled_from(options[name]))})


# XSD


def xsd(schema: Holder, namespace: str | None) -> str:
    """Return ``schema`` as an XML Schema."""
    target = f' targetNamespace="{namespace}" xmlns="{namespace}"' if namespace else ""
    head = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"{target} elementFormDefault="qualified">'
    return f'{head}<xs:element name="{schema.name}">{_complex(schema)}</xs:element></xs:schema>'


def _complex(schema: Holder) -> str:
    inner = "".join(_element(one) for one in schema.places)
    for one in schema.inner:
        high = "unbounded" if one.high is None else max(one.high, one.low)
        number = f'minOccurs="{one.low}" maxOccurs="{high}"'
        inner += f'<xs:element name="{one.name}" {number}>{_complex(one)}</xs:element>'
    if schema.open and schema.model == "sequence":
        inner += '<xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/>'
    return f"<xs:complexType><xs:{schema.model}>{inner}</xs:{schema.model}></xs:complexType>"


def _element(place: Place) -> str:
    facets = {
        "pattern": place.pattern,
        "minLength": place.shortest,
        "maxLength": place.longest,
        "minInclusive": place.least,
        "maxInclusive": place.most,
    }
    said = "".join(f'<xs:{name} value="{value}"/>' for name, value in facets.items() if value is not None)
    said += "".join(f'<xs:enumeration value="{value}"/>' for value in place.values)
    base = "decimal" if place.number else "string"
    type_ = f'<xs:simpleType><xs:restriction base="xs:{base}">{said}</xs:restriction></xs:simpleType>'
    settings = f'minOccurs="{int(place.needed)}"' + (' nillable="true"' if place.nil else "")
    return f'<xs:element name="{place.name}" {settings}>{type_}</xs:element>'


# JSON Schema


def json_schema(schema: Holder) -> dict[str, Any]:
    """Return ``schema`` as a JSON Schema."""
    properties: dict[str, Any] = {one.name: _value(one) for one in schema.places}
    for one in schema.inner:
        item = json_schema(one)
        if one.high != 1:
            item = {"type": "array", "items": item, "minItems": one.low}
            if one.high is not None:
                item["maxItems"] = max(one.high, one.low)
        properties[one.name] = item
    needed = [one.name for one in schema.places if one.needed]
    needed += [one.name for one in schema.inner if one.low]
    said: dict[str, Any] = {"type": "object", "properties": properties}
    if needed:
        said["required"] = needed
    return said if schema.open else {**said, "additionalProperties": False}


def _value(place: Place) -> dict[str, Any]:
    types = ["number" if place.number else "string"] + (["null"] if place.nil else [])
    said: dict[str, Any] = {"type": types if place.nil else types[0]}
    facets = {
        "pattern": place.pattern and f"^(?:{place.pattern})$",
        "minLength": place.shortest,
        "maxLength": place.longest,
        "minimum": place.least and float(place.least),
        "maximum": place.most and float(place.most),
    }
    said |= {name: value for name, value in facets.items() if value is not None}
    return {**said, "enum": [*place.values, *([None] if place.nil else [])]} if place.values else said


# both together


def put(definition: Format, schema: Holder, home: Path) -> Format:
    """Return ``definition`` with ``schema`` beside it, in a directory of its own below ``home``."""
    if definition.kind is Kind.XML:
        name, text = "schema.xsd", xsd(schema, definition.dialect.namespace)
    else:
        name, text = "schema.json", json.dumps(json_schema(schema))
    digest = hashlib.sha256((text + repr(definition)).encode()).hexdigest()
    directory = home / digest[:16]
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(text, "utf-8")
    key = "xsd" if definition.kind is Kind.XML else "json_schema"
    dialect = dataclasses.replace(definition.dialect, **{key: name})  # type: ignore[arg-type] # one of two names
    return dataclasses.replace(definition, dialect=dialect, directory=directory, digest=digest)


@st.composite
def pairs(draw: st.DrawFn, kind: Kind, home: Path, most: int = 2) -> tuple[Format, Format]:
    """Draw two versions with a schema beside each: the definition, the schema or both differ."""
    old = draw(definitions(kind))
    schema = schema_of(draw, old)
    first = put(old, schema, home)
    assume(build(first) is not None)
    what = draw(st.sampled_from(("schema", "schema", "both", "definition")))
    new = old if what == "schema" else draw(mutations(old, most=most))
    other = schema
    for _ in range(0 if what == "definition" else draw(st.integers(1, most))):
        other = changed(draw, other)
    second = put(new, other, home)
    assume(build(second) is not None)
    return first, dataclasses.replace(second, version=dataclasses.replace(old.version, minor=1))
