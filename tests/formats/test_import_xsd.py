"""Formats imported from XML Schemas: what they name, and that they refuse nothing the schema accepts.

The Business To Manufacturing Markup Language (B2MML) is used courtesy of MESA International.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import ImportFailed
from gateway.formats import xsd_cost
from gateway.formats.compare.xsd.building import build
from gateway.formats.compare.xsd.documents import read_set
from gateway.formats.compare.xsd.instances import instance
from gateway.formats.definition import Format, Version
from gateway.formats.importing.entry import checked, place
from gateway.formats.importing.xsd import import_xsd
from gateway.model import Finding, Severity
from gateway.validation.reading import Input, ListingLimits, read_files
from tests.compare.xsd_kit import Small, documents, pairs, schema, write
from tests.readers.document_kit import reference

ONE = Version(1, 0, 0)
SETS = {"V0401": "B2MML-V0401", "V0500": "B2MML-V05"}
MESSAGES = {
    "MAT": ("Material", "SyncMaterialDefinition"),
    "PRO": ("ProductionSchedule", "SyncProductionSchedule"),
    "PES": ("ProductionPerformance", "SyncProductionPerformance"),
}
ORDERS = schema(
    '<xs:element name="Orders"><xs:complexType><xs:sequence>'
    '<xs:element name="Sender" type="xs:string"/>'
    '<xs:element name="Order" type="t:Order" maxOccurs="unbounded"/>'
    "</xs:sequence></xs:complexType></xs:element>"
    '<xs:complexType name="Order"><xs:annotation>'
    "<xs:documentation>One order.</xs:documentation></xs:annotation>"
    '<xs:sequence><xs:element name="OrderID" type="xs:string"/><xs:element name="Start" type="xs:date"/>'
    '<xs:element name="Quantity"><xs:complexType><xs:simpleContent><xs:extension base="xs:decimal">'
    '<xs:attribute name="unit" type="t:Unit"/></xs:extension></xs:simpleContent>'
    "</xs:complexType></xs:element>"
    '<xs:element name="Step" type="t:Step" minOccurs="0" maxOccurs="9"/></xs:sequence></xs:complexType>'
    '<xs:complexType name="Step"><xs:sequence><xs:element name="Number" type="xs:int"/></xs:sequence>'
    '<xs:attribute name="done" type="xs:boolean"/></xs:complexType>'
    '<xs:simpleType name="Unit"><xs:restriction base="xs:token"><xs:enumeration value="KG"/>'
    '<xs:enumeration value="L"/></xs:restriction></xs:simpleType>'
)


def _errors(definition: Format, document: bytes) -> list[Finding]:
    """Return the errors that the gateway finds in a document."""
    (reading,) = read_files(
        definition, [Input(0, "x.xml", lambda: io.BytesIO(document))], limits=ListingLimits()
    )
    return [one for one in reading.findings.listed() if one.severity is Severity.ERROR]


@pytest.mark.parametrize("release", SETS)
@pytest.mark.parametrize("message", MESSAGES)
def test_reference_messages_on_imported_formats(tmp_path: Path, release: str, message: str) -> None:
    """MAT and PRO shall be valid, PES shall lack `releaseID`, under both releases and imported formats."""
    name, root = MESSAGES[message]
    entry = reference("b2mml", release, f"{SETS[release]}-{name}.xsd")
    definition = place(import_xsd(entry, root, "message", ONE), tmp_path, "message", ONE)
    (sample,) = reference("b2mml", "samples").glob(f"{message}-*.xml")
    data = sample.read_bytes().replace(SETS["V0401"].encode(), SETS[release].encode())
    found = _errors(definition, data)
    if message == "PES":
        assert [(one.code, one.column) for one in found] == [("F503", "@releaseID")]
        assert "'releaseID' is required but missing" in found[0].message
    else:
        assert found == []


def test_absent_includes_are_left_out_with_a_note(tmp_path: Path) -> None:
    """Files that a set includes and does not have shall be left out, each with a note; the rest is copied."""
    entry = reference("b2mml", "V0401", "B2MML-V0401-Material.xsd")
    made = import_xsd(entry, "SyncMaterialDefinition", "material", ONE)
    assert sum("BatchML" in note and "left out" in note for note in made.notes) == 2
    assert made.files["B2MML-V0401-Common.xsd"] == (entry.parent / "B2MML-V0401-Common.xsd").read_bytes()
    assert checked(made, "material", ONE).dialect.xsd == "B2MML-V0401-Material.xsd"


def test_records_and_fields_are_named(tmp_path: Path) -> None:
    """Repeating elements shall become record types under their parents, single ones fields."""
    entry = write(tmp_path, "orders.xsd", ORDERS)
    made = import_xsd(entry, None, "order", ONE)
    definition = checked(made, "order", ONE)
    assert [(one.name, one.path, one.parent) for one in definition.record_types] == [
        ("header", "/Orders", None),
        ("order", "/Orders/Order", None),
        ("step", "/Orders/Order/Step", "order"),
    ]
    fields = {one.name: one for one in definition.record_type("order").fields}
    assert {name: (one.path, one.type.value) for name, one in fields.items()} == {
        "order_id": ("OrderID", "string"),
        "start": ("Start", "date"),
        "quantity_unit": ("Quantity/@unit", "string"),
        "quantity": ("Quantity", "decimal"),
    }
    assert list(fields["quantity_unit"].codes) == ["KG", "L"]
    assert definition.record_type("order").description == "One order."
    assert definition.status.value == "draft"
    assert yaml.safe_load(made.text)["dialect"]["root"] == "Orders"


def test_freely_written_numbers_and_dates_are_accepted(tmp_path: Path) -> None:
    """Notations that XML allows and the gateway does not read shall be warnings, never refuse a file."""
    definition = place(
        import_xsd(write(tmp_path, "orders.xsd", ORDERS), None, "order", ONE), tmp_path, "order", ONE
    )
    order = (
        "<OrderID/><Start>2026-01-01+01:00</Start><Quantity unit=' KG '>.5</Quantity>"
        "<Step done='1'><Number> 7\n</Number></Step>"
    )
    assert (
        _errors(definition, f"<Orders xmlns='urn:t'><Sender/><Order>{order}</Order></Orders>".encode()) == []
    )
    wrong = order.replace("7", "seven")
    assert (
        _errors(definition, f"<Orders xmlns='urn:t'><Sender/><Order>{wrong}</Order></Orders>".encode()) != []
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs(), st.integers(0, 2**30))
def test_what_the_schema_accepts_the_format_accepts(
    tmp_path_factory: pytest.TempPathFactory, pair: tuple[Small, Small], seed: int
) -> None:
    """A document that is valid under the XSD shall be valid under the imported format."""
    home = tmp_path_factory.mktemp("law")
    text = pair[0].text()
    assume(xsd_cost.too_costly([etree.fromstring(text.encode())]) is None)  # refused, with the reason
    try:
        compiled = etree.XMLSchema(etree.fromstring(text.encode()))
    except etree.XMLSchemaParseError:
        assume(False)
    definition = place(import_xsd(write(home, "s.xsd", text), "Root", "small", ONE), home, "small", ONE)
    for document in documents(pair[0], seed, 12):
        assert bool(_errors(definition, document)) is not compiled.validate(etree.fromstring(document))


def test_smallest_documents_of_a_release_are_accepted(tmp_path: Path) -> None:
    """The smallest document that a message's schema allows shall be valid under its imported format."""
    entry = reference("b2mml", "V0500", "B2MML-V05-Personnel.xsd")
    document = instance(build(read_set(entry)), "{http://www.wbf.org/xml/B2MML-V05}SyncPerson")
    assert document is not None
    definition = place(import_xsd(entry, "SyncPerson", "person", ONE), tmp_path, "person", ONE)
    assert _errors(definition, document) == []


