"""Schemas and patterns that would take for ever are refused; what is let through is quick."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from lxml import etree

from gateway.config.loading import FILE, known_site
from gateway.errors import ConfigurationError
from gateway.formats import json_schema_cost, json_schemas, xsd_cost
from gateway.readers import json_schema
from tests.fuzz.target import ROOT

_XSD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{}</xs:schema>'
_TYPE = "<xs:simpleType name='t'><xs:restriction base='xs:string'>{}</xs:restriction></xs:simpleType>"
_MODEL = "<xs:complexType name='t'>{}</xs:complexType>"
_CODES = "<xs:enumeration value='x'/>"
_OPTIONAL = "<xs:element name='a{}' minOccurs='0'/>"


def many(count: int) -> str:
    """Return that many optional elements in a row."""
    return "".join(_OPTIONAL.format(number) for number in range(count))


def doubled(levels: int) -> str:
    """Return groups each of which holds the next one twice."""
    twice = "<xs:group ref='g{0}'/><xs:group ref='g{0}'/>"
    groups = "".join(
        f"<xs:group name='g{n}'><xs:sequence>{twice.format(n + 1)}</xs:sequence></xs:group>"
        for n in range(levels)
    )
    return groups + f"<xs:group name='g{levels}'><xs:sequence>{many(1)}</xs:sequence></xs:group>"


HANGING_XSD = {
    "nested repetition": _TYPE.format("<xs:pattern value='(a+)+b'/>"),
    "optional letters": _TYPE.format(f"<xs:pattern value='{'a?' * 30}{'a' * 30}'/>"),
    "long pattern": _TYPE.format(f"<xs:pattern value='{'|'.join(f'x{n}' for n in range(2000))}'/>"),
    "many codes": _TYPE.format(_CODES * 10001),
    "counters in counters": _MODEL.format(
        "<xs:sequence maxOccurs='1000'><xs:element name='a' minOccurs='100' maxOccurs='1000'/></xs:sequence>"
    ),
    "choice of repetitions": _MODEL.format(
        "<xs:choice maxOccurs='unbounded'><xs:element name='a' maxOccurs='unbounded'/></xs:choice>"
    ),
    "optional elements": _MODEL.format(f"<xs:sequence>{many(1000)}</xs:sequence>"),
    "doubled groups": doubled(30),
}


@pytest.mark.parametrize("name", HANGING_XSD)
def test_an_xsd_that_could_hang_is_refused(name: str) -> None:
    """An XSD that libxml2 could work at for ever shall be refused, in words and at once."""
    began = time.monotonic()
    problem = xsd_cost.too_costly([etree.fromstring(_XSD.format(HANGING_XSD[name]))])
    assert problem
    assert time.monotonic() - began < 5


def test_an_ordinary_xsd_is_accepted() -> None:
    """Repetitions that are told apart, and long optional rows, shall be accepted."""
    fine = (
        "<xs:sequence maxOccurs='unbounded'><xs:element name='a' minOccurs='0' maxOccurs='9'/>"
        "<xs:element name='b'/></xs:sequence>"
    )
    for text in (_MODEL.format(fine), _MODEL.format(f"<xs:sequence>{many(300)}</xs:sequence>")):
        assert xsd_cost.too_costly([etree.fromstring(_XSD.format(text))]) is None


HANGING_JSON: dict[str, Any] = {
    "multiplied at every level": {"properties": {"a": {"allOf": [{"$ref": "#"}] * 10}}},
    "doubled beside each other": {
        "$ref": "#/$defs/0",
        "$defs": {
            **{str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(24)},
            "24": {"type": "string"},
        },
    },
    "many codes": {"enum": list(range(5001))},
    "many objects": {"items": {"enum": [{"a": n} for n in range(501)]}},
}


def files_of(schema: object, directory: Path) -> json_schemas.SchemaFiles:
    """Return ``schema`` as it is read from a file."""
    (directory / "schema.json").write_text(json.dumps(schema))
    return json_schemas.read(directory / "schema.json")


@pytest.mark.parametrize("name", HANGING_JSON)
def test_a_json_schema_that_could_hang_is_refused(name: str, tmp_path: Path) -> None:
    """A JSON Schema whose work doubles on every level, or with endless lists, shall be refused at once."""
    began = time.monotonic()
    assert json_schema_cost.too_costly(files_of(HANGING_JSON[name], tmp_path))
    assert time.monotonic() - began < 5


def test_a_recursive_json_schema_is_accepted(tmp_path: Path) -> None:
    """Trees, and types that contain each other, shall be accepted: each value is looked at once."""
    tree = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
    inner = {"properties": {"children": {"items": {"$ref": "#"}}}}
    for schema in (tree, {"properties": {"children": {"items": {"$ref": "#"}}, "notes": inner}}):
        assert json_schema_cost.too_costly(files_of(schema, tmp_path)) is None


def test_a_tree_of_several_kinds_is_followed_to_a_depth(tmp_path: Path) -> None:
    """A schema that reaches itself by `anyOf` shall be enforced, and end what is nested too deep."""
    inner = {"kind": {}, "children": {"type": "array", "items": {"$ref": "#"}}}
    kinds = [{"properties": {**inner, "kind": {"const": kind}}, "required": ["kind"]} for kind in "abc"]
    files_of({"anyOf": kinds}, tmp_path)
    schema = json_schema._load(tmp_path / "schema.json")

    def tree(levels: int, leaf: str) -> object:
        return {"kind": "a", "children": [tree(levels - 1, leaf)]} if levels else {"kind": leaf}

    named = {
        "properties": {"a": {"$ref": "#"}},
        "patternProperties": {"a": {"$ref": "#"}, "^a": {"$ref": "#"}},
    }
    assert 0 < json_schema_cost.deepest(files_of(named, tmp_path)) < schema.deepest < 64
    assert not list(schema.errors(tree(5, "b")))
    assert [error.keyword for error in schema.errors(tree(5, "z"))] == ["anyOf"]
    began = time.monotonic()
    assert [error.keyword for error in schema.errors(tree(30, "z"))] == ["nesting"]
    assert time.monotonic() - began < 1


def test_a_pattern_that_goes_back_is_bounded() -> None:
    """A pattern with back-references shall refuse a value in bounded steps."""
    registry = jsonschema_rs.Registry([])
    validator = json_schema._validator({"type": "string", "pattern": "^(a|a)*\\1$"}, registry, None)
    began = time.monotonic()
    assert all(not validator.is_valid("a" * 5000 + "b") for _ in range(100))
    assert time.monotonic() - began < 5


def test_a_duration_of_digits_is_refused_at_once(tmp_path: Path) -> None:
    """A duration of 200,000 digits without a unit shall be a problem of the configuration, at once."""
    text = (ROOT / FILE).read_text().replace("interval: 30s", f"interval: {'1' * 200_000}")
    (tmp_path / "config").mkdir()
    (tmp_path / FILE).write_text(text)
    began = time.monotonic()
    with pytest.raises(ConfigurationError):
        known_site(tmp_path, None, {})
    assert time.monotonic() - began < 10
