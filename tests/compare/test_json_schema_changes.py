"""What the comparison says of each kind of change between two JSON Schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import FormatError
from gateway.formats.compare.change import Verdict
from gateway.formats.compare.json_schema import compare_json_schema
from tests.compare.json_schema_kit import DRAFT_7, DRAFT_2020, Pair, compare

OK, REVIEW, BREAKING = Verdict.OK, Verdict.REVIEW, Verdict.BREAKING
_DRAFT_4 = "http://json-schema.org/draft-04/schema#"


def _member(old: Any, new: Any) -> tuple[Any, Any]:
    """Return two schemas of objects whose member `a` differs."""
    return {"type": "object", "properties": {"a": old}}, {"type": "object", "properties": {"a": new}}


_CHANGES: list[tuple[str, Any, Any, str, Verdict, Verdict]] = [
    (
        "a maximum",
        *_member({"maximum": 10}, {"maximum": 5}),
        "schema-facet-tightened /a/maximum",
        BREAKING,
        OK,
    ),
    (
        "an open end",
        *_member({"minimum": 1}, {"exclusiveMinimum": 1}),
        "schema-facet-tightened /a/minimum",
        BREAKING,
        OK,
    ),
    (
        "decimals of a bound",
        *_member({"maximum": 1.05}, {"maximum": 1.5}),
        "schema-facet-loosened /a/maximum",
        OK,
        BREAKING,
    ),
    (
        "a step",
        *_member({"multipleOf": 0.1}, {"multipleOf": 0.25}),
        "schema-facet-changed /a/multipleOf",
        BREAKING,
        BREAKING,
    ),
    (
        "a length",
        *_member({"maxLength": 40}, {"maxLength": 18}),
        "schema-facet-tightened /a/maxLength",
        BREAKING,
        OK,
    ),
    (
        "a pattern",
        *_member({"pattern": "^[A-Z]+$"}, {"pattern": "^[A-Z0-9]+$"}),
        "schema-facet-loosened /a/pattern",
        OK,
        BREAKING,
    ),
    (
        "a pattern found anywhere",
        *_member({"pattern": "^A"}, {"pattern": "A"}),
        "schema-facet-loosened /a/pattern",
        OK,
        BREAKING,
    ),
    (
        "a format",
        *_member({"type": "string"}, {"type": "string", "format": "date"}),
        "schema-facet-tightened /a/format",
        BREAKING,
        OK,
    ),
    (
        "a code",
        *_member({"enum": ["A", "B"]}, {"enum": ["B", "A", "C"]}),
        'schema-enumeration-added /a/enum/"C"',
        OK,
        BREAKING,
    ),
    (
        "a constant",
        *_member({"const": "A"}, {"const": "B"}),
        'schema-enumeration-removed /a/enum/"A"',
        BREAKING,
        OK,
    ),
    (
        "null",
        *_member({"type": ["string", "null"]}, {"type": "string"}),
        "schema-nillable /a/null",
        BREAKING,
        OK,
    ),
    (
        "a wider number",
        *_member({"type": "integer"}, {"type": "number"}),
        "schema-type-widened /a/type",
        OK,
        BREAKING,
    ),
    (
        "another type",
        *_member({"type": "integer"}, {"type": "string"}),
        "schema-type-changed /a/type",
        BREAKING,
        BREAKING,
    ),
    (
        "a required member",
        {"type": "object"},
        {"type": "object", "required": ["a"]},
        "schema-required /a",
        BREAKING,
        OK,
    ),
    (
        "a new member",
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "string"}}},
        "schema-child-added /a",
        BREAKING,
        OK,
    ),
    (
        "a new member of a closed object",
        {"type": "object", "additionalProperties": False},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
        "schema-child-added /a",
        OK,
        BREAKING,
    ),
    (
        "a new required member",
        {"type": "object"},
        {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        "schema-child-added /a",
        BREAKING,
        OK,
    ),
    (
        "a closed object",
        {"type": "object"},
        {"type": "object", "additionalProperties": False},
        "schema-open-content /additionalProperties",
        BREAKING,
        OK,
    ),
    (
        "members by pattern",
        {"type": "object", "patternProperties": {"^x": {"type": "string"}}},
        {"type": "object"},
        "schema-open-content /additionalProperties",
        OK,
        BREAKING,
    ),
    (
        "fewer elements",
        {"type": "array", "maxItems": 9},
        {"type": "array", "maxItems": 3},
        "schema-cardinality-tightened /maxItems",
        BREAKING,
        OK,
    ),
    (
        "elements once",
        {"type": "array"},
        {"type": "array", "uniqueItems": True},
        "schema-facet-tightened /uniqueItems",
        BREAKING,
        OK,
    ),
    (
        "elements by place",
        {"prefixItems": [{"type": "string"}]},
        {"prefixItems": [{"type": "string", "maxLength": 2}]},
        "schema-facet-tightened /0/maxLength",
        BREAKING,
        OK,
    ),
    (
        "a branch more",
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"anyOf": [{"type": "integer"}]},
        "schema-condition /anyOf",
        BREAKING,
        OK,
    ),
    (
        "branches that overlap",
        {"oneOf": [{"type": "integer"}, {"minimum": 5}]},
        {"oneOf": [{"type": "integer"}, {"minimum": 9}]},
        "schema-condition /oneOf",
        BREAKING,
        BREAKING,
    ),
    (
        "a branch of its own type",
        {"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 5}]},
        {"oneOf": [{"type": "integer", "minimum": 2}, {"type": "string"}]},
        "schema-facet-loosened /oneOf/0/minimum",
        OK,
        BREAKING,
    ),
    ("a negation", *_member({}, {"not": {"type": "string"}}), "schema-condition /a/not", BREAKING, OK),
    (
        "a condition",
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
        {"if": {"required": ["a"]}, "then": True},
        "schema-condition /if",
        OK,
        BREAKING,
    ),
    (
        "members that need others",
        {"dependentRequired": {"a": ["b"]}},
        {"dependentRequired": {"a": ["b", "c"]}},
        "schema-condition /dependentRequired",
        BREAKING,
        OK,
    ),
    (
        "names of members",
        {"type": "object"},
        {"type": "object", "propertyNames": {"maxLength": 3}},
        "schema-facet-tightened /propertyNames",
        BREAKING,
        OK,
    ),
    (
        "what must be among elements",
        {"type": "array"},
        {"type": "array", "contains": {"type": "integer"}},
        "schema-condition /contains",
        BREAKING,
        OK,
    ),
    ("a default", *_member({"default": 1}, {"default": 2}), "schema-default /a/default", REVIEW, REVIEW),
    ("words", *_member({"title": "x"}, {"title": "y"}), "schema-documentation /a/title", OK, OK),
    (
        "a definition that nobody uses",
        {"$defs": {"a": {}}},
        {"$defs": {"a": {}, "b": {}}},
        "schema-declaration-added /definitions/b",
        OK,
        OK,
    ),
    ("the draft", {"$schema": DRAFT_7}, {"$schema": DRAFT_2020}, "schema-documentation /$schema", OK, OK),
    (
        "the draft before whole numbers",
        {"$schema": _DRAFT_4},
        {"$schema": DRAFT_7},
        "schema-condition /$schema",
        REVIEW,
        REVIEW,
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "change", "forwards", "back"),
    [each[1:] for each in _CHANGES],
    ids=[each[0] for each in _CHANGES],
)
def test_a_change_has_its_kind_its_place_and_both_verdicts(
    old: Any, new: Any, change: str, forwards: Verdict, back: Verdict
) -> None:
    """Each change shall be told with its kind, its place in the document and a verdict for each direction."""
    found = compare(old, new)
    assert change in found
    assert (found[change].old_under_new.verdict, found[change].new_under_old.verdict) == (forwards, back)


_SAME: list[tuple[str, Any, Any]] = [
    (
        "the order of members and branches",
        {"properties": {"a": {"type": "string"}, "b": {}}, "anyOf": [{"type": "object"}, {"type": "null"}]},
        {"anyOf": [{"type": "null"}, {"type": "object"}], "properties": {"b": {}, "a": {"type": "string"}}},
    ),
    (
        "allOf of simple schemas",
        {"allOf": [{"type": "object"}, {"required": ["a"]}]},
        {"type": "object", "required": ["a"]},
    ),
    (
        "null by type or by choice",
        {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
        {"type": ["string", "null"], "maxLength": 3},
    ),
    ("const and enum", {"const": "A"}, {"enum": ["A"]}),
    (
        "a definition or in place",
        {"$defs": {"q": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/q"}}},
        {"properties": {"a": {"type": "string"}}},
    ),
    ("the same number", {"maximum": 10, "enum": [1]}, {"maximum": 10.0, "enum": [1.0]}),
    (
        "an anchor",
        {"$defs": {"q": {"$anchor": "here", "type": "string"}}, "properties": {"a": {"$ref": "#here"}}},
        {"$defs": {"q": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/q"}}},
    ),
    ("keywords without effect", {"minLength": 0, "required": [], "additionalProperties": True}, {}),
]


@pytest.mark.parametrize(("old", "new"), [each[1:] for each in _SAME], ids=[each[0] for each in _SAME])
def test_what_means_the_same_is_no_change(old: Any, new: Any) -> None:
    """Schemas that say the same in other words shall have no change."""
    assert {each for each in compare(old, new) if "declaration" not in each} == set()


def test_drafts_say_the_same_in_their_own_words() -> None:
    """Draft 4, 7 and 2020-12 shall be compared by what they mean, not by their keywords."""
    old = {
        "$schema": _DRAFT_4,
        "minimum": 1,
        "exclusiveMinimum": True,
        "items": [{}],
        "additionalItems": False,
        "definitions": {"a": {}},
        "dependencies": {"a": ["b"], "c": {"required": ["d"]}},
    }
    new = {
        "$schema": DRAFT_2020,
        "exclusiveMinimum": 1,
        "prefixItems": [{}],
        "items": False,
        "$defs": {"a": {}},
        "dependentRequired": {"a": ["b"]},
        "dependentSchemas": {"c": {"required": ["d"]}},
    }
    assert list(compare(old, new)) == ["schema-condition /$schema"]


def test_a_change_of_a_definition_is_told_once() -> None:
    """A definition that is used in many places shall be compared once, where it is met first."""
    old = {
        "$defs": {"q": {"type": "number", "maximum": 9}},
        "properties": {name: {"$ref": "#/$defs/q"} for name in ("b", "a", "c")},
    }
    new = json.loads(json.dumps(old).replace("9", "5"))
    assert list(compare(old, new)) == ["schema-facet-tightened /a/maximum"]


def test_schemas_that_contain_themselves_end() -> None:
    """Recursive schemas shall be compared to their end, the change inside shown by a document."""
    node = {
        "type": "object",
        "required": ["v"],
        "properties": {"v": {"maximum": 9}, "next": {"$ref": "#/$defs/n"}, "all": {"items": {"$ref": "#"}}},
    }
    old = {"$ref": "#/$defs/n", "$defs": {"n": node}}
    found = compare(old, json.loads(json.dumps(old).replace("9", "5")))
    assert found["schema-facet-tightened /v/maximum"].old_under_new.verdict is BREAKING
    loop = {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "string"}]}}, "$ref": "#/$defs/a"}
    assert compare(loop, loop) == {}


def test_the_witness_has_the_offending_value_in_its_place() -> None:
    """The document of a breaking verdict shall be whole, and the sentence shall name the value."""
    item = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "maximum": 100}}}
    old = {
        "type": "object",
        "required": ["items", "id"],
        "properties": {"id": {"type": "string"}, "items": {"type": "array", "items": item}},
    }
    change = compare(old, json.loads(json.dumps(old).replace("100", "50")))[
        "schema-facet-tightened /items/*/n/maximum"
    ]
    judgement = change.old_under_new
    assert judgement.demand is not None
    document = json.loads(judgement.demand.document or b"")
    assert document["items"][0]["n"] > 50
    assert str(document["items"][0]["n"]) in judgement.why


def test_other_files_are_followed(tmp_path: Path) -> None:
    """A change in a file that a reference leads to shall be found."""
    for name, longest in (("old", 9), ("new", 5)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.json").write_text(
            '{"properties": {"a": {"$ref": "types.json#/definitions/t"}}}'
        )
        (tmp_path / name / "types.json").write_text(f'{{"definitions": {{"t": {{"maxLength": {longest}}}}}}}')
    found = compare_json_schema(tmp_path / "old/main.json", tmp_path / "new/main.json")
    assert [change.path for change in found] == ["schema.json#/a/maxLength"]
    assert found[0].old_under_new.verdict is BREAKING


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"$ref": "#/nowhere"}', '{"$ref": "http://x.example/y.json"}', '{"$schema": 3}']
)
def test_what_is_no_schema_is_refused_in_words(tmp_path: Path, text: str) -> None:
    """A file that is no usable schema shall be refused with its name, and nothing be fetched."""
    good, wrong = tmp_path / "good.json", tmp_path / "sub"
    good.write_text("{}")
    wrong.mkdir()
    (wrong / "wrong.json").write_text(text)
    with pytest.raises(FormatError) as caught:
        compare_json_schema(good, wrong / "wrong.json")
    assert "wrong.json" in str(caught.value)


def test_numbers_are_compared_exactly() -> None:
    """Bounds that differ beyond the digits of a binary number shall differ, and the witness show it."""
    pair = Pair({}, {})
    texts = '{"maximum": 1.50000000000000000000001}', '{"maximum": 1.5}'
    for file, text in zip(pair.files, texts, strict=True):
        file.write_text(text)
    (change,) = pair.changes()
    assert change.old_under_new.verdict is BREAKING
    assert change.old_under_new.demand is not None
    assert b"1.5000000000000000000000" in (change.old_under_new.demand.document or b"")
