"""What the documents of a set declare by name, and single settings of a declaration."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd import simple_types
from gateway.formats.compare.xsd.model import (
    XS,
    Complex,
    Element,
    Group,
    Particle,
    Type,
    Use,
    Wildcard,
    local,
)

if TYPE_CHECKING:
    from lxml import etree

    from gateway.formats.compare.xsd.documents import Document, Documents
    from gateway.model import Problem

#: What is declared by name, and the kind by which it is looked for.
_KINDS = {
    f"{{{XS}}}{tag}": kind
    for tag, kind in {
        "element": "element",
        "complexType": "type",
        "simpleType": "type",
        "group": "group",
        "attributeGroup": "attributeGroup",
        "attribute": "attribute",
    }.items()
}
_EVERY = frozenset(("extension", "restriction", "substitution"))
_NONE: frozenset[str] = frozenset()


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
        self._told = 0  # problems, those that were told before included
        self._meanings: dict[tuple[int, str], str] = {}  # of QNames, by the document that they stand in
        for document in documents.found:
            self._declare(document, document.root)

    def _declare(self, document: Document, parent: etree._Element) -> None:
        for child in parent.iterchildren(*_KINDS):
            name = child.get("name")
            if not name:
                self._problem(document, child, "a global declaration has no name")
                continue
            at = (_KINDS[child.tag], f"{{{self._canonical(document.namespace)}}}{name}")
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
        from gateway.model import Problem

        self._told += 1
        line = element.sourceline
        problem = Problem(
            document.path.name, message, line=line if isinstance(line, int) else None, found=found
        )
        if problem not in self._problems:
            self._problems.append(problem)

    def _resolve(self, document: Document, element: etree._Element, text: str) -> str:
        """Return the canonical name that the QName ``text`` means at ``element``."""
        if document.prefixes is None:
            return self._meaning(document, element.nsmap, text)
        known = self._meanings.get((id(document), text))
        if known is None:
            known = self._meanings[id(document), text] = self._meaning(document, document.prefixes, text)
        return known

    def _meaning(self, document: Document, prefixes: Mapping[str | None, str], text: str) -> str:
        prefix, _, name = text.strip().rpartition(":")
        uri = prefixes.get(prefix or None)
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


def substitute(types: dict[str, Type], elements: Mapping[str, Element]) -> None:
    """Let the members of a substitution group stand in ``types`` wherever its head may stand."""
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
    if not members:
        return
    for key, type_ in types.items():
        if isinstance(type_, Complex) and type_.content is not None:
            types[key] = type_._replace(content=_with_members(type_.content, members, elements))


def _with_members(
    particle: Particle, members: Mapping[str, list[Element]], elements: Mapping[str, Element]
) -> Particle:
    """Return ``particle`` with the members of substitution groups as choices beside their heads."""
    if isinstance(particle, Group):
        parts = tuple(_with_members(part, members, elements) for part in particle.parts)
        return dataclasses.replace(particle, parts=parts)
    if isinstance(particle, Wildcard):
        return particle
    known = elements.get(particle.element.name)
    if known is None or not known.declares_as(particle.element):
        return particle
    others = members.get(particle.element.name)
    if not others:
        return particle
    each = [one for one in (particle.element, *others) if not one.abstract]
    return Group("choice", tuple(Use(one) for one in each), particle.low, particle.high)


def occurs(given: Mapping[str, str]) -> tuple[int, int | None]:
    """Return how often a particle with the attributes ``given`` may occur; None: without end."""
    return _range(given.get("minOccurs", "1"), given.get("maxOccurs", "1"))


@functools.lru_cache(maxsize=256)
def _range(least: str, most: str) -> tuple[int, int | None]:
    low, high = simple_types.count(least), most.strip()
    return low, None if high == "unbounded" else simple_types.count(high)


def true_in(given: Mapping[str, str], name: str) -> bool:
    """Return whether the attribute ``name`` says so."""
    text = given.get(name)
    return text is not None and text.strip() in ("true", "1")


def block_of(document: Document, given: Mapping[str, str]) -> frozenset[str]:
    """Return the derivations that may not stand in an instance of what has the attributes ``given``."""
    text = given.get("block", document.settings.get("blockDefault", "")).strip()
    if not text:
        return _NONE
    return _EVERY if text == "#all" else frozenset(text.split())


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
    if len(element) == 0:
        return ""
    found = element.iter(f"{{{XS}}}documentation")
    return " ".join(" ".join("".join(map(str, one.itertext())).split()) for one in found)
