"""Documents made from a schema: the smallest ones, and ones that hold a wanted construct.

A document is made as a tree of nodes with canonical names, so that it can be written in the namespaces
of either of two schemas that are compared.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.formats.compare.xsd.model import (
    XSI,
    Attribute,
    Complex,
    Element,
    Particle,
    Schema,
    Simple,
    Use,
    terms,
    wildcards,
)
from gateway.formats.compare.xsd.rows import Row, row_with, shortest
from gateway.formats.compare.xsd.texts import sample
from gateway.formats.compare.xsd.writing import Node, Writing

_DEPTH = 60
_INFINITE = float("inf")


class Shape(NamedTuple):
    """What the content of an element shall be, beyond the smallest that is valid."""

    row: Row | None = None  #: the child elements
    attributes: tuple[tuple[str, str | None], ...] = ()  #: None: left out
    text: str | None = None
    nil: bool = False
    child: tuple[str, Shape] | None = None  #: what the children of that name shall be


_SMALLEST = Shape()


class _Way(NamedTuple):
    """How a type comes into a document: through a root element, or from another type."""

    root: str | None = None
    parent: str = ""
    child: str = ""
    attribute: str | None = None
    as_type: bool = False  #: by ``xsi:type`` where the parent type stands
    same_text: bool = False  #: its text is the text of the parent, as that of a list's item may be


class Impossible(Exception):
    """No such document can be made, or none is found."""


@dataclass(slots=True)
class Maker:
    """Makes documents of one schema."""

    schema: Schema
    roots: tuple[str, ...]  #: names of global elements with which a document may start
    open: bool = False  #: a wildcard lets declared elements in anywhere: more types may be in documents
    lax: bool = False  #: a wildcard lets elements in as they come, as long as nothing declares them
    open_attributes: bool = False  #: a wildcard lets declared attributes in
    _costs: dict[str, float] = field(default_factory=dict)
    _rows: dict[str, Row] = field(default_factory=dict)
    _rows_with: dict[tuple[str, str], Row] = field(default_factory=dict)
    _ways: dict[str, _Way] = field(default_factory=dict)
    _named: dict[str, str] = field(default_factory=dict)  #: type -> type that it may stand for by xsi:type
    _uses: dict[str, dict[str, Element]] = field(default_factory=dict)
    _smallest: dict[tuple[str, str], Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find out which types documents can hold, and how."""
        self._find_ways()
        self._find_costs()

    # which types there are in documents

    def reaches(self, key: str) -> bool:
        """Whether a document can hold the type ``key``, as far as its declaration says."""
        return key in self._ways

    def is_named(self, key: str) -> bool:
        """Whether ``xsi:type`` may name the type ``key`` somewhere in a document."""
        return key in self._named

    def reached(self) -> Iterator[str]:
        """Yield the types that documents can hold, those near the root first."""
        yield from self._ways

    def _find_ways(self) -> None:
        derived: dict[str, list[str]] = {}
        for key, one in self.schema.named().items():
            if one.base is not None:
                derived.setdefault(one.base, []).append(key)
        waiting = deque[str]()
        elements: set[str] = set()  # types that elements have: of these alone xsi:type may name a derived one

        def reach(key: str, way: _Way) -> None:
            if key not in elements:
                elements.add(key)
                self._ways[key] = way
                waiting.append(key)

        for root in self.roots:
            reach(self.schema.elements[root].type, _Way(root=root))
        while waiting:
            key = waiting.popleft()
            for name, element in self.elements(key).items():
                if element.type not in elements:
                    reach(element.type, _Way(parent=key, child=name))
            waiting += self._texts_within(key)
            for other in derived.get(key, ()) if key in elements else ():
                self._named.setdefault(other, key)
                reach(other, _Way(parent=key, as_type=True))

    def _texts_within(self, key: str) -> Iterator[str]:
        """Yield the types of attributes and texts of the type ``key`` that were not reached before.

        What the wildcards of the type let in is noted.
        """
        one = self.schema.types.get(key)
        if isinstance(one, Complex):
            for name, attribute in one.attributes.items():
                if attribute.type.key not in self._ways:
                    self._ways[attribute.type.key] = _Way(parent=key, attribute=name)
                    yield attribute.type.key
            self._note_wildcards(one)
        texts = (one.text,) if isinstance(one, Complex) else (one.item, *one.members) if one else ()
        for text in texts:
            if text is not None and text.key not in self._ways:
                self._ways[text.key] = _Way(parent=key, same_text=True)
                yield text.key

    def _note_wildcards(self, one: Complex) -> None:
        found = {each.process for each in wildcards(one.content)}
        self.open = self.open or bool(found - {"skip"})
        self.lax = self.lax or "lax" in found
        any_attribute = one.any_attribute
        if any_attribute is not None and any_attribute.process != "skip":
            self.open_attributes = True

    def elements(self, key: str) -> dict[str, Element]:
        """Return the child elements of the type ``key`` by name."""
        if key not in self._uses:
            one = self.schema.types.get(key)
            found = terms(one.content) if isinstance(one, Complex) else ()
            self._uses[key] = {
                use.element.name: use.element for use in found if isinstance(use, Use) and use.high != 0
            }
        return self._uses[key]

    # smallest content

    def _find_costs(self) -> None:
        """Find the smallest content of every type; one that must hold itself has none."""
        waiting = list(self._ways)
        only: dict[str, Row | None] = {}  # rows of types that leave no choice
        while waiting:
            left = [key for key in waiting if not self._settle(key, only)]
            if len(left) == len(waiting):
                return
            waiting = left

    def _settle(self, key: str, only: dict[str, Row | None]) -> bool:
        one = self.schema.types.get(key)
        if not isinstance(one, Complex):
            self._costs[key] = 1
            return True
        row = only[key] if key in only else self._shortest(key, one.content, only)
        cost = _INFINITE if row is None else self._row_cost(key, row)
        if row is None or cost == _INFINITE:
            return False
        self._rows[key], self._costs[key] = row, 1 + cost
        return True

    def _shortest(self, key: str, content: Particle | None, only: dict[str, Row | None]) -> Row | None:
        asked = False

        def cost(row: Row) -> float:
            nonlocal asked
            asked = True
            return self._row_cost(key, row)

        row = shortest(content, cost)
        if not asked:
            only[key] = row
        return row

    def _row_cost(self, key: str, row: Row) -> float:
        elements = self.elements(key)
        return sum(self._costs.get(elements[name].type, _INFINITE) if name in elements else 1 for name in row)

    # nodes

    def node(
        self, element: Element, key: str, shape: Shape, depth: int = 0, *, xsi_type: bool = False
    ) -> Node:
        """Return ``element`` with the type ``key`` and the content that ``shape`` wants; else the smallest.

        Raises Impossible where there is none.
        """
        plain = not xsi_type and (shape is _SMALLEST or shape == _SMALLEST)
        known = self._smallest.get((element.name, key)) if plain else None
        if known is not None and known.qualified == element.qualified:
            return known
        if depth > _DEPTH:
            raise Impossible
        made = self._node(element, key, shape, depth, key if xsi_type else None)
        if plain:
            self._smallest[element.name, key] = made
        return made

    def _node(self, element: Element, key: str, shape: Shape, depth: int, xsi_type: str | None) -> Node:
        one = self.schema.types.get(key)
        attributes = self._attributes(one, shape)
        if shape.nil:
            attributes = (*attributes, (f"{{{XSI}}}nil", "true"))
            return Node(element.name, element.qualified, attributes, xsi_type=xsi_type)
        if isinstance(one, Complex) and one.text is None:
            row = shape.row if shape.row is not None else self._rows.get(key)
            if row is None:
                raise Impossible
            children = tuple(self._child(key, name, shape, depth) for name in row)
            return Node(element.name, element.qualified, attributes, children, shape.text or "", xsi_type)
        text = one.text if isinstance(one, Complex) else one
        return Node(element.name, element.qualified, attributes, (), _text(element, text, shape), xsi_type)

    def _attributes(self, one: object, shape: Shape) -> tuple[tuple[str, str], ...]:
        wanted: dict[str, str | None] = {}
        if isinstance(one, Complex):
            wanted = {name: _attribute_text(each) for name, each in one.attributes.items() if each.required}
        wanted |= dict(shape.attributes)
        return tuple((name, text) for name, text in wanted.items() if text is not None)

    def _child(self, key: str, name: str, shape: Shape, depth: int) -> Node:
        element = self.elements(key).get(name)
        if element is None:
            return Node(name)
        inner = shape.child[1] if shape.child is not None and shape.child[0] == name else _SMALLEST
        return self.node(element, element.type, inner, depth + 1)

    # documents

    def root(self, name: str, shape: Shape | None = None) -> Node:
        """Return a document with the root element ``name``; Impossible where none is found."""
        element = self.schema.elements[name]
        return self.node(element, element.type, shape or _SMALLEST)

    def document(self, key: str, shape: Shape) -> Node:
        """Return a document in which an element of the type ``key`` is as ``shape`` wants it."""
        as_type: str | None = None
        for _ in range(_DEPTH):
            way = self._ways.get(key)
            if way is None:
                raise Impossible
            if way.root is not None:
                element = self.schema.elements[way.root]
                return self.node(element, as_type or key, shape, xsi_type=as_type is not None)
            if way.as_type:
                as_type, key = as_type or key, way.parent
                continue
            key, shape, as_type = way.parent, self._around(way, shape, as_type), None
        raise Impossible

    def _around(self, way: _Way, shape: Shape, as_type: str | None) -> Shape:
        """Return what the parent shall be so that it holds ``shape`` where ``way`` says."""
        if way.same_text:
            return shape
        if way.attribute is not None:
            one = self.schema.types[way.parent]
            if shape.text is None and isinstance(one, Complex):
                return Shape(attributes=((way.attribute, _attribute_text(one.attributes[way.attribute])),))
            return Shape(attributes=((way.attribute, shape.text),))
        if as_type is not None:
            shape = Shape(
                shape.row,
                (*shape.attributes, (f"{{{XSI}}}type", as_type)),
                shape.text,
                shape.nil,
                shape.child,
            )
        return Shape(row=self.row(way.parent, way.child), child=(way.child, shape))

    def row(self, key: str, name: str) -> Row:
        """Return a row of children of the type ``key`` with one or a few called ``name``."""
        known = self._rows_with.get((key, name))
        if known is not None:
            return known
        one = self.schema.types.get(key)
        content = one.content if isinstance(one, Complex) else None
        for number in (1, 2, 3, 5, 10):
            row = row_with(content, name, number, lambda row: self._row_cost(key, row))
            if row is not None:
                self._rows_with[key, name] = row
                return row
        raise Impossible

    def standing_for(self, key: str) -> Node:
        """Return a document that names the type ``key`` by ``xsi:type``; Impossible where none may."""
        base = self._named.get(key)
        if base is None:
            raise Impossible
        inner = self._node(Element("{}x", key), key, Shape(), 0, None)
        shape = Shape(
            row=tuple(one.name for one in inner.children) if inner.children else None,
            attributes=(*inner.attributes, (f"{{{XSI}}}type", key)),
            text=inner.text or None,
        )
        return self.document(base, shape)


def _text(element: Element, text: Simple | None, shape: Shape) -> str:
    if shape.text is not None:
        return shape.text
    if element.fixed is not None:
        return element.fixed
    found = sample(text) if text is not None else ""
    if found is None:
        raise Impossible
    return found


def _attribute_text(attribute: Attribute) -> str:
    found = attribute.fixed if attribute.fixed is not None else sample(attribute.type)
    if found is None:
        raise Impossible
    return found


def instance(schema: Schema, root: str, writing: Writing | None = None) -> bytes | None:
    """Return the smallest document of ``schema`` with the root element ``root``; None where none is found."""
    if root not in schema.elements:
        return None
    try:
        return (writing or Writing()).text(Maker(schema, (root,)).root(root))
    except Impossible:
        return None
