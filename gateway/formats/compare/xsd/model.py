"""What a set of XML Schema documents declares, with every derivation worked out.

Names of namespaces are canonical here: where two sets are compared, a namespace of the one that
stands for a namespace of the other has the same name in both models (``loading.Names``).
Names are written ``{namespace}local``. Terms as in XML Schema 1.0 Part 1 and Part 2.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gateway.model import Problem

XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ANY_TYPE = f"{{{XS}}}anyType"
_BUILTIN = f"{{{XS}}}"


class Facets(NamedTuple):
    """What restricts the values of a simple type (Part 2, section 4.3); None where nothing does."""

    length: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_inclusive: str | None = None
    min_exclusive: str | None = None
    max_inclusive: str | None = None
    max_exclusive: str | None = None
    total_digits: int | None = None
    fraction_digits: int | None = None
    patterns: tuple[tuple[str, ...], ...] = ()  #: one of each inner tuple must match
    enumeration: tuple[str, ...] | None = None
    white_space: str | None = None


@dataclass(frozen=True, slots=True)
class Simple:
    """A simple type: its built-in type, and all facets on the way from it."""

    key: str
    builtin: str  #: ``decimal``; empty for lists and unions
    facets: Facets = field(default_factory=Facets)
    item: Simple | None = None  #: of a list
    members: tuple[Simple, ...] = ()  #: of a union
    base: str | None = None
    documentation: str = field(default="", compare=False)


class Attribute(NamedTuple):
    """An attribute of a complex type."""

    name: str  #: ``name`` without a namespace, else ``{namespace}name``
    type: Simple
    required: bool = False
    default: str | None = None
    fixed: str | None = None


class Element(NamedTuple):
    """An element declaration, global or local."""

    name: str  #: ``{namespace of its schema}local``, whether documents qualify it or not
    type: str  #: key of its type
    qualified: bool = True
    nillable: bool = False
    abstract: bool = False
    default: str | None = None
    fixed: str | None = None
    constraints: tuple[str, ...] = ()  #: identity constraints as text
    heads: tuple[str, ...] = ()  #: the element that it may substitute
    block: frozenset[str] = frozenset()  #: derivations that may not stand for it in a document
    documentation: str = ""

    @property
    def local(self) -> str:
        """The name without its namespace."""
        return local(self.name)

    def declares_as(self, other: Element) -> bool:
        """Whether both are the same but for words for people."""
        return self._replace(documentation=other.documentation) == other


class Use(NamedTuple):
    """An element in a content model."""

    element: Element
    low: int = 1
    high: int | None = 1  #: None: unbounded


class Wildcard(NamedTuple):
    """Elements (or attributes) of other namespaces."""

    namespaces: frozenset[str] | None  #: None: any; the empty name: none at all
    excluded: str | None = None  #: ``##other``: any but this namespace, and but no namespace
    process: str = "strict"
    low: int = 1
    high: int | None = 1

    def admits(self, namespace: str) -> bool:
        """Whether elements of ``namespace`` (empty: none) may stand here."""
        if self.excluded is not None:
            return namespace not in (self.excluded, "")
        return self.namespaces is None or namespace in self.namespaces


@dataclass(frozen=True)
class Group:
    """A sequence, choice or all group; what is asked again and again is worked out once."""

    model: str
    parts: tuple[Particle, ...]
    low: int = 1
    high: int | None = 1

    @functools.cached_property
    def once(self) -> Mapping[str, Range]:
        """Each child element's name with how often it may occur where the group occurs once."""
        return _in_one(self.parts) if self.model == "choice" else _in_each(self.parts)

    @functools.cached_property
    def children(self) -> Mapping[str, Range]:
        """Each child element's name with how often it may occur in all."""
        return {name: times(one, (self.low, self.high)) for name, one in self.once.items()}

    @functools.cached_property
    def present(self) -> Mapping[str, Range]:
        """The same of the children that may occur at all."""
        return {name: one for name, one in self.children.items() if one[1] != 0}

    @functools.cached_property
    def terms(self) -> tuple[Use | Wildcard, ...]:
        """Every element and wildcard in the group, in its order."""
        found: list[Use | Wildcard] = []
        for part in self.parts:
            found += part.terms if isinstance(part, Group) else (part,)
        return tuple(found)


Particle = Use | Wildcard | Group


_NO_ATTRIBUTES: Mapping[str, Attribute] = {}


