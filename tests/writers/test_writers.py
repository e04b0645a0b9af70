"""What each writer writes, to the byte, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import UnwritableRow
from gateway.formats.definition import Discriminator, Encoding, Field, FieldType, Format, RecordType, Role
from gateway.formats.row import Row
from tests.readers.document_kit import BILL_TYPES, ORDER_TYPES, json_format, xml_format
from tests.readers.reader_kit import ENVELOPE, delimited, fields, fixed_width
from tests.writers.test_writing_laws import read, written

ABC = {"a": "1", "b": "2", "c": "3"}


def _row(**texts: str) -> list[Row]:
    return [Row("row", texts)]


def test_values_stand_in_quotes_where_they_must() -> None:
    """The gateway shall quote a value with a delimiter, a quote or a line break, and no other."""
    file = written(delimited(), _row(a="x;y", b='say "no"', c="two\nlines"))
    assert file == b'"x;y";"say ""no""";"two\nlines"\n'


def test_without_quotes_the_escape_is_used() -> None:
    """The gateway shall escape a delimiter where the dialect has no quotes, and refuse a line break."""
    definition = delimited(quote=None, escape="\\")
    assert written(definition, _row(a="x;y", b="back\\slash", c="")) == b"x\\;y;back\\\\slash;\n"
    with pytest.raises(UnwritableRow, match=r"row\.a"):
        written(definition, _row(a="two\nlines", b="", c=""))
    with pytest.raises(UnwritableRow, match=r"no quotes"):
        written(delimited(quote=None), _row(a="x;y", b="", c=""))


def test_tags_are_filled_in() -> None:
    """The gateway shall write the discriminator of a row that does not bring its own."""
    rows = [
        Row("head", {"id": "M1"}),
        Row("item", {"order": "1", "quantity": "2"}),
        Row("trail", {"count": "1"}),
    ]
    assert written(delimited(*ENVELOPE), rows) == b"H;M1\nR;1;2\nT;1\n"


def test_headings_stand_first() -> None:
    """The gateway shall write the headings of all columns before the rows."""
    kind = RecordType("row", Role.RECORD, (Field("a", heading="Column; A"), Field("b", required=False)))
    assert written(delimited(kind, header_row=True), [Row("row", {"a": "1"})]) == b'"Column; A";b\n1;\n'
    assert written(delimited(kind, header_row=True), []) == b'"Column; A";b\n'


@pytest.mark.parametrize(
    ("declared", "end"), [("any", b"\n"), ("lf", b"\n"), ("crlf", b"\r\n"), ("cr", b"\r")]
)
def test_lines_end_as_declared(declared: str, end: bytes) -> None:
    """The gateway shall end lines as the format declares it, with LF where it leaves the choice."""
    assert (
        written(delimited(line_end=declared, trailing_delimiter="required"), _row(**ABC)) == b"1;2;3;" + end
    )


def test_the_encoding_is_strict() -> None:
    """The gateway shall name the character and the field that the encoding cannot carry."""
    definition = delimited(encoding=Encoding("cp1252"))
    assert written(definition, _row(a="ü€", b="", c="")) == b"\xfc\x80;;\n"
    with pytest.raises(UnwritableRow, match=r"'中' \(U\+4E2D\).*\(row\.b\)"):
        written(definition, _row(a="", b="中", c=""))


@pytest.mark.parametrize(
    ("encoding", "start"),
    [
        (Encoding("utf-8", "required"), b"\xef\xbb\xbf1"),
        (Encoding("utf-8"), b"1"),
        (Encoding("utf-16", "required"), b"\xff\xfe1\0"),
        (Encoding("utf-16", "optional"), b"\xff\xfe1\0"),
        (Encoding("utf-16", "forbidden"), b"1\0"),
        (Encoding("utf-16-be", "required"), b"\xfe\xff\x001"),
    ],
)
def test_byte_order_marks(encoding: Encoding, start: bytes) -> None:
    """The gateway shall write a byte order mark where it is required, and one that is read back."""
    definition = delimited(encoding=encoding)
    file = written(definition, _row(**ABC))
    assert file.startswith(start)
    assert read(definition, file) == (_row(**ABC), [])


