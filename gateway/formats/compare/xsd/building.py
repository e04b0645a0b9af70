"""From the documents of a set to the model: names resolved, derivations and groups worked out.

What is missing or makes no sense becomes a problem, and something harmless stands for it: a type that
takes anything, an element that is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd import builtin, simple_types
from gateway.formats.compare.xsd.attributes import DEPTH, Attributes
from gateway.formats.compare.xsd.declared import (
    Broken,
    Declared,
    block_of,
    constraint_of,
    documentation,
    occurs,
    substitute,
    true_in,
)
from gateway.formats.compare.xsd.documents import given_in
from gateway.formats.compare.xsd.model import (
    ANY_TYPE,
    XS,
    Attribute,
    Complex,
    Element,
    Group,
    Particle,
    Schema,
    Simple,
    Type,
    Use,
    Wildcard,
    local,
)

if TYPE_CHECKING:
    from lxml import etree

    from gateway.formats.compare.xsd.documents import Document, Documents

#: Tags of particles, and what they are called.
_PARTICLES = {f"{{{XS}}}{name}": name for name in ("sequence", "choice", "all", "group", "element", "any")}
_ELEMENT, _COMPLEX, _SIMPLE, _EXTENSION, _RESTRICTION = (
    f"{{{XS}}}{name}" for name in ("element", "complexType", "simpleType", "extension", "restriction")
)
_SIMPLE_CONTENT, _COMPLEX_CONTENT = f"{{{XS}}}simpleContent", f"{{{XS}}}complexContent"
_CONSTRAINTS = tuple(f"{{{XS}}}{name}" for name in ("unique", "key", "keyref"))

#: Content, text, whether it is mixed, attributes, what further ones, and base of a complex type.
_Parts = tuple[Particle | None, Simple | None, bool, dict[str, Attribute], Wildcard | None, str]


def build(documents: Documents, names: Mapping[str, str] | None = None) -> Schema:
    """Return what ``documents`` declare; ``names`` gives a namespace its canonical name, where it differs."""
    return _Builder(documents, names or {}).schema()


class _Builder(Attributes):
    """Reads declarations when they are asked for, each once."""

    def __init__(self, documents: Documents, names: Mapping[str, str]) -> None:
        super().__init__(documents, names)
        self._types: dict[str, Type] = builtin.builtin_types()
        self._worded: dict[tuple[object, ...], Use] = {}
        self._open: list[str] = []

    def schema(self) -> Schema:
        """Return the whole model."""
        elements = {}
        for (kind, name), one in list(self._declared.items()):
            if kind == "type":
                self._type(name)
            elif kind == "element":
                elements[name] = self._element(one.document, one.element, name, name + "/")
        elements = {name: elements[name] for name in sorted(elements)}
        substitute(self._types, elements)
        forms = {}
        for document in self._documents.found:
            forms[self._canonical(document.namespace)] = (
                document.settings.get("elementFormDefault") == "qualified",
                document.settings.get("attributeFormDefault") == "qualified",
            )
        attributes = {
            name: self._global_attribute(one)
            for (kind, name), one in self._declared.items()
            if kind == "attribute"
        }
        return Schema(elements, self._types, attributes, forms, tuple(self._problems))

    # types

    def _type(self, name: str) -> Type:
        """Return the global or built-in type ``name``; a type that takes anything where there is none."""
        if name in self._types:
            return self._types[name]
        declared = self._find("type", name)
        if name in self._open or len(self._open) > DEPTH:
            raise Broken(f"the type {local(name)!r} is derived from itself")
        self._open.append(name)
        try:
            made = self._declared_type(declared, name)
        finally:
            self._open.pop()
        self._types[name] = made
        return made

    def _declared_type(self, declared: Declared, name: str) -> Type:
        is_redefined = declared.before is not None
        if declared.before is not None:
            self._types[name] = self._declared_type(declared.before, name)
        self._redefining += is_redefined
        try:
            return self._read_type(declared.document, declared.element, name)
        except ValueError as error:
            self._problem(declared.document, declared.element, str(error), local(name))
            return builtin.ANYTHING._replace(key=name)
        finally:
            self._redefining -= is_redefined

    def _read_type(self, document: Document, element: etree._Element, key: str) -> Type:
        if element.tag == _COMPLEX:
            return self._complex(document, element, key)
        made = self._simple(document, element, key)
        return dataclasses.replace(made, documentation=documentation(element))

    def _complex(self, document: Document, element: etree._Element, key: str) -> Complex:
        given, derived = given_in(element), _derivation(element)
        mixed = true_in(given, "mixed")
        if derived is None:
            text, base, content = None, ANY_TYPE, self._content(document, element, key)
            attributes, anything = self._attributes_of(document, element, key, {}, None)
        else:
            parts = self._derived(document, *derived, key, mixed)
            content, text, mixed, attributes, anything, base = parts
        return Complex(
            key,
            content,
            text,
            mixed,
            true_in(given, "abstract"),
            attributes,
            anything,
            base,
            block_of(document, given),
            documentation(element),
        )

    def _derived(
        self, document: Document, kind: etree._Element, element: etree._Element, key: str, mixed: bool
    ) -> _Parts:
        mixed = mixed or true_in(given_in(kind), "mixed")
        base = self._type(self._resolve(document, element, element.get("base", "")))
        extends = element.tag == _EXTENSION
        inherited = base.attributes if isinstance(base, Complex) else {}
        wild = base.any_attribute if isinstance(base, Complex) and extends else None
        attributes, anything = self._attributes_of(
            document, element, key, {} if base.key == ANY_TYPE else inherited, wild
        )
        if kind.tag == _SIMPLE_CONTENT:
            text = self._text(document, element, key, base, extends)
            return None, text, mixed, attributes, anything, base.key
        content = self._content(document, element, key)
        if extends and isinstance(base, Complex):
            both = [part for part in (base.content, content) if part is not None]
            content = Group("sequence", tuple(both)) if len(both) > 1 else (both[0] if both else None)
            mixed = mixed or (base.mixed and base.key != ANY_TYPE)
        return content, None, mixed, attributes, anything, base.key

    def _text(
        self, document: Document, element: etree._Element, key: str, base: Type, extends: bool
    ) -> Simple:
        text = base.text if isinstance(base, Complex) else base
        within = next(element.iterchildren(_SIMPLE), None)
        if within is not None:
            text = self._simple(document, within, f"{key}/value")
        if text is None:
            raise Broken("the base of the simple content has no text")
        if extends:
            return text
        facets = simple_types.restricted(text, element.iterchildren())
        return dataclasses.replace(text, key=f"{key}/value", facets=facets, base=text.key)

    # content

    def _content(self, document: Document, element: etree._Element, key: str) -> Particle | None:
        parts = self._parts(document, element, key)
        return parts[0] if parts else None

    def _parts(self, document: Document, element: etree._Element, key: str) -> tuple[Particle, ...]:
        context, found, may_hold = self._context(document), [], self._depth < DEPTH
        for child in element:
            if child.tag in _PARTICLES:
                is_plain = child.tag == _ELEMENT and len(child) == 0 and may_hold
                words = (context, *child.items()) if is_plain else ()
                part = self._worded.get(words) or self._particle(document, child, key)
                if part is not None:
                    found.append(part)
        return tuple(found)

    def _particle(self, document: Document, element: etree._Element, key: str) -> Particle | None:
        self._depth += 1
        try:
            if self._depth > DEPTH:
                raise Broken("groups are nested too deeply, or a group holds itself")
            return self._read_particle(document, element, key)
        except ValueError as error:
            self._problem(document, element, str(error), element.get("name") or element.get("ref"))
            return None
        finally:
            self._depth -= 1

    def _read_particle(self, document: Document, element: etree._Element, key: str) -> Particle | None:
        kind = _PARTICLES[element.tag]
        if kind == "element":
            return self._use(document, element, key)
        low, high = occurs(given_in(element))
        if kind == "any":
            return self._wildcard(document, element, low, high)
        if kind == "group":
            declared = self._find("group", self._resolve(document, element, element.get("ref", "")))
            return self._group(declared, key, low, high)
        return Group(kind, self._parts(document, element, key), low, high)

    def _group(self, declared: Declared, key: str, low: int, high: int | None) -> Particle | None:
        """Return a named group's content; one that redefines itself finds what it was before."""
        name = f"{{{self._canonical(declared.document.namespace)}}}{declared.element.get('name')}"
        if declared.before is not None:
            self._declared["group", name] = declared.before
        try:
            content = self._content(declared.document, declared.element, key)
        finally:
            self._declared["group", name] = declared
        return None if content is None else Group("sequence", (content,), low, high)

    # elements

    def _use(self, document: Document, element: etree._Element, key: str) -> Use:
        """Return an element of a content model; what many types say in the same words is read once."""
        given, told = given_in(element), self._told
        low, high = occurs(given)
        use = Use(self._local(document, element, given, key), low, high)
        # a problem is told with its line, each time
        if len(element) == 0 and document.prefixes is not None and self._told == told:
            self._worded[self._context(document), *given.items()] = use
        return use

    def _local(
        self, document: Document, element: etree._Element, given: Mapping[str, str], key: str
    ) -> Element:
        if given.get("ref"):
            name = self._resolve(document, element, given["ref"])
            declared = self._find("element", name)
            return self._element(declared.document, declared.element, name, name + "/")
        name = f"{{{self._canonical(document.namespace)}}}{given.get('name', '')}"
        form = given.get("form") or document.settings.get("elementFormDefault", "unqualified")
        inner = f"{key}/{local(name)}" if len(element) else ""
        return self._element(document, element, name, inner, qualified=form == "qualified")

    def _element(
        self, document: Document, element: etree._Element, name: str, inner: str, *, qualified: bool = True
    ) -> Element:
        given = given_in(element)
        head = given.get("substitutionGroup")
        return Element(
            name,
            self._type_of(document, element, given, inner),
            qualified=qualified,
            nillable=true_in(given, "nillable"),
            abstract=true_in(given, "abstract"),
            default=given.get("default"),
            fixed=given.get("fixed"),
            constraints=self._constraints(element) if len(element) else (),
            heads=tuple(self._resolve(document, element, one) for one in head.split()) if head else (),
            block=block_of(document, given),
            documentation=documentation(element),
        )

    def _constraints(self, element: etree._Element) -> tuple[str, ...]:
        return tuple(sorted(constraint_of(one) for one in element.iterchildren(*_CONSTRAINTS)))

    def _type_of(
        self, document: Document, element: etree._Element, given: Mapping[str, str], inner: str
    ) -> str:
        """Return the key of an element's type, reading it where it is declared in place."""
        try:
            for child in element.iterchildren(_COMPLEX, _SIMPLE) if len(element) else ():
                if inner not in self._types:
                    self._types[inner] = builtin.ANYTHING  # for an element that holds itself
                    self._types[inner] = self._read_type(document, child, inner)
                return inner
            if given.get("type"):
                name = self._resolve(document, element, given["type"])
                if name not in self._types:
                    self._find("type", name)  # read later: types may hold one another
                return name
            if given.get("substitutionGroup"):
                head = self._resolve(document, element, given["substitutionGroup"])
                declared = self._find("element", head)
                of = given_in(declared.element)
                return self._type_of(declared.document, declared.element, of, head + "/")
        except (ValueError, RecursionError) as error:
            self._problem(document, element, str(error) or "it refers to itself", element.get("name"))
        return ANY_TYPE


def _derivation(element: etree._Element) -> tuple[etree._Element, etree._Element] | None:
    """Return the content of a complex type that is derived from another one, and the derivation in it."""
    for child in element:
        if child.tag in (_SIMPLE_CONTENT, _COMPLEX_CONTENT):
            for derived in child.iterchildren(_EXTENSION, _RESTRICTION):
                return child, derived
    return None
