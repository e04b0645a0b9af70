"""JSON Schemas enforced as they stand, in small documents and in large ones."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway.errors import FormatError
from gateway.findings import Findings
from gateway.formats import json_schemas
from gateway.formats.definition import Format
from gateway.formats.json_schemas import validator
from gateway.model import Finding
from gateway.readers import document_text
from gateway.readers import json as json_reader
from tests.readers.document_kit import BILL_TYPES, Endless, json_format, read, wrong
from tests.readers.test_json_values import LINE_TYPES

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:test:bill:1",
    "type": "object",
    "required": ["header", "bills"],
    "additionalProperties": False,
    "properties": {
        "header": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
        "bills": {"$ref": "#/$defs/bills"},
    },
    "$defs": {
        "bills": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"$ref": "#/$defs/bill"}},
        "bill": {
            "type": "object",
            "required": ["material"],
            "properties": {
                "material": {"type": "string", "pattern": "^[0-9]+$"},
                "base": {"properties": {"quantity": {"type": "number", "multipleOf": 0.01, "maximum": 0.3}}},
                "valid": {"type": ["string", "null"], "format": "date"},
                "items": {"items": {"properties": {"position": {"type": "string"}}}},
            },
        },
    },
}


def _format(directory: Path, schema: object = SCHEMA) -> Format:
    (directory / "schema.json").write_text(json.dumps(schema))
    return json_format(json_schema="schema.json", directory=directory)


def _document(*bills: str, header: str = '{"id": "1"}') -> bytes:
    return (f'{{"header": {header},\n"bills": [\n' + ",\n".join(bills) + "\n]}").encode()


RIGHT = '{"material": "1", "base": {"quantity": 0.29}, "valid": "2026-11-22"}'
WRONG = (
    '{"material": "A",\n "base": {"quantity": 0.295}, "valid": "2026-13-01",\n'
    ' "items": [{"position": "1"},\n {"position": 2}]}'
)


def _places(findings: list[Finding]) -> list[tuple[object, ...]]:
    return [(f.rule, f.record_type, f.record, f.column, f.value, f.message) for f in findings]


def test_every_violation_has_record_line_pointer_and_value(tmp_path: Path) -> None:
    """All violations shall be found in one pass, each with its place and the value as it stood."""
    found = wrong(_format(tmp_path), _document(RIGHT, WRONG))
    assert {f.code for f in found} == {"F605"}
    assert {(f.rule, f.record_type, f.record, f.line, f.column, f.value) for f in found} == {
        ("json-schema:pattern", "bill", 3, 4, "/material", "A"),
        ("json-schema:multipleOf", "bill", 3, 5, "/base/quantity", "0.295"),
        ("json-schema:format", "bill", 3, 5, "/valid", "2026-13-01"),
        ("json-schema:type", "bill", 3, 7, "/items/*/position", "2"),
    }


@pytest.mark.parametrize("number", ["0.07", "0.29", "0.30", "3e-1", "0.1", "0"])
def test_decimals_are_exact(tmp_path: Path, number: str) -> None:
    """Multiples and bounds of decimals shall be judged exactly, as no float does."""
    definition = _format(tmp_path)
    assert wrong(definition, _document(f'{{"material": "1", "base": {{"quantity": {number}}}}}')) == []
    beyond = "0.30000000000000000000001"
    found = wrong(definition, _document(f'{{"material": "1", "base": {{"quantity": {beyond}}}}}'))
    assert {f.rule for f in found} == {"json-schema:multipleOf", "json-schema:maximum"}
    assert {f.value for f in found} == {beyond}


@pytest.mark.parametrize("bound", ["1", "1.0", "1e0", "9007199254740993.0"])
def test_whole_bounds_are_exact(tmp_path: Path, bound: str) -> None:
    """A whole bound shall be judged exactly, however it is written in the schema."""
    (tmp_path / "schema.json").write_text(f'{{"maximum": {bound}}}', "utf-8")
    judge = validator(json_schemas.read(tmp_path / "schema.json"))
    assert judge.is_valid(Decimal(bound))
    assert not judge.is_valid(Decimal(bound) + Decimal("0.00000000001"))


@pytest.mark.parametrize(
    "data",
    [
        _document(RIGHT, RIGHT),
        _document(WRONG, RIGHT, WRONG),
        _document(RIGHT, header='{"id": 5}'),
        _document(RIGHT, header="{}"),
        _document(RIGHT, header="[]"),
        _document(),
        _document(*[RIGHT] * 51),
        _document(RIGHT)[:-1] + b', "extra": 1}',
        b'{"header": {"id": "1"}}',
    ],
)
def test_large_documents_get_the_same_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """A document validated in parts shall have the findings it has as a whole."""
    definition = _format(tmp_path)
    rows, whole = read(definition, data)
    monkeypatch.setattr(json_reader, "WHOLE", 0)
    monkeypatch.setattr(document_text, "PIECE_BYTES", 50)
    in_parts_rows, in_parts = read(definition, data)
    assert in_parts_rows == rows
    assert [k[:3] for k in in_parts.totals] == [k[:3] for k in whole.totals]
    assert in_parts.errors == whole.errors


@pytest.mark.parametrize(
    "data", [_document(RIGHT.replace("0.29", "0.25"), WRONG), _document(header='{"id": 5}'), b"{}"]
)
def test_verdict_is_that_of_the_reference(tmp_path: Path, data: bytes) -> None:
    """The keywords found violated shall be those that the reference implementation finds."""
    validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    expected = sorted(str(error.validator) for error in validator.iter_errors(json.loads(data)))
    found = [f.rule for f in wrong(_format(tmp_path), data) if f.code == "F605"]
    assert sorted(str(rule).removeprefix("json-schema:") for rule in found) == expected


def test_a_schema_that_cannot_be_divided_refuses_large_files_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schema over the whole array shall hold where it can, and else the file be refused."""
    schema = json.loads(json.dumps(SCHEMA))
    schema["$defs"]["bills"]["uniqueItems"] = True
    definition = _format(tmp_path, schema)
    assert [f.rule for f in wrong(definition, _document(RIGHT, RIGHT))] == ["json-schema:uniqueItems"]
    monkeypatch.setattr(json_reader, "WHOLE", 10)
    assert [f.rule for f in wrong(definition, _document(RIGHT, RIGHT))] == ["json-schema:uniqueItems"]
    monkeypatch.setattr(json_reader, "WHOLE_INDIVISIBLE", 20)
    monkeypatch.setattr(document_text, "PIECE_BYTES", 20)
    rows, findings = read(definition, _document(RIGHT, RIGHT))
    assert [f.code for f in findings.listed()] == ["F604"]
    assert len(rows["bill"]) == 2