def test_what_would_be_read_otherwise_is_refused() -> None:
    """The gateway shall refuse texts that a reader would take for something else."""
    single = RecordType("row", Role.RECORD, fields("a"))
    for definition, text in (
        (delimited(), "\ufeffx"),
        (delimited(), "a\0b"),
        (delimited(single, quote=None), ""),
    ):
        texts = dict.fromkeys((one.name for one in definition.record_types[0].fields), text)
        with pytest.raises(UnwritableRow):
            written(definition, [Row("row", texts)])
    assert written(delimited(single), [Row("row", {"a": ""})]) == b'""\n'


def test_unknown_types_and_fields_are_refused() -> None:
    """The gateway shall refuse a row of a type, or with a field, that the format does not have."""
    with pytest.raises(UnwritableRow, match="record type"):
        written(delimited(), [Row("other", {})])
    with pytest.raises(UnwritableRow, match=r"row\.z"):
        written(delimited(), _row(z="1"))


def _fixed(line_end: str = "lf") -> Format:
    kind = RecordType(
        "row",
        Role.RECORD,
        (Field("a", offset=2, length=4), Field("b", offset=8, length=3)),
        discriminator=Discriminator("R1", offset=0, length=2),
        length=12,
    )
    return fixed_width(kind, line_end=line_end)


def test_texts_stand_at_their_places() -> None:
    """The gateway shall write each text at its place, with blanks around it and up to the record's end."""
    assert written(_fixed(), [Row("row", {"a": "ab", "b": "123"})]) == b"R1ab    123 \n"
    assert written(_fixed("none"), [Row("row", {}), Row("row", {})]) == b"R1          R1          "


def test_a_text_too_long_for_its_place_is_refused() -> None:
    """The gateway shall refuse a text longer than its place, and a line break within a record."""
    with pytest.raises(UnwritableRow, match=r"has 5 characters, its place has 4.*row\.a"):
        written(_fixed(), [Row("row", {"a": "abcde"})])
    with pytest.raises(UnwritableRow, match=r"U\+000A"):
        written(_fixed(), [Row("row", {"a": "a\nb"})])


def test_xml_records_nest_and_escape() -> None:
    """The gateway shall write nested elements and attributes, with the characters of markup escaped."""
    rows = [
        Row("header", {"id": "M&1", "sender": "<S>"}),
        Row("order", {"number": "1", "quantity": "2.50", "unit": 'K"G', "key": "a\nb"}),
        Row("operation", {"step": "10"}),
        Row("order", {"number": "2"}),
    ]
    definition = xml_format(ORDER_TYPES, namespace="urn:x", root="Orders")
    file = written(definition, rows)
    assert file.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Orders xmlns="urn:x">\n'
        "<Header><Id>M&amp;1</Id><Sender>&lt;S&gt;</Sender></Header>\n"
        '<Order key="a&#10;b"><Number>1</Number><Quantity unit="K&quot;G">2.50</Quantity>\n'
        "<Operation><Step>10</Step></Operation>\n</Order>\n"
        "<Order><Number>2</Number></Order>\n</Orders>\n"
    )


def test_xml_refuses_what_no_document_can_hold() -> None:
    """The gateway shall refuse control characters, and a nested record without one to stand in."""
    definition = xml_format(ORDER_TYPES, root="Orders")
    for text in ("\x01", "\ufffe", "\ud800"):
        with pytest.raises(UnwritableRow, match=r"header\.id"):
            written(definition, [Row("header", {"id": text})])
    with pytest.raises(UnwritableRow, match="no order record"):
        written(definition, [Row("operation", {"step": "1"})])


def test_xml_characters_beyond_the_encoding_are_references() -> None:
    """The gateway shall write a character that the encoding lacks as a reference: XML can."""
    definition = xml_format(ORDER_TYPES, root="Orders", encoding=Encoding("cp1252"))
    rows = [Row("header", {"id": "中ü"})]
    file = written(definition, rows)
    assert b'encoding="windows-1252"' in file
    assert b"<Id>&#20013;\xfc</Id>" in file
    assert read(definition, file) == (rows, [])


