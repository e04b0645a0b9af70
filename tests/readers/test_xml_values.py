"""What the XML reader takes out of a document."""

from __future__ import annotations

from gateway.formats.definition import Field, RecordType, Role
from gateway.readers.xml import XmlReader
from tests.readers.document_kit import ORDER_TYPES, charset, codes, read, wrong, xml_format

DOCUMENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- orders -->
<Orders>
  <Header><Id>M1</Id><Sender/></Header>
  <Order key="1"><Number>000012</Number><Quantity unit="KG">1.500</Quantity>
    <Operation><Step>0010</Step></Operation>
    <Operation>  x &amp; <![CDATA[<y>]]></Operation>
  </Order>
  <Order><Number></Number></Order>
</Orders>
"""


def test_every_value_keeps_its_text_and_its_place() -> None:
    """The reader shall give each value's exact text, with record numbers, lines and parents."""
    rows, findings = read(xml_format(closed=False), DOCUMENT)
    assert findings.errors == 0
    assert rows["header"] == [{"_record": 1, "_line": 4, "_parent": None, "id": "M1", "sender": ""}]
    assert rows["order"] == [
        {
            "_record": 2,
            "_line": 5,
            "_parent": None,
            "number": "000012",
            "quantity": "1.500",
            "unit": "KG",
            "key": "1",
        },
        {
            "_record": 5,
            "_line": 9,
            "_parent": None,
            "number": "",
            "quantity": None,
            "unit": None,
            "key": None,
        },
    ]
    assert [(r["_record"], r["_line"], r["_parent"], r["step"]) for r in rows["operation"]] == [
        (3, 6, 2, "0010"),
        (4, 7, 2, None),
    ]
    assert rows["operation"][1]["text"] == "  x & <y>"


def test_absent_and_empty_differ() -> None:
    """The reader shall give null for an absent element and an empty text for an empty one."""
    rows, _ = read(xml_format(), b"<Orders><Order><Quantity/></Order></Orders>")
    assert (rows["order"][0]["number"], rows["order"][0]["quantity"]) == (None, "")


def test_namespace_applies_to_all_unprefixed_names() -> None:
    """The reader shall find elements by the dialect's namespace whatever prefix the sender chose."""
    plain = b'<Orders xmlns="urn:o"><Order key="7"><Number>1</Number></Order></Orders>'
    prefixed = b'<a:Orders xmlns:a="urn:o"><a:Order key="7"><a:Number>1</a:Number></a:Order></a:Orders>'
    definition = xml_format(namespace="urn:o", root="Orders")
    assert read(definition, plain)[0] == read(definition, prefixed)[0]
    assert read(definition, plain)[0]["order"][0]["number"] == "1"


def test_wrong_root_or_namespace_is_one_finding() -> None:
    """A document of another namespace or root shall be refused with what stands there."""
    definition = xml_format(namespace="urn:o", root="Orders")
    for data in (b"<Orders/>", b'<Bills xmlns="urn:o"/>', b'<Orders xmlns="urn:o:2"/>'):
        (finding,) = wrong(definition, data)
        assert (finding.code, finding.line) == ("F505", 1)
        assert "{urn:o}Orders" in finding.message


def test_header_may_surround_the_records() -> None:
    """A header whose element holds the records shall come with its attributes and elements."""
    types = (
        RecordType(
            "envelope",
            Role.HEADER,
            (Field("release", path="@release"), Field("sender", path="Area/Sender")),
            path="/Orders",
        ),
        ORDER_TYPES[1],
    )
    data = b'<Orders release="3"><Area><Sender>MES</Sender></Area><Order><Number>1</Number></Order></Orders>'
    rows, findings = read(xml_format(types), data)
    assert findings.errors == 0
    assert (rows["envelope"][0]["release"], rows["envelope"][0]["sender"]) == ("3", "MES")
    assert (rows["envelope"][0]["_record"], rows["order"][0]["_record"]) == (1, 2)


def test_paths_may_have_predicates() -> None:
    """A field may be chosen by the content of a neighbour, as property lists need it."""
    fields = (Field("colour", path="Property[Id='Colour']/Value"), Field("lang", path="Text[2]/@lang"))
    types = (RecordType("order", Role.RECORD, fields, path="/Orders/Order"),)
    data = (
        b'<Orders xmlns="urn:o"><Order><Property><Id>Size</Id><Value>9</Value></Property>'
        b"<Property><Id>Colour</Id><Value>red</Value></Property><Text/>"
        b'<Text lang="de"/></Order></Orders>'
    )
    rows, findings = read(xml_format(types, namespace="urn:o"), data)
    assert findings.errors == 0
    assert (rows["order"][0]["colour"], rows["order"][0]["lang"]) == ("red", "de")


