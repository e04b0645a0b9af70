"""What changed in the child elements of a complex type: which, how often, in which order, and what else."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.compare.xsd import content as models
from gateway.formats.compare.xsd import rows
from gateway.formats.compare.xsd.drafts import (
    Claim,
    Draft,
    Holds,
    both_ways,
    ok,
    refused,
    unclear,
)
from gateway.formats.compare.xsd.instances import Shape
from gateway.formats.compare.xsd.model import (
    Complex,
    Element,
    Group,
    Particle,
    Range,
    Use,
    Wildcard,
    children,
    local,
    present,
    uses,
    wildcards,
)
from gateway.formats.compare.xsd.pairs import Pair, draft_of

_NONE = "No document of this version has it."


def range_text(one: Range) -> str:
    """Return how often something may occur: ``1``, ``0..1``, ``0..unbounded``."""
    low, high = one
    return str(low) if low == high else f"{low}..{'unbounded' if high is None else high}"


def content_changes(pair: Pair) -> list[Draft]:
    """Return what changed in the child elements of a type."""
    old, new = pair.old.content, pair.new.content
    if old == new:
        return []
    found = [*_children(pair), *_wildcards(pair), *_order(pair)]
    for forwards, writer, reader in ((True, old, new), (False, new, old)):
        side = "forwards" if forwards else "backwards"
        if not _disproved([getattr(one, side) for one in found], reader):
            _reconcile(pair, found, side, *_inclusion(writer, reader))
    return [one for one in found if one.kind != "schema-order" or one.old != one.new or not _all_ok(one)]


def _all_ok(draft: Draft) -> bool:
    return draft.forwards.holds is draft.backwards.holds is Holds.OK


def _inclusion(writer: Particle | None, reader: Particle | None) -> tuple[bool, rows.Row | None]:
    """Return whether inclusion is proved, and a row that disproves it where there is one."""
    try:
        row = models.includes(reader, writer)
    except models.Undecided:
        return False, None
    return row is None, row


def _disproved(claims: list[Claim], reader: Particle | None) -> bool:
    """Whether a row that a claim shows has a child in a number that ``reader`` takes nowhere.

    Then the claims agree with the rows as a whole, which need not be followed to the end.
    """
    if wildcards(reader):
        return False
    takes = children(reader)
    if any(high is not None and low > high for low, high in takes.values()):
        return False  # it is no schema
    shown = (shape.row for one in claims for shape in one.shapes if shape.row is not None)
    return any(
        not within((number, number), takes.get(name, (0, 0)))
        for row in shown
        for name in {*row, *takes}
        for number in (row.count(name),)
    )


def _reconcile(pair: Pair, found: list[Draft], side: str, proved: bool, row: rows.Row | None) -> None:
    """Let the claims about children agree with what is known about their rows as a whole."""
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
        order = draft_of(pair, "schema-order", "", shown, (same, same))
        found.append(order)
    setattr(order, side, _row_claim(row))


def _row_claim(row: rows.Row | None) -> Claim:
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
        yield draft_of(pair, kind, at, shown, claims)


def _range_kind(old: Range, new: Range) -> str:
    looser, tighter = within(old, new), within(new, old)
    return "schema-cardinality-" + ("loosened" if looser else "tightened" if tighter else "changed")


def within(inner: Range, outer: Range) -> bool:
    """Whether ``outer`` takes every number that ``inner`` allows."""
    return outer[0] <= inner[0] and (outer[1] is None or (inner[1] is not None and inner[1] <= outer[1]))


def _number(writer: Complex, name: str, theirs: Range | None, mine: Range | None) -> Claim:
    """Claim about documents that may have ``name`` as often as ``theirs``; the reader takes ``mine``."""
    wrote, takes = theirs or (0, 0), mine or (0, 0)
    if within(wrote, takes):
        return ok("The other version takes all these numbers of the element." if theirs else _NONE)
    shapes = []
    for number in _numbers(wrote, takes):
        row = rows.row_with(writer.content, name, number)
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
    yield draft_of(pair, "schema-order", "", shown, claims)


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
    yield draft_of(pair, "schema-open-content", "/*", (shown[0], shown[1]), claims)


def _wild_claim(writer: Particle | None, reader: Particle | None) -> Claim:
    theirs, mine = list(wildcards(writer)), list(wildcards(reader))
    if all(
        any(models.wider(one, other) and within((other.low, other.high), (one.low, one.high)) for one in mine)
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
