"""Values made from a schema: a small one, a full one, and those at its borders.

Making is a guess by keyword; each value is validated before it is given out, so that what is said of
conditions and negations needs no thought here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from gateway.formats.compare.json_schema.flat import TYPES, Flat, both
from gateway.formats.compare.json_schema.normal import Schema
from gateway.formats.compare.json_schema.proofs import Prover
from gateway.formats.compare.json_schema.strings import candidates
from gateway.formats.compare.json_schema.texts import text_of

#: Levels below which only what must be there is made, and below which nothing is made any more.
_RICH, _DEEPEST = 6, 16
#: Values of one schema, elements of one list.
_MOST, _MOST_ITEMS = 24, 2_000
#: Choices within choices that are followed.
_CHOICES = 8
#: Names of members that no schema is likely to name.
_OTHERS = ("x-other", "Other", "zz9")
_ORDER = ("object", "array", "string", "integer", "number", "boolean", "null")


class Maker:
    """Makes values; ``rich`` ones have all members that may be there, others only what must be."""

    def __init__(self, prover: Prover, *, rich: bool) -> None:
        """Make values of schemas over the definitions of ``prover``."""
        self.prover = prover
        self.rich = rich
        self._known: dict[str, tuple[Any, ...]] = {}
        self._under_way: set[str] = set()

    def values(self, schema: Schema, depth: int = 0) -> tuple[Any, ...]:
        """Return values that satisfy ``schema``, the plainest first; few, and none where none was found."""
        key = text_of(self.prover.plain(schema))
        if key in self._known:
            return self._known[key]
        if key in self._under_way or depth > _DEEPEST:
            return ()
        self._under_way.add(key)
        made = itertools.islice(self._valid(schema, depth), _MOST)
        found = tuple({text_of(value): value for value in made}.values())
        self._under_way.discard(key)
        self._known[key] = found  # also where there is none: trying again would take ages
        return found

    def _valid(self, schema: Schema, depth: int) -> Iterator[Any]:
        guesses = itertools.islice(self.guesses(self.prover.table(schema), depth), 20 * _MOST)
        return (value for value in guesses if self.prover.valid(schema, value))

    def guesses(self, table: Flat, depth: int = 0) -> Iterator[Any]:
        """Yield values that may satisfy ``table``."""
        if "enum" in table:
            yield from table["enum"]
            return
        for alternative in self._alternatives(table):
            types = alternative.get("type", TYPES)
            yield from _in_turn([self._of_type(each, alternative, depth) for each in _ORDER if each in types])

    def _alternatives(self, table: Flat, levels: int = _CHOICES) -> Iterator[Flat]:
        """Yield ``table`` with one branch of each choice taken; itself where it has none."""
        if levels == 0:
            return  # a choice that leads to itself
        for name in ("anyOf", "oneOf"):
            if name in table:
                rest = {key: value for key, value in table.items() if key != name}
                for branch in table[name][:20]:
                    yield from self._alternatives(self.prover.table(both(rest, branch)), levels - 1)
                return
        if "then" in table or "else" in table:
            rest = {key: value for key, value in table.items() if key not in ("if", "then", "else")}
            taken = both(table["if"], table.get("then", True))
            for branch in (table.get("else", True), taken):
                yield from self._alternatives(self.prover.table(both(rest, branch)), levels - 1)
        yield table

    def _of_type(self, name: str, table: Flat, depth: int) -> Iterator[Any]:
        if name == "object":
            yield from self._objects(table, depth)
        elif name == "array":
            yield from self._arrays(table, depth)
        elif name == "string":
            yield from candidates(table)
        elif name in ("integer", "number"):
            yield from _numbers(table, whole=name == "integer")
        else:
            yield from (None,) if name == "null" else (False, True)

    def _objects(self, table: Flat, depth: int) -> Iterator[dict[str, Any]]:
        yield from self._with(table, {}, depth)
        names = table.get("properties", {})
        for name in itertools.chain(names, _OTHERS):
            for each in self.values(member(table, name), depth + 1)[:4]:
                yield from self._with(table, {name: each}, depth)

    def _with(self, table: Flat, given: Mapping[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        """Yield an object with the ``given`` members and those that it needs besides."""
        names = list(table.get("required", ()))
        if self.rich and depth < _RICH:
            names = [*table.get("properties", {}), *names]
        names += _followers(table, {*names, *given})
        missing = min(table.get("minProperties", 0) - len({*names, *given}), _MOST)
        names += [f"x-{number}" for number in range(missing)]
        made: dict[str, Any] = {}
        for name in dict.fromkeys((*names, *given)):
            if name in given:
                made[name] = given[name]
                continue
            values = self.values(member(table, name), depth + 1)
            if values:
                made[name] = values[0]
            elif name in table.get("required", ()):
                return
        yield made

    def _arrays(self, table: Flat, depth: int) -> Iterator[list[Any]]:
        smallest = table.get("minItems", 0)
        largest = table.get("maxItems", _MOST_ITEMS)
        wanted = max(smallest, 1) if self.rich and depth < _RICH else smallest
        sizes = [wanted, smallest, smallest + 1, 1, 0, 2]
        sizes += [largest, largest - 1] if "maxItems" in table else []
        contained = self.values(table["contains"], depth + 1) if "contains" in table else ()
        least = min(max(table.get("minContains", 1), 0), _MOST_ITEMS) if contained else 0
        for size in dict.fromkeys(sizes):
            if 0 <= size <= min(largest, _MOST_ITEMS):
                yield from self._sized(table, max(size, least), contained[:1] * least, depth)
        if wanted <= 1:
            yield from ([each] for each in self.values(element(table, 0), depth + 1)[:8])

    def _sized(self, table: Flat, size: int, beginning: tuple[Any, ...], depth: int) -> Iterator[list[Any]]:
        made = list(beginning)
        firsts = len(table.get("prefixItems", ()))
        known = [self.values(element(table, index), depth + 1) for index in range(min(size, firsts + 1))]
        for index in range(len(made), size):
            values = known[min(index, firsts)]
            if not values:
                return
            distinct = table.get("uniqueItems") and len(values) > 1
            made.append(values[index % len(values)] if distinct else values[0])
        yield made

    def around(self, outer: Schema, step: str | int, value: Any) -> Iterator[Any]:
        """Yield values of ``outer`` that have ``value`` as a member (text) or element (number)."""
        for table in itertools.islice(self._alternatives(self.prover.table(outer)), 8):
            if isinstance(step, str):
                made: Iterable[Any] = self._with(table, {step: value}, 0)
            else:
                size = max(step + 1, table.get("minItems", 0))
                lists = self._sized(table, min(size, _MOST_ITEMS), (), 0)
                made = ([*each[:step], value, *each[step + 1 :]] for each in lists)
            yield from (each for each in made if self.prover.valid(outer, each))


def _in_turn(sources: list[Iterator[Any]]) -> Iterator[Any]:
    """Yield one of each source after the other, so that none crowds out the others."""
    while sources:
        for source in list(sources):
            for value in itertools.islice(source, 1):
                yield value
                break
            else:
                sources.remove(source)


def member(table: Flat, name: str) -> Schema:
    """Return the schema of the member ``name`` of an object; patterns of names are left to validation."""
    if name in table.get("properties", {}):
        return table["properties"][name]
    patterns = table.get("patternProperties")
    return table.get("additionalProperties", True) if not patterns else next(iter(patterns.values()))


def element(table: Flat, index: int) -> Schema:
    """Return the schema of the element ``index`` of a list."""
    first: list[Schema] = table.get("prefixItems", [])
    return first[index] if index < len(first) else table.get("items", True)


def _followers(table: Flat, names: set[str]) -> list[str]:
    """Return the members that the presence of ``names`` demands."""
    demanded = table.get("dependentRequired", {})
    found: list[str] = []
    waiting = sorted(names)
    while waiting:
        for name in demanded.get(waiting.pop(), ()):
            if name not in names and name not in found:
                found.append(name)
                waiting.append(name)
    return found


def _numbers(table: Flat, *, whole: bool) -> Iterator[Any]:
    """Yield numbers at the borders of ``table``: whole ones, else with decimals too."""
    ends = [Decimal(table[name]) for name in _ENDS if name in table]
    step = Decimal(table.get("multipleOf", 1)) or Decimal(1)
    small = [Decimal("0.5"), Decimal("0.1"), Decimal("0.001")]
    near: list[Decimal | int] = [0, step, -step, 2 * step, 10 * step] if whole else [1, *small, 0, step, -1]
    around: list[Decimal | int] = [
        0,
        step,
        -step,
        1,
        -1,
        *([] if whole else [*small, *(-each for each in small)]),
    ]
    for base in (*ends, *(each // step * step for each in ends), Decimal(0)):
        if abs(base.adjusted()) > 300:
            continue
        for offset in near if not base else around:
            value = base + offset
            if value == value.to_integral_value():
                yield int(value)
            elif not whole:
                yield value


_ENDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
