"""A validation that libxml2 gives up, or would work at for hours, keeps the file from passing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from lxml import etree

from gateway.formats import xsd_slow
from gateway.formats.definition import Field, Format, RecordType, Role
from gateway.readers import document_text, xml, xsd, xsd_waiting
from tests.readers.document_kit import wrong, xml_format

#: Ten million steps with a value of 25 letters: where libxml2 gives up, it has logged errors of itself.
ENDLESS = "a?" * 24 + "a" * 24 + "b"
_XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="R"><xs:complexType>
<xs:sequence><xs:element name="V" maxOccurs="unbounded"><xs:simpleType><xs:restriction base="xs:string">
{facets}</xs:restriction></xs:simpleType></xs:element></xs:sequence></xs:complexType>
<xs:unique name="once"><xs:selector xpath="V"/><xs:field xpath="."/></xs:unique></xs:element></xs:schema>"""


def format_of(directory: Path, facets: str) -> Format:
    """Return a format of one value in a record, each of which must be another one."""
    (directory / "schema.xsd").write_text(_XSD.format(facets=facets))
    kind = RecordType("v", Role.RECORD, (Field("value", path="."),), path="/R/V")
    return xml_format((kind,), root="R", xsd="schema.xsd", directory=directory)


def document(*values: str) -> bytes:
    """Return a document of such values."""
    return f"<R>{''.join(f'<V>{value}</V>' for value in values)}</R>".encode()


def test_what_libxml2_gives_up_does_not_pass(tmp_path: Path) -> None:
    """A document whose validation was given up shall have one finding that says so, and not be taken."""
    definition = format_of(tmp_path, f"<xs:pattern value='{ENDLESS}'/>")
    found = wrong(definition, document("a" * 24 + "c"))
    assert [(one.code, one.rule) for one in found] == [("F503", "xsd:given-up")]
    assert "given up" in found[0].message


def test_long_lists_of_codes_are_asked_for_as_long_as_that_is_quick(tmp_path: Path) -> None:
    """An XSD with 2,200 units shall be enforced; where most values are none of them, at once and in words."""
    codes = "".join(f"<xs:enumeration value='U{number:04}'/>" for number in range(2200))
    definition = format_of(tmp_path, codes)
    assert {one.rule for one in wrong(definition, document("U0001", "U2200"))} >= {"xsd:enumeration-valid"}
    assert not wrong(definition, document(*[f"U{number:04}" for number in range(2200)]))
    began = time.monotonic()
    for count in (5_000, 30_000):  # kept whole, and validated by the parser as well
        found = wrong(definition, document(*[f"X{number}" for number in range(count)]))
        assert [one.rule for one in found] == ["xsd:given-up"]
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("pattern", "short"), [("a*a*b", "aab"), ("a*a*a*b", "b"), ("[0-9]*[.]?[0-9]*", "1.5")]
)
def test_long_values_are_not_given_to_slow_patterns(tmp_path: Path, pattern: str, short: str) -> None:
    """A pattern that takes the square of a value's length shall be enforced, but not upon long values."""
    definition = format_of(tmp_path, f"<xs:pattern value='{pattern}'/>")
    assert not wrong(definition, document(short))
    assert [one.rule for one in wrong(definition, document("a" * 60_000))] == ["xsd:given-up"]


_DERIVED = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:simpleType name="slow">
<xs:restriction base="xs:string"><xs:pattern value="a*a*b"/></xs:restriction></xs:simpleType>
<xs:simpleType name="either"><xs:union memberTypes="xs:int slow"/></xs:simpleType>
<xs:simpleType name="many"><xs:list itemType="either"/></xs:simpleType>
<xs:complexType name="held"><xs:simpleContent><xs:extension base="many">
<xs:attribute name="at" type="slow"/></xs:extension></xs:simpleContent></xs:complexType>
<xs:element name="Held" type="held"/><xs:element name="Instead" substitutionGroup="Held"/>
<xs:element name="Plain" type="xs:string"/></xs:schema>"""


def test_slow_types_are_found_wherever_they_are_used() -> None:
    """Elements, attributes and derived types shall be known to be slow, and no others."""
    names = xsd_slow.slow_names([etree.fromstring(_DERIVED)])
    assert set(names.elements) == {"Held", "Instead"}
    assert set(names.attributes) == {"at"}
    assert set(names.types) == {"slow", "either", "many", "held"}
    value = "a" * 60_000
    for text in (f"<Instead>{value}</Instead>", f"<x at='{value}'/>"):
        assert xsd_waiting.too_slow(etree.fromstring(text), names)
    typed = "xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='slow'"
    assert xsd_waiting.too_slow(etree.fromstring(f"<y {typed}>{value}</y>"), names)
    assert xsd_waiting.too_slow(etree.fromstring(f"<Plain>{value}</Plain>"), names) is None


@pytest.mark.slow
def test_what_the_parser_gives_up_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large document that the parser itself validates shall not pass either, nor where one only asks."""
    monkeypatch.setattr(xml, "WHOLE_BYTES", 0)
    monkeypatch.setattr(document_text, "PIECE_BYTES", 100)
    definition = format_of(tmp_path, f"<xs:pattern value='{ENDLESS}'/>")
    data = document(*[f"{'a' * 24}b"] * 9, "a" * 24 + "c")
    assert {one.rule for one in wrong(definition, data)} >= {"xsd:given-up"}
    assert not xsd.takes(definition, document("a" * 24 + "c"))
