"""What differs between two tables of keywords in one place: each difference with what either side says.

An ``Aspect`` has for each side a schema of this one difference: True where the side says nothing of
it. By them a difference is judged: does the one side's schema take what the other side's files have?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.formats.compare.json_schema.flat import Flat
from gateway.formats.compare.json_schema.instances import member
from gateway.formats.compare.json_schema.normal import ANNOTATIONS, OPAQUE, Schema
from gateway.formats.compare.json_schema.texts import shown, text_of


@dataclass(frozen=True, slots=True)
class Aspect:
    """One difference: its kind, where below the place it stands, and what either side says."""

    kind: str  #: a kind, or the beginning of three: ``schema-facet`` is tightened, loosened or changed
    step: str  #: what the path goes on with
    old: Schema
    new: Schema
    old_text: str | None
    new_text: str | None


Same = Callable[[Schema, Schema], bool]
_BOUNDS: tuple[tuple[str, ...], ...] = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
_FACETS = ("multipleOf", "minLength", "maxLength", "pattern", "format", "minProperties", "maxProperties",
           "uniqueItems", "propertyNames")  # fmt: skip
#: Keywords that are compared as a whole, each with those that it is read with.
_CONDITIONS = (("contains", "minContains", "maxContains"), ("not",), ("if", "then", "else"),
               ("dependentRequired",), ("dependentSchemas",), (OPAQUE,))  # fmt: skip
_UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")


def aspects(old: Flat, new: Flat, same: Same) -> Iterator[Aspect]:
    """Yield every difference of two tables but those inside of members, elements and choices.

    ``same`` tells whether two schemas say the same, what they refer to included.
    """
    yield from _annotations(old, new)
    yield from _types(old, new)
    yield from _values(old, new)
    for group in _BOUNDS:
        yield from _group("schema-facet", group, old, new, same)
    for name in _FACETS:
        yield from _group("schema-facet", (name,), old, new, same)
    for name in ("minItems", "maxItems"):
        yield from _group("schema-cardinality", (name,), old, new, same)
    yield from _members(old, new)
    yield from _required(old, new)
    yield from _open(old, new)
    for group in _CONDITIONS:
        yield from _group("schema-condition", group, old, new, same)
    for name in _UNEVALUATED:
        yield from _unevaluated(name, old, new, same)


def _said(table: Flat, names: tuple[str, ...]) -> Schema:
    """Return what a table says with the keywords ``names``; True where nothing."""
    return {name: table[name] for name in names if name in table} or True


def _group(kind: str, names: tuple[str, ...], old: Flat, new: Flat, same: Same) -> Iterator[Aspect]:
    mine, other = _said(old, names), _said(new, names)
    if not same(mine, other):
        yield Aspect(kind, names[0], mine, other, _words(mine), _words(other))


def _words(schema: Schema) -> str | None:
    """Return what a schema of few keywords says, as people read it; None where it says nothing."""
    if not isinstance(schema, dict):
        return None if schema else "nothing"
    told = {
        "minimum": "at least {}", "exclusiveMinimum": "more than {}", "maximum": "at most {}",
        "exclusiveMaximum": "less than {}", "enum": "one of {}", "type": "{}",
    }  # fmt: skip
    parts = []
    for name, value in schema.items():
        text = ", ".join(value) if name == "type" else value if isinstance(value, str) else shown(value)
        parts.append(told[name].format(text) if name in told else f"{name} {text}")
    return ", ".join(parts)


def _annotations(old: Flat, new: Flat) -> Iterator[Aspect]:
    for name in ANNOTATIONS:
        mine, other = old.get(name), new.get(name)
        if (name in old) != (name in new) or text_of(mine) != text_of(other):
            kind = "schema-default" if name == "default" else "schema-documentation"
            texts = [shown(each[name], 200) if name in each else None for each in (old, new)]
            yield Aspect(kind, name, True, True, texts[0], texts[1])


def _types(old: Flat, new: Flat) -> Iterator[Aspect]:
    mine, other = old.get("type"), new.get("type")
    if mine == other:
        return
    if mine and other and ("null" in mine) != ("null" in other) and {*mine, *other} != {"null"}:
        texts = ["null or a value" if "null" in each else "no null" for each in (mine, other)]
        sides: list[Schema] = ["null" in each or {"not": {"type": ["null"]}} for each in (mine, other)]
        yield Aspect("schema-nillable", "null", *sides, *texts)
        mine, other = sorted({*mine, "null"}), sorted({*other, "null"})
    if mine != other:
        texts = [", ".join(each) if each else "any" if each is None else "nothing" for each in (mine, other)]
        first, second = ({"type": each} if each else each is None for each in (mine, other))
        yield Aspect("schema-type", "type", first, second, *texts)


def _values(old: Flat, new: Flat) -> Iterator[Aspect]:
    if "enum" not in old or "enum" not in new:
        if "enum" in old or "enum" in new:
            yield from _group("schema-facet", ("enum",), old, new, lambda _mine, _other: False)
        return
    mine, other = ({text_of(value): value for value in each["enum"]} for each in (old, new))
    for text in sorted(mine.keys() ^ other.keys()):
        value = mine.get(text, other.get(text))
        refused = {"not": {"enum": [value]}}
        step = f"enum/{escaped(text)}"
        if text in other:
            yield Aspect("schema-enumeration-added", step, refused, True, None, shown(value))
        else:
            yield Aspect("schema-enumeration-removed", step, True, refused, shown(value), None)


def _members(old: Flat, new: Flat) -> Iterator[Aspect]:
    """Yield members that only one side names."""
    mine, other = old.get("properties", {}), new.get("properties", {})
    for name in sorted(mine.keys() ^ other.keys()):
        sides = (_member(old, name), _member(new, name))
        if name in other:
            yield Aspect("schema-child-added", escaped(name), *sides, None, _child(new, name))
        else:
            yield Aspect("schema-child-removed", escaped(name), *sides, _child(old, name), None)


def _member(table: Flat, name: str) -> Schema:
    """Return what a table says of one member; patterns of names are compared by themselves."""
    if name in table.get("properties", {}):
        demanded = {"required": [name]} if name in table.get("required", ()) else {}
        return {"properties": {name: table["properties"][name]}, **demanded}
    if "patternProperties" in table:
        return _rest(table)
    rest = member(table, name)
    demanded = {"required": [name]} if name in table.get("required", ()) else {}
    return {"properties": {name: rest}, **demanded} if rest not in (True, {}) or demanded else True


def _child(table: Flat, name: str) -> str:
    schema = table["properties"][name]
    what = ", ".join(schema["type"]) if isinstance(schema, dict) and "type" in schema else "member"
    return f"{what}, required" if name in table.get("required", ()) else f"{what}, optional"


def _required(old: Flat, new: Flat) -> Iterator[Aspect]:
    """Yield members that one side demands and the other does not, where that is not told with the member."""
    mine, other = set(old.get("required", ())), set(new.get("required", ()))
    told = old.get("properties", {}).keys() ^ new.get("properties", {}).keys()
    for name in sorted((mine ^ other) - told):
        demanded = {"required": [name]}
        if name in other:
            yield Aspect("schema-required", escaped(name), True, demanded, "optional", "required")
        else:
            yield Aspect("schema-optional", escaped(name), demanded, True, "required", "optional")


def _open(old: Flat, new: Flat) -> Iterator[Aspect]:
    """Yield what changed about members that are not named; schemas of both sides are compared inside."""
    patterns = [set(each.get("patternProperties", ())) for each in (old, new)]
    rests = [each.get("additionalProperties", True) for each in (old, new)]
    inside = all(isinstance(each, dict) for each in rests) and patterns[0] == patterns[1]
    if patterns[0] != patterns[1] or (not inside and rests[0] != rests[1]):
        texts = [_open_words(each) for each in (old, new)]
        sides = [_rest(each, patterns[0] & patterns[1]) for each in (old, new)]
        yield Aspect("schema-open-content", "additionalProperties", *sides, *texts)


def _rest(table: Flat, compared: set[str] | frozenset[str] = frozenset()) -> Schema:
    """Return what a table says of members that it does not name.

    Of the patterns that are ``compared`` by themselves only the names count.
    """
    rest = {name: table[name] for name in ("additionalProperties", "patternProperties") if name in table}
    if "patternProperties" in rest:
        by_pattern = rest["patternProperties"].items()
        rest["patternProperties"] = {pattern: pattern in compared or each for pattern, each in by_pattern}
    names = dict.fromkeys(table.get("properties", ()), True)
    return {**({"properties": names} if names else {}), **rest} if rest else True


def _open_words(table: Flat) -> str:
    rest = table.get("additionalProperties", True)
    told = "other members are refused" if rest is False else "other members are accepted"
    if isinstance(rest, dict) and rest:
        told = "other members must fit a schema"
    patterns = ", ".join(sorted(table.get("patternProperties", ())))
    return f"{told}; by name: {patterns}" if patterns else told


def _unevaluated(name: str, old: Flat, new: Flat, same: Same) -> Iterator[Aspect]:
    """What is unevaluated depends on everything in the place: any difference there may count."""
    if name in old or name in new:
        sides: list[Schema] = [_without_words(each) if name in each else True for each in (old, new)]
        if not same(sides[0], sides[1]):
            texts = [shown(each[name]) if name in each else None for each in (old, new)]
            yield Aspect("schema-condition", name, sides[0], sides[1], *texts)


def _without_words(table: Flat) -> Flat:
    return {name: value for name, value in table.items() if name not in ANNOTATIONS}


def escaped(name: str) -> str:
    """Return ``name`` as a step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def group_texts(branches: list[Any]) -> str:
    """Return how many branches a choice has, in words."""
    return f"{len(branches)} branch{'es' if len(branches) != 1 else ''}"
