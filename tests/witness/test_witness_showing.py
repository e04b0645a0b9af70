"""Claims of a schema beside a format held against the whole format: schema and definition together."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.formats.compare.change import Change, Direction, Verdict
from gateway.formats.compare.definitions import compare
from gateway.formats.definition import (
    Dialect,
    Field,
    FieldType,
    Format,
    Kind,
    RecordType,
    Role,
    Status,
    Version,
)
from gateway.formats.loading import load_format
from gateway.witness import build, held, prove
from tests.compare.xsd_kit import schema

ORDERS = Path(__file__).resolve().parents[2] / "formats" / "order"


def _format(kind: Kind, path: str, fields: tuple[Field, ...], dialect: Dialect, directory: Path) -> Format:
    item = RecordType("item", Role.RECORD, fields, path=path)
    return Format(
        "sample",
        Version(1, 0, 0),
        Status.DRAFT,
        kind,
        "Sample",
        (item,),
        dialect=dialect,
        directory=directory,
    )


def _json(directory: Path, item: Mapping[str, object], needed: list[str]) -> Format:
    """Return a format of items with a code and an amount; its JSON Schema says ``item`` of them."""
    directory.mkdir()
    items = {"type": "array", "items": {"type": "object", "properties": item, "required": needed}}
    text = json.dumps({"type": "object", "properties": {"items": items}})
    (directory / "schema.json").write_text(text, "utf-8")
    amount = Field("amount", FieldType.DECIMAL, path="/amount", required=False, nullable=True)
    code = Field("code", path="/code", pattern="[A-Z]{4}[0-9]*")
    return _format(Kind.JSON, "/items", (code, amount), Dialect(json_schema="schema.json"), directory)


def _xml(directory: Path, item: str) -> Format:
    """Return a format of items with a code, and an XSD in which they have the children ``item``."""
    directory.mkdir()
    text = (
        '<xs:element name="Root"><xs:complexType><xs:sequence>'
        f'<xs:element name="Item" maxOccurs="9"><xs:complexType>{item}</xs:complexType></xs:element>'
        "</xs:sequence></xs:complexType></xs:element>"
    )
    (directory / "schema.xsd").write_text(schema(text), "utf-8")
    code = Field("code", path="Code", pattern="[A-Z]{4}[0-9]*")
    dialect = Dialect(namespace="urn:t", root="Root", xsd="schema.xsd")
    return _format(Kind.XML, "/Root/Item", (code,), dialect, directory)


def _only(old: Format, new: Format) -> Change:
    (change,) = (one for one in held(old, new, compare(old, new)).changes if one.kind.startswith("schema-"))
    return change


CODE = '<xs:element name="Code" type="xs:string"/>'
NOTE = '<xs:element name="Note" type="xs:string" minOccurs="0"/>'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"<xs:sequence>{CODE}{NOTE}</xs:sequence>", f"<xs:sequence>{CODE}</xs:sequence>"),
        (f"<xs:all>{CODE}{NOTE}</xs:all>", f"<xs:sequence>{CODE}{NOTE}</xs:sequence>"),
        (
            f'<xs:sequence>{CODE}</xs:sequence><xs:attribute name="x"/>',
            f"<xs:sequence>{CODE}</xs:sequence>",
        ),
        (
            f"<xs:sequence>{CODE}{NOTE}</xs:sequence>",
            f'<xs:sequence>{CODE}{NOTE.replace("""Occurs="0""", """Occurs="1""")}</xs:sequence>',
        ),
        (
            f'<xs:sequence>{CODE}{NOTE.replace("/>", """ nillable="1"/>""")}</xs:sequence>',
            f"<xs:sequence>{CODE}{NOTE}</xs:sequence>",
        ),
    ],
    ids=["removed", "order", "attribute", "required", "nil"],
)
def test_a_change_of_an_xsd_is_shown_in_a_valid_file(tmp_path: Path, old: str, new: str) -> None:
    """What a document of the XSD shows shall be shown in a file that the definition accepts as well."""
    versions = _xml(tmp_path / "old", old), _xml(tmp_path / "new", new)
    change = _only(*versions)
    assert change.old_under_new.verdict is Verdict.BREAKING
    proof = prove(*versions, change, Direction.OLD_UNDER_NEW)
    assert proof is not None
    assert proof.confirmed
    assert proof.writer.accepted
    assert {one.code for one in proof.reader.findings} == {"F503"}


