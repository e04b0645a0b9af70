"""No setting of the canonical model escapes the comparison."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gateway.formats import definition as d
from gateway.formats.compare.definitions import compare
from gateway.model import Severity
from tests.compare.cases import Case

#: Where each part of the model is found in a definition, and how a changed one is put back.
_WHOLE = """
envelope: {format_version: {field: head.site}, sequence: {first: 1},
  totals: [{stated: tail.sum, sum_of: item.quantity}]}
rules:
  - {id: rule, kind: required, record: item, fields: [note], message: Needed.,
     when: [{field: unit, equals: KG}]}
"""

#: A value that says something else, for every setting, by class and name; with the base where it counts.
OTHER: dict[type, dict[str, Any]] = {
    d.Format: {
        "message_type": "other",
        "status": d.Status.RELEASED,
        "kind": d.Kind.FIXED_WIDTH,
        "title": "Other",
        "record_types": (),
        "description": "Other",
        "encoding": d.Encoding("cp1252"),
        "dialect": d.Dialect(delimiter="|"),
        "envelope": d.Envelope(),
        "rules": (),
        "file_name": r"other\.csv",
        "zero_records": "accept",
        "closed": False,
        "effective_from": "2026-01-01",
        "effective_until": "2026-12-31",
    },
    d.Encoding: {"charset": "cp1252", "bom": "required"},
    d.Dialect: {
        "delimiter": "|",
        "quote": "'",
        "escape": "\\",
        "header_row": True,
        "trailing_delimiter": "optional",
        "blank_lines": "skip",
        "line_end": "lf",
        "final_line_end": "required",
        "stripped_blanks": True,
        "namespace": "urn:other",
        "root": "Other",
        "xsd": "other.xsd",
        "lines": True,
        "json_schema": "other.json",
        "decimal_mark": ",",
        "thousands_mark": "'",
        "date_format": "DD.MM.YYYY",
        "time_format": "HHMMSS",
        "datetime_format": "YYYYMMDDHHMMSS",
        "time_zone": "Europe/Berlin",
        "null_tokens": ("", "-"),
        "true_tokens": ("J",),
        "false_tokens": ("N",),
        "trim": "both",
    },
    d.RecordType: {
        "name": "other",
        "role": d.Role.TRAILER,
        "fields": (),
        "description": "Other",
        "discriminator": d.Discriminator("X", column=0),
        "length": 60,
        "path": "/other",
        "parent": "head",
        "min_occurs": 2,
        "max_occurs": 7,
        "key": ("material",),
        "references": {"material": "material"},
    },
    d.Field: {
        "name": "other",
        "type": d.FieldType.STRING,
        "description": "Other",
        "id": "other",
        "aliases": ("once",),
        "required": False,
        "nullable": True,
        "heading": "Other",
        "offset": 3,
        "length": 7,
        "path": "/other",
        "min_length": 2,
        "max_length": 3,
        "pattern": "[0-9]",
        "minimum": "1",
        "maximum": "7",
        "codes": {"1": ""},
        "constant": "1",
        "digits": 2,
        "decimals": 1,
        "implied_decimals": 2,
        "rounding": "down",
        "sign": "none",
        "decimal_mark": ",",
        "date_format": "DD.MM.YYYY",
        "time_zone": "Europe/Berlin",
        "unit": "kg",
        "unit_field": "unit",
        "null_tokens": ("-",),
        "trim": "both",
        "default": "1",
        "severity": Severity.WARNING,
    },
    d.Discriminator: {"value": "X", "column": 1, "offset": 1, "length": 3, "path": "/other"},
    d.Envelope: {
        "message_id": None,
        "sender": d.Reference("head", "site"),
        "receiver": d.Reference("head", "site"),
        "control_number": None,
        "previous_number": d.Reference("head", "site"),
        "format_version": None,
        "created_at": d.Reference("head", "site"),
        "version_values": ("2",),
        "key": ("message_id",),
        "sequence": None,
        "counts": (),
        "totals": (),
    },
    d.Numbering: {"first": 2, "last": 9, "reset": "daily"},
    d.ControlCount: {"stated": d.Reference("tail", "sum"), "of": ("item", "head")},
    d.ControlTotal: {
        "stated": d.Reference("tail", "lines"),
        "sum_of": d.Reference("item", "booked"),
    },
    d.Rule: {
        "id": "other",
        "kind": "forbidden",
        "record_type": "head",
        "message": "Other.",
        "fields": ("unit",),
        "left": "note",
        "op": "==",
        "right": "note",
        "value": "1",
        "when": (),
        "start": 2,
        "of": d.Reference("head", "site"),
        "or_value": "1",
        "severity": Severity.WARNING,
    },
    d.Condition: {
        "field": "material",
        "equals": "PC",
        "among": ("KG",),
        "present": True,
        "above": "1",
        "below": "1",
    },
}
#: What names or locates a version and is no part of what it says, and what another class stands for.
NOT_COMPARED = {(d.Format, "version"), (d.Format, "directory"), (d.Format, "digest")}
SETTINGS = [
    (cls, field.name)
    for cls in OTHER
    for field in dataclasses.fields(cls)
    if (cls, field.name) not in NOT_COMPARED
]


def _base(cls: type, name: str) -> d.Format:
    """Return the base definition in which the setting counts."""
    physical = "delimited"
    if name in ("stripped_blanks", "offset", "length"):
        physical = "fixed-width"
    elif name in ("namespace", "root", "xsd"):
        physical = "xml"
    elif name in ("lines", "json_schema", "path"):
        physical = "json"
    elif name == "heading":
        physical = "headed"
    whole = _WHOLE if physical == "delimited" else "{}"
    return Case("", physical, whole, "{}", "", "", "").definitions()[0]


def _with(part: Any, **change: Any) -> Any:
    """Return a part of the model with ``change`` done to it."""
    return dataclasses.replace(part, **change)


def _changed(base: Any, cls: type, change: dict[str, Any]) -> Any:
    """Return the definition ``base`` with ``change`` done to its part of ``cls``."""
    envelope, rule = base.envelope, base.rules[0] if base.rules else None
    parts = {
        d.Format: lambda: _with(base, **change),
        d.Encoding: lambda: _with(base, encoding=_with(base.encoding, **change)),
        d.Dialect: lambda: _with(base, dialect=_with(base.dialect, **change)),
        d.Envelope: lambda: _with(base, envelope=_with(envelope, **change)),
        d.Numbering: lambda: _envelope(base, sequence=_with(envelope.sequence, **change)),
        d.ControlCount: lambda: _envelope(base, counts=(_with(envelope.counts[0], **change),)),
        d.ControlTotal: lambda: _envelope(base, totals=(_with(envelope.totals[0], **change),)),
        d.Rule: lambda: _with(base, rules=(_with(rule, **change),)),
        d.Condition: lambda: _with(base, rules=(_with(rule, when=(_with(rule.when[0], **change),)),)),  # type: ignore[union-attr] # it has a rule
    }
    if cls in parts:
        return parts[cls]()
    return _with_item(base, _changed_item(base.record_type("item"), cls, change))


def _envelope(base: Any, **change: Any) -> Any:
    return _with(base, envelope=_with(base.envelope, **change))


def _changed_item(item: d.RecordType, cls: type, change: dict[str, Any]) -> d.RecordType:
    if cls is d.RecordType:
        return dataclasses.replace(item, **change)
    if cls is d.Discriminator:
        mark = item.discriminator or d.Discriminator("I")
        return dataclasses.replace(item, discriminator=dataclasses.replace(mark, **change))
    names = {"date_format": "due", "time_zone": "seen"}
    name = names.get(next(iter(change)), "quantity")
    fields = tuple(dataclasses.replace(one, **change) if one.name == name else one for one in item.fields)
    return dataclasses.replace(item, fields=fields)


def _with_item(base: d.Format, item: d.RecordType) -> d.Format:
    kinds = tuple(item if kind.name == "item" else kind for kind in base.record_types)
    return dataclasses.replace(base, record_types=kinds)


def test_every_setting_of_the_model_has_another_value_here() -> None:
    """A setting that is added to the model shall be added to the comparison: this test asks for it."""
    model = {cls for cls in vars(d).values() if dataclasses.is_dataclass(cls)} - {d.Version, d.Reference}
    assert set(OTHER) == model
    for cls, values in OTHER.items():
        names = {field.name for field in dataclasses.fields(cls)}
        assert set(values) == {name for name in names if (cls, name) not in NOT_COMPARED}


@pytest.mark.parametrize(("cls", "name"), SETTINGS, ids=lambda part: getattr(part, "__name__", part))
def test_a_changed_setting_is_reported(cls: type, name: str) -> None:
    """The comparison shall report a change of every single setting, in both directions."""
    base = _base(cls, name)
    other = _changed(base, cls, {name: OTHER[cls][name]})
    assert other != base
    assert compare(base, other).changes
    assert compare(other, base).changes
