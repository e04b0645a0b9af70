"""From the documents of a set to the model: names resolved, derivations and groups worked out.

What is missing or makes no sense becomes a problem, and something harmless stands for it: a type that
takes anything, an element that is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd import builtin, simple_types
from gateway.formats.compare.xsd.declared import (
    Broken,
    Declarations,
    Declared,
    block_of,
    constraint_of,
    documentation,
    occurs,
    true_in,
    with_members,
)
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

_PARTICLES = tuple(f"{{{XS}}}{name}" for name in ("sequence", "choice", "all", "group", "element", "any"))
_CONSTRAINTS = tuple(f"{{{XS}}}{name}" for name in ("unique", "key", "keyref"))
_DEPTH = 60  #: groups in groups, types in types: beyond this something refers to itself


def build(documents: Documents, names: Mapping[str, str] | None = None) -> Schema:
    """Return what ``documents`` declare; ``names`` gives a namespace its canonical name, where it differs."""
    return _Builder(documents, names or {}).schema()


class _Builder(Declarations):
    """Reads declarations when they are asked for, each once."""

    def __init__(self, documents: Documents, names: Mapping[str, str]) -> None:
        super().__init__(documents, names)
        self._types: dict[str, Type] = builtin.builtin_types()
        self._attributes = builtin.xml_attributes()
        self._open: list[str] = []
        self._depth = 0

    def schema(self) -> Schema:
        """Return the whole model."""
        elements = {}
        for (kind, name), one in list(self._declared.items()):
            if kind == "type":
                self._type(name)
            elif kind == "element":
                elements[name] = self._element(one.document, one.element, name, name + "/")
        elements = {name: elements[name] for name in sorted(elements)}
        self._substitute(elements)
        forms = {}
        for document in self._documents.found:
            root = document.root
            forms[self._canonical(document.namespace)] = (
                root.get("elementFormDefault") == "qualified",
                root.get("attributeFormDefault") == "qualified",
            )
        attributes = {
            name: self._global_attribute(one)
            for (kind, name), one in self._declared.items()
            if kind == "attribute"
        }
        return Schema(elements, self._types, attributes, forms, tuple(self._problems))

    def _global_attribute(self, declared: Declared) -> Attribute:
        name = f"@{declared.element.get('name')}"
        try:
            return self._attribute(declared.document, declared.element, name)
        except ValueError as error:
            self._problem(declared.document, declared.element, str(error), name)
            return Attribute(name, builtin.simple_types()["anySimpleType"])

    # types

    def _type(self, name: str) -> Type:
        """Return the global or built-in type ``name``; a type that takes anything where there is none."""
        if name in self._types:
            return self._types[name]
        declared = self._find("type", name)
        if name in self._open or len(self._open) > _DEPTH:
            raise Broken(f"the type {local(name)!r} is derived from itself")
        self._open.append(name)
        try:
            made = self._declared_type(declared, name)
        finally:
            self._open.pop()
        self._types[name] = made
        return made

    def _declared_type(self, declared: Declared, name: str) -> Type:
        if declared.before is not None:
            self._types[name] = self._declared_type(declared.before, name)
        try:
            return self._read_type(declared.document, declared.element, name)
        except ValueError as error:
            self._problem(declared.document, declared.element, str(error), local(name))
            return dataclasses.replace(builtin.ANYTHING, key=name)

    def _read_type(self, document: Document, element: etree._Element, key: str) -> Type:
        if element.tag == f"{{{XS}}}complexType":
            return self._complex(document, element, key)
        made = self._simple(document, element, key)
        return dataclasses.replace(made, documentation=documentation(element))

    def _simple(self, document: Document, element: etree._Element, key: str) -> Simple:
        self._depth += 1
        if self._depth > _DEPTH:
            raise Broken("simple types are nested too deeply")
        try:
            return simple_types.simple_type(
                key,
                element,
                lambda at, name: self._simple_named(document, at, name),
                lambda inner, at: self._simple(document, at, inner),
            )
        finally:
            self._depth -= 1

    def _simple_named(self, document: Document, element: etree._Element, text: str) -> Simple:
        found = self._type(self._resolve(document, element, text))
        if isinstance(found, Complex) and found.text is not None:
            return found.text
        if not isinstance(found, Simple):
            raise Broken(f"{text!r} is no simple type")
        return found

    def _complex(self, document: Document, element: etree._Element, key: str) -> Complex:
        own = Complex(
            key,
            mixed=true_in(element, "mixed"),
            abstract=true_in(element, "abstract"),
            block=block_of(document, element),
            documentation=documentation(element),
        )
        for child in element.iterchildren(f"{{{XS}}}simpleContent", f"{{{XS}}}complexContent"):
            for derived in child.iterchildren(f"{{{XS}}}extension", f"{{{XS}}}restriction"):
                mixed = own.mixed or true_in(child, "mixed")
                return self._derived(document, derived, dataclasses.replace(own, mixed=mixed))
        content = self._content(document, element, key)
        attributes, anything = self._attributes_of(document, element, key, {}, None)
        return dataclasses.replace(
            own, content=content, attributes=attributes, any_attribute=anything, base=ANY_TYPE
        )

    def _derived(self, document: Document, element: etree._Element, own: Complex) -> Complex:
        base = self._type(self._resolve(document, element, element.get("base", "")))
        extends = element.tag == f"{{{XS}}}extension"
        inherited = base.attributes if isinstance(base, Complex) else {}
        wild = base.any_attribute if isinstance(base, Complex) and extends else None
        attributes, anything = self._attributes_of(
            document, element, own.key, {} if base.key == ANY_TYPE else inherited, wild
        )
        made = dataclasses.replace(
            own,
            base=base.key,
            attributes=attributes,
            any_attribute=anything,
        )
        if element.getparent().tag == f"{{{XS}}}simpleContent":  # type: ignore[union-attr] # it has one
            return dataclasses.replace(made, text=self._text(document, element, own.key, base, extends))
        content = self._content(document, element, own.key)
        if extends and isinstance(base, Complex):
            both = [part for part in (base.content, content) if part is not None]
            content = Group("sequence", tuple(both)) if len(both) > 1 else (both[0] if both else None)
            made = dataclasses.replace(made, mixed=made.mixed or (base.mixed and base.key != ANY_TYPE))
        return dataclasses.replace(made, content=content)

    def _text(
        self, document: Document, element: etree._Element, key: str, base: Type, extends: bool
    ) -> Simple:
        text = base.text if isinstance(base, Complex) else base
        within = element.find(f"{{{XS}}}simpleType")
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
        found = [self._particle(document, child, key) for child in element.iterchildren(*_PARTICLES)]
        parts = [part for part in found if part is not None]
        return parts[0] if parts else None

    def _particle(self, document: Document, element: etree._Element, key: str) -> Particle | None:
        self._depth += 1
        try:
            if self._depth > _DEPTH:
                raise Broken("groups are nested too deeply, or a group holds itself")
            return self._read_particle(document, element, key)
        except ValueError as error:
            self._problem(document, element, str(error), element.get("name") or element.get("ref"))
            return None
        finally:
            self._depth -= 1

    def _read_particle(self, document: Document, element: etree._Element, key: str) -> Particle | None:
        low, high = occurs(element)
        kind = local(element.tag)
        if kind == "element":
            return Use(self._local(document, element, key), low, high)
        if kind == "any":
            return self._wildcard(document, element, low, high)
        if kind == "group":
            declared = self._find("group", self._resolve(document, element, element.get("ref", "")))
            return self._group(declared, key, low, high)
        found = [self._particle(document, child, key) for child in element.iterchildren(*_PARTICLES)]
        return Group(kind, tuple(part for part in found if part is not None), low, high)

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

    def _wildcard(self, document: Document, element: etree._Element, low: int, high: int | None) -> Wildcard:
        text = element.get("namespace", "##any").split()
        process = element.get("processContents", "strict")
        own = self._canonical(document.namespace)
        if text == ["##any"]:
            return Wildcard(None, None, process, low, high)
        if text == ["##other"]:
            return Wildcard(None, own, process, low, high)
        special = {"##local": "", "##targetNamespace": own}
        return Wildcard(
            frozenset(special.get(one, self._canonical(one)) for one in text), None, process, low, high
        )

    # elements

    def _local(self, document: Document, element: etree._Element, key: str) -> Element:
        if element.get("ref"):
            name = self._resolve(document, element, element.get("ref", ""))
            declared = self._find("element", name)
            return self._element(declared.document, declared.element, name, name + "/")
        name = f"{{{self._canonical(document.namespace)}}}{element.get('name', '')}"
        form = element.get("form") or document.root.get("elementFormDefault", "unqualified")
        made = self._element(document, element, name, f"{key}/{local(name)}")
        return dataclasses.replace(made, qualified=form == "qualified")

    def _element(self, document: Document, element: etree._Element, name: str, inner: str) -> Element:
        head = element.get("substitutionGroup", "")
        return Element(
            name,
            self._type_of(document, element, inner),
            qualified=True,
            nillable=true_in(element, "nillable"),
            abstract=true_in(element, "abstract"),
            default=element.get("default"),
            fixed=element.get("fixed"),
            constraints=tuple(sorted(constraint_of(one) for one in element.iterchildren(*_CONSTRAINTS))),
            block=block_of(document, element),
            heads=tuple(self._resolve(document, element, one) for one in head.split()),
            documentation=documentation(element),
        )

    def _type_of(self, document: Document, element: etree._Element, inner: str) -> str:
        """Return the key of an element's type, reading it where it is declared in place."""
        try:
            for child in element.iterchildren(f"{{{XS}}}complexType", f"{{{XS}}}simpleType"):
                if inner not in self._types:
                    self._types[inner] = builtin.ANYTHING  # for an element that holds itself
                    self._types[inner] = self._read_type(document, child, inner)
                return inner
            if element.get("type"):
                name = self._resolve(document, element, element.get("type", ""))
                if name not in self._types:
                    self._find("type", name)  # read later: types may hold one another
                return name
            if element.get("substitutionGroup"):
                head = self._resolve(document, element, element.get("substitutionGroup", ""))
                declared = self._find("element", head)
                return self._type_of(declared.document, declared.element, head + "/")
        except (ValueError, RecursionError) as error:
            self._problem(document, element, str(error) or "it refers to itself", element.get("name"))
        return ANY_TYPE

    def _substitute(self, elements: dict[str, Element]) -> None:
        """Let the members of a substitution group stand wherever its head may stand."""
        members: dict[str, list[Element]] = {}
        for one in elements.values():
            seen: set[str] = set()
            heads = list(one.heads)
            while heads:
                head = heads.pop()
                if head not in seen and head in elements:
                    seen.add(head)
                    members.setdefault(head, []).append(one)
                    heads += elements[head].heads
        for key, type_ in self._types.items():
            if isinstance(type_, Complex) and type_.content is not None and members:
                content = with_members(type_.content, members, elements)
                self._types[key] = dataclasses.replace(type_, content=content)

    # attributes

    def _attributes_of(
        self,
        document: Document,
        element: etree._Element,
        key: str,
        inherited: Mapping[str, Attribute],
        anything: Wildcard | None,
    ) -> tuple[dict[str, Attribute], Wildcard | None]:
        found = dict(inherited)
        for child in element.iterchildren():
            try:
                if child.tag == f"{{{XS}}}attribute":
                    self._add_attribute(document, child, key, found)
                elif child.tag == f"{{{XS}}}anyAttribute":
                    anything = self._wildcard(document, child, 0, None)
                elif child.tag == f"{{{XS}}}attributeGroup":
                    found, anything = self._attribute_group(document, child, key, found, anything)
            except ValueError as error:
                self._problem(document, child, str(error), child.get("name") or child.get("ref"))
        return found, anything

    def _attribute_group(
        self,
        document: Document,
        child: etree._Element,
        key: str,
        found: dict[str, Attribute],
        anything: Wildcard | None,
    ) -> tuple[dict[str, Attribute], Wildcard | None]:
        name = self._resolve(document, child, child.get("ref", ""))
        declared = self._find("attributeGroup", name)
        self._depth += 1
        if declared.before is not None:
            self._declared["attributeGroup", name] = declared.before
        try:
            if self._depth > _DEPTH:
                raise Broken("an attribute group holds itself")
            return self._attributes_of(declared.document, declared.element, key, found, anything)
        finally:
            self._declared["attributeGroup", name] = declared
            self._depth -= 1

    def _add_attribute(
        self, document: Document, element: etree._Element, key: str, found: dict[str, Attribute]
    ) -> None:
        use = element.get("use", "optional")
        made = self._attribute(document, element, key)
        if use == "prohibited":
            found.pop(made.name, None)
            return
        default, fixed = element.get("default", made.default), element.get("fixed", made.fixed)
        found[made.name] = dataclasses.replace(made, required=use == "required", default=default, fixed=fixed)

    def _attribute(self, document: Document, element: etree._Element, key: str) -> Attribute:
        if element.get("ref"):
            name = self._resolve(document, element, element.get("ref", ""))
            if name in self._attributes:
                return self._attributes[name]
            declared = self._find("attribute", name)
            made = self._attribute(declared.document, declared.element, name)
            return dataclasses.replace(made, name=name)
        form = element.get("form") or document.root.get("attributeFormDefault", "unqualified")
        name = element.get("name", "")
        space = self._canonical(document.namespace)
        full = f"{{{space}}}{name}" if form == "qualified" and space else name
        within = element.find(f"{{{XS}}}simpleType")
        if within is not None:
            type_ = self._simple(document, within, f"{key}/@{name}")
        elif element.get("type"):
            type_ = self._simple_named(document, element, element.get("type", ""))
        else:
            type_ = builtin.simple_types()["anySimpleType"]
        return Attribute(full, type_, False, element.get("default"), element.get("fixed"))
