"""What is said of global declarations: those that came or went, abstract ones, words for people."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.compare.xsd.drafts import PLACE, Claim, Draft, Holds, ok, refused, unclear
from gateway.formats.compare.xsd.instances import Impossible, Shape
from gateway.formats.compare.xsd.matching import Side
from gateway.formats.compare.xsd.model import Complex, Element, Simple, Type, namespace, present
from gateway.formats.compare.xsd.writing import Node

_SHAPES = 8  #: shapes that a change inside a type brings to the place where the type is used
_WORDS = 160  #: characters of documentation that are shown


def unknown(writer: Side) -> Claim:
    """Claim about documents of a version that does not declare an element."""
    if writer.maker.lax:
        return unclear("A wildcard lets the element in as it comes, and the other version checks it.")
    return ok("No document of this version has it.")


def wild_attribute(writer: Side) -> Claim:
    """Claim about documents of a version that lacks, or alone has, a global attribute."""
    if writer.maker.open_attributes:
        return unclear("A wildcard may let the attribute in, and one version does not declare it.")
    return ok("No wildcard lets the attribute in; where a type uses it, that is a change of its own.")


def worst(claims: list[Claim]) -> Claim:
    """Return one claim for several: the gravest, with what shows any of them."""
    bad = [one for one in claims if one.holds is not Holds.OK]
    if not bad:
        return ok("Everything that is valid in these documents is valid under the other version as well.")
    shapes = tuple(shape for one in bad for shape in one.shapes[:2])[:_SHAPES]
    holds = Holds.REFUSED if shapes else Holds.OPEN
    return Claim(holds, bad[0].why, shapes)


def type_words(one: Type) -> str:
    """Return what a type is, in words."""
    return "simple type" if isinstance(one, Simple) else "complex type"


def gone(
    path: str,
    shown: tuple[str | None, str | None],
    there: Claim,
    element: str | None,
    absent: Claim | None = None,
) -> Draft:
    """Return the draft of a declaration that only the old version has."""
    nothing = absent or ok("No document of this version has it.")
    return Draft("schema-declaration-removed", path, *shown, there, nothing, element=element)


def come(
    path: str,
    shown: tuple[str | None, str | None],
    there: Claim,
    element: str | None,
    absent: Claim | None = None,
) -> Draft:
    """Return the draft of a declaration that only the new version has."""
    nothing = absent or ok("No document of this version has it.")
    return Draft("schema-declaration-added", path, *shown, nothing, there, element=element)


def abstract_element(old: Element, new: Element) -> Draft:
    """Return the draft of an element that is abstract in one version only."""
    words = {True: "abstract", False: "not abstract"}
    gone = refused("The element is abstract in the other version: no document may have it.", Shape())
    fine = ok("No document of this version has the abstract element itself.")
    claims = (gone, fine) if new.abstract else (fine, gone)
    return Draft(
        "schema-abstract", f"{old.local}@abstract", words[old.abstract], words[new.abstract], *claims
    )


def documentation(place: str, old: str, new: str) -> list[Draft]:
    """Return the draft of other words for people, if they are others."""
    if old == new:
        return []
    same = ok("Only words for people changed.")
    shown = [text if len(text) <= _WORDS else text[: _WORDS - 3] + "..." for text in (old, new)]
    path = f"{place}{PLACE}@documentation"
    return [Draft("schema-documentation", path, shown[0] or None, shown[1] or None, same, same)]


def holding(side: Side, name: str, *, local_only: bool) -> Iterator[Node]:
    """Yield documents that have names of the namespace ``name``; else its qualified local elements only."""
    beginning = f"{{{name}}}"
    for key in side.maker.reached():
        one, elements = side.schema.types.get(key), side.maker.elements(key)
        names = {child for child in elements if child.startswith(beginning)}
        for child in present(one.content) if names and isinstance(one, Complex) else ():
            known = side.schema.elements.get(child)
            is_global = known is not None and known.declares_as(elements[child])
            if child in names and not (local_only and is_global):
                try:
                    yield side.maker.document(key, Shape(row=side.maker.row(key, child)))
                except Impossible:
                    continue
                break
    if not local_only:
        for root in side.maker.roots:
            if namespace(root) == name:
                try:
                    yield side.maker.root(root)
                except Impossible:
                    continue
