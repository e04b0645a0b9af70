"""Many XML records at once are read as records one by one are: the same rows, the same findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.formats.definition import Field, Format, RecordType, Role
from gateway.model import Finding
from gateway.readers import document_text, xml_feed, xml_runs
from gateway.readers import xml as xml_reader
from gateway.readers.xml_records import DocumentRecords
from tests.readers.document_kit import ORDER_TYPES, Row, read, wrong, xml_format

TYPES = (
    *ORDER_TYPES[:2],
    RecordType(
        "operation",
        Role.RECORD,
        (Field("step", path="Step"), Field("flag", path="Step/@flag"), Field("name", path="Work/Name")),
        path="/Orders/Order/Operation",
        parent="order",
    ),
    RecordType(
        "part",
        Role.RECORD,
        (Field("text", path="."), Field("id", path="@id")),
        path="/Orders/Order/Operation/Part",
        parent="operation",
    ),
    RecordType("trailer", Role.TRAILER, (Field("count", path="Count"),), path="/Orders/Trailer"),
)
XSD = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified" {target}>
  <xs:element name="Orders"><xs:complexType><xs:sequence>
    <xs:element name="Header" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="Id" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
    <xs:element ref="Order" minOccurs="0" maxOccurs="{most}"/>
    <xs:element name="Trailer"><xs:complexType><xs:sequence>
      <xs:element name="Count" type="xs:int"/></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Order"><xs:complexType><xs:sequence>
    <xs:element name="Number" type="Code"/>
    <xs:element name="Quantity"><xs:complexType><xs:simpleContent><xs:extension base="xs:decimal">
      <xs:attribute name="unit" type="xs:NMTOKEN" use="required"/>
    </xs:extension></xs:simpleContent></xs:complexType></xs:element>
    <xs:element name="Operation" minOccurs="0" maxOccurs="3"><xs:complexType><xs:sequence>
      <xs:element name="Step" type="xs:int"/>
      <xs:element name="Part" minOccurs="0" maxOccurs="2"><xs:complexType><xs:simpleContent>
        <xs:extension base="xs:string"><xs:attribute name="id" type="xs:int"/></xs:extension>
      </xs:simpleContent></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence><xs:attribute name="key" type="xs:string"/></xs:complexType>
  <xs:unique name="once"><xs:selector xpath="{prefix}Operation"/><xs:field xpath="{prefix}Step"/></xs:unique>
  </xs:element>
  <xs:simpleType name="Code"><xs:restriction base="xs:string"><xs:pattern value="[0-9A-Zä]*"/>
  </xs:restriction></xs:simpleType>
</xs:schema>
"""
_PLAIN = ("1", "7", "0010", "A", "2.5", "ä", "")
_OTHER = (
    *(
        "a&amp;b",
        "&lt;&#65;&#xe4;&quot;",
        "&#10;",
        "&#13;&#9;",
        "a > b",
        "&nbsp;",
        "&",
        "]]>",
        "\x01",
        "  x\n y ",
    ),
    *(
        "<!-- 1 -->",
        "1<!-- < -->2",
        "<![CDATA[<Order>]]>",
        "<?x y?>",
        "<X/>",
        "<X>1</X>2",
        "</Order>",
        "a\r\nb",
        "a\rb",
    ),
    *(
        "<Order/>",
        "<!-- </Order> -->",
        "<Order><Number>1</Number></Order>",
        "\u2028",
        "&#0;",
        "&#xD800;",
        "😀",
    ),
)
_VALUES = st.sampled_from(_PLAIN) | st.sampled_from(_PLAIN + _OTHER)
_ATTRIBUTES = st.sampled_from(
    (
        *(
            '="KG"',
            '="1"',
            "='KG'",
            '="a>b"',
            '="a&amp;b&#10;c"',
            '="a\nb\tc"',
            '=""',
            ' = "KG" ',
            '="x" other="y"',
        ),
        *(
            '="x" xml:lang="de"',
            '="1" xmlns:q="urn:q" q:a="1"',
            '="1" p:a="2"',
            "",
            '="/"',
            '="1"/',
            "=\"unit='2'\"",
        ),
    )
)
_PLAIN_ATTRIBUTES = st.sampled_from(('="KG"', '="KG"', '="1"')) | _ATTRIBUTES
_SPACES = st.sampled_from(("", "\n", "\n  ", "\r\n\t", " "))
_BETWEEN = (
    "<!-- between -->",
    "<Foreign/>",
    "text",
    "<Trailer><Count>1</Count></Trailer>",
    "<Order/>",
    "<?p i?>",
)