class Complex(NamedTuple):
    """A complex type: its effective content and attributes."""

    key: str
    content: Particle | None = None  #: None: no child elements
    text: Simple | None = None  #: of simple content
    mixed: bool = False
    abstract: bool = False
    attributes: Mapping[str, Attribute] = _NO_ATTRIBUTES
    any_attribute: Wildcard | None = None
    base: str | None = None
    block: frozenset[str] = frozenset()  #: as of an element
    documentation: str = ""


Type = Simple | Complex


@dataclass(frozen=True, slots=True)
class Schema:
    """Everything that a set of documents declares."""

    elements: Mapping[str, Element] = field(default_factory=dict)  #: global ones by name
    types: Mapping[str, Type] = field(default_factory=dict)  #: by key, anonymous ones too
    attributes: Mapping[str, Attribute] = field(default_factory=dict)  #: global ones by name
    forms: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)  #: by namespace: qualified
    problems: tuple[Problem, ...] = ()

    def named(self) -> dict[str, Type]:
        """Return the global types, built-in ones left out."""
        return {key: one for key, one in self.types.items() if "/" not in local(key) and not is_builtin(key)}


def local(name: str) -> str:
    """Return ``name`` without its namespace."""
    return name.rpartition("}")[2]


def namespace(name: str) -> str:
    """Return the namespace of ``name``; empty where it has none."""
    return name[1:].partition("}")[0] if name.startswith("{") else ""


def is_builtin(key: str) -> bool:
    """Whether ``key`` names a type of XML Schema itself."""
    return key.startswith(_BUILTIN)


def terms(particle: Particle | None) -> tuple[Use | Wildcard, ...]:
    """Return every element and wildcard of a content model, in its order."""
    if isinstance(particle, Group):
        return particle.terms
    return () if particle is None else (particle,)


def uses(particle: Particle | None) -> list[Use]:
    """Return every element of a content model, in its order."""
    return [one for one in terms(particle) if isinstance(one, Use)]


def wildcards(particle: Particle | None) -> list[Wildcard]:
    """Return every wildcard of a content model, in its order."""
    return [one for one in terms(particle) if isinstance(one, Wildcard)]


Range = tuple[int, int | None]
_NEVER: Range = (0, 0)


def times(one: Range, by: Range) -> Range:
    """Return how often something occurs that occurs ``one`` times in each of ``by`` times."""
    if one[1] == 0 or by[1] == 0:
        return (0, 0)
    return (one[0] * by[0], None if one[1] is None or by[1] is None else one[1] * by[1])


def children(particle: Particle | None) -> Mapping[str, Range]:
    """Return each child element's name with how often it may occur in all."""
    if isinstance(particle, Group):
        return particle.children
    if isinstance(particle, Use):
        return {particle.element.name: (particle.low, particle.high)}
    return {}


def range_of(particle: Particle, name: str) -> Range:
    """Return how often the child ``name`` may occur in all."""
    if isinstance(particle, Group):
        return particle.children.get(name, _NEVER)
    if isinstance(particle, Use) and particle.element.name == name:
        return particle.low, particle.high
    return _NEVER


def present(particle: Particle | None) -> Mapping[str, Range]:
    """Return the children that may occur at all, and how often."""
    if isinstance(particle, Group):
        return particle.present
    return {name: one for name, one in children(particle).items() if one[1] != 0}


def _in_each(parts: Sequence[Particle]) -> dict[str, Range]:
    """Return how often each child occurs where every part occurs once."""
    found: dict[str, Range] = {}
    for part in parts:
        for name, one in children(part).items():
            before = found.get(name)
            found[name] = one if before is None else _both(before, one)
    return found


def _both(one: Range, other: Range) -> Range:
    return one[0] + other[0], None if one[1] is None or other[1] is None else one[1] + other[1]


def _in_one(parts: Sequence[Particle]) -> dict[str, Range]:
    """Return how often each child occurs where one of the parts occurs."""
    found: dict[str, list[Range]] = {}
    for part in parts:
        for name, one in children(part).items():
            found.setdefault(name, []).append(one)
    return {name: _either(ranges, everywhere=len(ranges) == len(parts)) for name, ranges in found.items()}


def _either(ranges: Sequence[Range], *, everywhere: bool) -> Range:
    highs = [high for _, high in ranges]
    low = min(low for low, _ in ranges) if everywhere else 0
    return (low, None if None in highs else max(high or 0 for high in highs))