def test_files_in_other_directories_and_the_network_are_brought_in_or_left_out(tmp_path: Path) -> None:
    """Included files of other directories shall lie beside the entry; the network is never asked."""
    home = tmp_path / "set"
    write(
        home,
        "common/types.xsd",
        schema('<xs:simpleType name="S"><xs:restriction base="xs:string"/></xs:simpleType>'),
    )
    write(
        home,
        "other/types.xsd",
        schema('<xs:simpleType name="T"><xs:restriction base="xs:string"/></xs:simpleType>'),
    )
    body = (
        '<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="http://127.0.0.1:9/xml.xsd"/>'
        '<xs:include schemaLocation="../common/types.xsd"/><xs:include schemaLocation="../other/types.xsd"/>'
        '<xs:element name="Root"><xs:complexType><xs:sequence><xs:element name="A" type="t:S"/>'
        '<xs:element name="B" '
        'type="t:T"/></xs:sequence><xs:attribute ref="xml:lang"/></xs:complexType></xs:element>'
    )
    entry = write(home, "main files/my schema.xsd", schema(body))
    made = import_xsd(entry, None, "small", ONE)
    assert set(made.files) == {"my-schema.xsd", "types.xsd", "types-2.xsd", "xml.xsd"}
    definition = place(made, tmp_path, "small", ONE)
    assert _errors(definition, b"<Root xmlns='urn:t' xml:lang='en'><A>a</A><B/></Root>") == []


def test_imports_that_cannot_be_made_say_why(tmp_path: Path) -> None:
    """A missing file, an unclear root and a broken schema shall be refused with what to do."""
    two = write(
        tmp_path,
        "two.xsd",
        schema('<xs:element name="A" type="xs:int"/><xs:element name="B" type="xs:int"/>'),
    )
    with pytest.raises(ImportFailed, match="Choose one with --root: A, B"):
        import_xsd(two, None, "x", ONE)
    with pytest.raises(ImportFailed, match="no root element 'C'"):
        import_xsd(two, "C", "x", ONE)
    with pytest.raises(ImportFailed, match=r"gone\.xsd"):
        import_xsd(tmp_path / "gone.xsd", None, "x", ONE)
    with pytest.raises(ImportFailed, match="directory"):
        import_xsd(tmp_path, None, "x", ONE)
    broken = write(tmp_path, "broken.xsd", schema('<xs:element name="A" type="t:Nope"/>'))
    with pytest.raises(ImportFailed, match="cannot be used"):
        import_xsd(broken, None, "x", ONE)
    with pytest.raises(ImportFailed, match="no element"):
        import_xsd(write(tmp_path, "none.xsd", schema("")), None, "x", ONE)