Outcome = tuple[dict[str, list[Row]], list[Finding], dict[Any, int]]


def _element(name: str, content: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{content}</{name}>"


@st.composite
def _order(draw: st.DrawFn, space: str, prefix: str) -> str:
    """Return the text of one record, most of them alike."""
    children = [
        _element(f"{prefix}Number", draw(_VALUES)),
        _element(f"{prefix}Quantity", draw(_VALUES), " unit" + draw(_PLAIN_ATTRIBUTES)),
    ]
    for _ in range(draw(st.sampled_from((0, 1, 1, 2)))):
        inside = [_element(f"{prefix}Step", draw(_VALUES))]
        if draw(st.integers(0, 3)) == 0:
            inside.append(_element(f"{prefix}Part", draw(_VALUES), " id" + draw(_PLAIN_ATTRIBUTES)))
        if draw(st.integers(0, 9)) == 0:
            inside.append(_element(f"{prefix}Work", _element(f"{prefix}Name", draw(_VALUES))))
        children.append(_element(f"{prefix}Operation", space + space.join(inside) + space))
    change = draw(st.sampled_from(("", "", "", "", "", "gone", "order", "twice", "empty", "space", "end")))
    if change == "gone":
        children.pop(draw(st.integers(0, 1)))
    elif change == "order":
        children.reverse()
    elif change == "twice":
        children.append(children[draw(st.integers(0, 1))])
    elif change == "empty":
        children[0] = f"<{prefix}Number{draw(st.sampled_from(('', ' ', chr(10))))}/>"
    elif change == "space":
        children[0] = children[0].replace("Number>", "Number\n>")
    key = draw(st.sampled_from(("", "", "", ' key="1"', ' key="&lt;"\n other="2"')))
    text = _element(f"{prefix}Order", space + space.join(children) + space, key)
    return text[:-1] + " >" if change == "end" else text


@st.composite
def _document(draw: st.DrawFn, namespace: str = "") -> bytes:
    space, prefix = draw(_SPACES), draw(st.sampled_from(("", "n:"))) if namespace else ""
    orders = draw(st.lists(_order(space, prefix), min_size=1, max_size=9))
    orders = (orders * draw(st.sampled_from((1, 2, 5))))[:24]
    for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
        orders.insert(draw(st.integers(0, len(orders))), draw(st.sampled_from(_BETWEEN)))
    declared = f' xmlns{":n" if prefix else ""}="{namespace}"' if namespace else ""
    header = draw(st.sampled_from(("", "<Header><Id>1</Id></Header>", "<Header>a</Header>", "<Odd/>")))
    trailer = draw(st.sampled_from(("<Trailer><Count>5</Count></Trailer>", "")))
    content = [header, *orders, trailer]
    if prefix:
        content = [part.replace("<Header", "<n:Header").replace("</Header", "</n:Header") for part in content]
    text = f"<{prefix}Orders{declared}>{space}{space.join(content)}{space}</{prefix}Orders>\n"
    return _damaged(draw, text.encode())


def _damaged(draw: st.DrawFn, data: bytes) -> bytes:
    if draw(st.integers(0, 3)):
        return data
    start = draw(st.integers(0, len(data)))
    return (
        data[:start]
        + draw(st.sampled_from((b"", b"\xff", b"<", b">", b'"', b"/", b"&", b"\n")))
        + data[start + 1 :]
    )


def _outcome(definition: Format, data: bytes) -> Outcome:
    """Return what is read; how far bytes are decoded behind the place where a document breaks off is open."""
    rows, findings = read(definition, data)
    listed, totals = findings.listed(), findings.totals
    if any(one.code == "F501" for one in listed):
        listed = [one for one in listed if one.code != "F102"]
        totals = {key: count for key, count in totals.items() if key[0] != "F102"}
    return rows, listed, totals


def _both_ways(definition: Format, data: bytes, run: int, piece: int) -> tuple[Outcome, Outcome]:
    """Return what is read at once wherever that can be, and what is read one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml_reader, "WHOLE_BYTES", 0)
        patch.setattr(document_text, "PIECE_BYTES", piece)
        patch.setattr(xml_feed, "PIECE", piece)
        patch.setattr(xml_reader, "RUN", run)
        patch.setattr(xml_reader, "LEAST", 1)
        at_once = _outcome(definition, data)
        patch.setattr(xml_runs.Runs, "seam", lambda *_arguments: None)
        return at_once, _outcome(definition, data)


def _demand_alike(definition: Format, data: bytes, run: int = 1 << 20, piece: int = 7) -> Outcome:
    at_once, one_by_one = _both_ways(definition, data, run, piece)
    assert at_once[0] == one_by_one[0]
    assert at_once[1] == one_by_one[1]
    assert at_once[2] == one_by_one[2]
    return at_once


def _xsd(directory: Path, namespace: str, most: str) -> dict[str, Any]:
    target = f'targetNamespace="{namespace}" xmlns="{namespace}" xmlns:o="{namespace}"' if namespace else ""
    text = XSD.format(target=target, most=most, prefix="o:" if namespace else "")
    (directory / f"schema{most}.xsd").write_text(text, "utf-8")
    return {"xsd": f"schema{most}.xsd", "directory": directory, "digest": f"at-once{namespace}{most}"}


_LAW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_RUNS = st.sampled_from((200, 700, 1 << 20))
_PIECES = st.sampled_from((7, 64, 4096))


@_LAW
@given(data=_document(), run=_RUNS, piece=_PIECES, is_closed=st.booleans())
def test_documents_are_read_alike(data: bytes, run: int, piece: int, is_closed: bool) -> None:
    """The gateway shall find the same records and faults in a document, many at once or one by one."""
    _demand_alike(xml_format(TYPES, closed=is_closed, root="Orders"), data, run, piece)


@_LAW
@given(data=_document(), run=_RUNS, piece=_PIECES)
def test_the_xsd_is_enforced_alike(tmp_path: Path, data: bytes, run: int, piece: int) -> None:
    """The gateway shall find what breaks the XSD, many records at once or one by one."""
    _demand_alike(xml_format(TYPES, **_xsd(tmp_path, "", "unbounded")), data, run, piece)


def test_the_byte_of_an_unknown_prefix_is_told_however_much_follows(tmp_path: Path) -> None:
    """The gateway shall say at which byte a prefix is not declared, also when the end is far behind it."""
    good = '<Order><Number>1</Number><Quantity unit="KG">1</Quantity></Order>\n'
    wrong = good.replace('unit="KG"', 'unit="KG" p:a="2"')
    data = f"<Orders>{good * 3}{wrong}{good * 300}</Orders>\n".encode()
    for run in (200, 1 << 20):
        for outcome in _both_ways(xml_format(TYPES, **_xsd(tmp_path, "", "unbounded")), data, run, 64):
            (found,) = (one for one in outcome[1] if one.code == "F501")
            assert (found.line, found.byte_offset) == (4, data.index(b' p:a="2"') + len(b' p:a="2"'))


@_LAW
@given(data=_document(), run=_RUNS)
def test_records_beyond_the_most_are_read_alike(tmp_path: Path, data: bytes, run: int) -> None:
    """The gateway shall find faults in records beyond the most that the XSD allows, at once or not."""
    _demand_alike(xml_format(TYPES, **_xsd(tmp_path, "", "5")), data, run)


@_LAW
@given(data=_document("urn:orders"), run=_RUNS, piece=_PIECES, has_xsd=st.booleans())
def test_names_are_read_alike(tmp_path: Path, data: bytes, run: int, piece: int, has_xsd: bool) -> None:
    """The gateway shall know names by their namespaces, many records at once or one by one."""
    schema = _xsd(tmp_path, "urn:orders", "unbounded") if has_xsd else {}
    _demand_alike(xml_format(TYPES, namespace="urn:orders", **schema), data, run, piece)


def _walked(monkeypatch: pytest.MonkeyPatch, orders: list[str]) -> tuple[int, int]:
    """Return how many records there are in a document, and at how many the parser has stopped."""
    seen: list[object] = []
    walk = DocumentRecords._start

    def start(self: DocumentRecords, element: Any) -> None:
        seen.append(element)
        walk(self, element)

    with monkeypatch.context() as patch:
        patch.setattr(DocumentRecords, "_start", start)
        rows, findings = read(xml_format(TYPES), f"<Orders>{''.join(orders)}</Orders>".encode())
    assert not findings.errors
    return sum(len(part) for part in rows.values()), len(seen)


def _orders(count: int) -> list[str]:
    return [
        f'<Order><Number>{number:09d}</Number><Quantity unit="KG">{number % 9}.5</Quantity>\n'
        f"<Operation><Step>{number % 3}</Step></Operation></Order>\n"
        for number in range(count)
    ]


def test_most_records_of_a_large_document_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall walk over no more elements in a document that is twice as large."""
    counts = [_walked(monkeypatch, _orders(count)) for count in (20_000, 40_000)]
    assert [records for records, _walks in counts] == [40_000, 80_000]
    assert counts[0][1] == counts[1][1] < 8_000


def test_odd_records_do_not_make_the_others_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall walk only over the records around one that is not plain."""
    orders = _orders(40_000)
    for number in range(9_000, 40_000, 10_000):
        orders[number] = orders[number].replace("<Number>", "<Number><!-- of the plant -->")
    records, walks = _walked(monkeypatch, orders)
    assert records == 80_000
    assert walks < 12_000


def test_what_is_never_plain_is_seldom_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall not try again and again to read at once what cannot be read so."""
    tried: list[int] = []
    check = xml_runs.Runs.check

    def counted(self: xml_runs.Runs, text: str, seam: xml_runs.Seam) -> Any:
        tried.append(len(text))
        return check(self, text, seam)

    monkeypatch.setattr(xml_reader, "RUN", 64 * 1024)
    monkeypatch.setattr(xml_runs.Runs, "check", counted)
    orders = [order.replace("<Step>", '<Step xmlns:x="urn:x">') for order in _orders(30_000)]
    records, walks = _walked(monkeypatch, orders)
    assert records == walks - 1 == 60_000
    assert 1 < len(tried) < 20


def test_numbers_and_lines_go_on_behind_what_was_read_at_once() -> None:
    """The gateway shall tell record and line of a fault far into a large document."""
    orders = _orders(20_000)
    orders[15_000] = orders[15_000].replace("<Step>", "<Strange/><Step>")
    found = wrong(xml_format(TYPES, closed=True), f"<Orders>{''.join(orders)}</Orders>".encode())
    assert [(one.record, one.line, one.column) for one in found] == [(30_002, 30_002, "Strange")]


def test_an_unknown_entity_is_named_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall say which entity is unknown, in small and in large documents."""
    data = b"<Orders><Order><Number>&nbsp;</Number></Order><Order/></Orders>"
    for most in (xml_reader.WHOLE_BYTES, 0):
        monkeypatch.setattr(xml_reader, "WHOLE_BYTES", most)
        found = wrong(xml_format(TYPES), data)
        assert [(one.code, one.message) for one in found] == [("F501", "Entity 'nbsp' not defined")]
