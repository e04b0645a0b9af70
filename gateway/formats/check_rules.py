"""Checks of the rules: each has the settings its kind needs, no others, and they fit together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from gateway.complaints import Complaint
from gateway.formats.check_references import (
    ANY,
    business_types,
    find_field,
    find_type,
    unknown_field,
    unknown_type,
    unresolved,
)
from gateway.formats.definition import FieldType, Role, Rule
from gateway.formats.notation import NUMERIC, canonical, canonical_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.complaints import Path_
    from gateway.formats.definition import Condition, Field, Format, RecordType

#: The settings that each kind needs, and those it may have.
_NEEDED = {
    "compare": ({"left", "op"}, {"right", "value", "when"}),
    "required": ({"fields"}, {"when"}),
    "forbidden": ({"fields"}, {"when"}),
    "any-of": ({"fields"}, {"when"}),
    "unique": ({"fields"}, set()),
    "constant": ({"fields"}, {"of"}),
    "contiguous": ({"fields"}, {"start"}),
    "earlier": ({"fields", "of"}, {"or_value"}),
    "exists": ({"fields", "of"}, set()),
}
_OVER_FILE = ("unique", "constant", "contiguous", "earlier", "exists")
_ONE_FIELD = ("contiguous", "earlier", "exists")
_SETTINGS = ("fields", "left", "op", "right", "value", "when", "start", "of", "or_value")
_UNSET = {each.name: each.default for each in dataclasses.fields(Rule)}


def rules(definition: Format) -> Iterator[Complaint]:
    """Rules have names of their own, name fields that exist, and have what their kind needs."""
    seen: dict[str, int] = {}
    for index, rule in enumerate(definition.rules):
        path: Path_ = ("rules", index)
        if rule.id in seen:
            yield Complaint((*path, "id"), f"rule {seen[rule.id]} has this name already", rule.id)
        seen.setdefault(rule.id, index + 1)
        yield from _settings(path, rule)
        yield from _subject(definition, path, rule)
        if rule.of is not None:
            yield from unresolved(definition, (*path, "of"), rule.of)
            yield from _of(definition, (*path, "of"), rule)


def _settings(path: Path_, rule: Rule) -> Iterator[Complaint]:
    needed, may = _NEEDED[rule.kind]
    given = {name for name in _SETTINGS if getattr(rule, name) != _UNSET[name]}
    for name in sorted(needed - given):
        yield Complaint(path, f"a rule of kind `{rule.kind}` needs `{name}`")
    for name in sorted(given - needed - may):
        yield Complaint((*path, name), f"`{name}` means nothing in a rule of kind `{rule.kind}`")
    if rule.kind == "compare" and (rule.right is None) == (rule.value is None):
        yield Complaint(path, "a comparison needs either `right` or `value`")
    if rule.kind in _ONE_FIELD and len(rule.fields) > 1:
        yield Complaint(
            (*path, "fields"), f"a rule of kind `{rule.kind}` is about one field", str(len(rule.fields))
        )


def _subject(definition: Format, path: Path_, rule: Rule) -> Iterator[Complaint]:
    """Check the fields of each record type that the rule looks at."""
    if rule.record_type == ANY:
        if rule.kind not in _OVER_FILE:
            allowed = ", ".join(_OVER_FILE)
            yield Complaint((*path, "record"), "`*` is for rules over the file only", rule.kind, allowed)
        types = business_types(definition)
    else:
        yield from unknown_type(definition, (*path, "record"), rule.record_type)
        types = [each for each in definition.record_types if each.name == rule.record_type]
    for record_type in types:
        for index, name in enumerate(rule.fields):
            yield from unknown_field(record_type, (*path, "fields", index), name)
        for side in ("left", "right"):
            name = getattr(rule, side)
            if name is not None:
                yield from unknown_field(record_type, (*path, side), name)
        yield from _comparison(record_type, path, rule)
        yield from _counting(record_type, path, rule)
        for index, condition in enumerate(rule.when):
            yield from _condition(record_type, (*path, "when", index), condition)


def _comparison(record_type: RecordType, path: Path_, rule: Rule) -> Iterator[Complaint]:
    left = find_field(record_type, rule.left) if rule.left else None
    right = find_field(record_type, rule.right) if rule.right else None
    if left is None:
        return
    if rule.op not in ("==", "!=", None) and left.type in (FieldType.STRING, FieldType.BOOLEAN):
        yield Complaint((*path, "op"), f"`{left.name}` has no order", rule.op, "==, !=")
    if right is not None and _family(left) != _family(right):
        message = f"`{left.name}` is {left.type.value}, `{right.name}` is {right.type.value}"
        yield Complaint((*path, "right"), f"these cannot be compared: {message}")
    if rule.value is not None:
        yield from _value((*path, "value"), left, rule.value)


def _family(field: Field) -> str:
    return "number" if field.type in NUMERIC else field.type.value


def _counting(record_type: RecordType, path: Path_, rule: Rule) -> Iterator[Complaint]:
    field = find_field(record_type, rule.fields[0]) if rule.kind == "contiguous" and rule.fields else None
    # Text of digits counts as well: segment numbers keep their leading zeros.
    if field is not None and field.type not in (FieldType.INTEGER, FieldType.STRING):
        yield Complaint(
            (*path, "fields", 0), "only whole numbers count up", field.type.value, "integer, string"
        )


def _condition(record_type: RecordType, path: Path_, condition: Condition) -> Iterator[Complaint]:
    field = find_field(record_type, condition.field)
    if field is None:
        yield from unknown_field(record_type, (*path, "field"), condition.field)
        return
    for side in ("above", "below"):
        bound = getattr(condition, side)
        if bound is None:
            continue
        if field.type not in NUMERIC:
            yield Complaint((*path, side), f"`{field.name}` is not a number", field.type.value)
        else:
            yield from _value((*path, side), field, bound, FieldType.DECIMAL)


def _value(path: Path_, field: Field, text: str, kind: FieldType | None = None) -> Iterator[Complaint]:
    """Complain if ``text`` is not a canonical value of the field's type; numbers may have decimals."""
    wanted = kind or (FieldType.DECIMAL if field.type in NUMERIC else field.type)
    try:
        canonical(wanted, text)
    except ValueError:
        yield Complaint(path, "this is not the canonical form", text, canonical_form(wanted))


def _of(definition: Format, path: Path_, rule: Rule) -> Iterator[Complaint]:
    """The other field of ``constant`` stands in the envelope, that of ``earlier`` beside the field."""
    assert rule.of is not None  # noqa: S101 - the caller asked
    other = find_type(definition, rule.of.record_type)
    if rule.kind == "constant" and (rule.of.record_type == ANY or (other and other.role is Role.RECORD)):
        yield Complaint(path, "it must be a field of a header or trailer", str(rule.of))
    if rule.kind == "earlier" and other is not None and other.role is not Role.RECORD:
        yield Complaint(path, "it must be a field of a business record", str(rule.of))
