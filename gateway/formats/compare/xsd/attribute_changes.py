"""What changed in the attributes of a complex type."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.compare.xsd.drafts import (
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
    local,
)
from gateway.formats.compare.xsd.pairs import Pair, draft_of
from gateway.formats.compare.xsd.simple_changes import changes_of_simple, describe, value_claim
from gateway.formats.compare.xsd.texts import candidates


def attribute_changes(pair: Pair) -> Iterator[Draft]:
    """Yield what changed in the attributes of a type."""
    old, new = pair.old.attributes, pair.new.attributes
    for name in dict.fromkeys((*old, *new)):
        at = f"/@{local(name)}"
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if before is not None and after is not None:
            yield from _attribute(pair, at, before, after)
            continue
        one = after or old[name]
        there = _given(one, pair.new if after is None else pair.old)
        absent = _lacking(one)
        use = f"{'required' if one.required else 'optional'} {describe(one.type)}"
        if after is None:
            yield draft_of(pair, "schema-attribute-removed", at, (use, None), (there, absent))
        else:
            yield draft_of(pair, "schema-attribute-added", at, (None, use), (absent, there))


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
        yield draft_of(pair, kind, at, shown, both_ways(_requirement, old, new))
    if (old.type != new.type and old.type.key != new.type.key) or (
        old.type.key == new.type.key and "/" in local(old.type.key) and old.type != new.type
    ):
        inner = changes_of_simple(pair.place, old.type, new.type)
        if inner:
            claims = both_ways(_in_attribute, old, new)
            shown = (describe(old.type), describe(new.type))
            if shown[0] == shown[1]:
                shown = (inner[0].old or "none", inner[0].new or "none")
            yield draft_of(pair, kind_of("schema-type", *claims), at, shown, claims)
    if (old.default, old.fixed) != (new.default, new.fixed):
        defaults = (default_text(old), default_text(new))
        yield draft_of(pair, "schema-default", at, defaults, both_ways(_attribute_default, old, new))


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


def default_text(one: Attribute | Element) -> str | None:
    """Return what stands for an absent value, in words."""
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
    return absent(writer, reader, Shape(), required=writer.required)


def absent(
    writer: Attribute | Element, reader: Attribute | Element, shape: Shape, *, required: bool = False
) -> Claim:
    """Claim about documents in which nothing stands, for which a default may stand."""
    theirs = writer.fixed if writer.fixed is not None else writer.default
    mine = reader.fixed if reader.fixed is not None else reader.default
    if theirs == mine or required:
        return ok("What stands there is accepted, and nothing else stands for it.")
    why = f"Where nothing stands, it means {_said(theirs)} in the one version and {_said(mine)} in the other."
    return Claim(Holds.OTHERWISE, why, (shape,))


def _said(text: str | None) -> str:
    return "nothing" if text is None else f"`{text}`"
