"""Attributes and simple types as they are declared, read in the context of a type that has them."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd import builtin, simple_types
from gateway.formats.compare.xsd.declared import Broken, Declarations, Declared
from gateway.formats.compare.xsd.model import XS, Attribute, Complex, Simple, Type, Wildcard

if TYPE_CHECKING:
    from lxml import etree

    from gateway.formats.compare.xsd.documents import Document, Documents

_ATTRIBUTE, _ANY_ATTRIBUTE, _ATTRIBUTE_GROUP, _SIMPLE = (
    f"{{{XS}}}{name}" for name in ("attribute", "anyAttribute", "attributeGroup", "simpleType")
)
DEPTH = 60  #: groups in groups, types in types: beyond this something refers to itself


class Attributes(Declarations, abc.ABC):
    """Reads attributes; what many types say in the same words is read once."""

    def __init__(self, documents: Documents, names: Mapping[str, str]) -> None:
        """Note all declarations of ``documents``."""
        super().__init__(documents, names)
        self._attributes = builtin.xml_attributes()
        self._worded_attributes: dict[tuple[object, ...], Attribute] = {}
        self._contexts: dict[int, int] = {}
        self._numbers: dict[object, int] = {}
        self._depth = 0
        self._redefining = 0  # types that stand for what they redefine as yet

    @abc.abstractmethod
    def _type(self, name: str) -> Type:
        """Return the global or built-in type ``name``."""

    # simple types

    def _simple(self, document: Document, element: etree._Element, key: str) -> Simple:
        self._depth += 1
        if self._depth > DEPTH:
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

    # attributes

    def _global_attribute(self, declared: Declared) -> Attribute:
        name = f"@{declared.element.get('name')}"
        try:
            return self._attribute(declared.document, declared.element, name)
        except ValueError as error:
            self._problem(declared.document, declared.element, str(error), name)
            return Attribute(name, builtin.simple_types()["anySimpleType"])

    def _attributes_of(
        self,
        document: Document,
        element: etree._Element,
        key: str,
        inherited: Mapping[str, Attribute],
        anything: Wildcard | None,
    ) -> tuple[dict[str, Attribute], Wildcard | None]:
        found = dict(inherited)
        for child in element:
            try:
                if child.tag == _ATTRIBUTE:
                    made = self._used_attribute(document, child, key)
                    if child.get("use") == "prohibited":
                        found.pop(made.name, None)
                    else:
                        found[made.name] = made
                elif child.tag == _ANY_ATTRIBUTE:
                    anything = self._wildcard(document, child, 0, None)
                elif child.tag == _ATTRIBUTE_GROUP:
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
            if self._depth > DEPTH:
                raise Broken("an attribute group holds itself")
            return self._attributes_of(declared.document, declared.element, key, found, anything)
        finally:
            self._declared["attributeGroup", name] = declared
            self._depth -= 1

    def _used_attribute(self, document: Document, element: etree._Element, key: str) -> Attribute:
        """Return an attribute of a type; like an element, it is read once for each wording."""
        words = (self._context(document), *element.items()) if len(element) == 0 else ()
        known = self._worded_attributes.get(words)
        if known is not None:
            return known
        made = self._attribute(document, element, key)
        default, fixed = element.get("default", made.default), element.get("fixed", made.fixed)
        made = Attribute(made.name, made.type, element.get("use") == "required", default, fixed)
        if words and document.prefixes is not None and not self._redefining:
            self._worded_attributes[words] = made
        return made

    def _attribute(self, document: Document, element: etree._Element, key: str) -> Attribute:
        if element.get("ref"):
            name = self._resolve(document, element, element.get("ref", ""))
            if name in self._attributes:
                return self._attributes[name]
            declared = self._find("attribute", name)
            made = self._attribute(declared.document, declared.element, name)
            return made._replace(name=name)
        form = element.get("form") or document.settings.get("attributeFormDefault", "unqualified")
        name = element.get("name", "")
        space = self._canonical(document.namespace)
        full = f"{{{space}}}{name}" if form == "qualified" and space else name
        within = next(element.iterchildren(_SIMPLE), None) if len(element) else None
        if within is not None:
            type_ = self._simple(document, within, f"{key}/@{name}")
        elif element.get("type"):
            type_ = self._simple_named(document, element, element.get("type", ""))
        else:
            type_ = builtin.simple_types()["anySimpleType"]
        return Attribute(full, type_, False, element.get("default"), element.get("fixed"))

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

    def _context(self, document: Document) -> int:
        """Return a number for what the words of a declaration mean, but for other declarations."""
        known = self._contexts.get(id(document))
        if known is None:
            names = ("elementFormDefault", "attributeFormDefault", "blockDefault")
            defaults = tuple(map(document.settings.get, names))
            prefixes = None if document.prefixes is None else frozenset(document.prefixes.items())
            context = (document.namespace, defaults, prefixes)
            known = self._contexts[id(document)] = self._numbers.setdefault(context, len(self._numbers))
        return known
