"""What changed in a complex type: what it is like, and what its child elements are like."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.formats.compare.xsd import content as models
from gateway.formats.compare.xsd import rows
from gateway.formats.compare.xsd.attribute_changes import absent, attribute_changes, default_text
from gateway.formats.compare.xsd.content_changes import content_changes, wildcard_text
from gateway.formats.compare.xsd.drafts import (
    PLACE,
    Claim,
    Draft,
    both_ways,
    ok,
    refused,
    unclear,
)
from gateway.formats.compare.xsd.instances import Shape
from gateway.formats.compare.xsd.model import (
    Complex,
    Element,
    local,
    uses,
)
from gateway.formats.compare.xsd.pairs import Pair, draft_of
from gateway.formats.compare.xsd.simple_changes import changes_of_simple
from gateway.formats.compare.xsd.texts import candidates

_STRANGER = f"{{urn:{rows.STRANGER}}}{rows.STRANGER}"


def changes_of_complex(pair: Pair) -> list[Draft]:
    """Return what changed between two complex types."""
    found = [*_nature(pair), *attribute_changes(pair)]
    if pair.old.text is not None and pair.new.text is not None:
        return [*found, *changes_of_simple(pair.place, pair.old.text, pair.new.text)]
    if (pair.old.text is None) != (pair.new.text is None):
        return [*found, _text_or_elements(pair)]
    return [*found, *content_changes(pair), *_child_properties(pair)]


def _text_or_elements(pair: Pair) -> Draft:
    words = {True: "text", False: "elements"}
    shown = (words[pair.old.text is not None], words[pair.new.text is not None])
    why = "One version has text here, the other child elements."

    def judge(writer: Complex, _reader: Complex) -> Claim:
        texts = candidates(writer.text)[:3] if writer.text is not None else []
        row = rows.shortest(writer.content) if writer.text is None else None
        tried = [Shape(text=text) for text in texts] or [Shape(), Shape(row=row)]
        some = [Shape(row=(use.element.name,)) for use in uses(writer.content)][:3]
        return refused(why, *tried, *some)

    return draft_of(pair, "schema-type-changed", "", shown, both_ways(judge, pair.old, pair.new))


# what the type is like


def _nature(pair: Pair) -> Iterator[Draft]:
    old, new = pair.old, pair.new
    if old.abstract != new.abstract:
        yield draft_of(
            pair,
            "schema-abstract",
            "@abstract",
            _words(old.abstract, new.abstract),
            both_ways(_abstract, old, new),
        )
    if old.block != new.block:
        shown_block = (block_text(old), block_text(new))
        yield draft_of(pair, "schema-abstract", "@block", shown_block, both_ways(block_claim, old, new))
    if old.mixed != new.mixed and old.text is None and new.text is None:
        yield draft_of(
            pair, "schema-mixed", "@mixed", _words(old.mixed, new.mixed), both_ways(_mixed, old, new)
        )
    if old.any_attribute != new.any_attribute:
        shown = (wildcard_text(old.any_attribute), wildcard_text(new.any_attribute))
        yield draft_of(pair, "schema-open-content", "@*", shown, both_ways(_any_attribute, old, new))


def block_claim(writer: Complex | Element, reader: Complex | Element) -> Claim:
    """Claim about documents in which derived types or substitutes stand for ``writer``."""
    if reader.block <= writer.block:
        return ok("The other version forbids no more derived types.")
    return unclear("The other version forbids that certain derived types or elements stand here.")


def block_text(one: Complex | Element) -> str:
    """Return what may not stand for a type or element, in words."""
    return f"no {', '.join(sorted(one.block))}" if one.block else "any derived type"


def _words(old: bool, new: bool) -> tuple[str, str]:
    return ("yes" if old else "no", "yes" if new else "no")


def _abstract(_writer: Complex, reader: Complex) -> Claim:
    if reader.abstract:
        return refused("The type is abstract in the other version: no element may simply have it.", Shape())
    return ok("What may not have the type directly is not there either.")


def _mixed(_writer: Complex, reader: Complex) -> Claim:
    if reader.mixed:
        return ok("The other version takes text between the elements too.")
    return refused("The other version takes no text between the elements.", Shape(text="text"))


def _any_attribute(writer: Complex, reader: Complex) -> Claim:
    if writer.any_attribute is None:
        return ok("Documents of this version have no further attributes.")
    if reader.any_attribute is not None and models.wider(reader.any_attribute, writer.any_attribute):
        return ok("The other version takes these attributes too.")
    return refused("The other version takes fewer further attributes.", Shape(attributes=((_STRANGER, "a"),)))


# what the children are like


def _child_properties(pair: Pair) -> Iterator[Draft]:
    before = {use.element.name: use.element for use in uses(pair.old.content)}
    after = {use.element.name: use.element for use in uses(pair.new.content)}
    for name in before:
        if name in after and before[name] != after[name]:
            yield from element_changes(pair, f"/{local(name)}", before[name], after[name], _in_child(name))


def _in_child(name: str) -> Callable[[Complex, Shape], Shape]:
    def place(writer: Complex, shape: Shape) -> Shape:
        tried = (rows.row_with(writer.content, name, number) for number in (1, 2, 3, 5))
        return Shape(row=next((row for row in tried if row is not None), None), child=(name, shape))

    return place


def element_changes(
    pair: Pair, at: str, old: Element, new: Element, place: Callable[[Complex, Shape], Shape]
) -> Iterator[Draft]:
    """Report what changed about an element itself: its type, nil, default, identity constraints."""

    def claims(judge: Callable[[Element, Element], Claim]) -> tuple[Claim, Claim]:
        forwards, backwards = both_ways(judge, old, new)
        return _placed(forwards, pair.old, place), _placed(backwards, pair.new, place)

    if old.type != new.type:
        inner = pair.compare_types(f"{pair.place}{PLACE}{at}", old.type, new.type)
        if inner is not None:
            inner.forwards = _placed(inner.forwards, pair.old, place)
            inner.backwards = _placed(inner.backwards, pair.new, place)
            yield inner
    if old.nillable != new.nillable:
        shown = _words(old.nillable, new.nillable)
        yield draft_of(pair, "schema-nillable", f"{at}@nillable", shown, claims(_nillable))
    if (old.default, old.fixed) != (new.default, new.fixed):
        shown_default = (default_text(old), default_text(new))
        yield draft_of(pair, "schema-default", f"{at}@default", shown_default, claims(_element_default))
    if old.block != new.block:
        shown_block = (block_text(old), block_text(new))
        yield draft_of(pair, "schema-abstract", f"{at}@block", shown_block, claims(block_claim))
    if old.constraints != new.constraints:
        texts = ("; ".join(old.constraints) or None, "; ".join(new.constraints) or None)
        yield draft_of(pair, "schema-identity", f"{at}@identity", texts, claims(_identity))


def _placed(claim: Claim, writer: Complex, place: Callable[[Complex, Shape], Shape]) -> Claim:
    return Claim(claim.holds, claim.why, tuple(place(writer, shape) for shape in claim.shapes))


def _nillable(_writer: Element, reader: Element) -> Claim:
    if reader.nillable:
        return ok("The other version takes an element that is nil too.")
    return refused("The other version takes no element that is nil.", Shape(row=(), nil=True))


def _element_default(writer: Element, reader: Element) -> Claim:
    if reader.fixed is not None and reader.fixed != writer.fixed:
        texts = [writer.fixed] if writer.fixed is not None else ["a", "1", "b", "2", "true", "2026-01-02"]
        shapes = [Shape(text=text) for text in texts if text != reader.fixed]
        return refused(f"The other version takes no other value than `{reader.fixed}`.", *shapes)
    return absent(writer, reader, Shape(text=""))


def _identity(writer: Element, reader: Element) -> Claim:
    if set(reader.constraints) <= set(writer.constraints):
        return ok("The other version demands nothing more.")
    return unclear("The other version demands that values are unique, or refer to one another.")
