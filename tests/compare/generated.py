"""Small, diverse definitions of every physical kind, and files that are valid under them.

``definitions(kind)`` draws a definition, ``mutations(definition)`` (in ``mutated``) a changed copy, and
``valid_files(definition)`` files that the witness builder makes. Everything is drawn by hypothesis, so
that a counterexample shrinks and comes again.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from gateway.formats.check import check_format
from gateway.formats.definition import (
    Condition,
    ControlCount,
    ControlTotal,
    Dialect,
    Discriminator,
    Encoding,
    Envelope,
    Field,
    FieldType,
    Format,
    Kind,
    Numbering,
    RecordType,
    Reference,
    Role,
    Rule,
    Status,
    Version,
)
from gateway.model import Severity
from gateway.witness.building import build
from gateway.witness.checking import WitnessFile

PATTERNS = ("[A-Z]{2,4}", "[A-Z]{1,6}", "[0-9]{4}", "[A-Z0-9-]{1,8}", "(?:AB|CD)[0-9]?", "[a-z]+")
CODES = ("A", "B", "KG", "10", "X1")
DATES = ("YYYY-MM-DD", "DD.MM.YYYY", "MM/DD/YYYY", "YYYYMMDD")
DATETIMES = ("YYYY-MM-DDTHH:MM:SS", "DD.MM.YYYY HH:MM:SS", "YYYYMMDDHHMMSS")
TIMES = ("HH:MM:SS", "HHMMSS")
UNITS = (None, "KG", "G")
_NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL)
_WIDTHS = {FieldType.STRING: 10, FieldType.INTEGER: 8, FieldType.DECIMAL: 12, FieldType.BOOLEAN: 5}


def dialects(kind: Kind) -> st.SearchStrategy[Dialect]:
    """Draw a dialect of ``kind`` whose values have any notation."""
    values: dict[str, st.SearchStrategy[Any]] = {
        "decimal_mark": st.sampled_from((".", ",")),
        "thousands_mark": st.sampled_from((None, None, "'")),
        "date_format": st.sampled_from(DATES),
        "datetime_format": st.sampled_from(DATETIMES),
        "time_format": st.sampled_from(TIMES),
        "null_tokens": st.sampled_from((("",), ("", "-"), ("", "NULL"))),
        "true_tokens": st.sampled_from((("true",), ("1", "J"))),
        "false_tokens": st.sampled_from((("false",), ("0", "N"))),
        "trim": st.just("both") if kind is Kind.FIXED_WIDTH else st.sampled_from(("none", "both", "right")),
    }
    texts = {
        "line_end": st.sampled_from(("any", "lf", "crlf")),
        "final_line_end": st.sampled_from(("optional", "required")),
        "blank_lines": st.sampled_from(("refuse", "skip")),
    }
    own: dict[Kind, dict[str, st.SearchStrategy[Any]]] = {
        Kind.DELIMITED: {
            **texts,
            "delimiter": st.sampled_from((";", "|", "\t")),
            "quote": st.sampled_from(('"', '"', None)),
            "trailing_delimiter": st.sampled_from(("forbidden", "optional", "required")),
        },
        Kind.FIXED_WIDTH: {**texts, "stripped_blanks": st.booleans()},
        Kind.XML: {"namespace": st.sampled_from((None, "urn:a")), "root": st.just("Root")},
        Kind.JSON: {},
    }
    return st.builds(Dialect, **values, **own[kind])


@st.composite
def fields(draw: st.DrawFn, kind: Kind, name: str, type_: FieldType | None = None) -> Field:
    """Draw one field, without a place yet."""
    type_ = type_ or draw(st.sampled_from(FieldType))
    field = Field(name, type_, nullable=draw(st.booleans()), path=_path(kind, name))
    if type_ is FieldType.STRING:
        field = _string(draw, field)
    elif type_ in _NUMBERS:
        field = _number(draw, field)
    elif type_ is FieldType.DATE and draw(st.booleans()):
        field = dataclasses.replace(field, date_format=draw(st.sampled_from(DATES)))
    if kind in (Kind.XML, Kind.JSON) and draw(st.booleans()):
        field = dataclasses.replace(field, required=False, nullable=True)
    elif kind is Kind.DELIMITED and draw(st.integers(0, 4)) == 0:
        field = dataclasses.replace(field, required=False)
    if draw(st.integers(0, 9)) == 0:
        field = dataclasses.replace(field, severity=Severity.WARNING)
    return field


def _path(kind: Kind, name: str) -> str | None:
    return {Kind.XML: name.title(), Kind.JSON: f"/{name}"}.get(kind)


def _string(draw: Any, field: Field) -> Field:
    settings: dict[str, Any] = draw(
        st.sampled_from(
            (
                {},
                {"max_length": 8},
                {"min_length": 2, "max_length": 6},
                *({"pattern": pattern, "max_length": 9} for pattern in PATTERNS),
                {"codes": dict.fromkeys(CODES[:3], "")},
                {"codes": dict.fromkeys(CODES[1:], "")},
                {"constant": "K"},
            )
        )
    )
    return dataclasses.replace(field, **settings)


def _number(draw: Any, field: Field) -> Field:
    settings: dict[str, Any] = {}
    if field.type is FieldType.DECIMAL:
        settings = draw(
            st.sampled_from(({}, {"digits": 7, "decimals": 2}, {"decimals": 3}, {"implied_decimals": 2}))
        )
    bounds = draw(st.sampled_from(({}, {"minimum": "0"}, {"minimum": "-5", "maximum": "500"})))
    sign = draw(st.sampled_from(("leading", "leading", "trailing", "none")))
    unit = draw(st.sampled_from(UNITS))
    return dataclasses.replace(field, **settings, **bounds, sign=sign, unit=unit)


def placed(kind: RecordType, definition_kind: Kind, dialect: Dialect) -> RecordType:
    """Return a fixed-width ``kind`` with its fields one after the other; others as they are."""
    if definition_kind is not Kind.FIXED_WIDTH:
        return kind
    at, found = 0, []
    for field in kind.fields:
        width = _WIDTHS.get(field.type) or len(
            {
                FieldType.DATE: field.date_format or dialect.date_format,
                FieldType.TIME: dialect.time_format,
                FieldType.DATETIME: dialect.datetime_format,
            }[field.type]
        )
        found.append(dataclasses.replace(field, offset=at, length=width))
        at += width
    return dataclasses.replace(kind, fields=tuple(found), length=at)


@st.composite
def definitions(draw: st.DrawFn, kind: Kind) -> Format:
    """Draw a definition of ``kind`` that contradicts itself nowhere."""
    dialect = draw(dialects(kind))
    headed = kind is Kind.DELIMITED and draw(st.integers(0, 3)) == 0
    lines = kind is Kind.JSON and draw(st.integers(0, 3)) == 0
    dialect = dataclasses.replace(dialect, header_row=headed, lines=lines)
    item = record_type(draw, kind, "item", Role.RECORD, draw(st.integers(1, 4)))
    kinds = [dataclasses.replace(item, path="") if lines else item]
    if not headed and not lines and draw(st.booleans()):
        kinds = [_header(draw, kind), item]
        if draw(st.booleans()):
            kinds.append(record_type(draw, kind, "part", Role.RECORD, 2, parent="item"))
        kinds.append(_trailer(kind))
    definition = Format(
        "sample",
        Version(1, 0, 0),
        Status.DRAFT,
        kind,
        "Sample",
        tuple(placed(one, kind, dialect) for one in kinds),
        encoding=draw(_encodings(kind)),
        dialect=dialect,
        zero_records=draw(st.sampled_from(("refuse", "accept"))),
        closed=draw(st.integers(0, 4)) > 0,
    )
    definition = dataclasses.replace(
        definition, envelope=_envelope(draw, definition), rules=_rules(draw, definition)
    )
    assume(not check_format(definition))
    return definition


def _encodings(kind: Kind) -> st.SearchStrategy[Encoding]:
    names = ("utf-8", "cp1252", "utf-16") if kind is not Kind.XML else ("utf-8", "cp1252")
    boms = st.sampled_from(("optional", "forbidden"))
    return st.builds(Encoding, st.sampled_from(names), boms) | st.just(Encoding("utf-8", "required"))


def record_type(
    draw: Any, kind: Kind, name: str, role: Role, count: int, parent: str | None = None
) -> RecordType:
    """Draw a record type with ``count`` fields, and before them, in rows, the tag that tells it."""
    own = [draw(fields(kind, f"{name}{number}")) for number in range(count)]
    tag = Field("tag", constant=name[0].upper(), path=_path(kind, "tag"))
    told = {
        Kind.DELIMITED: Discriminator(name[0].upper(), column=0),
        Kind.FIXED_WIDTH: Discriminator(name[0].upper(), offset=0, length=10),
    }.get(kind)
    path = {Kind.XML: f"/Root/{name.title()}", Kind.JSON: f"/{name}"}.get(kind)
    if parent is not None and path is not None:
        path = f"/{parent}/{name}" if kind is Kind.JSON else f"/Root/{parent.title()}/{name.title()}"
    once = 1 if role is not Role.RECORD else 0
    return RecordType(
        name, role, (tag, *own) if told else tuple(own), discriminator=told, path=path, parent=parent,
        min_occurs=once, max_occurs=1 if once else draw(st.sampled_from((None, None, 3))),
    )  # fmt: skip


def _header(draw: Any, kind: Kind) -> RecordType:
    header = record_type(draw, kind, "head", Role.HEADER, 1)
    identifier = Field("id", path=_path(kind, "id"), max_length=9)
    return dataclasses.replace(header, fields=(*header.fields, identifier))


def _trailer(kind: Kind) -> RecordType:
    tag = Field("tag", constant="T", path=_path(kind, "tag"))
    stated = (
        Field("count", FieldType.INTEGER, path=_path(kind, "count")),
        Field("total", FieldType.DECIMAL, path=_path(kind, "total")),
    )
    told = {
        Kind.DELIMITED: Discriminator("T", column=0),
        Kind.FIXED_WIDTH: Discriminator("T", offset=0, length=10),
    }.get(kind)
    path = {Kind.XML: "/Root/Tail", Kind.JSON: "/tail"}.get(kind)
    return RecordType(
        "tail", Role.TRAILER, (tag, *stated) if told else stated, discriminator=told, path=path,
        min_occurs=1, max_occurs=1,
    )  # fmt: skip


def _envelope(draw: Any, definition: Format) -> Envelope:
    if len(definition.record_types) == 1:
        return Envelope(key=())
    item = definition.record_type("item")
    numbers = [one for one in item.fields if one.type in _NUMBERS]
    counts = (ControlCount(Reference("tail", "count"), ("item",)),) if draw(st.booleans()) else ()
    totals: tuple[ControlTotal, ...] = ()
    if numbers and draw(st.booleans()):
        totals = (ControlTotal(Reference("tail", "total"), Reference("item", numbers[0].name)),)
    control: dict[str, Any] = {}
    if draw(st.integers(0, 3)) == 0:
        numbering = draw(st.sampled_from((None, Numbering(1, 999))))
        control = {"control_number": Reference("head", "id"), "sequence": numbering}
    return Envelope(
        message_id=Reference("head", "id"), key=("message_id",), counts=counts, totals=totals, **control
    )


def _rules(draw: Any, definition: Format) -> tuple[Rule, ...]:
    item = definition.record_type("item")
    own = [one for one in item.fields if one.constant is None]
    numbers = [one.name for one in own if one.type in _NUMBERS]
    found = []
    if len(numbers) > 1:
        found.append(
            Rule("order", "compare", "item", "In order.", left=numbers[0], op="<=", right=numbers[1])
        )
    if own:
        found.append(Rule("once", "unique", "item", "Once.", fields=(own[0].name,)))
    if len(own) > 1:
        when = (Condition(own[0].name, present=True),)
        found.append(Rule("needed", "required", "item", "Needed.", fields=(own[1].name,), when=when))
    return tuple(draw(st.lists(st.sampled_from(found), unique=True, max_size=2))) if found else ()


@st.composite
def valid_files(draw: st.DrawFn, definition: Format) -> WitnessFile:
    """Draw a file that is valid under ``definition``."""
    file = build(definition, variety=draw(st.integers(0, 40)))
    assume(file is not None)
    assert file is not None
    return file
