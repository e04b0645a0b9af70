"""What changed in a simple type: its basic type, its enumeration, each facet."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from gateway.formats.compare.xsd.drafts import (
    PLACE,
    VALUES,
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
from gateway.formats.compare.xsd.model import Facets, Simple, local
from gateway.formats.compare.xsd.texts import candidates
from gateway.formats.compare.xsd.values import accepts, covers

#: Facets that are one change together, by the name that people see.
_FACETS = {
    "length": ("length",),
    "minLength": ("min_length",),
    "maxLength": ("max_length",),
    "minimum": ("min_inclusive", "min_exclusive"),
    "maximum": ("max_inclusive", "max_exclusive"),
    "totalDigits": ("total_digits",),
    "fractionDigits": ("fraction_digits",),
    "pattern": ("patterns",),
}
_SHOWN = 60


def changes_of_simple(place: str, old: Simple, new: Simple) -> list[Draft]:
    """Return what changed between two simple types; ``place`` is the path of the type."""
    if old == new or dataclasses.replace(old, key=new.key, base=new.base) == new:
        return []
    if _basic(old) != _basic(new):
        return [whole_type(place, old, new)]
    found = [*_enumeration(place, old, new), *_facets(place, old, new)]
    for forwards, writer, reader in ((True, old, new), (False, new, old)):
        claims = [one.forwards if forwards else one.backwards for one in found]
        if all(one.holds is Holds.OK for one in claims) and not covers(reader, writer):
            # Harmless one by one, not proved harmless together.
            return [*found, whole_type(place, old, new)]
    return found


def _basic(simple: Simple) -> object:
    """Return what a simple type is made of, its facets aside."""
    if simple.members:
        return tuple(_made_of(one) for one in simple.members)
    return ("list", _made_of(simple.item)) if simple.item is not None else simple.builtin


def _made_of(simple: Simple) -> object:
    # A named type that changed is reported at its own place.
    return simple.key if "/" not in local(simple.key) else dataclasses.replace(simple, key="", base=None)


def whole_type(place: str, old: Simple, new: Simple) -> Draft:
    """Return the change from one simple type to another as one."""
    forwards, backwards = both_ways(value_claim, old, new)
    kind = kind_of("schema-type", forwards, backwards)
    return Draft(kind, place + PLACE, describe(old), describe(new), forwards, backwards)


def describe(simple: Simple) -> str:
    """Return the name of a type; of one declared in place, what it is made of."""
    if "/" not in local(simple.key):
        return local(simple.key)
    if simple.item is not None:
        return f"list of {describe(simple.item)}"
    if simple.members:
        return "union of " + ", ".join(describe(one) for one in simple.members)
    return f"restricted {simple.builtin}"


def value_claim(writer: Simple, reader: Simple) -> Claim:
    """Claim that ``reader`` takes every text of ``writer``, or name texts that it may refuse."""
    if covers(reader, writer):
        return ok("Every value that is valid in these documents is valid under the other version as well.")
    shapes = tuple(Shape(text=text) for text in candidates(writer, reader))
    if not shapes:
        return unclear(
            "It could not be proved that every value stays valid, and no value was found that does not."
        )
    return refused(f"There are {VALUES}", *shapes)


def _enumeration(place: str, old: Simple, new: Simple) -> Iterator[Draft]:
    before, after = old.facets.enumeration, new.facets.enumeration
    if before is None and after is None:
        return
    if before is None or after is None:
        forwards, backwards = both_ways(lambda w, r: value_claim(w, _with(w, r, ("enumeration",))), old, new)
        kind = kind_of("schema-facet", forwards, backwards)
        yield Draft(kind, f"{place}{PLACE}@enumeration", _list(before), _list(after), forwards, backwards)
        return
    known, other = set(before), set(after)
    for value in before:
        if value not in other:
            yield _code("removed", place, value, new, gone=True)
    for value in after:
        if value not in known:
            yield _code("added", place, value, old, gone=False)


def _code(word: str, place: str, value: str, lacks: Simple, *, gone: bool) -> Draft:
    if accepts(lacks, value) is True:
        there = ok(f"`{_short(value)}` is the same value as another one of the list.")
    else:
        there = refused(f"`{_short(value)}` is not in the other version's list.", Shape(text=value))
    absent = ok("No document of this version has the value.")
    old, new = (value, None) if gone else (None, value)
    forwards, backwards = (there, absent) if gone else (absent, there)
    path = f"{place}{PLACE}@enumeration/{_short(value)}"
    return Draft(f"schema-enumeration-{word}", path, old, new, forwards, backwards)


def _with(writer: Simple, reader: Simple, names: tuple[str, ...]) -> Simple:
    """Return ``writer`` with the facets ``names`` of ``reader``."""
    changed = {name: getattr(reader.facets, name) for name in names}
    return dataclasses.replace(writer, facets=writer.facets._replace(**changed))


def _facets(place: str, old: Simple, new: Simple) -> Iterator[Draft]:
    for shown, names in _FACETS.items():
        before, after = (tuple(getattr(one.facets, name) for name in names) for one in (old, new))
        if before != after:
            forwards, backwards = both_ways(lambda w, r: value_claim(w, _with(w, r, names)), old, new)  # noqa: B023 # used at once
            kind = kind_of("schema-facet", forwards, backwards)
            path = f"{place}{PLACE}@{shown}"
            yield Draft(
                kind, path, facet_text(old.facets, shown), facet_text(new.facets, shown), forwards, backwards
            )
    before_space, after_space = old.facets.white_space, new.facets.white_space
    if before_space != after_space:
        forwards, backwards = both_ways(lambda w, r: value_claim(w, _with(w, r, ("white_space",))), old, new)
        path = f"{place}{PLACE}@whiteSpace"
        yield Draft("schema-facet-changed", path, before_space, after_space, forwards, backwards)


def facet_text(facets: Facets, shown: str) -> str | None:
    """Return a facet as people read it; None where it is not set."""
    names = _FACETS[shown]
    if shown == "pattern":
        return " and ".join(" | ".join(group) for group in facets.patterns) or None
    for name in names:
        value = getattr(facets, name)
        if value is not None:
            return f"{value}, itself excluded" if name.endswith("exclusive") else str(value)
    return None


def _list(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else ", ".join(_short(one) for one in values)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
