"""Checks of where things stand: positions, lengths, columns, paths, discriminators."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from gateway.complaints import Complaint
from gateway.formats.definition import Kind, Role
from gateway.formats.paths import each_field, field_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.formats.definition import Discriminator, Field, Format, RecordType

#: Settings of fields and record types that mean something for some kinds only.
_FIELD_KINDS = {
    "offset": (Kind.FIXED_WIDTH,),
    "length": (Kind.FIXED_WIDTH,),
    "path": (Kind.XML, Kind.JSON),
    "heading": (Kind.DELIMITED,),
}
_RECORD_KINDS = {
    "discriminator": (Kind.DELIMITED, Kind.FIXED_WIDTH, Kind.JSON),
    "length": (Kind.FIXED_WIDTH,),
    "path": (Kind.XML, Kind.JSON),
}


def places(definition: Format) -> Iterator[Complaint]:
    """Every field can be found: offset and length, or a path; and nothing another kind has."""
    for path, _record_type, field in each_field(definition):
        yield from _foreign(definition.kind, path, field, _FIELD_KINDS)
        if definition.kind is Kind.FIXED_WIDTH:
            missing = [name for name in ("offset", "length") if getattr(field, name) is None]
            if missing:
                yield Complaint(path, f"a fixed-width field needs `{'` and `'.join(missing)}`")
        elif definition.kind in (Kind.XML, Kind.JSON):
            yield from _field_pointer(definition.kind, path, field.path)
    for record_type in definition.record_types:
        yield from _foreign(definition.kind, ("records", record_type.name), record_type, _RECORD_KINDS)
        yield from _record_place(definition, record_type)


def _foreign(
    kind: Kind, path: tuple[str | int, ...], item: object, kinds: dict[str, tuple[Kind, ...]]
) -> Iterator[Complaint]:
    for name, allowed in kinds.items():
        if getattr(item, name) is not None and kind not in allowed:
            only = " or ".join(each.value for each in allowed)
            yield Complaint((*path, name), f"`{name}` means nothing in a {kind.value} file", allowed=only)


def _field_pointer(kind: Kind, path: tuple[str | int, ...], pointer: str | None) -> Iterator[Complaint]:
    if pointer is None:
        yield Complaint(path, f"a field of {kind.value} needs a `path`")
    elif kind is Kind.JSON and pointer and not pointer.startswith("/"):
        yield Complaint((*path, "path"), "a JSON pointer starts with `/`", pointer, "/" + pointer)
    elif kind is Kind.XML and (not pointer or pointer.startswith("/")):
        yield Complaint((*path, "path"), "the path of a field starts at its record's element", pointer)


def _record_place(definition: Format, record_type: RecordType) -> Iterator[Complaint]:
    path = ("records", record_type.name)
    pointer = record_type.path
    if definition.kind in (Kind.XML, Kind.JSON) and pointer is None:
        yield Complaint(path, f"a record type of {definition.kind.value} needs a `path`")
    elif definition.kind is Kind.XML and pointer is not None:
        root = f"/{definition.dialect.root}" if definition.dialect.root else "/"
        if pointer != root and not pointer.startswith(root.rstrip("/") + "/"):
            yield Complaint((*path, "path"), "the path starts at the root element", pointer, f"{root}/...")
    elif definition.kind is Kind.JSON and pointer and not pointer.startswith("/"):
        yield Complaint((*path, "path"), "a JSON pointer starts with `/`", pointer, "/" + pointer)


def line_ends(definition: Format) -> Iterator[Complaint]:
    """Records without line ends can only be cut where every record has a length."""
    line_end = definition.dialect.line_end
    if line_end not in ("none", "optional"):
        return
    place = ("dialect", "line_end")
    if definition.kind is not Kind.FIXED_WIDTH:
        yield Complaint(place, "only fixed-width records can do without line ends", line_end)
        return
    for record_type in definition.record_types:
        if record_type.length is None:
            message = f"`length` is missing: with `line_end: {line_end}` nothing else ends a record"
            yield Complaint(("records", record_type.name), message)


def marks(definition: Format) -> Iterator[Complaint]:
    """The marks of the dialect differ from one another."""
    dialect = definition.dialect
    if dialect.thousands_mark is not None and dialect.thousands_mark == dialect.decimal_mark:
        yield Complaint(("dialect", "thousands_mark"), "it is the decimal mark too", dialect.thousands_mark)
    both = set(dialect.true_tokens) & set(dialect.false_tokens)
    if both:
        yield Complaint(("dialect", "false_tokens"), "these words mean true as well", ", ".join(sorted(both)))
    if definition.kind is not Kind.DELIMITED:
        return
    if dialect.delimiter in (dialect.quote, dialect.escape) or dialect.delimiter in "\r\n":
        yield Complaint(("dialect", "delimiter"), "it cannot be told from quotes, escapes or line ends")
    if dialect.quote is None and dialect.delimiter == dialect.decimal_mark:
        yield Complaint(
            ("dialect", "delimiter"),
            "without quotes it cannot be told from the decimal mark",
            dialect.delimiter,
        )


def discriminators(definition: Format) -> Iterator[Complaint]:
    """Every row says of which type it is, in one way only."""
    if definition.kind is Kind.XML:
        return
    seen: dict[object, str] = {}
    for record_type in definition.record_types:
        path = ("records", record_type.name)
        told = record_type.discriminator
        if told is None:
            # JSON types are told apart by their own pointers already, unless they share one.
            if sum(each.path == record_type.path for each in definition.record_types) > 1:
                yield Complaint(path, "with several record types each one needs a `discriminator`")
            continue
        yield from _discriminator(definition.kind, record_type, told)
        key = (record_type.path, told.column, told.offset, told.path, told.value.rstrip())
        if key in seen:
            message = f"this is the discriminator of `{seen[key]}` too"
            yield Complaint((*path, "discriminator"), message, told.value)
        seen.setdefault(key, record_type.name)


def _discriminator(kind: Kind, record_type: RecordType, told: Discriminator) -> Iterator[Complaint]:
    path = ("records", record_type.name, "discriminator")
    given = {name for name in ("column", "offset", "path") if getattr(told, name) is not None}
    if kind is Kind.JSON:
        if given != {"path"}:
            yield Complaint(path, "JSON records are told apart by `path` and `value`")
    elif kind is Kind.DELIMITED:
        count = len(record_type.fields)
        if given != {"column"} or told.column is None:
            yield Complaint(path, "a delimited file is told apart by `column` and `value`")
        elif told.column >= count:
            yield Complaint((*path, "column"), f"the record has {count} columns", str(told.column + 1))
    elif given != {"offset"} or told.offset is None or told.length is None:
        yield Complaint(path, "a fixed-width file is told apart by `offset`, `length` and `value`")
    elif len(told.value.rstrip()) > told.length:
        yield Complaint((*path, "value"), f"it is longer than {told.length} characters", told.value)
    elif record_type.length is not None and told.offset + told.length > record_type.length:
        yield Complaint(path, "it stands beyond the end of the record", allowed=f"up to {record_type.length}")


def positions(definition: Format) -> Iterator[Complaint]:
    """Fixed-width fields lie inside their record and do not overlap."""
    if definition.kind is not Kind.FIXED_WIDTH:
        return
    for record_type in definition.record_types:
        placed = [field for field in record_type.fields if None not in (field.offset, field.length)]
        for field in placed:
            end = _end(field)
            if record_type.length is not None and end > record_type.length:
                message = f"the field ends at {end}, beyond the record's length"
                yield Complaint(
                    field_path(record_type, field), message, allowed=f"up to {record_type.length}"
                )
        placed.sort(key=lambda field: (field.offset or 0, _end(field)))
        for before, after in itertools.pairwise(placed):
            if (after.offset or 0) < _end(before):
                message = f"the field overlaps `{before.name}`, which ends at {_end(before)}"
                yield Complaint(field_path(record_type, after), message, f"offset {after.offset}")


def _end(field: Field) -> int:
    return (field.offset or 0) + (field.length or 0)


def headings(definition: Format) -> Iterator[Complaint]:
    """Column headings are told apart."""
    if definition.kind is not Kind.DELIMITED or not definition.dialect.header_row:
        return
    for record_type in definition.record_types:
        seen: set[str] = set()
        for field in record_type.fields:
            text = field.heading or field.name
            if text in seen:
                yield Complaint(field_path(record_type, field), "another column has this heading", text)
            seen.add(text)


def business_records(definition: Format) -> Iterator[Complaint]:
    """There is something to carry: at least one type of role ``record``."""
    if all(record_type.role is not Role.RECORD for record_type in definition.record_types):
        yield Complaint(("records",), "no record type has the role `record`")
