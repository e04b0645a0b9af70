"""XSDs enforced as they stand, in small documents and in large ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import FormatError
from gateway.findings import Findings
from gateway.formats.definition import Format
from gateway.model import Finding
from gateway.readers import document_text, xml
from tests.readers.document_kit import Endless, read, wrong, xml_format

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:o" xmlns="urn:o"
 elementFormDefault="qualified">
<xs:element name="Orders"><xs:complexType><xs:sequence>
  <xs:element name="Header" type="Header"/>
  {order}
  <xs:element name="Trailer" minOccurs="0"/>
 </xs:sequence></xs:complexType>{keys}</xs:element>
<xs:complexType name="Header"><xs:sequence>
  <xs:element name="Id" type="xs:string"/></xs:sequence></xs:complexType>
<xs:complexType name="Order"><xs:sequence>
  <xs:element name="Number"><xs:simpleType><xs:restriction base="xs:string">
   <xs:pattern value="[0-9]+"/></xs:restriction></xs:simpleType></xs:element>
  <xs:element name="Quantity"><xs:complexType><xs:simpleContent><xs:extension base="xs:decimal">
   <xs:attribute name="unit" type="xs:int" use="required"/></xs:extension>
   </xs:simpleContent></xs:complexType></xs:element>
 </xs:sequence></xs:complexType>
{globals}</xs:schema>"""
LOCAL = '<xs:element name="Order" type="Order" minOccurs="0" maxOccurs="{most}"/>'
GLOBAL = '<xs:element ref="Order" minOccurs="0" maxOccurs="{most}"/>'
KEYS = (
    '<xs:unique name="once"><xs:selector xpath="o:Order" xmlns:o="urn:o"/>'
    '<xs:field xpath="o:Number" xmlns:o="urn:o"/></xs:unique>'
)

RIGHT = '<Order><Number>{n}</Number><Quantity unit="1">1.5</Quantity></Order>\n'
WRONG = '<Order><Number>A</Number><Quantity unit="KG">1,5</Quantity><New/></Order>\n'


def _format(directory: Path, order: str = LOCAL, most: str = "unbounded", keys: str = "") -> Format:
    own = '<xs:element name="Order" type="Order"/>' if order == GLOBAL else ""
    text = XSD.format(order=order.format(most=most), keys=keys, globals=own)
    (directory / "schema.xsd").write_text(text)
    return xml_format(namespace="urn:o", root="Orders", xsd="schema.xsd", directory=directory)


def _document(*orders: str, header: str = "<Header><Id>1</Id></Header>\n") -> bytes:
    return f'<Orders xmlns="urn:o">\n{header}{"".join(orders)}</Orders>'.encode()


def _stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every document count as large, and take it in small pieces."""
    monkeypatch.setattr(xml, "WHOLE_BYTES", 0)
    monkeypatch.setattr(document_text, "PIECE_BYTES", 100)


def _places(findings: list[Finding]) -> list[tuple[object, ...]]:
    return [(f.rule, f.record_type, f.record, f.line, f.column, f.value) for f in findings]


@pytest.mark.parametrize("order", [LOCAL, GLOBAL])
def test_every_violation_has_record_line_path_and_value(tmp_path: Path, order: str) -> None:
    """All violations shall be found in one pass, each with its place and the value as it stood."""
    found = wrong(_format(tmp_path, order), _document(RIGHT.format(n=1), WRONG, RIGHT.format(n=2)))
    assert {f.code for f in found} == {"F503"}
    assert sorted(_places(found), key=str) == sorted(
        [
            ("xsd:pattern-valid", "order", 3, 4, "Number", "A"),
            ("xsd:datatype-valid-1-2-1", "order", 3, 4, "Quantity/@unit", "KG"),
            ("xsd:datatype-valid-1-2-1", "order", 3, 4, "Quantity", "1,5"),
            ("xsd:element-content", "order", 3, 4, "New", None),
        ],
        key=str,
    )
    assert all("urn:o" not in f.message and "Element '" not in f.message for f in found)


@pytest.mark.parametrize("order", [LOCAL, GLOBAL])
@pytest.mark.parametrize(
    "data",
    [
        _document(RIGHT.format(n=1), RIGHT.format(n=2), RIGHT.format(n=3)),
        _document(*[WRONG] * 3, RIGHT.format(n=1), WRONG),
        _document(RIGHT.format(n=1), WRONG, header=""),
        _document(RIGHT.format(n=1), header="<Header><Id>1</Id><Id>2</Id></Header>\n"),
        _document(RIGHT.format(n=1), "<Trailer/>\n", RIGHT.format(n=2)),
        _document("<Junk/>", RIGHT.format(n=1)),
        _document(*[RIGHT.format(n=1)] * 5, "text", *[RIGHT.format(n=2)] * 5),
        _document(*[RIGHT.format(n=1)] * 5, "text", *[WRONG] * 5, "text", RIGHT.format(n=1), "text"),
        _document(*[RIGHT.format(n=1)] * 5, "text"),
        _document("text", *[RIGHT.format(n=1)] * 5),
        _document(),
    ],
)
def test_large_documents_get_the_same_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str, data: bytes
) -> None:
    """A document validated record by record shall have the findings it has as a whole."""
    definition = _format(tmp_path, order)
    rows, whole = read(definition, data)
    _stream(monkeypatch)
    streamed_rows, streamed = read(definition, data)
    assert streamed_rows == rows
    assert streamed.totals == whole.totals
    assert sorted(_places(streamed.listed()), key=str) == sorted(_places(whole.listed()), key=str)


def test_too_many_records_are_seen_in_large_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bound on the number of records shall hold although they are taken out of the tree."""
    definition = _format(tmp_path, GLOBAL, most="50")
    _stream(monkeypatch)
    assert wrong(definition, _document(*[RIGHT.format(n=n) for n in range(50)])) == []
    (finding,) = wrong(definition, _document(*[RIGHT.format(n=n) for n in range(51)]))
    assert "not expected" in finding.message


