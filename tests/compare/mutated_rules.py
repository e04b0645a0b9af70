"""Rules and envelopes for changed definitions: whatever can be said across fields and records."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from gateway.formats.definition import (
    Condition,
    ControlCount,
    ControlTotal,
    Envelope,
    Field,
    FieldType,
    Format,
    Numbering,
    RecordType,
    Reference,
    Role,
    Rule,
)
from gateway.model import Severity

Draw = Callable[[st.SearchStrategy[Any]], Any]
_NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL)
_PLACES = ("message_id", "sender", "receiver", "created_at", "control_number", "previous_number",
           "format_version")  # fmt: skip
_ROW = ("compare", "required", "forbidden", "any-of")
_FILE = ("unique", "constant", "contiguous", "earlier", "exists")
#: A value of each type in canonical form.
_VALUES = {
    FieldType.STRING: "A",
    FieldType.INTEGER: "5",
    FieldType.DECIMAL: "5",
    FieldType.BOOLEAN: "true",
    FieldType.DATE: "2026-06-01",
    FieldType.TIME: "12:00:00",
    FieldType.DATETIME: "2026-06-01T12:00:00",
}


def drawn_rule(draw: Draw, definition: Format, name: str) -> Rule:
    """Draw a rule called ``name`` about the fields of one record type; it may contradict the definition."""
    kind = draw(st.sampled_from(definition.record_types))
    one, other = (draw(st.sampled_from(kind.fields)) for _ in range(2))
    rule = Rule(name, draw(st.sampled_from(_ROW + _FILE)), kind.name, "Drawn.")
    if draw(st.integers(0, 5)) == 0:
        rule = dataclasses.replace(rule, severity=Severity.WARNING)
    if rule.kind in _FILE:
        return _over_the_file(draw, definition, rule, (one, other))
    rule = _of_a_row(draw, rule, one, other)
    if draw(st.booleans()):
        rule = dataclasses.replace(rule, when=(_condition(draw, kind),))
    return rule


def _of_a_row(draw: Draw, rule: Rule, one: Field, other: Field) -> Rule:
    if rule.kind != "compare":
        names = tuple(dict.fromkeys((one.name, other.name)))
        return dataclasses.replace(rule, fields=names[: draw(st.integers(1, 2))])
    op = draw(st.sampled_from(("<", "<=", "==", "!=", ">=", ">")))
    if one.type is other.type and one is not other:
        return dataclasses.replace(rule, left=one.name, op=op, right=other.name)
    return dataclasses.replace(rule, left=one.name, op=op, value=_VALUES[one.type])


def _condition(draw: Draw, kind: RecordType) -> Condition:
    field = draw(st.sampled_from(kind.fields))
    value = _VALUES[field.type]
    conditions = [
        Condition(field.name, present=True),
        Condition(field.name, present=False),
        Condition(field.name, equals=value),
        Condition(field.name, among=(value,)),
    ]
    if field.type in _NUMBERS:
        conditions += [Condition(field.name, above=value), Condition(field.name, below=value)]
    return draw(st.sampled_from(conditions))  # type: ignore[no-any-return] # one of the above


def _over_the_file(draw: Draw, definition: Format, rule: Rule, fields: tuple[Field, Field]) -> Rule:
    one, other = fields
    if rule.kind == "contiguous":
        return dataclasses.replace(rule, fields=(one.name,), start=draw(st.integers(0, 2)))
    if rule.kind == "earlier":
        word = draw(st.sampled_from((None, "0")))
        return dataclasses.replace(
            rule, fields=(one.name,), of=Reference(rule.record_type, other.name), or_value=word
        )
    if rule.kind == "exists":
        there = draw(st.sampled_from(definition.record_types))
        of = Reference(there.name, draw(st.sampled_from(there.fields)).name)
        return dataclasses.replace(rule, fields=(one.name,), of=of)
    names = tuple(dict.fromkeys((one.name, other.name)))
    return dataclasses.replace(rule, fields=names[: draw(st.integers(1, 2))])


def envelope(draw: Draw, definition: Format) -> Format:
    """Change where the file says who it is, or what it says about its records."""
    heads = [one for one in definition.record_types if one.role is not Role.RECORD]
    if not heads:
        return definition
    kind = draw(st.sampled_from(heads))
    place = Reference(kind.name, draw(st.sampled_from(kind.fields)).name)
    options: dict[str, tuple[Any, ...]] = {
        **dict.fromkeys(_PLACES, (None, place)),
        "version_values": ((), ("1",), ("1", "2"), ("2",)),
        "key": (("message_id",), ("sender", "message_id"), ("control_number",)),
        "sequence": (None, Numbering(1, 999), Numbering(1, 999, "daily"), Numbering(1, 99999)),
        "counts": _counts(definition),
        "totals": _totals(definition),
    }
    name = draw(st.sampled_from(sorted(options)))
    changed: dict[str, Any] = {name: draw(st.sampled_from(options[name]))}
    if name in ("format_version", "version_values"):
        changed = {"format_version": place, "version_values": draw(st.sampled_from((("1",), ("1", "2"))))}
    if name == "sequence" and definition.envelope.control_number is None:
        changed["control_number"] = place
    said: Envelope = dataclasses.replace(definition.envelope, **changed)
    return dataclasses.replace(definition, envelope=said)


def _counts(definition: Format) -> tuple[tuple[ControlCount, ...], ...]:
    types = [one.name for one in definition.record_types if one.role is Role.RECORD]
    every = tuple(one.name for one in definition.record_types)
    stated = Reference("tail", "count")
    return ((), *((ControlCount(stated, of),) for of in (tuple(types[:1]), tuple(types), every) if of))


def _totals(definition: Format) -> tuple[tuple[ControlTotal, ...], ...]:
    numbers = [
        Reference(kind.name, field.name)
        for kind in definition.record_types
        for field in kind.fields
        if kind.role is Role.RECORD and field.type in _NUMBERS
    ]
    return ((), *((ControlTotal(Reference("tail", "total"), one),) for one in numbers))
