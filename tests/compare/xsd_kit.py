"""Small schemas, and documents for them, for the tests of schema comparison."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st
from lxml import etree

from gateway.formats.compare.change import Change
from gateway.formats.compare.xsd import compare_xsd_sets

HEAD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"'


def schema(body: str, namespace: str = "urn:t") -> str:
    """Return a schema document with the declarations ``body``; the prefix ``t`` is its own namespace."""
    return f'{HEAD} targetNamespace="{namespace}" xmlns:t="{namespace}">{body}</xs:schema>'


def write(directory: Path, name: str, text: str) -> Path:
    """Write a file and return its path."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def changes(directory: Path, old: str, new: str) -> list[Change]:
    """Return the changes between two schema documents."""
    return compare_xsd_sets(write(directory, "old.xsd", old), write(directory, "new.xsd", new))


def verdicts(found: list[Change]) -> list[tuple[str, str, str, str]]:
    """Return kind, path and both verdicts of each change."""
    return [(c.kind, c.path, c.old_under_new.verdict.value, c.new_under_old.verdict.value) for c in found]


def is_valid(text: str, document: bytes) -> bool:
    """Whether ``document`` is valid under the schema ``text``."""
    return etree.XMLSchema(etree.fromstring(text.encode())).validate(etree.fromstring(document))


def _codes(values: str) -> str:
    return "".join(f'<xs:enumeration value="{one}"/>' for one in values)


# generated schemas: a root with child elements and attributes of a few types

SIMPLE = {
    "xs:string": ("a", "", " b "),
    "xs:token": ("a", "", " b "),
    "xs:integer": ("1", "-5", "700"),
    "xs:decimal": ("1.5", "2", "-0.25"),
    "xs:positiveInteger": ("1", "9"),
    "xs:date": ("2026-01-02",),
    "xs:boolean": ("true", "0"),
    "t:Short": ("a", "abc", "abcde", ""),
    "t:Code": ("A", "B", "C"),
    "t:Number": ("1", "5", "10", "99", "7.25"),
    "t:Numbers": ("", "1", "1 2", "1 2 3"),
    "t:Either": ("1", "A", "x"),
}
FACETS = {
    "t:Short": (
        "xs:string",
        (
            '<xs:maxLength value="3"/>',
            '<xs:maxLength value="5"/>',
            '<xs:minLength value="1"/>',
            '<xs:pattern value="[a-c]*"/>',
            '<xs:pattern value="[a-e]+"/>',
            "",
        ),
    ),
    "t:Code": ("xs:token", tuple(_codes(some) for some in ("A", "AB", "ABC", "BC"))),
    "t:Number": (
        "xs:decimal",
        (
            '<xs:maxInclusive value="10"/>',
            '<xs:maxExclusive value="10"/>',
            '<xs:minInclusive value="5"/>',
            '<xs:fractionDigits value="1"/>',
            '<xs:totalDigits value="2"/>',
            "",
        ),
    ),
}
WILD = '<xs:any namespace="##other" processContents="skip" minOccurs="0"/>'
EXTENSION = (
    '<xs:complexContent><xs:extension base="t:Part"><xs:sequence>'
    '<xs:element name="Z" type="xs:string" minOccurs="0"/></xs:sequence></xs:extension></xs:complexContent>'
)
NAMES = ("A", "B", "C", "D")
NUMBERS = ((1, "1"), (0, "1"), (0, "unbounded"), (1, "unbounded"), (0, "2"), (2, "3"))


@dataclass(frozen=True)
class Child:
    """A child element of a generated schema."""

    name: str
    type: str
    low: int
    high: str
    nillable: bool = False


@dataclass(frozen=True)
class Small:
    """A generated schema: a root, a complex type ``Part`` that it may hold, and three restricted types."""

    model: str
    children: tuple[Child, ...]
    part: tuple[Child, ...]
    attributes: tuple[tuple[str, str, str], ...]  #: name, type, use
    facets: tuple[int, int, int]
    derived: bool
    open: bool
    wrap: tuple[int, str] = field(default=(1, "1"))

    def text(self) -> str:
        """Return the schema document."""
        named = [
            _named(name[2:], base, choices[number])
            for (name, (base, choices)), number in zip(FACETS.items(), self.facets, strict=True)
        ]
        named.append('<xs:simpleType name="Numbers"><xs:list itemType="t:Number"/></xs:simpleType>')
        named.append('<xs:simpleType name="Either"><xs:union memberTypes="t:Number t:Code"/></xs:simpleType>')
        attributes = "".join(
            f'<xs:attribute name="{n}" type="{t}" use="{u}"/>' for n, t, u in self.attributes
        )
        wild = WILD if self.open and self.model == "sequence" else ""
        wrap = f' minOccurs="{self.wrap[0]}" maxOccurs="{self.wrap[1]}"' if self.model != "all" else ""
        content = f"<xs:{self.model}{wrap}>{_elements(self.children, self.model)}{wild}</xs:{self.model}>"
        part = f"<xs:sequence>{_elements(self.part, 'sequence')}</xs:sequence>"
        more = _complex("More", EXTENSION) if self.derived else ""
        root = '<xs:element name="Root" type="t:RootType"/>'
        types = _complex("RootType", content + attributes) + _complex("Part", part)
        return schema("".join(named) + root + types + more)


def _named(name: str, base: str, facets: str) -> str:
    inner = f'<xs:restriction base="{base}">{facets}</xs:restriction>'
    return f'<xs:simpleType name="{name}">{inner}</xs:simpleType>'


