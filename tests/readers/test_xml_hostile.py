"""Documents that are made to do harm, or were cut off."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.findings import Findings
from gateway.readers.xml import XmlReader
from tests.readers.document_kit import Endless, codes, peak, read, wrong, xml_format
from tests.readers.test_xml_values import DOCUMENT

BOMB = b"".join(
    [b"<!DOCTYPE o [<!ENTITY a0 'ha'>"]
    + [b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)]
    + [b"]><Orders>&a9;</Orders>"]
)


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE Orders><Orders/>",
        b'<!DOCTYPE Orders SYSTEM "http://127.0.0.1:9/x.dtd"><Orders/>',
        b'<?xml version="1.0"?>\n<!-- c -->\n<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><Orders>&x;</Orders>',
        BOMB,
    ],
)
def test_a_doctype_is_refused_outright(data: bytes) -> None:
    """A DOCTYPE shall be refused whatever it declares, and nothing of it be read."""
    rows, findings = read(xml_format(), data)
    assert rows == {}
    assert [f.code for f in findings.listed()] == ["F502"]


def test_xinclude_is_not_followed() -> None:
    """An XInclude shall be an element like any other."""
    data = (
        b'<Orders xmlns:xi="http://www.w3.org/2001/XInclude"><Order><Number>'
        b'<xi:include href="/etc/passwd" parse="text"/></Number></Order></Orders>'
    )
    rows, _ = read(xml_format(closed=False), data)
    assert rows["order"][0]["number"] == ""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<Orders>" + b"<a>" * 5_000, "F504"),
        (b"<Orders>" + b"x" * 10_500_000 + b"</Orders>", "F504"),
        (b"<Orders><Order " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/></Orders>", "F504"),
        (b"<Orders><Order " + b" ".join(b'a%d=">"' % n for n in range(100_000)) + b"/></Orders>", "F504"),
        (
            b"<Orders><Order " + b" ".join(b'xmlns:a%d="u"' % n for n in range(100_000)) + b"/></Orders>",
            "F504",
        ),
        (b"<Orders><Order a='" + b"x" * 3_000_000, "F504"),
        (b"<!--" + b" " * 300_000 + b"--><Orders/>", "F504"),
        (b"<Orders>&nosuch;</Orders>", "F501"),
        (b"<Orders><Order></Orders>", "F501"),
        (b"<Orders/><Orders/>", "F501"),
        (b"<Orders>\0</Orders>", "F501"),
        (b"   ", "F501"),
        (b"hello", "F501"),
        (b"<", "F501"),
        (b"\xff\xfe\x00\x00", "F501"),
        (b"", "F101"),
    ],
)
def test_bombs_and_garbage_are_findings_in_no_time(data: bytes, code: str) -> None:
    """Whatever is put into a file, the reader shall answer with a finding, and quickly."""
    begun = time.monotonic()
    assert code in codes(xml_format(closed=False), data)
    assert time.monotonic() - begun < 5


def test_a_syntax_error_has_line_and_byte() -> None:
    """A document that is not well-formed shall say on which line and at which byte."""
    data = "<Orders>\n<Order><Number>ä</Nummer></Order></Orders>".encode()
    finding = next(f for f in wrong(xml_format(), data) if f.code == "F501")
    assert finding.line == 2
    assert finding.byte_offset is not None
    assert data.index(b"</Nummer>") <= finding.byte_offset <= data.index(b"</Nummer>") + len(b"</Nummer>")
    assert "Number" in finding.message


def test_truncation_at_every_byte_is_an_error() -> None:
    """A document that is cut off anywhere shall never raise and never look right."""
    definition, whole = xml_format(closed=False), DOCUMENT.rstrip()
    assert codes(definition, whole) == []
    for end in range(len(whole)):
        assert read(definition, whole[:end])[1].errors, whole[:end]
        assert not XmlReader().ending(definition, whole[:end])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_never_raises(data: st.DataObject) -> None:
    """Bytes changed, lost or added anywhere shall never raise, in reading, probing or asking for the end."""
    damaged = bytearray(DOCUMENT)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        end = start + data.draw(st.integers(0, 5))
        damaged[start:end] = data.draw(
            st.binary(max_size=5) | st.sampled_from([b"<", b"&", b"]]>", b"<!--", b"<?"])
        )
    reader, definition = XmlReader(), xml_format()
    read(definition, bytes(damaged))
    reader.probe(definition, bytes(damaged))
    reader.ending(definition, bytes(damaged))


@pytest.mark.parametrize("head", [b"<:\x01", b"<:/>", b"<a:\x01"])
def test_a_root_without_a_name_is_no_surprise(head: bytes) -> None:
    """A document whose root has no proper name shall be probed without an error."""
    assert isinstance(XmlReader().probe(xml_format(), head), dict)


def test_records_before_the_break_are_read() -> None:
    """Records before the place where a document breaks off shall still be checked."""
    rows, findings = read(xml_format(), b"<Orders><Order><Number>1</Number></Order><Order><Num")
    assert [row["number"] for row in rows["order"]] == ["1"]
    assert findings.errors == 1


ORDER = b"<Order key='1'><Number>" + b"7" * 900 + b"</Number><Quantity unit='KG'>1.50</Quantity></Order>\n"


def test_memory_does_not_grow_with_the_file() -> None:
    """A document of 30 MB shall be read in no more memory than one of 10 MB."""
    part = repr(ORDER)
    small = peak("xml_format()", f"Endless(b'<Orders>', {part}, 10_000, b'</Orders>')")
    large = peak("xml_format()", f"Endless(b'<Orders>', {part}, 30_000, b'</Orders>')")
    assert (small[:2], large[:2]) == ((10_000, 0), (30_000, 0))
    assert large[2] - small[2] < 30


def test_one_endless_record_is_stopped() -> None:
    """A record that never ends shall be a finding before it fills the memory."""
    stream = Endless(b"<Orders><Order>", b"<Text>" + b"x" * 500 + b"</Text>", 100_000, b"")
    findings = Findings()
    list(XmlReader().read(xml_format(), stream, findings))
    assert [f.code for f in findings.listed()] == ["F504"]