def test_recursive_and_huge_schemas_are_bounded(tmp_path: Path) -> None:
    """A schema whose types hold one another without end shall give a bounded format, with notes."""
    many = "".join(
        f'<xs:element name="E{n}" type="t:R" minOccurs="0" maxOccurs="unbounded"/>' for n in range(40)
    )
    text = schema(
        f'<xs:element name="Root" type="t:R"/><xs:complexType name="R"><xs:sequence>{many}'
        "</xs:sequence></xs:complexType>"
    )
    made = import_xsd(write(tmp_path, "s.xsd", text), "Root", "small", ONE)
    assert len(checked(made, "small", ONE).record_types) <= 60
    assert any("Not read as fields or records" in note for note in made.notes)
    assert build(read_set(tmp_path / "s.xsd")).problems == ()


def test_a_file_of_the_set_that_is_broken_is_refused(tmp_path: Path) -> None:
    """An include that is there and cannot be used shall refuse the import, with its file and line."""
    write(tmp_path, "types.xsd", "<!DOCTYPE a [<!ENTITY b 'c'>]>" + schema(""))
    write(tmp_path, "torn.xsd", "<a>\n<b>\n</a>")
    for name, line, words in (("types.xsd", None, "DOCTYPE"), ("torn.xsd", 3, "mismatch")):
        entry = write(
            tmp_path,
            "s.xsd",
            schema(f'<xs:include schemaLocation="{name}"/><xs:element name="A" type="xs:int"/>'),
        )
        with pytest.raises(ImportFailed) as caught:
            import_xsd(entry, None, "x", ONE)
        assert [(one.file, one.line) for one in caught.value.problems] == [(name, line)]
        assert words in caught.value.problems[0].message


def test_an_error_stands_in_the_line_of_the_source(tmp_path: Path) -> None:
    """What libxml2 refuses shall be told with the vendor's file and line, though references were changed."""
    text = schema(
        '\n<xs:include\n\n schemaLocation="http://127.0.0.1:9/gone.xsd"/>'
        '\n\n<xs:element name="A" type="t:Gone"/>'
    )
    with pytest.raises(ImportFailed) as caught:
        import_xsd(write(tmp_path, "s.xsd", text), None, "x", ONE)
    line = text[: text.index("<xs:element")].count("\n") + 1
    assert [one.line for one in caught.value.problems] == [line, text[: text.index("gone")].count("\n") + 1]
    assert "network address" in caught.value.problems[1].message


def test_locations_as_vendors_write_them_are_found(tmp_path: Path) -> None:
    """A file shall be found by its URI and by a path of Windows; a file that includes itself is no error."""
    write(
        tmp_path,
        "a b/types.xsd",
        schema('<xs:simpleType name="S"><xs:restriction base="xs:int"/></xs:simpleType>'),
    )
    for location in ("a%20b/types.xsd", "a b\\types.xsd", "./a b/../a b/types.xsd"):
        entry = write(
            tmp_path,
            "s.xsd",
            schema(
                f'<xs:include schemaLocation="s.xsd"/><xs:include schemaLocation="{location}"/>'
                '<xs:element name="A" type="t:S"/>'
            ),
        )
        made = import_xsd(entry, None, "x", ONE)
        assert set(made.files) == {"s.xsd", "types.xsd"}
        assert [one.name for one in checked(made, "x", ONE).record_types] == ["a"]


def test_the_application_area_is_the_envelope(tmp_path: Path) -> None:
    """B2MML's BODID, Sender/LogicalID and CreationDateTime shall be the envelope; others stay remarks."""
    entry = reference("b2mml", "V0401", "B2MML-V0401-Material.xsd")
    envelope = checked(import_xsd(entry, "SyncMaterialDefinition", "material", ONE), "material", ONE).envelope
    assert (str(envelope.message_id), str(envelope.sender), str(envelope.created_at)) == (
        "header.bodid", "header.logical_id", "header.creation_date_time",
    )  # fmt: skip
    made = import_xsd(write(tmp_path, "orders.xsd", ORDERS), None, "order", ONE)
    assert "#   sender: header.sender\n" in made.text
    assert checked(made, "order", ONE).envelope.sender is None


def test_names_of_other_languages_stay_readable(tmp_path: Path) -> None:
    """Letters with marks shall become the letters that people write for them where there are no others."""
    body = "".join(
        f'<xs:element name="{name}" type="xs:string"/>' for name in ("Größe", "Übung", "Año", "数量")
    )
    text = schema(
        f'<xs:element name="Auftrag"><xs:complexType><xs:sequence>{body}</xs:sequence></xs:complexType>'
        "</xs:element>"
    )
    definition = checked(import_xsd(write(tmp_path, "s.xsd", text), None, "x", ONE), "x", ONE)
    assert [one.name for one in definition.record_types[0].fields] == ["groesse", "uebung", "ano", "f"]