def test_a_change_of_a_json_schema_is_shown_in_a_valid_file(tmp_path: Path) -> None:
    """What a document of the JSON Schema shows shall be shown in a file that the definition accepts too."""
    text, number = {"type": "string"}, {"type": "number"}
    old = _json(tmp_path / "old", {"code": text, "amount": number}, [])
    for name, item, needed in (
        ("needed", {"code": text, "amount": number}, ["amount"]),
        ("other", {"code": text, "amount": text}, []),
        ("shorter", {"code": {**text, "maxLength": 5}, "amount": number}, []),
    ):
        new = _json(tmp_path / name, item, needed)
        proof = prove(old, new, _only(old, new), Direction.OLD_UNDER_NEW)
        assert proof is not None, name
        assert proof.confirmed, name
        assert {one.code for one in proof.reader.findings} == {"F605"}, name


def test_what_the_definition_forbids_anyway_is_no_harm(tmp_path: Path) -> None:
    """A value that the schema alone would let in shall be a matter for a person, not a proved harm."""
    text = {"type": "string"}
    old, new = _json(tmp_path / "old", {"code": text}, []), _json(tmp_path / "new", {"code": text}, ["code"])
    (claimed,) = compare(old, new).changes
    assert claimed.old_under_new.verdict is Verdict.BREAKING
    judgement = _only(old, new).old_under_new
    assert judgement.verdict is Verdict.REVIEW
    assert judgement.why.startswith("Looked like files that are refused, but no file was found")


def test_a_default_changes_nothing_that_the_gateway_reads(tmp_path: Path) -> None:
    """Another default of an attribute shall be a matter for a person: the gateway fills in none."""
    items = [
        f'<xs:sequence>{CODE}</xs:sequence><xs:attribute name="x" default="{one}"/>' for one in ("a", "b")
    ]
    change = _only(_xml(tmp_path / "old", items[0]), _xml(tmp_path / "new", items[1]))
    assert change.kind == "schema-default"
    assert change.worst is Verdict.REVIEW
    assert "The gateway itself fills in none" in change.old_under_new.why


def test_a_layout_version_in_the_schema_is_shown() -> None:
    """A version that the XSD of a shipped format asks for shall be shown by a file with all its records."""
    old, new = (load_format(ORDERS / version) for version in ("1.0.0", "1.1.0"))
    (change,) = (one for one in compare(old, new).changes if one.path == "LayoutVersion@enumeration/1.0")
    proof = prove(old, new, change, Direction.OLD_UNDER_NEW)
    assert proof is not None
    assert proof.confirmed
    assert b"<Component>" in proof.file.data
    assert [one.column for one in proof.reader.findings if one.code == "F503"] == ["LayoutVersion"]


def test_a_file_is_made_of_the_schema_where_rows_do_not_suffice(tmp_path: Path) -> None:
    """A format whose XSD demands what no field names shall have a valid file all the same."""
    demanded = '<xs:element name="Stamp" type="xs:date"/>'
    definition = _xml(tmp_path / "only", f"<xs:sequence>{demanded}</xs:sequence>")
    (kind,) = definition.record_types
    kind = dataclasses.replace(kind, fields=(dataclasses.replace(kind.fields[0], required=False),))
    file = build(dataclasses.replace(definition, record_types=(kind,)))
    assert file is not None
    assert b"Stamp>" in file.data