def _complex(name: str, inner: str) -> str:
    return f'<xs:complexType name="{name}">{inner}</xs:complexType>'


def _elements(some: tuple[Child, ...], model: str) -> str:
    made = []
    for one in some:
        high = "1" if model == "all" else one.high
        low = min(one.low, 1) if model == "all" else one.low
        nil = ' nillable="true"' if one.nillable else ""
        made.append(
            f'<xs:element name="{one.name}" type="{one.type}" minOccurs="{low}" maxOccurs="{high}"{nil}/>'
        )
    return "".join(made)


def _child(types: tuple[str, ...]) -> st.SearchStrategy[Child]:
    def build(name: str, type_: str, number: tuple[int, str], nillable: bool) -> Child:
        return Child(name, type_, *number, nillable)

    return st.builds(
        build, st.sampled_from(NAMES), st.sampled_from(types), st.sampled_from(NUMBERS), st.booleans()
    )


def _row(types: tuple[str, ...], most: int) -> st.SearchStrategy[tuple[Child, ...]]:
    return st.lists(_child(types), min_size=1, max_size=most, unique_by=lambda c: c.name).map(tuple)


_ATTRIBUTES = st.lists(
    st.tuples(
        st.sampled_from("xy"), st.sampled_from(tuple(SIMPLE)), st.sampled_from(("optional", "required"))
    ),
    max_size=2,
    unique_by=lambda a: a[0],
).map(tuple)
_FIELDS = {
    "model": st.sampled_from(("sequence", "sequence", "choice", "all")),
    "children": _row((*SIMPLE, "t:Part", "t:Part"), 3),
    "part": _row(tuple(SIMPLE), 2),
    "attributes": _ATTRIBUTES,
    "facets": st.tuples(*(st.integers(0, len(choices) - 1) for _, choices in FACETS.values())),
    "derived": st.booleans(),
    "open": st.booleans(),
    "wrap": st.sampled_from(((1, "1"), (1, "1"), (0, "1"), (1, "2"), (0, "unbounded"))),
}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Small, Small]:
    """Return a schema and another one in which one or two things differ."""
    old = Small(**{name: draw(each) for name, each in _FIELDS.items()})  # type: ignore[arg-type] # drawn by name
    given = {name: getattr(old, name) for name in _FIELDS}
    for name in draw(st.lists(st.sampled_from(tuple(_FIELDS)), min_size=1, max_size=2)):
        given[name] = draw(_mutated(name, given[name]))
    return old, Small(**given)


def _mutated(name: str, value: object) -> st.SearchStrategy[object]:
    """Return small changes of a row of children, or anything else instead."""
    if name not in ("children", "part") or not isinstance(value, tuple):
        return _FIELDS[name]
    fresh = _child((*SIMPLE, "t:Part") if name == "children" else tuple(SIMPLE))

    def change(one: Child, at: int, how: str) -> tuple[Child, ...]:
        at %= len(value)
        rest = [each for each in value if each.name != one.name]
        if how == "number":
            return (
                *value[:at],
                Child(value[at].name, value[at].type, one.low, one.high, one.nillable),
                *value[at + 1 :],
            )
        if how == "type":
            return (
                *value[:at],
                Child(value[at].name, one.type, value[at].low, value[at].high),
                *value[at + 1 :],
            )
        if how == "order":
            return tuple(reversed(value))
        return (*rest[:at], one, *rest[at:])

    return st.builds(change, fresh, st.integers(0, 3), st.sampled_from(("number", "type", "order", "add")))


def documents(small: Small, seed: int, number: int = 25) -> list[bytes]:
    """Return documents that are mostly valid under ``small``."""
    chance = random.Random(seed)  # noqa: S311 # documents, no secrets
    return [_document(small, chance) for _ in range(number)]


def _document(small: Small, chance: random.Random) -> bytes:
    given = "".join(
        f' {name}="{chance.choice(SIMPLE[type_])}"'
        for name, type_, use in small.attributes
        if use == "required" or chance.random() < 0.5
    )
    low, high = small.wrap
    turns = chance.choice([low, 1, 1, 2 if high != "1" else 1]) if small.model != "all" else 1
    inner = "".join(_content(small, chance) for _ in range(turns))
    return f'<Root xmlns="urn:t" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"{given}>{inner}</Root>'.encode()


def _content(small: Small, chance: random.Random) -> str:
    some = list(small.children)
    if small.model == "choice":
        some = [chance.choice(some)]
    elif small.model == "all":
        chance.shuffle(some)
    text = "".join(_child_text(small, one, chance) for one in some)
    wild = (
        '<w xmlns="urn:other"/>' if small.open and small.model == "sequence" and chance.random() < 0.5 else ""
    )
    return text + wild


def _child_text(small: Small, one: Child, chance: random.Random) -> str:
    most = {"1": 1, "2": 2, "3": 3, "unbounded": 4}[one.high] if small.model != "all" else 1
    return "".join(_one(small, one, chance) for _ in range(chance.randint(min(one.low, most), most)))


def _one(small: Small, one: Child, chance: random.Random) -> str:
    if one.nillable and chance.random() < 0.2:
        return f'<{one.name} xsi:nil="true"/>'
    if one.type != "t:Part":
        return f"<{one.name}>{chance.choice(SIMPLE[one.type])}</{one.name}>"
    inner = "".join(_child_text(small, each, chance) for each in small.part)
    if small.derived and chance.random() < 0.3:
        return f'<{one.name} xmlns:t="urn:t" xsi:type="t:More">{inner}<Z>z</Z></{one.name}>'
    return f"<{one.name}>{inner}</{one.name}>"
