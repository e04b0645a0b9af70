"""What can never happen is told: fields that nothing fits, rules that do nothing, types that hide others."""

# ruff: noqa: E501 - one case on one line reads as a table

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gateway.formats.check_versions import shared_texts
from tests.formats.format_kit import DELIMITED, FIXED, JSON, Data, build, changed, complaints
from tests.formats.test_format_check import Change, item, rule

if TYPE_CHECKING:
    from pathlib import Path

NOTHING_FITS = "no text fits all its settings together"
NEVER, ALWAYS = "it can never hold, so the rule never applies", "it always holds, so it says nothing"
MET, BROKEN = "every row meets it, so the rule finds nothing", "no row can meet it"

FIELDS = [
    (item("order", pattern="[0-9]{12}", max_length=10), "fields.order.pattern: it matches no text of the length"),
    (item("order", pattern="[0-9]{12}", min_length=13), "fields.order.pattern: it matches no text of the length"),
    (item("order", pattern="[0-9]{12}", max_length=12), None),
    (item("order", pattern="a$b"), "fields.order.pattern: it matches no text"),
    (item("counter", pattern="[A-Z]+"), f"fields.counter: {NOTHING_FITS}"),
    (item("counter", pattern="[0-9]{2}"), None),
    (item("counter", codes=["1", "x"]), "codes.x: the field's own settings refuse it"),
    (item("counter", codes=["1", "100"]), "codes.100: the field's own settings refuse it"),
    (item("counter", constant="100"), "fields.counter.constant: the field's own settings refuse it"),
    (item("quantity", constant="1.5"), "fields.quantity.constant: the field's own settings refuse it"),
    (item("quantity", constant="1,5"), None),
    (item("quantity", constant="1,2345"), "fields.quantity.constant: the field's own settings refuse it"),
    (item("posted", max_length=8), f"fields.posted: {NOTHING_FITS}"),
    (item("posted", constant="2019-01-01"), "fields.posted.constant: the field's own settings refuse it"),
    (item("unit", type="boolean", pattern="[0-9]", codes=["true"]), "fields.unit.codes.true: it does not match"),
    (lambda data: data["records"]["item"]["fields"].update(done={"type": "boolean", "pattern": "[0-9]"}), f"fields.done: {NOTHING_FITS}"),
    (item("unit", codes={"KG": "", "": "none"}), "fields.unit.codes.: it means: no value"),
    (item("unit", codes={"KG": "", "KG ": ""}), "fields.unit.codes.KG : `KG` stands in the list already"),
    (item("unit", codes=[1, "1"]), "fields.unit.codes[2]: `1` stands in the list already"),
    (item("unit", codes=["KG", "kg"]), None),
    (item("unit", trim="both", codes=["KG", " PC"]), "blanks around it are taken off before it is compared"),
    (item("counter", nullable=True), "key[2]: `counter` may be empty, so it cannot be part of the key"),
    (item("order", required=False), "key[1]: `order` may be empty, so it cannot be part of the key"),
    (item("order", severity="warning"), "key[1]: `order` may be empty, so it cannot be part of the key"),
    (lambda data: data.update(file_name=r"CONF_(?P<number>[0-9]{6})(?P<control>x)\.csv"), "file_name: the group means nothing"),
    (lambda data: data.update(file_name=r"in/CONF_(?P<control>[0-9]{6})\.csv"), "file_name: it matches no name that a file can have"),
    (lambda data: data["records"]["item"]["fields"]["row"].update(constant="J"), "records.item.discriminator.value: the field `row`"),
]  # fmt: skip


def when(*conditions: dict[str, Any]) -> Change:
    """Return the change that adds a rule with these conditions, which may find something."""
    return rule(kind="required", fields=["posted"], when=list(conditions))


