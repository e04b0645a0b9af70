"""How much work a comparison of schemas is: what is the same is found so, and nothing is asked twice."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FormatError
from gateway.formats.compare.xsd import compare_xsd_sets, content, matching
from gateway.formats.compare.xsd.building import build
from gateway.formats.compare.xsd.documents import read_set
from gateway.formats.compare.xsd.model import Complex, Schema, uses
from gateway.formats.compare.xsd.writing import Node, Writing, quoted
from tests.compare.xsd_kit import changes, schema, write
from tests.readers.document_kit import reference


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Counter[str]:
    """Count the calls of ``owner.name`` from now on."""
    calls: Counter[str] = Counter()
    real = getattr(owner, name)

    def counting(*arguments: Any) -> Any:
        calls[name] += 1
        return real(*arguments)

    monkeypatch.setattr(owner, name, counting)
    return calls


def built(directory: Path, *bodies: str) -> Schema:
    """Return the model of schemas with these declarations, all of one namespace."""
    for number, body in enumerate(bodies):
        write(directory, f"{number}.xsd", schema(body))
    return build(read_set(directory))


def children_of(model: Schema, name: str) -> list[Any]:
    """Return the child elements of a global complex type."""
    one = model.types[f"{{urn:t}}{name}"]
    assert isinstance(one, Complex)
    return [use.element for use in uses(one.content)]


def test_two_releases_take_few_walks_and_one_document_for_each_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two releases few content models shall be followed to the end, and few documents made in vain."""
    walks = counted(monkeypatch, content, "counterexample")
    documents = counted(monkeypatch, matching.Side, "takes")
    found = compare_xsd_sets(reference("b2mml", "V0401"), reference("b2mml", "V0500"))
    proved = sum(one.demand is not None for c in found for one in (c.old_under_new, c.new_under_old))
    assert walks.total() < 20  # of 200 models that changed
    assert documents.total() <= 2 * proved + 10


