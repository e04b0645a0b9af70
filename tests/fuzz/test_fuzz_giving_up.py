"""A validation that libxml2 gives up, or would work at for hours, keeps the file from passing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.formats.definition import Field, Format, RecordType, Role
from gateway.readers import document_text, xml, xsd
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


@pytest.mark.slow
def test_what_the_parser_gives_up_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large document that the parser itself validates shall not pass either, nor where one only asks."""
    monkeypatch.setattr(xml, "WHOLE_BYTES", 0)
    monkeypatch.setattr(document_text, "PIECE_BYTES", 100)
    definition = format_of(tmp_path, f"<xs:pattern value='{ENDLESS}'/>")
    data = document(*[f"{'a' * 24}b"] * 9, "a" * 24 + "c")
    assert {one.rule for one in wrong(definition, data)} >= {"xsd:given-up"}
    assert not xsd.takes(definition, document("a" * 24 + "c"))
