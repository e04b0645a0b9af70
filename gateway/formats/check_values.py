"""Checks of what values may be: limits, patterns, codes, constants, defaults, notations."""

from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING

from gateway.complaints import Complaint
from gateway.formats.check_references import find_field, find_type
from gateway.formats.definition import FieldType
from gateway.formats.notation import (
    NUMERIC,
    TEMPORAL,
    Value,
    canonical,
    canonical_form,
    notation_problem,
)
from gateway.formats.paths import each_field
from gateway.formats.patterns import pattern_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.complaints import Path_
    from gateway.formats.definition import Field, Format

#: Settings that mean something for some types only.
_TYPES = {
    "digits": NUMERIC,
    "decimals": (FieldType.DECIMAL,),
    "implied_decimals": (FieldType.DECIMAL,),
    "rounding": (FieldType.DECIMAL,),
    "decimal_mark": (FieldType.DECIMAL,),
    "minimum": (*NUMERIC, *TEMPORAL),
    "maximum": (*NUMERIC, *TEMPORAL),
    "date_format": TEMPORAL,
    "time_zone": (FieldType.TIME, FieldType.DATETIME),
}


def charset(definition: Format) -> Iterator[Complaint]:
    """The character set is one that Python decodes, and is a character set at all."""
    name = definition.encoding.charset
    try:
        b"a".decode(name, "replace")  # codecs that are no character sets, such as hex, are refused here
    except (LookupError, UnicodeError, ValueError):
        yield Complaint(("encoding", "charset"), "this character set is not known", name, "utf-8, cp1252 ...")


def byte_order_mark(definition: Format) -> Iterator[Complaint]:
    """A byte order mark is demanded only of encodings that have one."""
    told = definition.encoding
    if told.bom == "required" and not told.charset.lower().startswith("utf"):
        yield Complaint(("encoding", "bom"), f"{told.charset} has no byte order mark", told.bom, "forbidden")


def patterns(definition: Format) -> Iterator[Complaint]:
    """Every regular expression is one that all engines understand and none can be hung by."""
    if definition.file_name is not None:
        reason = pattern_problem(definition.file_name)
        if reason is not None:
            yield Complaint(("file_name",), reason, definition.file_name)
    for path, _record_type, field in each_field(definition):
        reason = pattern_problem(field.pattern) if field.pattern is not None else None
        if reason is not None:
            yield Complaint((*path, "pattern"), reason, field.pattern)


def notations(definition: Format) -> Iterator[Complaint]:
    """Dates and times are written in a way the gateway can read, in zones that exist."""
    dialect = definition.dialect
    for name, kind in zip(("date_format", "time_format", "datetime_format"), TEMPORAL, strict=True):
        yield from _notation(("dialect", name), getattr(dialect, name), kind)
    yield from _zone(("dialect", "time_zone"), dialect.time_zone)
    for path, _record_type, field in each_field(definition):
        if field.date_format is not None and field.type in TEMPORAL:
            yield from _notation((*path, "date_format"), field.date_format, field.type)
        yield from _zone((*path, "time_zone"), field.time_zone)
    for name, day in (("from", definition.effective_from), ("until", definition.effective_until)):
        if day is not None:
            yield from _canonical(("effective", name), FieldType.DATE, day)


def _notation(path: Path_, notation: str, kind: FieldType) -> Iterator[Complaint]:
    reason = notation_problem(notation, kind)
    if reason is not None:
        yield Complaint(path, reason, notation)


def _zone(path: Path_, name: str | None) -> Iterator[Complaint]:
    try:
        if name is not None:
            zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield Complaint(path, "this time zone is not known", name, "a name such as Europe/Berlin or UTC")


def _canonical(path: Path_, kind: FieldType, text: str) -> Iterator[Complaint]:
    try:
        canonical(kind, text)
    except ValueError:
        yield Complaint(path, "this is not the canonical form", text, canonical_form(kind))


def bounds(definition: Format) -> Iterator[Complaint]:
    """``minimum`` and ``maximum`` can be read: validation compares with them."""
    for path, _record_type, field in each_field(definition):
        for name, kinds in _TYPES.items():
            if getattr(field, name) is not None and field.type not in kinds:
                allowed = ", ".join(kind.value for kind in kinds)
                yield Complaint((*path, name), f"`{name}` means nothing here", field.type.value, allowed)
        for name in ("minimum", "maximum"):
            text = getattr(field, name)
            if text is not None and field.type in _TYPES[name]:
                yield from _canonical((*path, name), field.type, text)


