"""Each kind of change between two XML Schemas: where it is reported, and its verdict in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import FormatError
from gateway.formats.compare.change import Verdict
from gateway.formats.compare.xsd import compare_sets, compare_xsd
from tests.compare.xsd_kit import changes, is_valid, schema, verdicts, write

A = '<xs:element name="A" type="xs:string"/>'
B = '<xs:element name="B" type="xs:string" minOccurs="0"/>'
MUST = '<xs:element name="B" type="xs:string"/>'
P = '<xs:complexType name="P"><xs:sequence/></xs:complexType>'
Q = (
    '<xs:complexType name="Q"><xs:complexContent><xs:extension base="t:P"/></xs:complexContent>'
    "</xs:complexType>"
)
HEADS = (
    '<xs:element name="H" type="xs:string"{}/><xs:element name="M" substitutionGroup="t:H" type="xs:string"/>'
)
X = '<xs:attribute name="x" type="xs:int"{}/>'


def _root(content: str, attributes: str = "", more: str = "", own: str = "") -> str:
    """Return a schema with the element ``Root``."""
    root = f'<xs:element name="Root" type="t:R"/><xs:complexType name="R"{own}>'
    return schema(f"{root}<xs:sequence>{content}</xs:sequence>{attributes}</xs:complexType>{more}")


def _simple(facets: str, base: str = "xs:string") -> str:
    restricted = f'<xs:restriction base="{base}">{facets}</xs:restriction>'
    return _root(
        '<xs:element name="A" type="t:S"/>', more=f'<xs:simpleType name="S">{restricted}</xs:simpleType>'
    )


def _with(element: str, setting: str) -> str:
    return element.replace("/>", f" {setting}/>")


def _codes(values: str) -> str:
    return "".join(f'<xs:enumeration value="{one}"/>' for one in values)


def _including(location: str) -> str:
    start = '<xs:element name="Root"'
    return _root(A).replace(start, f'<xs:include schemaLocation="{location}"/>{start}', 1)


UNIQUE = (
    '<xs:element name="Root" type="t:R"><xs:unique name="u"><xs:selector xpath="t:A"/><xs:field xpath="."/>'
    "</xs:unique></xs:element>"
)
MANY = _with(A, 'maxOccurs="9"')
LAX = '<xs:any processContents="lax" minOccurs="0"/>'
WORDS = "<xs:annotation><xs:documentation>words</xs:documentation></xs:annotation>"
DATE = '<xs:element name="A" type="xs:date"/>'

INNER = (
    f'<xs:element name="A"><xs:complexType><xs:sequence>{MUST}</xs:sequence></xs:complexType></xs:element>'
)
GROUP = '<xs:group name="G"><xs:sequence><xs:group ref="t:G"/></xs:sequence></xs:group>'

CASES = {
    "element added": (
        _root(A),
        _root(A, more='<xs:element name="X" type="xs:int"/>'),
        [("schema-declaration-added", "X", "ok", "breaking")],
    ),
    "element that a lax wildcard lets in": (
        _root(LAX),
        _root(LAX, more='<xs:element name="X" type="xs:int"/>'),
        [("schema-declaration-added", "X", "review", "breaking")],
    ),
    "type added that xsi:type may name": (
        _root('<xs:element name="A" type="t:P"/>', more=P),
        _root('<xs:element name="A" type="t:P"/>', more=P + Q),
        [("schema-declaration-added", "Q", "ok", "breaking")],
    ),
    "type added that nobody uses": (
        _root(A),
        _root(A, more=P),
        [("schema-declaration-added", "P", "ok", "ok")],
    ),
    "namespace": (
        _root(A),
        _root(A).replace("urn:t", "urn:u"),
        [("schema-namespace", "targetNamespace", "breaking", "breaking")],
    ),
    "form": (
        _root(A),
        _root(A).replace('elementFormDefault="qualified"', ""),
        [("schema-namespace", "elementFormDefault", "breaking", "breaking")],
    ),
    "optional child": (_root(A), _root(A + B), [("schema-child-added", "R/B", "ok", "breaking")]),
    "required child": (_root(A), _root(A + MUST), [("schema-child-added", "R/B", "breaking", "breaking")]),
    "child gone": (_root(A + B), _root(A), [("schema-child-removed", "R/B", "breaking", "ok")]),
    "more": (
        _root(A),
        _root(_with(A, 'maxOccurs="5"')),
        [("schema-cardinality-loosened", "R/A", "ok", "breaking")],
    ),
    "fewer": (
        _root(_with(A, 'minOccurs="0"')),
        _root(A),
        [("schema-cardinality-tightened", "R/A", "breaking", "ok")],
    ),
    "other numbers": (
        _root(_with(A, 'maxOccurs="3"')),
        _root(_with(A, 'minOccurs="2" maxOccurs="5"')),
        [("schema-cardinality-changed", "R/A", "breaking", "breaking")],
    ),
    "numbers beyond any document": (
        _root(_with(A, 'maxOccurs="999999"')),
        _root(_with(A, 'maxOccurs="unbounded"')),
        [("schema-cardinality-loosened", "R/A", "ok", "review")],
    ),
    "order": (_root(A + MUST), _root(MUST + A), [("schema-order", "R", "breaking", "breaking")]),
    "sequence to choice": (
        _root(A + MUST),
        _root(f'<xs:choice minOccurs="2" maxOccurs="2">{A}{MUST}</xs:choice>'),
        [
            ("schema-cardinality-loosened", "R/A", "ok", "breaking"),
            ("schema-cardinality-loosened", "R/B", "ok", "breaking"),
            ("schema-order", "R", "ok", "breaking"),
        ],
    ),
    "optional attribute": (
        _root(A),
        _root(A, X.format("")),
        [("schema-attribute-added", "R/@x", "ok", "breaking")],
    ),
    "required attribute": (
        _root(A),
        _root(A, X.format(' use="required"')),
        [("schema-attribute-added", "R/@x", "breaking", "breaking")],
    ),
    "attribute gone": (
        _root(A, X.format("")),
        _root(A),
        [("schema-attribute-removed", "R/@x", "breaking", "ok")],
    ),
    "attribute required": (
        _root(A, X.format("")),
        _root(A, X.format(' use="required"')),
        [("schema-required", "R/@x", "breaking", "ok")],
    ),
    "attribute optional": (
        _root(A, X.format(' use="required"')),
        _root(A, X.format("")),
        [("schema-optional", "R/@x", "ok", "breaking")],
    ),
    "wider type": (
        _root('<xs:element name="A" type="xs:integer"/>'),
        _root('<xs:element name="A" type="xs:decimal"/>'),
        [("schema-type-widened", "R/A", "ok", "breaking")],
    ),
    "narrower type": (_root(A), _root(DATE), [("schema-type-narrowed", "R/A", "breaking", "ok")]),
    "other type": (
        _root(DATE),
        _root('<xs:element name="A" type="xs:boolean"/>'),
        [("schema-type-changed", "R/A", "breaking", "breaking")],
    ),
    "string and token take the same texts": (
        _root(A),
        _root(A.replace("xs:string", "xs:token")),
        [("schema-type-changed", "R/A", "ok", "ok")],
    ),
    "facet tightened": (
        _simple('<xs:maxLength value="5"/>'),
        _simple('<xs:maxLength value="3"/>'),
        [("schema-facet-tightened", "S@maxLength", "breaking", "ok")],
    ),
    "facet loosened": (
        _simple('<xs:totalDigits value="3"/>', "xs:decimal"),
        _simple("", "xs:decimal"),
        [("schema-facet-loosened", "S@totalDigits", "ok", "breaking")],
    ),
    "exact bounds": (
        _simple('<xs:maxInclusive value="0.3"/>', "xs:decimal"),
        _simple('<xs:maxInclusive value="0.30000000000000004"/>', "xs:decimal"),
        [("schema-facet-loosened", "S@maximum", "ok", "breaking")],
    ),
    "other pattern": (
        _simple('<xs:pattern value="[a-c]+"/>'),
        _simple('<xs:pattern value="[b-d]+"/>'),
        [("schema-facet-changed", "S@pattern", "breaking", "breaking")],
    ),
    "wider pattern": (
        _simple('<xs:pattern value="[a-c]+"/>'),
        _simple('<xs:pattern value="[a-d]*"/>'),
        [("schema-facet-loosened", "S@pattern", "ok", "breaking")],
    ),
    "codes": (
        _simple(_codes("ab")),
        _simple(_codes("ac")),
        [
            ("schema-enumeration-removed", "S@enumeration/b", "breaking", "ok"),
            ("schema-enumeration-added", "S@enumeration/c", "ok", "breaking"),
        ],
    ),
    "codes given up": (
        _simple(_codes("a")),
        _simple(""),
        [("schema-facet-loosened", "S@enumeration", "ok", "breaking")],
    ),
    "nillable": (
        _root(A),
        _root(_with(A, 'nillable="true"')),
        [("schema-nillable", "R/A@nillable", "ok", "breaking")],
    ),
    "default": (
        _root(A, X.format(' default="1"')),
        _root(A, X.format(' default="2"')),
        [("schema-default", "R/@x", "silent", "silent")],
    ),
    "fixed": (
        _root(A, X.format("")),
        _root(A, X.format(' fixed="1"')),
        [("schema-default", "R/@x", "breaking", "silent")],
    ),
    "default of an element": (
        _root(_with(A, 'default="q"')),
        _root(A),
        [("schema-default", "R/A@default", "silent", "silent")],
    ),
    "wildcard": (
        _root(A),
        _root(A + '<xs:any namespace="##other" processContents="skip" minOccurs="0"/>'),
        [("schema-open-content", "R/*", "ok", "breaking")],
    ),
    "further attributes": (
        _root(A),
        _root(A, '<xs:anyAttribute processContents="skip"/>'),
        [("schema-open-content", "R@*", "ok", "breaking")],
    ),
    "mixed": (_root(A), _root(A, own=' mixed="true"'), [("schema-mixed", "R@mixed", "ok", "breaking")]),
    "abstract type": (
        _root(A),
        _root(A, own=' abstract="true"'),
        [("schema-abstract", "R@abstract", "breaking", "ok")],
    ),
    "blocked": (_root(A), _root(A, own=' block="#all"'), [("schema-abstract", "R@block", "review", "ok")]),
    "abstract head": (
        _root('<xs:element ref="t:H"/>', more=HEADS.format("")),
        _root('<xs:element ref="t:H"/>', more=HEADS.format(' abstract="true"')),
        [
            ("schema-abstract", "H@abstract", "breaking", "ok"),
            ("schema-child-removed", "R/H", "breaking", "ok"),
            ("schema-cardinality-tightened", "R/M", "breaking", "ok"),
        ],
    ),
    "identity": (
        _root(MANY),
        _root(MANY).replace('<xs:element name="Root" type="t:R"/>', UNIQUE),
        [("schema-identity", "Root@identity", "review", "ok")],
    ),
    "words": (
        _root(A),
        _root(A.replace("/>", f">{WORDS}</xs:element>")),
        [("schema-documentation", "R@documentation", "ok", "ok")],
    ),
    "text to elements": (_root(A), _root(INNER), [("schema-type-changed", "R/A", "breaking", "breaking")]),
    "a type within itself": (
        _root('<xs:element name="A" type="t:R" minOccurs="0"/>'),
        _root('<xs:element name="A" type="t:R" minOccurs="0" maxOccurs="2"/>'),
        [("schema-cardinality-loosened", "R/A", "ok", "breaking")],
    ),
    "a type that no document can have": (
        _root('<xs:element name="A" type="t:R"/>'),
        _root('<xs:element name="A" type="t:R"/>' + B),
        [("schema-child-added", "R/B", "ok", "review")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_change_is_reported_with_both_verdicts(tmp_path: Path, name: str) -> None:
    """Each kind of change shall be reported once, at its place, with a proved verdict for each direction."""
    old, new, expected = CASES[name]
    found = changes(tmp_path, old, new)
    assert verdicts(found) == expected
    for one in found:
        for judgement, writer, reader in ((one.old_under_new, old, new), (one.new_under_old, new, old)):
            if judgement.verdict in (Verdict.BREAKING, Verdict.SILENT):
                assert judgement.demand is not None
                document = judgement.demand.document
                assert document is not None
                assert is_valid(writer, document)
                assert is_valid(reader, document) is (judgement.verdict is Verdict.SILENT)


def test_a_change_of_a_base_is_reported_once(tmp_path: Path) -> None:
    """A facet of a base type shall be one change, at the base, though derived types and uses have it too."""
    use = '<xs:element name="A" type="t:C"/><xs:element name="B" type="t:C"/>'
    base = (
        '<xs:complexType name="C"><xs:simpleContent><xs:extension base="t:S">'
        '<xs:attribute name="u"/></xs:extension>'
        '</xs:simpleContent></xs:complexType><xs:simpleType name="S"><xs:restriction base="xs:string">'
        '<xs:maxLength value="{}"/></xs:restriction></xs:simpleType>'
    )
    found = changes(tmp_path, _root(use, more=base.format(4)), _root(use, more=base.format(2)))
    assert verdicts(found) == [("schema-facet-tightened", "S@maxLength", "breaking", "ok")]
    assert "such as `aaa`" in found[0].old_under_new.why


def test_only_what_the_root_holds_is_compared(tmp_path: Path) -> None:
    """With a root element given, types that its documents cannot hold shall not be reported."""
    other = '<xs:element name="Other" type="t:P"/>' + P
    more = other.replace("<xs:sequence/>", f"<xs:sequence>{B}</xs:sequence>")
    old, new = (
        write(tmp_path, "old.xsd", _root(A, more=other)),
        write(tmp_path, "new.xsd", _root(A, more=more)),
    )
    assert compare_xsd(old, new, "Root", "Root") == []
    assert len(compare_xsd(old, new, "Other", "Other")) == 1
    assert len(compare_xsd(old, new, None, None)) == 1


def test_namespaces_of_releases_are_one_change(tmp_path: Path) -> None:
    """A new namespace shall be one change; all else is judged as if it were the same, and says so."""
    found = changes(tmp_path, _root(A), _root(A + MUST).replace("urn:t", "urn:t2"))
    assert [one.kind for one in found] == ["schema-namespace", "schema-child-added"]
    assert found[1].old_under_new.verdict is Verdict.BREAKING
    assert "as if the namespaces were the same" in found[1].old_under_new.why


def test_includes_imports_and_chameleons_are_followed(tmp_path: Path) -> None:
    """Types of included, imported and chameleon documents shall be compared; circles shall not matter."""
    for name, length in (("old", 3), ("new", 2)):
        home = tmp_path / name
        facet = f'<xs:restriction base="xs:string"><xs:maxLength value="{length}"/></xs:restriction>'
        short = f'<xs:simpleType name="S">{facet}</xs:simpleType>'
        chameleon = schema(short).replace(' targetNamespace="urn:t" xmlns:t="urn:t"', "")
        write(home, "parts/short.xsd", chameleon)
        back = '<xs:include schemaLocation="main.xsd"/>'
        write(home, "other.xsd", schema(back + '<xs:include schemaLocation="parts/short.xsd"/>'))
        write(home, "far.xsd", schema('<xs:element name="F" type="xs:int"/>', "urn:far"))
        include = (
            '<xs:import namespace="urn:far" schemaLocation="far.xsd"/>'
            '<xs:include schemaLocation="other.xsd"/>'
        )
        text = _root('<xs:element name="A" type="t:S"/><xs:element ref="f:F"/>')
        start = text.index(">") + 1
        write(home, "main.xsd", text[: start - 1] + ' xmlns:f="urn:far">' + include + text[start:])
    found = compare_xsd(tmp_path / "old/main.xsd", tmp_path / "new/main.xsd", "Root", "Root")
    assert verdicts(found) == [("schema-facet-tightened", "S@maxLength", "breaking", "ok")]


def test_a_redefined_type_counts_as_redefined(tmp_path: Path) -> None:
    """A type that another document redefines shall be compared as it was redefined."""
    write(
        tmp_path,
        "base.xsd",
        schema(f'<xs:complexType name="R"><xs:sequence>{A}</xs:sequence></xs:complexType>'),
    )
    more = (
        '<xs:redefine schemaLocation="base.xsd"><xs:complexType name="R"><xs:complexContent>'
        '<xs:extension base="t:R"><xs:sequence>{}</xs:sequence></xs:extension></xs:complexContent>'
        '</xs:complexType></xs:redefine><xs:element name="Root" type="t:R"/>'
    )
    old, new = (write(tmp_path, f"{n}.xsd", schema(more.format(c))) for n, c in (("old", ""), ("new", B)))
    assert verdicts(compare_xsd(old, new, "Root", "Root")) == [
        ("schema-child-added", "R/B", "ok", "breaking")
    ]


WRONG = {
    "a type that is missing": _root('<xs:element name="A" type="t:Nope"/>'),
    "a type derived from itself": _root(A, more=Q.replace("t:P", "t:Q")),
    "a group within itself": _root('<xs:group ref="t:G"/>', more=GROUP),
    "a number that is none": _root(_with(A, 'maxOccurs="many"')),
    "a prefix that is not declared": _root('<xs:element name="A" type="q:S"/>'),
    "an include from the network": _including("http://127.0.0.1:9/x.xsd"),
    "an include that is missing": _including("no.xsd"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_schema_is_a_problem(tmp_path: Path, name: str) -> None:
    """A schema that makes no sense shall be named with file and line, and nothing be called proved by it."""
    old, new = write(tmp_path, "old.xsd", WRONG[name]), write(tmp_path, "new.xsd", _root(A + MUST))
    found = compare_sets(old, new)
    assert any(problem.file == "old.xsd" for problem in found.problems)
    if "include" not in name:
        assert {one.old_under_new.verdict for one in found.changes} == {Verdict.REVIEW}


@pytest.mark.parametrize("text", ["", "<a/>", "no xml", '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'])
def test_a_file_that_is_no_schema_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is no XML Schema shall be refused with its name, not compared."""
    good, bad = write(tmp_path, "good.xsd", _root(A)), write(tmp_path, "bad.xsd", text)
    with pytest.raises(FormatError, match=r"bad\.xsd"):
        compare_xsd(good, bad, None, None)


def test_a_proving_document_is_plain_xml(tmp_path: Path) -> None:
    """Values with marks of XML in them shall stand in the proving document as they are."""
    old, new = (
        _simple('<xs:enumeration value="&lt;&amp;&quot;&#233;"/><xs:enumeration value="b"/>'),
        _simple(_codes("b")),
    )
    (found,) = changes(tmp_path, old, new)
    assert found.old_under_new.demand is not None
    document = etree.fromstring(found.old_under_new.demand.document or b"")
    assert document[0].text == '<&"é'