def test_a_storm_of_violations_is_counted_exactly(tmp_path: Path) -> None:
    """A large document of wrong records only shall have exact totals and a short list."""
    schema = json.loads(json.dumps(SCHEMA))
    del schema["$defs"]["bills"]["maxItems"]
    stream = Endless(_document()[:-3], (WRONG + ",\n").encode(), 20_000, f"{RIGHT}]}}".encode())
    findings = Findings()
    reader = json_reader.JsonReader()
    rows = sum(c.frame.height for c in reader.read(_format(tmp_path, schema), stream, findings))
    assert rows == 1 + 20_001 + 40_000
    assert sorted(findings.totals.values()) == [20_000] * 4
    assert len(findings.listed()) == 80


def test_each_line_is_validated(tmp_path: Path) -> None:
    """In NDJSON each line shall be validated as a document of its own."""
    (tmp_path / "schema.json").write_text('{"properties": {"quantity": {"multipleOf": 0.01}}}')
    definition = json_format(LINE_TYPES, lines=True, json_schema="schema.json", directory=tmp_path)
    data = b'{"kind": "B", "quantity": 0.29}\n{"kind": "B", "quantity": 0.291}\n'
    (finding,) = wrong(definition, data)
    assert (finding.code, finding.line, finding.column, finding.value) == ("F605", 2, "/quantity", "0.291")


def test_a_schema_may_refer_to_a_file_beside_it(tmp_path: Path) -> None:
    """A reference to a schema of the same directory shall be followed."""
    (tmp_path / "bill.json").write_text(json.dumps(SCHEMA["$defs"]["bill"]))
    schema = {"properties": {"bills": {"items": {"$ref": "bill.json"}}}}
    assert len(wrong(_format(tmp_path, schema), _document(RIGHT, WRONG))) == 4


@pytest.mark.parametrize(
    "reference", ["http://127.0.0.1:9/x.json", "file:///etc/passwd", "../outside.json", "#/$defs/nothing"]
)
def test_a_schema_leads_nowhere_else(tmp_path: Path, reference: str) -> None:
    """A reference out of the format's directory shall be refused, not followed."""
    (tmp_path / "outside.json").write_text("{}")
    home = tmp_path / "format"
    home.mkdir()
    with pytest.raises(FormatError, match="JSON Schema is not valid"):
        read(_format(home, {"$ref": reference}), _document(RIGHT))


@pytest.mark.parametrize("text", ["", "[]", '{"type": "nothing"}', None])
def test_a_broken_schema_is_an_error_of_the_format(tmp_path: Path, text: str | None) -> None:
    """A JSON Schema that cannot be used shall be an error that names the file."""
    definition = _format(tmp_path)
    (tmp_path / "schema.json").unlink()
    if text is not None:
        (tmp_path / "schema.json").write_text(text)
    with pytest.raises(FormatError, match=r"schema\.json"):
        read(definition, _document(RIGHT))


def test_a_file_with_unsafe_values_is_not_validated_in_part(tmp_path: Path) -> None:
    """A document that is no sound JSON shall have those findings and no doubtful ones."""
    found = wrong(_format(tmp_path), _document('{"material": NaN}', header='{"id": 5}'))
    assert [f.code for f in found] == ["F603"]
    assert BILL_TYPES[1].name == found[0].record_type