def limits(definition: Format) -> Iterator[Complaint]:
    """No limit contradicts another."""
    for path, _record_type, field in each_field(definition):
        for low, high in (
            ("min_length", "max_length"),
            ("decimals", "digits"),
            ("implied_decimals", "digits"),
            ("min_length", "length"),
            ("max_length", "length"),
        ):
            smaller, greater = getattr(field, low), getattr(field, high)
            if smaller is not None and greater is not None and smaller > greater:
                yield Complaint(
                    (*path, low), f"it is greater than `{high}`", str(smaller), f"up to {greater}"
                )
        least, most = _read(field, field.minimum), _read(field, field.maximum)
        if _above(least, most):
            yield Complaint((*path, "minimum"), "it is greater than `maximum`", field.minimum, field.maximum)
        if field.unit is not None and field.unit_field is not None:
            yield Complaint((*path, "unit"), "either `unit` or `unit_field` says the unit, not both")
    start, end = definition.effective_from, definition.effective_until
    if start is not None and end is not None and start > end:
        yield Complaint(("effective", "from"), "it is after `until`", start, f"up to {end}")


def _read(field: Field, text: str | None) -> Value | None:
    try:
        return canonical(field.type, text) if text is not None else None
    except ValueError:
        return None


def _above(one: Value | None, other: Value | None) -> bool:
    """Return whether one value is greater; values that cannot be compared are not."""
    try:
        return one is not None and other is not None and bool(one > other)  # type: ignore[operator] # same type
    except TypeError:  # a time with an offset and one without
        return False


def values(definition: Format) -> Iterator[Complaint]:
    """Constants, codes, defaults and version texts satisfy the rules of their own field."""
    for path, _record_type, field in each_field(definition):
        for code in field.codes:
            yield from _text((*path, "codes", code), field, code)
        if field.constant is not None:
            yield from _text((*path, "constant"), field, field.constant)
            if field.codes and field.constant not in field.codes:
                yield Complaint((*path, "constant"), "it is not among the codes", field.constant)
        if field.default is not None:
            yield from _default((*path, "default"), field, field.default)
    yield from _version_texts(definition)


def _text(path: Path_, field: Field, text: str) -> Iterator[Complaint]:
    """Complain about a text that the field's length or pattern would refuse."""
    if field.min_length is not None and len(text) < field.min_length:
        yield Complaint(path, f"it is shorter than `min_length` {field.min_length}", text)
    longest = min((size for size in (field.max_length, field.length) if size is not None), default=len(text))
    if len(text) > longest:
        yield Complaint(path, f"it is longer than the field's {longest} characters", text)
    if _mismatch(field, text):
        yield Complaint(path, "it does not match the field's `pattern`", text, field.pattern)


def _mismatch(field: Field, text: str) -> bool:
    if field.pattern is None or pattern_problem(field.pattern) is not None:
        return False
    return re.fullmatch(field.pattern, text) is None


def _default(path: Path_, field: Field, text: str) -> Iterator[Complaint]:
    if field.required and not field.nullable:
        yield Complaint(path, "it is never used: the field is required and not nullable", text)
    yield from _canonical(path, field.type, text)
    value = _read(field, text)
    if _above(_read(field, field.minimum), value) or _above(value, _read(field, field.maximum)):
        yield Complaint(path, "it is out of the field's own range", text)
    if field.type is FieldType.STRING:
        yield from _text(path, field, text)
        if field.codes and text not in field.codes:
            yield Complaint(path, "it is not among the codes", text)
    if field.type is FieldType.DECIMAL and field.decimals is not None:
        decimals = len(text.partition(".")[2])
        if decimals > field.decimals:
            yield Complaint(path, f"it has more than {field.decimals} decimals", text)


def _version_texts(definition: Format) -> Iterator[Complaint]:
    """The texts that mean this version can stand in the version field."""
    reference = definition.envelope.format_version
    field = find_field(find_type(definition, reference.record_type), reference.field) if reference else None
    if field is None:
        return
    texts = definition.envelope.version_values or (str(definition.version),)
    for index, text in enumerate(texts):
        path: Path_ = ("envelope", "format_version", "values", index)
        yield from _text(path, field, text)
        if (field.codes and text not in field.codes) or field.constant not in (None, text):
            yield Complaint(path, f"the field `{reference}` never has this value", text)
