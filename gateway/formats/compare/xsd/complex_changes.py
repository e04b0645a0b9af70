"""What changed in a complex type: attributes, text, children and their numbers, order, wildcards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.formats.compare.xsd import content as models
from gateway.formats.compare.xsd.drafts import (
    PLACE,
    Claim,
    Draft,
    Holds,
    both_ways,
    kind_of,
    ok,
    refused,
    unclear,
)
from gateway.formats.compare.xsd.instances import Shape
from gateway.formats.compare.xsd.model import (
    Attribute,
    Complex,
    Element,
    Group,
    Particle,
    Range,
    Use,
    Wildcard,
    children,
    local,
    uses,
    wildcards,
)
from gateway.formats.compare.xsd.simple_changes import changes_of_simple, describe, value_claim
from gateway.formats.compare.xsd.values import candidates

_STRANGER = f"{{urn:{models.STRANGER}}}{models.STRANGER}"
_NONE = "No document of this version has it."

#: Compares two types of different names, as child elements have them: (old, new) -> one draft or none.
TypePair = Callable[[str, str, str], Draft | None]


@dataclass(frozen=True, slots=True)
class Pair:
    """The same complex type in both versions."""

    place: str
    old: Complex
    new: Complex
    compare_types: TypePair


def changes_of_complex(pair: Pair) -> list[Draft]:
    """Return what changed between two complex types."""
    found = [*_nature(pair), *_attributes(pair)]
    if pair.old.text is not None and pair.new.text is not None:
        return [*found, *changes_of_simple(pair.place, pair.old.text, pair.new.text)]
    if (pair.old.text is None) != (pair.new.text is None):
        return [*found, _text_or_elements(pair)]
    return [*found, *_content(pair), *_child_properties(pair)]


def _draft(
    pair: Pair, kind: str, at: str, shown: tuple[str | None, str | None], claims: tuple[Claim, Claim]
) -> Draft:
    return Draft(kind, f"{pair.place}{PLACE}{at}", *shown, *claims)


def _text_or_elements(pair: Pair) -> Draft:
    words = {True: "text", False: "elements"}
    shown = (words[pair.old.text is not None], words[pair.new.text is not None])
    why = "One version has text here, the other child elements."

    def judge(writer: Complex, _reader: Complex) -> Claim:
        texts = candidates(writer.text)[:3] if writer.text is not None else []
        row = models.shortest(writer.content) if writer.text is None else None
        tried = [Shape(text=text) for text in texts] or [Shape(), Shape(row=row)]
        some = [Shape(row=(use.element.name,)) for use in uses(writer.content)][:3]
        return refused(why, *tried, *some)

    return _draft(pair, "schema-type-changed", "", shown, both_ways(judge, pair.old, pair.new))


# what the type is like


def _nature(pair: Pair) -> Iterator[Draft]:
    old, new = pair.old, pair.new
    if old.abstract != new.abstract:
        yield _draft(
            pair,
            "schema-abstract",
            "@abstract",
            _words(old.abstract, new.abstract),
            both_ways(_abstract, old, new),
        )
    if old.block != new.block:
        shown_block = (block_text(old), block_text(new))
        yield _draft(pair, "schema-abstract", "@block", shown_block, both_ways(block_claim, old, new))
    if old.mixed != new.mixed and old.text is None and new.text is None:
        yield _draft(
            pair, "schema-mixed", "@mixed", _words(old.mixed, new.mixed), both_ways(_mixed, old, new)
        )
    if old.any_attribute != new.any_attribute:
        shown = (wildcard_text(old.any_attribute), wildcard_text(new.any_attribute))
        yield _draft(pair, "schema-open-content", "@*", shown, both_ways(_any_attribute, old, new))


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


# attributes


def _attributes(pair: Pair) -> Iterator[Draft]:
    old, new = pair.old.attributes, pair.new.attributes
    for name in dict.fromkeys((*old, *new)):
        at = f"/@{local(name)}"
        before, after = old.get(name), new.get(name)
        if before is not None and after is not None:
            yield from _attribute(pair, at, before, after)
            continue
        one = after or old[name]
        there = _given(one, pair.new if after is None else pair.old)
        absent = _lacking(one)
        use = f"{'required' if one.required else 'optional'} {describe(one.type)}"
        if after is None:
            yield _draft(pair, "schema-attribute-removed", at, (use, None), (there, absent))
        else:
            yield _draft(pair, "schema-attribute-added", at, (None, use), (absent, there))


def _given(one: Attribute, reader: Complex) -> Claim:
    """Claim for documents that may have an attribute which the reader does not declare."""
    if reader.any_attribute is not None:
        return unclear("The other version does not declare the attribute, but takes further attributes.")
    texts = [one.fixed] if one.fixed is not None else candidates(one.type)[:2]
    return refused("The other version does not know the attribute.", *_set(one.name, texts))


def _lacking(one: Attribute) -> Claim:
    if one.required:
        return refused(
            "The other version requires the attribute.", Shape(), Shape(attributes=((one.name, None),))
        )
    return ok("The other version does not require the attribute.")


def _set(name: str, texts: list[str]) -> tuple[Shape, ...]:
    return tuple(Shape(attributes=((name, text),)) for text in texts)


def _attribute(pair: Pair, at: str, old: Attribute, new: Attribute) -> Iterator[Draft]:
    if old.required != new.required:
        kind = "schema-required" if new.required else "schema-optional"
        shown = ("required" if old.required else "optional", "required" if new.required else "optional")
        yield _draft(pair, kind, at, shown, both_ways(_requirement, old, new))
    if (old.type != new.type and old.type.key != new.type.key) or (
        old.type.key == new.type.key and "/" in local(old.type.key) and old.type != new.type
    ):
        inner = changes_of_simple(pair.place, old.type, new.type)
        if inner:
            claims = both_ways(_in_attribute, old, new)
            shown = (describe(old.type), describe(new.type))
            if shown[0] == shown[1]:
                shown = (inner[0].old or "none", inner[0].new or "none")
            yield _draft(pair, kind_of("schema-type", *claims), at, shown, claims)
    if (old.default, old.fixed) != (new.default, new.fixed):
        defaults = (_default_text(old), _default_text(new))
        yield _draft(pair, "schema-default", at, defaults, both_ways(_attribute_default, old, new))


def _requirement(writer: Attribute, reader: Attribute) -> Claim:
    if reader.required and not writer.required:
        return refused(
            "The other version requires the attribute.", Shape(), Shape(attributes=((writer.name, None),))
        )
    return ok("The other version does not require the attribute.")


def _in_attribute(writer: Attribute, reader: Attribute) -> Claim:
    claim = value_claim(writer.type, reader.type)
    shapes = tuple(Shape(attributes=((writer.name, shape.text),)) for shape in claim.shapes)
    return Claim(claim.holds, claim.why, shapes)


def _default_text(one: Attribute | Element) -> str | None:
    return f"always {one.fixed}" if one.fixed is not None else one.default


def _attribute_default(writer: Attribute, reader: Attribute) -> Claim:
    if reader.fixed is not None and reader.fixed != writer.fixed:
        texts = (
            [writer.fixed]
            if writer.fixed is not None
            else [t for t in candidates(writer.type) if t != reader.fixed]
        )
        return refused(
            f"The other version takes no other value than `{reader.fixed}`.", *_set(writer.name, texts)
        )
    return _absent(writer, reader, Shape(), required=writer.required)


def _absent(
    writer: Attribute | Element, reader: Attribute | Element, shape: Shape, *, required: bool = False
) -> Claim:
    theirs = writer.fixed if writer.fixed is not None else writer.default
    mine = reader.fixed if reader.fixed is not None else reader.default
    if theirs == mine or required:
        return ok("What stands there is accepted, and nothing else stands for it.")
    why = f"Where nothing stands, it means {_said(theirs)} in the one version and {_said(mine)} in the other."
    return Claim(Holds.OTHERWISE, why, (shape,))


def _said(text: str | None) -> str:
    return "nothing" if text is None else f"`{text}`"


# children


def range_text(one: Range) -> str:
    """Return how often something may occur: ``1``, ``0..1``, ``0..unbounded``."""
    low, high = one
    return str(low) if low == high else f"{low}..{'unbounded' if high is None else high}"


def present(content: Particle | None) -> dict[str, Range]:
    """Return the children that may occur at all, and how often."""
    return {name: one for name, one in children(content).items() if one[1] != 0}


def _content(pair: Pair) -> list[Draft]:
    old, new = pair.old.content, pair.new.content
    if old == new:
        return []
    found = [*_children(pair), *_wildcards(pair), *_order(pair)]
    for forwards, writer, reader in ((True, old, new), (False, new, old)):
        _reconcile(pair, found, forwards, *_inclusion(writer, reader))
    return [one for one in found if one.kind != "schema-order" or one.old != one.new or not _all_ok(one)]


def _all_ok(draft: Draft) -> bool:
    return draft.forwards.holds is draft.backwards.holds is Holds.OK


def _inclusion(writer: Particle | None, reader: Particle | None) -> tuple[bool, models.Row | None]:
    """Return whether inclusion is proved, and a row that disproves it where there is one."""
    try:
        row = models.includes(reader, writer)
    except models.Undecided:
        return False, None
    return row is None, row


def _reconcile(pair: Pair, found: list[Draft], forwards: bool, proved: bool, row: models.Row | None) -> None:
    """Let the claims about children agree with what is known about their rows as a whole."""
    side = "forwards" if forwards else "backwards"
    claims = [getattr(one, side) for one in found]
    if proved:
        for one in found:
            if getattr(one, side).holds is not Holds.OK:
                setattr(one, side, ok("Every row of child elements is accepted by the other version."))
        return
    if any(one.holds is not Holds.OK for one in claims):
        return
    order = next((one for one in found if one.kind == "schema-order"), None)
    if order is None:
        same = ok("Every row of child elements is accepted by the other version.")
        shown = (outline(pair.old.content), outline(pair.new.content))
        order = _draft(pair, "schema-order", "", shown, (same, same))
        found.append(order)
    setattr(order, side, _row_claim(row))


def _row_claim(row: models.Row | None) -> Claim:
    if row is None:
        return unclear("The groups of child elements differ in a way that could not be followed to the end.")
    names = ", ".join(local(name) for name in row[:8]) or "no child element at all"
    return refused(f"A row that the other version refuses: {names}.", Shape(row=row))


def _children(pair: Pair) -> Iterator[Draft]:
    old, new = present(pair.old.content), present(pair.new.content)
    for name in dict.fromkeys((*old, *new)):
        at = f"/{local(name)}"
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        claims = (_number(pair.old, name, before, after), _number(pair.new, name, after, before))
        shown = (range_text(before) if before else None, range_text(after) if after else None)
        if before is None or after is None:
            kind = "schema-child-added" if before is None else "schema-child-removed"
        else:
            kind = _range_kind(before, after)
        yield _draft(pair, kind, at, shown, claims)


def _range_kind(old: Range, new: Range) -> str:
    looser, tighter = _within(old, new), _within(new, old)
    return "schema-cardinality-" + ("loosened" if looser else "tightened" if tighter else "changed")


def _within(inner: Range, outer: Range) -> bool:
    return outer[0] <= inner[0] and (outer[1] is None or (inner[1] is not None and inner[1] <= outer[1]))


def _number(writer: Complex, name: str, theirs: Range | None, mine: Range | None) -> Claim:
    """Claim about documents that may have ``name`` as often as ``theirs``; the reader takes ``mine``."""
    wrote, takes = theirs or (0, 0), mine or (0, 0)
    if _within(wrote, takes):
        return ok("The other version takes all these numbers of the element." if theirs else _NONE)
    shapes = []
    for number in _numbers(wrote, takes):
        row = models.row_with(writer.content, name, number)
        shapes += [] if row is None else [Shape(row=row)]
    if mine is None:
        why = "The other version does not know the element."
    elif theirs is None:
        why = f"The other version requires the element {range_text(takes)} times."
    else:
        why = f"These documents may have it {range_text(wrote)} times, the other takes {range_text(takes)}."
    return refused(why, *shapes)


def _numbers(wrote: Range, takes: Range) -> Iterator[int]:
    """Yield numbers that the writer allows and the reader does not, small ones first."""
    if wrote[0] < takes[0]:
        yield wrote[0]
    if takes[1] is not None and (wrote[1] is None or wrote[1] > takes[1]):
        for number in sorted({max(takes[1] + 1, wrote[0]), max(takes[1] + 2, wrote[0])}):
            if wrote[1] is None or number <= wrote[1]:
                yield number


# order and wildcards


def _order(pair: Pair) -> Iterator[Draft]:
    """Report another order or grouping of the children that both versions have."""
    common = set(present(pair.old.content)) & set(present(pair.new.content))
    old, new = (skeleton(one, common) for one in (pair.old.content, pair.new.content))
    if old == new:
        return
    claims = both_ways(_order_claim, pair.old.content, pair.new.content)
    shown = (outline(pair.old.content), outline(pair.new.content))
    yield _draft(pair, "schema-order", "", shown, claims)


def _order_claim(writer: Particle | None, reader: Particle | None) -> Claim:
    common = set(present(writer)) & set(present(reader))
    ranges = {use.element.name: (use.low, use.high) for use in uses(writer)}
    try:
        if models.includes(_projected(reader, common, ranges), _projected(writer, common, ranges)) is None:
            return ok("The children that both versions have may stand in the same rows.")
        return _row_claim(models.includes(reader, writer))
    except models.Undecided:
        return _row_claim(None)


def _projected(particle: Particle | None, common: set[str], ranges: dict[str, Range]) -> Particle | None:
    """Return a content model of the ``common`` children alone, each as often as ``ranges`` say."""
    if isinstance(particle, Use):
        name = particle.element.name
        return Use(Element(name, ""), *ranges[name]) if name in common and particle.high != 0 else None
    if isinstance(particle, Group):
        found = [_projected(part, common, ranges) for part in particle.parts]
        parts = tuple(part for part in found if part is not None)
        optional = particle.model == "choice" and len(parts) < len(particle.parts)
        return Group(particle.model, parts, 0 if optional else particle.low, particle.high) if parts else None
    return particle


def skeleton(particle: Particle | None, common: set[str]) -> object:
    """Return the grouping of the ``common`` children, their numbers aside."""
    if isinstance(particle, Use):
        return particle.element.name if particle.element.name in common and particle.high != 0 else None
    if not isinstance(particle, Group):
        return None
    parts: list[object] = []
    for part in particle.parts:
        inner = skeleton(part, common)
        joins = isinstance(part, Group) and part.model == particle.model and (part.low, part.high) == (1, 1)
        if isinstance(inner, tuple) and joins:
            parts += inner[1:]
        elif inner is not None:
            parts.append(inner)
    if len(parts) < 2:
        return parts[0] if parts else None
    model = "sequence" if (particle.low, particle.high) == (1, 1) else f"{particle.low}-{particle.high}"
    return (particle.model if particle.model != "sequence" else model, *parts)


def outline(particle: Particle | None) -> str:
    """Return a content model as people read it: ``A, B?, (C | D)*``."""
    if particle is None:
        return "nothing"
    if isinstance(particle, Use):
        text = particle.element.local
    elif isinstance(particle, Wildcard):
        text = "any"
    else:
        joint = {"choice": " | ", "all": " & "}.get(particle.model, ", ")
        text = joint.join(outline(part) for part in particle.parts)
        text = f"({text})" if len(particle.parts) > 1 else text
    ends = {(1, 1): "", (0, 1): "?", (0, None): "*", (1, None): "+"}
    high = "" if particle.high is None else particle.high
    text += ends.get((particle.low, particle.high), f"{{{particle.low},{high}}}")
    return text if len(text) <= 400 else text[:397] + "..."


def _wildcards(pair: Pair) -> Iterator[Draft]:
    old, new = (sorted(map(repr, wildcards(one.content))) for one in (pair.old, pair.new))
    if old == new:
        return
    shown = tuple(
        "; ".join(wildcard_text(w) or "" for w in wildcards(one.content)) or None
        for one in (pair.old, pair.new)
    )
    claims = both_ways(_wild_claim, pair.old.content, pair.new.content)
    yield _draft(pair, "schema-open-content", "/*", (shown[0], shown[1]), claims)


def _wild_claim(writer: Particle | None, reader: Particle | None) -> Claim:
    theirs, mine = list(wildcards(writer)), list(wildcards(reader))
    if all(
        any(
            models.wider(one, other) and _within((other.low, other.high), (one.low, one.high)) for one in mine
        )
        for other in theirs
    ):
        return ok("The other version takes these further elements too.")
    if not mine:
        row = _inclusion(writer, reader)[1]
        if row is not None:
            return refused("The other version takes no further elements here.", Shape(row=row))
    return unclear("The further elements that the two versions take could not be compared.")


def wildcard_text(one: Wildcard | None) -> str | None:
    """Return which further elements or attributes a wildcard takes, in words."""
    if one is None:
        return None
    if one.excluded is not None:
        where = "other namespaces"
    else:
        where = (
            "any namespace" if one.namespaces is None else ", ".join(sorted(one.namespaces)) or "no namespace"
        )
    return f"{where} ({one.process}, {range_text((one.low, one.high))})"


# what the children are like


def _child_properties(pair: Pair) -> Iterator[Draft]:
    before = {use.element.name: use.element for use in uses(pair.old.content)}
    after = {use.element.name: use.element for use in uses(pair.new.content)}
    for name in before:
        if name in after and before[name] != after[name]:
            yield from element_changes(pair, f"/{local(name)}", before[name], after[name], _in_child(name))


def _in_child(name: str) -> Callable[[Complex, Shape], Shape]:
    def place(writer: Complex, shape: Shape) -> Shape:
        rows = (models.row_with(writer.content, name, number) for number in (1, 2, 3, 5))
        return Shape(row=next((row for row in rows if row is not None), None), child=(name, shape))

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
        yield _draft(pair, "schema-nillable", f"{at}@nillable", shown, claims(_nillable))
    if (old.default, old.fixed) != (new.default, new.fixed):
        shown_default = (_default_text(old), _default_text(new))
        yield _draft(pair, "schema-default", f"{at}@default", shown_default, claims(_element_default))
    if old.block != new.block:
        shown_block = (block_text(old), block_text(new))
        yield _draft(pair, "schema-abstract", f"{at}@block", shown_block, claims(block_claim))
    if old.constraints != new.constraints:
        texts = ("; ".join(old.constraints) or None, "; ".join(new.constraints) or None)
        yield _draft(pair, "schema-identity", f"{at}@identity", texts, claims(_identity))


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
    return _absent(writer, reader, Shape(text=""))


def _identity(writer: Element, reader: Element) -> Claim:
    if set(reader.constraints) <= set(writer.constraints):
        return ok("The other version demands nothing more.")
    return unclear("The other version demands that values are unique, or refer to one another.")
