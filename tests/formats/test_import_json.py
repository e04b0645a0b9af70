"""JSON Schemas become formats that refuse nothing which the schema takes."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bundle import bundled
from gateway.errors import ImportFailed
from gateway.formats.check import check_format
from gateway.formats.definition import FieldType, Format, Role, Version
from gateway.formats.importing.entry import checked, place
from gateway.formats.importing.json_schema import import_json_schema
from gateway.model import Finding
from gateway.validation.reading import Input, ListingLimits, read_files
from tests.compare.json_schema_kit import VALUES

_VERSION = Version(1, 0, 0)

ORDERS = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Orders of the plant",
    "type": "object",
    "required": ["sender", "orders"],
    "definitions": {
        "quantity": {
            "type": "object",
            "required": ["value"],
            "properties": {"value": {"type": "number"}, "unit": {"enum": ["KGM", "PCE"]}},
        },
        "node": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "next": {"$ref": "#/definitions/node"}},
        },
    },
    "properties": {
        "sender": {"type": "string", "minLength": 1, "description": 'Who "sends"\nit'},
        "createdAt": {"type": "string", "format": "date-time"},
        "day": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "anything": {},
        "chain": {"$ref": "#/definitions/node"},
        "orders": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["orderNumber", "quantity"],
                "properties": {
                    "orderNumber": {"type": "string"},
                    "closed": {"type": "boolean"},
                    "priority": {"type": ["integer", "null"]},
                    "quantity": {"$ref": "#/definitions/quantity"},
                    "operations": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"step/no": {"type": "integer"}}},
                    },
                },
            },
        },
    },
}


def _imported(directory: Path, schema: Any) -> Format:
    file = directory / "orders.json"
    file.write_text(json.dumps(schema), "utf-8")
    catalogue = directory / "formats"
    catalogue.mkdir()
    imported = import_json_schema(file, "orders", _VERSION)
    return place(imported, catalogue, "orders", _VERSION)


def _errors(definition: Format, document: str) -> list[Finding]:
    one = Input(0, "x.json", lambda: io.BytesIO(document.encode()))
    reading = read_files(definition, [one], limits=ListingLimits())[0]
    reading.keys.close()
    return [found for found in reading.findings.listed() if found.severity.value == "error"]


def test_arrays_of_objects_become_record_types(tmp_path: Path) -> None:
    """Header, orders and their operations shall be record types, single values fields with pointers."""
    definition = _imported(tmp_path, ORDERS)
    assert check_format(definition) == []
    assert definition.title == "Orders of the plant"
    header, order, operation = definition.record_types
    assert (header.role, header.path) == (Role.HEADER, "")
    assert (order.name, order.path, order.parent) == ("order", "/orders", None)
    assert (operation.path, operation.parent) == ("/orders/operations", "order")
    assert [(each.name, each.path) for each in order.fields] == [
        ("order_number", "/orderNumber"), ("closed", "/closed"), ("priority", "/priority"),
        ("value", "/quantity/value"), ("unit", "/quantity/unit"),
    ]  # fmt: skip
    assert order.field("value").type is FieldType.DECIMAL
    assert tuple(order.field("unit").codes) == ("KGM", "PCE")
    assert operation.fields[0].path == "/step~1no"
    assert header.field("sender").description == 'Who "sends" it'


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    """Lists of plain values, members without type and recursion shall be noted and hinder nothing."""
    file = tmp_path / "orders.json"
    file.write_text(json.dumps(ORDERS), "utf-8")
    notes = import_json_schema(file, "orders", _VERSION).notes
    for place_ in ("/tags", "/anything", "/chain/next"):
        assert any(note.startswith(f"{place_}: left out") for note in notes), place_


@pytest.mark.parametrize(
    "document",
    [
        '{"sender": "A", "orders": []}',
        '{"sender": "A", "orders": [{"orderNumber": "", "quantity": {"value": 1e3}}]}',
        '{"sender": "A", "day": "2026-01-31", "orders": []}',
        '{"sender": "A", "orders": [{"orderNumber": "7", "priority": null, "quantity": {"value": -0.0}}]}',
        '{"sender": "A", "orders": [{"orderNumber": "7", "quantity": {"value": 1, "unit": "PCE"}}]}',
        '{"sender": " ", "anything": {"x": [1]}, "tags": ["a"], "orders": []}',
        '{"sender": "A", "chain": {"next": {"id": "1"}}, "orders": []}',
        """{"sender": "A", "orders": [{"orderNumber": "7", "quantity": {"value": 7},
            "operations": [{"step/no": 7.0}, {}]}]}""",
    ],
)
def test_what_the_schema_takes_the_format_takes(tmp_path: Path, document: str) -> None:
    """A document that is valid under the schema shall have no error under the imported format."""
    assert _errors(_imported(tmp_path, ORDERS), document) == []


def test_the_schema_stays_in_force(tmp_path: Path) -> None:
    """A document that the schema refuses shall be refused under the imported format."""
    definition = _imported(tmp_path, ORDERS)
    assert [found.code for found in _errors(definition, '{"sender": "", "orders": []}')] == ["F605"]


def test_files_that_references_lead_to_are_copied(tmp_path: Path) -> None:
    """A file beside the schema shall be copied where a reference leads to it, and only there."""
    (tmp_path / "types.json").write_text('{"definitions": {"q": {"type": "string"}}}')
    (tmp_path / "other.json").write_text("{}")
    definition = _imported(
        tmp_path, {"type": "object", "properties": {"a": {"$ref": "types.json#/definitions/q"}}}
    )
    assert definition.directory is not None
    assert sorted(each.name for each in definition.directory.iterdir()) == [
        "format.yaml", "orders.json", "types.json",
    ]  # fmt: skip
    assert _errors(definition, '{"a": 1}') != []


@pytest.mark.parametrize("draft", ["draft-04", "draft-06", "draft-07"])
def test_each_draft_is_enforced_as_it_is_stated(tmp_path: Path, draft: str) -> None:
    """The draft that `$schema` states shall be the one by which it is checked and enforced."""
    schema: dict[str, Any] = {
        "$schema": f"http://json-schema.org/{draft}/schema#",
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "array", "items": [{"type": "string"}]}},
    }
    limit = {"minimum": 5, "exclusiveMinimum": True} if draft == "draft-04" else {"exclusiveMinimum": 5}
    schema["properties"]["a"] |= limit
    definition = _imported(tmp_path, schema)
    assert check_format(definition) == []
    assert [found.code for found in _errors(definition, '{"a": 5}')] == ["F605"]
    assert _errors(definition, '{"a": 6, "b": ["x", 1]}') == []
    assert _errors(definition, '{"a": 6, "b": [1]}') != []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be used"),
        ('{"$schema": "http://json-schema.org/draft-03/schema#"}', "no known draft"),
        ('{"type": "objct"}', "cannot be used"),
        ('{"type": "object", "properties": {"a": {"$ref": "#/definitions/none"}}}', "cannot be used"),
        ('{"type": "string"}', "describes no record"),
        ("[]", "not an object"),
        ('{"exclusiveMinimum": true}', "cannot be used"),
    ],
)
def test_what_is_no_usable_schema_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """A file that is no schema, or of an unknown draft, shall be refused in words, without a traceback."""
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(ImportFailed) as caught:
        import_json_schema(file, "orders", _VERSION)
    assert words in str(caught.value)


def test_the_shipped_schema_imports_again(tmp_path: Path) -> None:
    """The good bills of material shall be valid under a format imported from their own schema."""
    catalogue = tmp_path / "formats"
    catalogue.mkdir()
    imported = import_json_schema(bundled("formats") / "bom/1.0.0/schema.json", "bom", _VERSION)
    definition = place(imported, catalogue, "bom", _VERSION)
    files = sorted((bundled("samples") / "bom/1.0.0/good").glob("*.json"))
    assert files
    for file in files:
        assert _errors(definition, file.read_text("utf-8")) == []


def test_types_that_use_one_another_are_bounded(tmp_path: Path) -> None:
    """A schema whose parts multiply shall be imported at once, with a note of what was not looked at."""
    for wrap in (lambda part: part, lambda part: {"type": "array", "items": part}):
        parts: dict[str, Any] = {"n12": {"type": "object", "properties": {"v": {"type": "string"}}}}
        for level in range(12):
            inner = {f"k{n}": wrap({"$ref": f"#/$defs/n{level + 1}"}) for n in range(6)}
            parts[f"n{level}"] = {"type": "object", "properties": {"v": {"type": "string"}, **inner}}
        file = tmp_path / "many.json"
        file.write_text(json.dumps({"$defs": parts, "$ref": "#/$defs/n0"}))
        made = import_json_schema(file, "orders", _VERSION)
        assert len(made.text) < 300_000
        assert any("places" in note for note in made.notes)
        assert len(made.notes) < 100


def test_references_that_lead_nowhere_are_told_with_their_line(tmp_path: Path) -> None:
    """Each reference to a network or a file that is not here shall be named, with where it stands."""
    file = tmp_path / "orders.json"
    properties = {
        "a": {"$ref": "https://127.0.0.1:9/a.json"},
        "b": {"$ref": "sub/b.json"},
        "c": {"$ref": "#/c"},
    }
    file.write_text(json.dumps({"type": "object", "properties": properties}, indent=1))
    with pytest.raises(ImportFailed) as caught:
        import_json_schema(file, "orders", _VERSION)
    assert [(one.line, one.path, one.found) for one in caught.value.problems] == [
        (5, "/properties/a/$ref", "https://127.0.0.1:9/a.json"),
        (8, "/properties/b/$ref", "sub/b.json"),
        (11, "/properties/c/$ref", "#/c"),
    ]


def test_other_files_of_the_directory_do_not_matter(tmp_path: Path) -> None:
    """Files beside the schema that are no schemas shall hinder nothing, and not be copied."""
    (tmp_path / "torn.json").write_text("{{{")
    (tmp_path / "list.json").write_text("[1]")
    definition = _imported(tmp_path, {"type": "object", "properties": {"a": {"type": "string"}}})
    assert definition.directory is not None
    assert {each.name for each in definition.directory.iterdir()} == {"format.yaml", "orders.json"}


def test_depth_is_bounded_in_words(tmp_path: Path) -> None:
    """A schema within the depth that can be checked shall be imported, a deeper one refused in words."""
    for levels, fits in ((48, True), (52, False), (400, False)):
        schema: Any = {"type": "string"}
        for _level in range(levels):
            schema = {"type": "object", "properties": {"v": {"type": "string"}, "a": schema}}
        file = tmp_path / "deep.json"
        file.write_text(json.dumps(schema))
        if fits:
            checked(import_json_schema(file, "orders", _VERSION), "orders", _VERSION)
        else:
            with pytest.raises(ImportFailed, match=r"nested|recursion"):
                import_json_schema(file, "orders", _VERSION)


def test_what_a_killed_import_left_is_taken_away(tmp_path: Path) -> None:
    """The next import shall take away what one left that was killed, and leave alone what is being made."""
    left, making = (tmp_path / "formats" / name for name in (".import-old", ".import-new"))
    for each in (left, making):
        (each / "orders/1.0.0").mkdir(parents=True)
    os.utime(left, (0, 0))
    file = tmp_path / "x.json"
    file.write_text('{"type": "object", "properties": {"a": {"type": "string"}}}')
    place(import_json_schema(file, "orders", _VERSION), tmp_path / "formats", "orders", _VERSION)
    assert sorted(each.name for each in (tmp_path / "formats").iterdir()) == [".import-new", "orders"]


_LEAVES = [
    {"type": "string"}, {"type": "integer"}, {"type": ["number", "null"]}, {"type": "boolean"},
    {"enum": ["a", "b", None]}, {"const": "x"}, {}, {"type": "string", "format": "date"},
]  # fmt: skip


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    types = st.sampled_from(["object", ["object", "null"]])
    return st.one_of(
        st.fixed_dictionaries({"type": types, "properties": members}, optional={"required": st.just(["a"])}),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
    )


_PARTS = st.recursive(st.sampled_from(_LEAVES), _larger, max_leaves=6)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), _PARTS, min_size=1, max_size=3),
    st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3), min_size=8, max_size=8),
)
def test_no_document_of_any_schema_is_refused(
    tmp_path_factory: pytest.TempPathFactory, members: dict[str, Any], documents: list[Any]
) -> None:
    """Whatever a generated schema takes, the format imported from it shall take."""
    schema = {"type": "object", "properties": json.loads(json.dumps(members))}
    schema["properties"]["known"] = {"type": "string"}  # so that there is a record
    definition = _imported(tmp_path_factory.mktemp("law"), schema)
    for document in documents:
        codes = {found.code for found in _errors(definition, json.dumps(document))}
        assert not codes or "F605" in codes, document