def test_closed_format_without_xsd_reports_strangers() -> None:
    """Elements, attributes and repetitions beyond a closed definition shall be findings."""
    data = b'<Orders>\n<Order new="1"><Number>1</Number>\n'
    data += b"<Number>2</Number><Colour>red</Colour></Order><Junk/></Orders>"
    found = [(f.column, f.line, f.record) for f in wrong(xml_format(), data)]
    assert sorted(found, key=str) == sorted(
        [("@new", 2, 1), ("Number", 3, 1), ("Colour", 3, 1), ("Junk", 3, None)], key=str
    )
    assert {f.code for f in wrong(xml_format(), data)} == {"F313"}
    assert wrong(xml_format(closed=False), data) == []


def test_lines_are_true_beyond_65535() -> None:
    """Records of long documents shall have their true physical line, multi-line tags or not."""
    order = b"<Order\n key='1'>\n<Number>1</Number>\n<!--\n<Order>\n-->\n</Order>\n"
    data = b"<Orders>\n" + order * 20_000 + b"</Orders>"
    rows, findings = read(xml_format(), data)
    assert findings.errors == 0
    assert [row["_line"] for row in rows["order"]] == [2 + 7 * n for n in range(20_000)]


def test_declared_charsets_are_strict() -> None:
    """A byte that does not decode shall be a finding with its offset and line."""
    data = b"<Orders>\n<Order><Number>\xe4\xff</Number></Order></Orders>"
    found = wrong(xml_format(), data)
    assert [(f.code, f.byte_offset, f.line, f.value) for f in found] == [
        ("F102", 24, 2, "e4"),
        ("F102", 25, 2, "ff"),
    ]
    rows, findings = read(xml_format(encoding=charset("cp1252")), data)
    assert findings.errors == 0
    assert rows["order"][0]["number"] == "äÿ"


def test_utf16_and_byte_order_marks() -> None:
    """UTF-16 shall be read in either byte order, and the declared rule for marks be kept."""
    text = '<?xml version="1.0" encoding="UTF-16"?><Orders><Order><Number>Ä€</Number></Order></Orders>'
    for data in (text.encode("utf-16"), b"\xfe\xff" + text.encode("utf-16-be")):
        rows, findings = read(xml_format(encoding=charset("utf-16")), data)
        assert findings.errors == 0
        assert rows["order"][0]["number"] == "Ä€"
    marked = b"\xef\xbb\xbf<Orders/>"
    assert codes(xml_format(encoding=charset("utf-8", "forbidden")), marked) == ["F103"]
    assert codes(xml_format(encoding=charset("utf-8", "required")), b"<Orders/>") == ["F103"]
    assert codes(xml_format(), marked) == []


def test_another_declared_encoding_is_a_finding() -> None:
    """A document that declares another encoding than the format shall be refused, not guessed at."""
    data = b'<?xml version="1.0" encoding="ISO-8859-1"?><Orders/>'
    assert codes(xml_format(), data) == ["F506"]
    assert codes(xml_format(encoding=charset("iso-8859-1")), data) == []


def test_probe_tells_root_and_whole_header_values_only() -> None:
    """A probe shall tell the root and the header, and never a value that the head cuts off."""
    reader, definition = XmlReader(), xml_format(namespace="urn:o", root="Orders")
    data = (
        b'<?xml version="1.0"?><Orders xmlns="urn:o"><Header><Id>MESSAGE-1</Id><Sender>ERP</Sender></Header>'
    )
    assert reader.probe(definition, data) == {
        "root": "{urn:o}Orders",
        "header.id": "MESSAGE-1",
        "header.sender": "ERP",
    }
    for end in range(len(data)):
        assert reader.probe(definition, data[:end]).get("header.id", "MESSAGE-1") == "MESSAGE-1"
    assert reader.probe(definition, b"\x00\xff garbage") == {}
    assert reader.probe(definition, b"<!DOCTYPE x><Orders/>") == {}


def test_ending_is_the_closed_root() -> None:
    """The end shall be proved by the root's end tag, before white space and comments only."""
    reader, definition = XmlReader(), xml_format(root="Orders")
    for tail in (b"</Order></Orders>", b"</p:Orders >\r\n<!-- x --> \n", b"<Orders/>"):
        assert reader.ending(definition, tail)
    for tail in (b"</Order>", b"</Orders", b"</Orders>x", b"", b"\xff\xff", b"<!-- </Orders> "):
        assert not reader.ending(definition, tail)
    assert reader.ending(
        xml_format(root="Orders", encoding=charset("utf-16")), "</Orders>".encode("utf-16-le")
    )
