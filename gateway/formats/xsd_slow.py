"""Which values of a document take libxml2 long: for those it is asked only while it can be waited for.

A value that is not in an enumeration costs a message with the whole list, and one that a pattern can
match in several ways may cost the square or the cube of its length. Values are found by the names
of elements and attributes: more than once where two types share a name, never fewer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.formats import pattern_choices
from gateway.formats.compare.xsd.regexes import translated

if TYPE_CHECKING:
    from lxml import etree

#: Enumerations of fewer values are not counted: their messages are short.
FEW_CODES = 50
#: Seconds that one step of libxml2 takes with a pattern, at most (measured: 4 to 27 ns).
STEP_SECONDS = 25e-9

_XS = "{http://www.w3.org/2001/XMLSchema}"
_SIMPLE, _COMPLEX = _XS + "simpleType", _XS + "complexType"
_REFERENCES = ("base", "itemType", "memberTypes")


@dataclass(frozen=True, slots=True)
class CodeList:
    """A long enumeration."""

    codes: frozenset[str]
    size: int  #: characters of a message with all of them


@dataclass(frozen=True, slots=True)
class Slow:
    """What of a value's type takes long."""

    lists: tuple[CodeList, ...] = ()
    steps: tuple[Callable[[int], float], ...] = ()

    def __bool__(self) -> bool:
        """Whether anything does."""
        return bool(self.lists or self.steps)

    def listed(self, value: str) -> int:
        """Return the characters of the messages about ``value``; none where it is in the lists."""
        return sum(each.size for each in self.lists if value.strip() not in each.codes)

    def seconds(self, value: str) -> float:
        """Return how long the patterns may take with ``value``."""
        return STEP_SECONDS * sum(steps(len(value)) for steps in self.steps)


@dataclass(frozen=True, slots=True)
class SlowNames:
    """Local names whose values take long: of elements, of attributes, and of types for ``xsi:type``."""

    elements: Mapping[str, Slow]
    attributes: Mapping[str, Slow]
    types: Mapping[str, Slow]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.elements or self.attributes or self.types)


def slow_names(roots: Iterable[etree._Element]) -> SlowNames:
    """Return what takes long in the XSD of these files, which ``xsd_cost`` lets through."""
    documents = list(roots)
    types = _Types(documents)
    return SlowNames(
        _by_name(types, (one for root in documents for one in root.iter(_XS + "element"))),
        _by_name(types, (one for root in documents for one in root.iter(_XS + "attribute"))),
        {name: slow for name in types.names() if (slow := types.named(name))},
    )


def slow_facets(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the values of long enumerations, and the patterns that take long, of one XSD file."""
    for step in root.iter(_XS + "restriction"):
        codes = step.findall(_XS + "enumeration")
        yield from codes if len(codes) > FEW_CODES else ()
        yield from (one for one in step.iterchildren(_XS + "pattern") if _slow_steps(one.get("value", "")))


def _by_name(types: _Types, declarations: Iterable[etree._Element]) -> dict[str, Slow]:
    found: dict[str, Slow] = {}
    for one in declarations:
        name = one.get("name")
        if name and (slow := types.of(one)):
            found[name] = _joined([found.get(name, Slow()), slow])
    return found


class _Types:
    """The types of a set of XSD files, and the global elements that lend theirs to others."""

    def __init__(self, roots: Iterable[etree._Element]) -> None:
        self._types: dict[str, list[etree._Element]] = {}
        self._heads: dict[str, list[etree._Element]] = {}
        for root in roots:
            for one in root.iter(_SIMPLE, _COMPLEX):  # also those in xs:redefine
                self._types.setdefault(one.get("name", ""), []).append(one)
            for one in root.iterchildren(_XS + "element"):
                self._heads.setdefault(one.get("name", ""), []).append(one)
        self._types.pop("", None)
        self._known: dict[etree._Element, Slow] = {}

    def names(self) -> Iterator[str]:
        """Yield the names of all types."""
        yield from self._types

    def named(self, name: str) -> Slow:
        """Return what takes long in the types called ``name``."""
        return _joined(self.of(one) for one in self._types.get(_local(name), ()))

    def of(self, part: etree._Element) -> Slow:
        """Return what takes long in a type, or in the type of an element or attribute."""
        if part not in self._known:
            self._known[part] = Slow()  # also for one that leads to itself, which is refused elsewhere
            self._known[part] = _joined([_own(part), *self._others(part)])
        return self._known[part]

    def _others(self, part: etree._Element) -> Iterator[Slow]:
        """Yield what takes long in the types that ``part`` is made of."""
        if name := part.get("type"):
            yield self.named(name)
        if part.get("type") is None:
            for head in part.get("substitutionGroup", "").split():
                yield from (self.of(one) for one in self._heads.get(_local(head), ()))
        yield from (self.of(inner) for inner in part.iterchildren(_SIMPLE, _COMPLEX))
        for step in _derivations(part):
            yield from (self.of(inner) for inner in step.iterchildren(_SIMPLE))
            for reference in _REFERENCES:
                yield from (self.named(name) for name in step.get(reference, "").split())


def _derivations(part: etree._Element) -> Iterator[etree._Element]:
    """Yield how a type is made of others: its restriction, list, union, or extension of a simple one."""
    kinds = tuple(_XS + name for name in ("restriction", "extension", "list", "union"))
    for content in (part, *part.iterchildren(_XS + "simpleContent")):
        yield from content.iterchildren(*kinds)


def _own(part: etree._Element) -> Slow:
    """Return what takes long in the facets of a type itself."""
    lists, steps = [], []
    for step in _derivations(part):
        codes = [one.get("value", "") for one in step.iterchildren(_XS + "enumeration")]
        if len(codes) > FEW_CODES:
            lists.append(
                CodeList(frozenset(code.strip() for code in codes), sum(map(len, codes)) + 4 * len(codes))
            )
        patterns = (one.get("value", "") for one in step.iterchildren(_XS + "pattern"))
        steps += [taken for pattern in patterns if (taken := _slow_steps(pattern))]
    return Slow(tuple(lists), tuple(steps))


def _slow_steps(pattern: str) -> Callable[[int], float] | None:
    """Return the steps of a pattern where they are more than one for each character."""
    expression = translated(pattern, near=True)
    try:
        if expression is None or not re.compile(expression):
            return None
        steps = pattern_choices.steps(expression)
    except (re.error, OverflowError, RecursionError):
        return None
    return steps if steps(1000) > 1000 else None


def _joined(several: Iterable[Slow]) -> Slow:
    """Return all that takes long in several types, each thing once."""
    found = list(several)
    lists = dict.fromkeys(each for one in found for each in one.lists)
    return Slow(tuple(lists), tuple(dict.fromkeys(each for one in found for each in one.steps)))


def _local(name: str) -> str:
    return name.rpartition(":")[2]