def test_xml_places_of_every_sort_are_read_back() -> None:
    """The gateway shall write other namespaces, deep paths, predicates and an enclosing header."""
    types = (
        RecordType(
            "head",
            Role.HEADER,
            (Field("id", path="@id"), Field("site", path="{urn:y}Site"), Field("bare", path="{}Bare/@x")),
            path="/Root",
        ),
        RecordType(
            "item",
            Role.RECORD,
            (
                Field("colour", path="Property[ID='Colour']/Value"),
                Field("size", path="Property[ID='Size']/Value"),
                Field("deep", path="A/B/C"),
                Field("marked", path="A/B/@m"),
            ),
            path="/Root/Items/Item",
        ),
        RecordType("note", Role.RECORD, (Field("text", path="."),), path="/Root/Items/Item/Notes/Note"),
    )
    definition = xml_format(types, root="Root", namespace="urn:x")
    rows = [
        Row("head", {"id": "7", "site": "N", "bare": "1"}),
        Row("item", {"colour": "red", "size": "9", "deep": "d", "marked": "m"}),
        Row("note", {"text": " kept \r\n as it is "}),
        Row("note", {"text": ""}),
    ]
    assert read(definition, written(definition, rows)) == (rows, [])
    with pytest.raises(UnwritableRow, match="encloses"):
        written(definition, [rows[1], rows[0]])


def test_xml_follows_the_order_of_the_xsd(tmp_path: Path) -> None:
    """The gateway shall write children in the order of the XSD, through extension, group and include."""
    xs = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    (tmp_path / "types.xsd").write_text(
        f"""<xs:schema {xs}><xs:complexType name="Base"><xs:sequence>
        <xs:element name="Z" type="xs:string"/></xs:sequence></xs:complexType>
        <xs:group name="G"><xs:sequence><xs:element name="Y" type="xs:string" nillable="true"/></xs:sequence>
        </xs:group></xs:schema>"""
    )
    (tmp_path / "main.xsd").write_text(
        f"""<xs:schema {xs}><xs:include schemaLocation="types.xsd"/>
        <xs:complexType name="Item"><xs:complexContent><xs:extension base="Base"><xs:sequence>
        <xs:group ref="G"/><xs:element name="Part" type="xs:string" maxOccurs="9"/>
        <xs:element name="A" type="xs:string"/></xs:sequence></xs:extension></xs:complexContent>
        </xs:complexType>
        <xs:element name="Root"><xs:complexType><xs:sequence><xs:element name="Item" type="Item"/>
        <xs:element name="End" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:schema>"""
    )
    types = (
        RecordType("head", Role.HEADER, (Field("end", path="End"),), path="/Root"),
        RecordType(
            "item",
            Role.RECORD,
            (Field("a", path="A"), Field("y", path="Y", nullable=True), Field("z", path="Z")),
            path="/Root/Item",
        ),
        RecordType("part", Role.RECORD, (Field("text", path="."),), path="/Root/Item/Part", parent="item"),
    )
    definition = xml_format(types, root="Root", xsd="main.xsd", directory=tmp_path)
    rows = [Row("head", {"end": "e"}), Row("item", {"a": "1", "y": "", "z": "3"}), Row("part", {"text": "p"})]
    file = written(definition, rows)
    assert read(definition, file) == (rows, [])
    assert file.index(b"<Z>") < file.index(b"<Y ") < file.index(b"<Part>") < file.index(b"<A>")
    assert file.index(b"</Item>") < file.index(b"<End>")


BILLS = [
    Row("header", {"id": "M1", "count": "2"}),
    Row("bill", {"material": "007", "quantity": "1.10", "valid": "true"}),
    Row("item", {"position": "10", "loose": ""}),
    Row("item", {"position": "20"}),
    Row("bill", {"material": "8"}),
]