def test_a_release_is_found_equal_to_itself_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a release and itself no content model shall be compared and no document made."""
    asked = [
        counted(monkeypatch, content, "covers"),
        counted(monkeypatch, content, "counterexample"),
        counted(monkeypatch, matching.Side, "takes"),
    ]
    assert compare_xsd_sets(reference("b2mml", "V0500"), reference("b2mml", "V0500")) == []
    assert not any(calls.total() for calls in asked)


def test_elements_in_the_same_words_are_read_once(tmp_path: Path) -> None:
    """Types, of several files too, shall share one value for elements that they declare in the same words."""
    inner = '<xs:sequence><xs:element name="A" type="xs:int"/></xs:sequence>'
    body = f'<xs:complexType name="{{}}">{inner}</xs:complexType>'
    model = built(tmp_path, body.format("One") + body.format("Two"), body.format("Three"))
    one, two, three = (children_of(model, name)[0] for name in ("One", "Two", "Three"))
    assert one is two is three


def test_the_same_words_mean_what_their_place_says(tmp_path: Path) -> None:
    """A prefix that is declared anew within a schema shall mean there what it was declared to mean."""
    element = '<xs:element name="A" type="p:D"/>'
    use = f'<xs:complexType name="{{}}"><xs:sequence {{}}>{element}</xs:sequence></xs:complexType>'
    own = '<xs:simpleType name="D"><xs:restriction base="xs:string"/></xs:simpleType>'
    other = 'xmlns:p="urn:other"'
    write(tmp_path, "other.xsd", schema(own, "urn:other"))
    bring = '<xs:import namespace="urn:other" schemaLocation="other.xsd"/>'
    types = bring + own + use.format("Here", 'xmlns:p="urn:t"') + use.format("There", other)
    model = build(read_set(write(tmp_path, "main.xsd", schema(types))))
    assert [children_of(model, name)[0].type for name in ("Here", "There")] == ["{urn:t}D", "{urn:other}D"]


def test_a_problem_is_told_at_each_of_its_places(tmp_path: Path) -> None:
    """The same wrong words in two places shall be two problems, each with its line."""
    wrong = '\n<xs:element name="A" type="t:Absent"/>'
    both = f'<xs:complexType name="T"><xs:sequence>{wrong}{wrong}</xs:sequence></xs:complexType>'
    problems = built(tmp_path, both).problems
    assert [(one.line, one.message) for one in problems] == [
        (2, "there is no type 'Absent'"),
        (3, "there is no type 'Absent'"),
    ]


def test_an_attribute_has_the_redefined_type_outside_of_its_redefinition(tmp_path: Path) -> None:
    """Attributes in the same words shall have the type as it is where they stand: as redefined, or before."""
    attribute = '<xs:attribute name="a" type="t:Code"/>'
    restricted = '<xs:restriction base="{}"><xs:maxLength value="{}"/></xs:restriction>'
    code = f'<xs:simpleType name="Code">{restricted}</xs:simpleType>'
    write(tmp_path, "base.xsd", schema(code.format("xs:string", 9)))
    main = schema(
        f'<xs:redefine schemaLocation="base.xsd">{code.format("t:Code", 3)}</xs:redefine>'
        f'<xs:complexType name="One">{attribute}</xs:complexType>'
        f'<xs:complexType name="Two">{attribute}</xs:complexType>'
    )
    model = build(read_set(write(tmp_path, "main.xsd", main)))
    types = [model.types[f"{{urn:t}}{name}"] for name in ("One", "Two")]
    assert [one.attributes["a"].type.facets.max_length for one in types if isinstance(one, Complex)] == [3, 3]


def test_words_for_people_are_no_change_of_a_child(tmp_path: Path) -> None:
    """Documentation that changed at a child element alone shall not be reported as a change of its type."""
    words = "<xs:annotation><xs:documentation>{}</xs:documentation></xs:annotation>"
    child = '<xs:element name="A" type="xs:int">{}</xs:element>'
    body = '<xs:element name="R"><xs:complexType><xs:sequence>{}</xs:sequence></xs:complexType></xs:element>'
    old, new = (schema(body.format(child.format(words.format(text)))) for text in ("one", "another"))
    assert {one.kind for one in changes(tmp_path, old, new)} <= {"schema-documentation"}


def test_garbage_is_looked_for_again_afterwards(tmp_path: Path) -> None:
    """A comparison, one that fails too, shall leave the collection of garbage as it was."""
    changes(tmp_path, schema('<xs:element name="A"/>'), schema('<xs:element name="B"/>'))
    assert gc.isenabled()
    with pytest.raises(FormatError):
        compare_xsd_sets(tmp_path / "absent.xsd", tmp_path / "old.xsd")
    assert gc.isenabled()


@given(st.text(st.sampled_from("aé\"'<>&\t\n\r ]]\U0001f600"), max_size=12))
def test_values_are_quoted_as_the_standard_library_does(text: str) -> None:
    """Values of attributes shall stand in documents as the standard library writes them."""
    assert quoted(text) == quoteattr(text)


def test_a_document_in_two_writings_is_each_of_them() -> None:
    """A document that is drawn once for two writings shall be what either of them makes of it alone."""
    node = Node(
        "{urn:a}R",
        attributes=(("{urn:b}x", "1"), ("{http://www.w3.org/XML/1998/namespace}lang", "de")),
        children=(Node("{urn:b}C", text="<1>\r"), Node("{urn:a}D", qualified=False), Node("{}E")),
        xsi_type="{urn:a}T",
    )
    names: tuple[dict[str, str], ...] = (
        {},
        {"urn:a": "urn:z"},
        {"urn:a": "", "": "urn:q"},
        {"urn:a": "urn:b"},
        {"": "urn:a"},
    )
    writings = [Writing(each, forms) for each in names for forms in ({}, {"urn:a": True})]
    for one in writings:
        for other in writings:
            assert one.both(other, node) == (one.text(node), other.text(node))
