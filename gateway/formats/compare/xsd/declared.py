"""What the documents of a set declare by name, and single settings of a declaration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd import simple_types
from gateway.formats.compare.xsd.model import XS, Element, Group, Particle, Use, Wildcard, local
from gateway.model import Problem

if TYPE_CHECKING:
    from lxml import etree

    from gateway.formats.compare.xsd.documents import Document, Documents

_KINDS = ("element", "complexType", "simpleType", "group", "attributeGroup", "attribute")


class Broken(ValueError):
    """A declaration cannot be understood; the text says why."""


@dataclasses.dataclass(slots=True)
class Declared:
    """A global declaration and the document in which it stands."""

    element: etree._Element
    document: Document
    before: Declared | None = None  #: what it redefines


class Declarations:
    """The global declarations of a set by kind and canonical name, and what is wrong with them."""

    def __init__(self, documents: Documents, names: Mapping[str, str]) -> None:
        """Note all declarations of ``documents``; ``names`` gives a namespace its canonical name."""
        self._documents = documents
        self._names = names
        self._problems: list[Problem] = list(documents.problems)
        self._declared: dict[tuple[str, str], Declared] = {}
        for document in documents.found:
            self._declare(document, document.root)

    def _declare(self, document: Document, parent: etree._Element) -> None:
        for child in parent.iterchildren(*(f"{{{XS}}}{kind}" for kind in _KINDS)):
            name = child.get("name")
            if not name:
                self._problem(document, child, "a global declaration has no name")
                continue
            place = (
                child.tag.rpartition("}")[2].replace("complexType", "type").replace("simpleType", "type"),
                "",
            )
            at = (place[0], f"{{{self._canonical(document.namespace)}}}{name}")
            before = self._declared.get(at)
            if before is not None and parent is document.root and before.document.path != document.path:
                self._problem(document, child, "it is declared a second time; the first counts", name)
                continue
            redefines = before if parent is not document.root else None
            self._declared[at] = Declared(child, document, redefines)
        if parent is document.root:
            for again in parent.iterchildren(f"{{{XS}}}redefine"):
                self._declare(document, again)

    def _canonical(self, namespace: str) -> str:
        return self._names.get(namespace, namespace)

    def _problem(
        self, document: Document, element: etree._Element, message: str, found: str | None = None
    ) -> None:
        line = element.sourceline
        problem = Problem(
            document.path.name, message, line=line if isinstance(line, int) else None, found=found
        )
        if problem not in self._problems:
            self._problems.append(problem)

    def _resolve(self, document: Document, element: etree._Element, text: str) -> str:
        """Return the canonical name that the QName ``text`` means at ``element``."""
        prefix, _, name = text.strip().rpartition(":")
        uri = element.nsmap.get(prefix or None)
        if uri is None and prefix:
            raise Broken(f"the prefix of {text!r} is not declared")
        if uri is None:
            uri = document.namespace  # no namespace; in a chameleon that of the including document
        return f"{{{uri if uri == XS else self._canonical(uri)}}}{name}"

    def _find(self, kind: str, name: str) -> Declared:
        declared = self._declared.get((kind, name))
        if declared is None:
            raise Broken(f"there is no {kind} {local(name)!r}")
        return declared


def with_members(
    particle: Particle, members: Mapping[str, list[Element]], elements: Mapping[str, Element]
) -> Particle:
    """Return ``particle`` with the members of substitution groups as choices beside their heads."""
    if isinstance(particle, Group):
        parts = tuple(with_members(part, members, elements) for part in particle.parts)
        return dataclasses.replace(particle, parts=parts)
    if isinstance(particle, Wildcard) or particle.element != elements.get(particle.element.name):
        return particle
    others = members.get(particle.element.name)
    if not others:
        return particle
    each = [one for one in (particle.element, *others) if not one.abstract]
    return Group("choice", tuple(Use(one) for one in each), particle.low, particle.high)


def occurs(element: etree._Element) -> tuple[int, int | None]:
    """Return how often a particle may occur; None: without end."""
    low = simple_types.count(element.get("minOccurs", "1"))
    high = element.get("maxOccurs", "1").strip()
    return low, None if high == "unbounded" else simple_types.count(high)


def true_in(element: etree._Element, name: str) -> bool:
    """Return whether the attribute ``name`` says so."""
    return element.get(name, "").strip() in ("true", "1")


def block_of(document: Document, element: etree._Element) -> frozenset[str]:
    """Return the derivations that may not stand in an instance."""
    text = element.get("block", document.root.get("blockDefault", ""))
    every = ("extension", "restriction", "substitution")
    return frozenset(every if text.strip() == "#all" else text.split())


def constraint_of(element: etree._Element) -> str:
    """Return an identity constraint as one text: its kind, name, selector and fields."""
    inner = [
        f"{local(str(child.tag))}={child.get('xpath', '')}"
        for child in element.iterchildren(f"{{{XS}}}selector", f"{{{XS}}}field")
    ]
    refer = [f"refer={element.get('refer')}"] if element.get("refer") else []
    return " ".join([local(str(element.tag)), element.get("name", ""), *inner, *refer])


def documentation(element: etree._Element) -> str:
    """Return the words for people in ``element`` and all within it, blanks joined."""
    found = element.iter(f"{{{XS}}}documentation")
    return " ".join(" ".join("".join(map(str, one.itertext())).split()) for one in found)