def test_json_values_have_the_type_of_their_field() -> None:
    """The gateway shall write numbers and booleans as such, exactly as given, and texts as texts."""
    types = (
        RecordType(
            "row",
            Role.RECORD,
            (
                Field("n", FieldType.DECIMAL, path="/n", nullable=True),
                Field("b", FieldType.BOOLEAN, path="/b"),
                Field("s", path="/s", nullable=True),
            ),
            path="/rows",
        ),
    )
    definition = json_format(types)
    rows = [
        Row("row", {"n": "1.50", "b": "true", "s": "1.50"}),
        Row("row", {"n": "007", "b": "J", "s": "tab\t中"}),
        Row("row", {"n": "", "b": "false", "s": ""}),
        Row("row", {"n": "-" + "9" * 70, "s": "x"}),
    ]
    file = written(definition, rows)
    assert file.decode() == (
        '{\n"rows": [\n{"n": 1.50, "b": true, "s": "1.50"},\n{"n": "007", "b": "J", "s": "tab\\t中"},\n'
        '{"n": null, "b": false, "s": null},\n{"n": "-' + "9" * 70 + '", "s": "x"}\n]\n}\n'
    )
    assert read(definition, file) == (rows, [])


def test_json_records_nest() -> None:
    """The gateway shall write nested records as arrays in their record, and arrays without any as empty."""
    definition = json_format(BILL_TYPES)
    file = written(definition, BILLS)
    assert read(definition, file) == (BILLS, [])
    assert written(definition, BILLS[:1]) == b'{\n"header": {"id": "M1", "count": "2"},\n"bills": []\n}\n'


def test_json_headers_may_enclose_the_records() -> None:
    """The gateway shall write a header's members around the records, those on the way to them included."""
    types = (
        RecordType(
            "head",
            Role.HEADER,
            (Field("id", path="/id"), Field("unit", path="/data/unit"), Field("x", path="/other/x")),
            path="",
        ),
        RecordType(
            "item", Role.RECORD, (Field("n", path="/n/0"), Field("m", path="/n/1")), path="/data/items"
        ),
    )
    definition = json_format(types)
    rows = [Row("head", {"id": "1", "unit": "KG", "x": "2"}), Row("item", {"n": "5", "m": "6"})]
    file = written(definition, rows)
    assert b'"n": ["5", "6"]' in file
    assert read(definition, file) == (rows, [])
    assert read(definition, written(definition, rows[:1])) == (rows[:1], [])


def test_json_lines_and_other_encodings() -> None:
    """The gateway shall write one record a line, and characters beyond the encoding as escapes."""
    types = (
        RecordType(
            "a", Role.RECORD, (Field("x", path="/x"),), path="", discriminator=Discriminator("A", path="/t")
        ),
        RecordType(
            "b", Role.RECORD, (Field("y", path="/y"),), path="", discriminator=Discriminator("B", path="/t")
        ),
    )
    definition = json_format(types, lines=True, encoding=Encoding("cp1252"))
    rows = [Row("a", {"x": "ü🧪"}), Row("b", {"y": "1"})]
    file = written(definition, rows)
    assert file == b'{"x": "\xfc\\ud83e\\uddea", "t": "A"}\n{"y": "1", "t": "B"}\n'.replace(
        b"\xfc", b"\\u00fc"
    )
    assert read(definition, file) == (rows, [])


def test_json_refuses_what_cannot_stand_there() -> None:
    """The gateway shall refuse half characters, and rows of one array that do not come together."""
    with pytest.raises(UnwritableRow, match="half a character"):
        written(json_format(BILL_TYPES), [Row("header", {"id": "\ud800"})])
    types = tuple(RecordType(name, Role.RECORD, (Field("n", path="/n"),), path=f"/{name}") for name in "ab")
    rows = [Row("a", {"n": "1"}), Row("b", {"n": "1"}), Row("a", {"n": "1"})]
    with pytest.raises(UnwritableRow, match="ended already"):
        written(json_format(types), rows)
