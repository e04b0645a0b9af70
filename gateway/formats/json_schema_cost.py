"""How often a JSON Schema may be applied to one value: what would take for ever is refused beforehand.

A validator follows every ``$ref``, ``allOf`` and ``anyOf`` anew, without remembering. Where a schema
leads back to itself in two ways for the same member, each level of nesting doubles the work, and a
file of 64 levels takes longer than anyone can wait. The library cannot be interrupted, so the
schema is followed here first, with numbers in place of values. Trees of several kinds of nodes
(`anyOf` with itself) are such schemas, and files nest them a few levels: those are taken.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.formats.json_schemas import Place, SchemaFiles

#: Schemas that may be applied to one value of a file.
MOST_APPLIED = 10_000
#: Values of one ``enum``: every one is compared with every value of the file. Objects take longer.
MOST_CODES, MOST_OBJECTS = 5_000, 500
#: Levels of nesting that files may have: the first of these at which not too much is applied.
LEVELS = (64, 48, 32, 24, 20, 16, 14, 12, 10, 8, 6, 4)
#: Ways through the schema that are followed, those with most schemas at once first.
_MOST_WAYS = 20_000

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")
_BY_NAME = ("dependentSchemas", "dependencies")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_MEMBERS = ("additionalProperties", "unevaluatedProperties", "propertyNames")
_ELEMENTS = ("items", "prefixItems", "additionalItems", "contains", "unevaluatedItems")

#: Letters for members that no schema names, and for the elements of arrays.
_OTHER, _ELEMENT = "*", "[]"

Applied = Counter["Place"]


class _TooMuchError(Exception):
    """More schemas are applied to one value than may be."""


def too_costly(files: SchemaFiles) -> str | None:
    """Return why files could take too long to be compared with a schema, in words, or None."""
    for uri, contents in files.documents.items():
        if problem := _long_list(contents):
            return f"{problem} ({uri.rpartition('/')[2]})"
    if not deepest(files):
        return (
            f"one value of a file may be compared with more than {MOST_APPLIED:,} schemas: parts that lead "
            "back to the same `$ref` in several ways double the work on every level"
        )
    return None


def deepest(files: SchemaFiles) -> int:
    """Return how many levels of nesting a file may have that is compared with the schema; 0 if none."""
    return next((levels for levels in LEVELS if _is_bounded(files, levels)), 0)


def _is_bounded(files: SchemaFiles, levels: int) -> bool:
    """Whether at most ``MOST_APPLIED`` schemas are applied to any value of a file of so many levels."""
    try:
        _follow(_Graph(files), (files.uri, ()), levels)
    except _TooMuchError:
        return False
    return True


def _long_list(part: Any) -> str | None:
    """Return what is wrong with the first ``enum`` that is too long, in any part."""
    if isinstance(part, dict) and isinstance(codes := part.get("enum"), list):
        objects = sum(isinstance(code, dict | list) for code in codes)
        if len(codes) > MOST_CODES or objects > MOST_OBJECTS:
            most = f"{MOST_CODES:,} values or {MOST_OBJECTS} objects"
            return f"an `enum` has more than {most}; write a long list as `codes` of the field"
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return next((problem for each in inner if (problem := _long_list(each))), None)


class _Graph:
    """Which schemas are applied where another one is: to the same value, and to those in it."""

    def __init__(self, files: SchemaFiles) -> None:
        self._files = files
        self._known: dict[Place, Applied] = {}
        self._open: set[Place] = set()

    def applied(self, place: Place) -> Applied:
        """Return every schema that is applied to a value together with that at ``place``, and how often."""
        if place in self._known:
            return self._known[place]
        if place in self._open:
            return Counter()  # a way back on the same value: the library ends there
        self._open.add(place)
        found: Applied = Counter([place])
        for other in self._beside(place):
            _add(found, self.applied(other), 1)
        self._open.discard(place)
        self._known[place] = found
        return found

    def below(self, applied: Applied) -> Iterator[Applied]:
        """Yield what is applied to the members and elements of a value, for each that may differ."""
        letters: dict[str, Applied] = {_OTHER: Counter(), _ELEMENT: Counter()}
        everywhere: Applied = Counter()
        for place, count in applied.items():
            for letter, inner in self._inside(place):
                into = everywhere if letter == _OTHER else letters.setdefault(letter, Counter())
                _add(into, self.applied(inner), count)
        for letter, found in letters.items():
            if letter != _ELEMENT:
                _add(found, everywhere, 1)
            if found:
                yield found

    def _beside(self, place: Place) -> Iterator[Place]:
        schema = self._schema(place)
        for name in _LISTS:
            yield from _entries(place, name, schema.get(name))
        yield from (_at(place, name) for name in _SINGLE if name in schema)
        for name in _BY_NAME:
            yield from _entries(place, name, schema.get(name))
        for name in _REFERENCES:
            try:
                yield self._files.target(schema[name], place)
            except (KeyError, ValueError, AttributeError, TypeError):
                continue  # there is none, or it leads nowhere, which others say

    def _inside(self, place: Place) -> Iterator[tuple[str, Place]]:
        schema = self._schema(place)
        properties = schema.get("properties")
        for name in properties if isinstance(properties, dict) else ():
            yield f"/{name}", _at(place, "properties", name)
        for inner in _entries(place, "patternProperties", schema.get("patternProperties")):
            yield _OTHER, inner
        yield from ((_OTHER, _at(place, name)) for name in _MEMBERS if name in schema)
        for name in _ELEMENTS:
            if isinstance(schema.get(name), list):
                yield from ((_ELEMENT, inner) for inner in _entries(place, name, schema[name]))
            elif name in schema:
                yield _ELEMENT, _at(place, name)

    def _schema(self, place: Place) -> dict[str, Any]:
        try:
            schema = self._files.at(place)
        except KeyError:
            return {}
        return schema if isinstance(schema, dict) else {}


def _follow(graph: _Graph, root: Place, levels: int) -> None:
    """Follow values inwards; raise where too much is applied to one of them."""
    order = itertools.count()
    first = graph.applied(root)
    waiting = [(-first.total(), next(order), 0, first)]
    seen = {frozenset(first.items())}
    while waiting and len(seen) < _MOST_WAYS:
        _most, _number, level, applied = heapq.heappop(waiting)
        for found in graph.below(applied) if level < levels else ():
            key = frozenset(found.items())
            if key not in seen:
                seen.add(key)
                heapq.heappush(waiting, (-found.total(), next(order), level + 1, found))


def _add(into: Applied, more: Applied, times: int) -> None:
    for place, count in more.items():
        into[place] += count * times
    if into.total() > MOST_APPLIED:
        raise _TooMuchError


def _entries(place: Place, name: str, inner: Any) -> Iterator[Place]:
    """Yield the places of the schemas in a list, or in an object by name."""
    keys = range(len(inner)) if isinstance(inner, list) else inner if isinstance(inner, dict) else ()
    yield from (_at(place, name, str(key)) for key in keys)


def _at(place: Place, *names: str) -> Place:
    return place[0], (*place[1], *names)