RULES = [
    (when({"field": "unit", "equals": "L"}), f"rules[2].when[1]: {NEVER}"),
    (when({"field": "unit", "equals": "KG"}), None),
    (when({"field": "unit", "among": ["KG", "L"]}), "rules[2].when[1].among[2]: `unit` never has this value"),
    (when({"field": "unit", "among": ["KG", "PC"]}), f"rules[2].when[1]: {ALWAYS}"),
    (when({"field": "row", "equals": "I"}), f"rules[2].when[1]: {ALWAYS}"),
    (when({"field": "row", "equals": "H"}), f"rules[2].when[1]: {NEVER}"),
    (when({"field": "order", "present": True}), f"rules[2].when[1]: {ALWAYS}"),
    (when({"field": "order", "present": False}), f"rules[2].when[1]: {NEVER}"),
    (when({"field": "posted", "present": False}), None),
    (when({"field": "counter", "above": 99}), f"rules[2].when[1]: {NEVER}"),
    (when({"field": "counter", "above": 98}), None),
    (when({"field": "counter", "above": "0.5"}), f"rules[2].when[1]: {ALWAYS}"),
    (when({"field": "counter", "below": 1}), f"rules[2].when[1]: {NEVER}"),
    (when({"field": "counter", "equals": 100}), f"rules[2].when[1]: {NEVER}"),
    (when({"field": "order", "equals": "1"}, {"field": "order", "equals": "2"}), "rules[2].when[2]: `order` must have another value"),
    (rule(kind="compare", left="counter", op="<=", value=99), f"rules[2].op: {MET}"),
    (rule(kind="compare", left="counter", op="<", value=99), None),
    (rule(kind="compare", left="counter", op=">", value=99), f"rules[2].op: {BROKEN}"),
    (rule(kind="compare", left="counter", op="==", value=100), f"rules[2].op: {BROKEN}"),
    (rule(kind="compare", left="counter", op="!=", value=100), f"rules[2].op: {MET}"),
    (rule(kind="compare", left="row", op="==", value="I"), f"rules[2].op: {MET}"),
    (rule(kind="compare", left="row", op="!=", value="I"), f"rules[2].op: {BROKEN}"),
    (rule(kind="compare", left="unit", op="!=", right="unit"), "rules[2].right: a field is compared with itself"),
    (rule(kind="compare", left="unit", op="==", right="row"), f"rules[2].op: {BROKEN}"),
    (rule(kind="compare", left="posted", op=">=", value="2020-01-01"), f"rules[2].op: {MET}"),
    (rule(kind="compare", left="posted", op="<", value="2019-12-31"), f"rules[2].op: {BROKEN}"),
    (rule(kind="compare", left="quantity", op=">", value="0"), None),
    (rule(kind="required", fields=["order", "unit"]), f"rules[2].fields: {MET}"),
    (rule(kind="required", fields=["order", "posted"]), None),
    (rule(kind="forbidden", fields=["order"]), f"rules[2].fields: {BROKEN}"),
    (rule(kind="any-of", fields=["posted", "order"]), f"rules[2].fields: {MET}"),
    (rule(kind="unique", fields=["row"]), "rules[2].fields: the fields are constants"),
    (rule(kind="unique", fields=["row", "order"]), None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [*FIELDS, *RULES])
def test_what_can_never_happen_is_told_and_nothing_else(
    tmp_path: Path, change: Change, expected: str | None
) -> None:
    """The gateway shall tell what in a definition can never happen, where that is certain, and else be silent."""
    found = complaints(tmp_path, changed(DELIMITED, change))
    assert (found == []) if expected is None else any(expected in line for line in found), found


def test_a_default_counts_as_a_value(tmp_path: Path) -> None:
    """The gateway shall reckon with a default, which is a value that no range of the field bounds."""

    def change(data: Data) -> None:
        data["records"]["item"]["fields"]["counter"].update(nullable=True, default=7)
        rule(kind="compare", left="counter", op="!=", value=7)(data)

    assert complaints(tmp_path, changed(DELIMITED, change)) == []


def test_a_record_type_hidden_by_another_is_told(tmp_path: Path) -> None:
    """The gateway shall say that rows of a type are always taken for one whose mark is the beginning of theirs."""

    def change(data: Data) -> None:
        data["records"]["control"].update(
            role="record", discriminator={"offset": 0, "length": 2, "value": "E1"}
        )

    assert any("segment.discriminator: such rows are taken for `control`" in line
               for line in complaints(tmp_path, changed(FIXED, change)))  # fmt: skip
    assert complaints(tmp_path / "sound", FIXED) == []


def test_json_types_are_told_by_a_value_that_their_field_has(tmp_path: Path) -> None:
    """The gateway shall say that a JSON record's own field refuses what tells its type."""

    def change(data: Data) -> None:
        data["dialect"] = {"lines": True}
        data["records"] = {
            "item": {
                "path": "", "discriminator": {"path": "/kind", "value": "item"},
                "fields": {"kind": {"path": "/kind", "codes": ["items"]}},
            }
        }  # fmt: skip

    found = complaints(tmp_path, changed(JSON, change))
    assert any("the field `kind`, which stands there, never has this value" in line for line in found), found


def version(number: str, *texts: str, **settings: Any) -> Any:
    """Return a version of the delimited format with these texts in its version field."""

    def change(data: Data) -> None:
        data.update(version=number, **settings)
        data["envelope"]["format_version"]["values"] = list(texts)

    return build(changed(DELIMITED, change))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({}, {}, True),
        ({"effective": {"until": "2026-06-30"}}, {"effective": {"from": "2026-07-01"}}, False),
        ({"effective": {"until": "2026-07-01"}}, {"effective": {"from": "2026-07-01"}}, True),
        ({"effective": {"from": "2026-07-01"}}, {"effective": {"until": "2026-06-30"}}, False),
        ({"status": "retired"}, {}, False),
    ],
)
def test_a_text_means_one_version_on_any_day(old: Data, new: Data, told: bool) -> None:
    """The gateway shall say that two versions in force on the same days have the same text in their version field."""
    versions = [version("1.0.0", "1.0", "1", **old), version("1.1.0", "1.1", "1", **new)]
    found = [(one.name, complaint.found) for one, complaint in shared_texts(versions)]
    assert found == ([("confirmation 1.1.0", "1")] if told else [])