@pytest.mark.parametrize("streamed", [False, True])
def test_keys_over_all_records_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, streamed: bool
) -> None:
    """An identity constraint over the document shall hold for records far from each other."""
    definition = _format(tmp_path, GLOBAL, keys=KEYS)
    if streamed:
        _stream(monkeypatch)
    assert wrong(definition, _document(*[RIGHT.format(n=n) for n in range(30)])) == []
    data = _document(*[RIGHT.format(n=n) for n in range(30)], RIGHT.format(n=0))
    (finding,) = wrong(definition, data)
    assert (finding.code, finding.rule) == ("F503", "xsd:idc")


def test_lines_of_violations_are_true_beyond_65535(tmp_path: Path) -> None:
    """Violations far down a document shall have their true physical line."""
    order = '<Order>\n<Number>1</Number>\n\n<Quantity unit="1">1.5</Quantity>\n</Order>\n'
    data = _document(*[order] * 14_000, order.replace("1.5", "x"))
    (finding,) = wrong(_format(tmp_path), data)
    assert finding.line == data[: data.index(b">x<")].count(b"\n") + 1


def test_a_storm_of_violations_is_counted_exactly(tmp_path: Path) -> None:
    """A large document of wrong records only shall have exact totals and a short list."""
    stream = Endless(_document()[: -len(b"</Orders>")], WRONG.encode(), 20_000, b"</Orders>")
    findings = Findings()
    rows = sum(c.frame.height for c in xml.XmlReader().read(_format(tmp_path, GLOBAL), stream, findings))
    assert rows == 20_001
    assert sorted(findings.totals.values()) == [20_000] * 4
    assert len(findings.listed()) == 80


def test_a_schema_set_may_have_parts_beside_it(tmp_path: Path) -> None:
    """An XSD that includes a file of the same directory shall be enforced with it."""
    definition = _format(tmp_path)
    main = (tmp_path / "schema.xsd").read_text()
    part = main[: main.index("<xs:element")] + main[main.index("<xs:complexType name") :]
    (tmp_path / "part.xsd").write_text(part)
    head = main[: main.index("<xs:complexType name")]
    head = head.replace("<xs:element", '<xs:include schemaLocation="part.xsd"/><xs:element', 1)
    (tmp_path / "schema.xsd").write_text(head + "</xs:schema>")
    assert wrong(definition, _document(RIGHT.format(n=1))) == []
    assert len(wrong(definition, _document(WRONG))) == 4


@pytest.mark.parametrize(
    "location", ["../outside.xsd", "http://127.0.0.1:9/x.xsd", "file:///etc/passwd", "/etc/passwd"]
)
def test_a_schema_leads_nowhere_else(tmp_path: Path, location: str) -> None:
    """An XSD that refers out of the format's directory shall be refused, not followed."""
    (tmp_path / "outside.xsd").write_text("<x/>")
    home = tmp_path / "format"
    home.mkdir()
    definition = _format(home)
    text = (home / "schema.xsd").read_text()
    text = text.replace("<xs:element", f'<xs:include schemaLocation="{location}"/><xs:element', 1)
    (home / "schema.xsd").write_text(text)
    with pytest.raises(FormatError, match="outside the format's directory"):
        read(definition, _document())


@pytest.mark.parametrize("text", ["", "<x", "<!DOCTYPE x><x/>", "<x/>", None])
def test_a_broken_schema_is_an_error_of_the_format(tmp_path: Path, text: str | None) -> None:
    """An XSD that cannot be used shall be an error that names the file."""
    definition = _format(tmp_path)
    (tmp_path / "schema.xsd").unlink()
    if text is not None:
        (tmp_path / "schema.xsd").write_text(text)
    with pytest.raises(FormatError, match=r"schema\.xsd"):
        read(definition, _document())
