"""What of an XSD can take for ever: libxml2 compiles and runs it, and cannot be interrupted.

Its automata are made anew for every content model, with a transition from each optional element to
each of those behind it, and are run with going back: where a repetition stands in a repetition with
nothing that must come between, one text fits in many ways. Enumerations are compared one by one.
What stays is bounded: a pattern that goes back ten million times ends the validation with an error, and
values that would take long are counted before it begins (xsd_slow).
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd.regexes import translated
from gateway.formats.pattern_choices import too_many_ways

if TYPE_CHECKING:
    from lxml import etree

#: Values of one enumeration: lists of units have over 2,000. What wrong values cost is in xsd_slow.
MOST_CODES = 10_000
#: Types in one union, those of its members included.
MOST_MEMBERS = 1_000
#: Elements of one content model, groups and base types included.
MOST_ELEMENTS = 5_000
#: Pairs of elements in one content model that may follow each other because all between are optional.
MOST_PAIRS = 150_000
#: Characters of one pattern.
MOST_PATTERN = 1_000

_XS = "{http://www.w3.org/2001/XMLSchema}"
_GROUPS = ("sequence", "choice", "all", "group")
_PARTICLES = ("element", "any", *_GROUPS)


@dataclass(frozen=True, slots=True)
class _Model:
    """What counts of a content model: how large it is, and which repetitions stand at its ends."""

    elements: int = 0
    pairs: int = 0
    first: int = 0
    last: int = 0
    nullable: bool = True
    first_repeated: frozenset[int] = frozenset()
    last_repeated: frozenset[int] = frozenset()

    def then(self, other: _Model) -> _Model:
        """Return this model with ``other`` behind it."""
        none: frozenset[int] = frozenset()
        return _Model(
            self.elements + other.elements,
            self.pairs + other.pairs + self.last * other.first,
            self.first + (other.first if self.nullable else 0),
            other.last + (self.last if other.nullable else 0),
            self.nullable and other.nullable,
            self.first_repeated | (other.first_repeated if self.nullable else none),
            other.last_repeated | (self.last_repeated if other.nullable else none),
        )

    def beside(self, other: _Model) -> _Model:
        """Return a choice between this model and ``other``."""
        return _Model(
            self.elements + other.elements,
            self.pairs + other.pairs,
            self.first + other.first,
            self.last + other.last,
            self.nullable or other.nullable,
            self.first_repeated | other.first_repeated,
            self.last_repeated | other.last_repeated,
        )


class _TooCostlyError(Exception):
    """The XSD could take too long; the text says why."""


def too_costly(roots: Iterable[etree._Element]) -> str | None:
    """Return why the XSD of these files could take too long, in words, or None."""
    documents = list(roots)
    try:
        models = _Models(documents)
        for root in documents:
            for model in root.iter(_XS + "complexType", _XS + "group"):
                models.demand_bounded(model)
            for kind in root.iter(_XS + "simpleType"):
                models.demand_few(kind)
            for pattern in root.iter(_XS + "pattern"):
                _demand_quick(pattern.get("value", ""))
    except _TooCostlyError as error:
        return str(error)
    return None


def _demand_quick(pattern: str) -> None:
    """Raise for a pattern that a value can match in too many ways."""
    if len(pattern) > MOST_PATTERN:
        raise _TooCostlyError(f"a pattern has more than {MOST_PATTERN:,} characters")
    expression = translated(pattern, near=True)
    try:
        problem = too_many_ways(expression) if expression is not None and re.compile(expression) else None
    except (re.error, OverflowError, RecursionError):
        return  # whether it is a pattern at all is seen when it is compiled
    if problem:
        raise _TooCostlyError(f"the pattern {pattern[:100]!r}: {problem}")


class _Models:
    """The content models of a set of XSD files; what has a name is looked at once."""

    def __init__(self, roots: Iterable[etree._Element]) -> None:
        self._named: dict[tuple[str, str], etree._Element] = {}
        for root in roots:
            for part in root:
                if isinstance(part.tag, str) and (name := part.get("name")):
                    self._named.setdefault((_kind(part), name), part)
        self._known: dict[int, _Model] = {}
        self._counts: dict[int, int] = {}

    def demand_bounded(self, definition: etree._Element) -> None:
        """Raise for a complex type or group whose content model is too large, or repeats in repetitions."""
        model = self._content(definition)
        if model.elements > MOST_ELEMENTS:
            raise _TooCostlyError(f"{_called(definition)} has more than {MOST_ELEMENTS:,} elements")
        if model.pairs > MOST_PAIRS:
            raise _TooCostlyError(f"{_called(definition)} has too many optional elements in a row")

    def demand_few(self, kind: etree._Element) -> None:
        """Raise for a simple type with too many values or member types."""
        codes = sum(1 for _ in kind.iterfind(f"{_XS}restriction/{_XS}enumeration"))
        if codes > MOST_CODES:
            hint = "write a long list as `codes` of the field"
            raise _TooCostlyError(f"{_called(kind)} lists more than {MOST_CODES:,} values; {hint}")
        if self._members(kind) > MOST_MEMBERS:
            raise _TooCostlyError(f"{_called(kind)} joins more than {MOST_MEMBERS:,} types")

    def _members(self, kind: etree._Element) -> int:
        """Return how many types a simple type joins, those of its members included."""
        if id(kind) not in self._counts:
            self._counts[id(kind)] = 1  # also for one that contains itself, which is refused elsewhere
            joined = [*kind.iterfind(f"{_XS}union/{_XS}simpleType")]
            for union in kind.iterfind(f"{_XS}union"):
                names = (_local(name) for name in union.get("memberTypes", "").split())
                joined += [
                    found for name in names if (found := self._named.get(("simpleType", name))) is not None
                ]
            self._counts[id(kind)] = max(1, sum(self._members(one) for one in joined))
        return self._counts[id(kind)]

    def _content(self, definition: etree._Element) -> _Model:
        """Return the content model of a complex type or of a named group."""
        if id(definition) not in self._known:
            self._known[id(definition)] = _Model()  # a way back: refused when it is compiled
            model = _Model()
            for extension in definition.iterfind(f"{_XS}complexContent/{_XS}extension"):
                base = self._named.get(("complexType", _local(extension.get("base", ""))))
                model = self._content(base) if base is not None else model
            self._known[id(definition)] = model.then(self._inside(definition))
        return self._known[id(definition)]

    def _inside(self, definition: etree._Element) -> _Model:
        """Return what a definition says of its content itself, around which there may be other elements."""
        model = _Model()
        for part in definition:
            if _kind(part) in ("complexContent", "extension", "restriction"):
                model = model.then(self._inside(part))
            elif _kind(part) in _GROUPS:
                model = model.then(self._particle(part))
        return model

    def _particle(self, part: etree._Element) -> _Model:
        """Return the model of one particle, with how often it may occur."""
        own = frozenset([id(part)]) if part.get("maxOccurs", "1") not in ("0", "1") else frozenset[int]()
        if _kind(part) in _GROUPS:
            model = self._group(part)
            if own and model.first_repeated & model.last_repeated:
                raise _TooCostlyError(
                    f"{_called(part)}: a group that repeats holds a repetition with nothing that must stand "
                    "between, which one file can fit in many ways; let only one of them repeat"
                )
        else:
            model = _Model(1, 0, 1, 1, nullable=False)
        nullable = model.nullable or part.get("minOccurs") == "0"
        return _Model(
            model.elements,
            model.pairs,
            model.first,
            model.last,
            nullable,
            own or model.first_repeated,
            own or model.last_repeated,
        )

    def _group(self, part: etree._Element) -> _Model:
        if _kind(part) == "group":
            named = self._named.get(("group", _local(part.get("ref", ""))))
            return self._content(named) if named is not None else self._inside(part)
        models = [self._particle(inner) for inner in part if _kind(inner) in _PARTICLES]
        if _kind(part) == "sequence":
            return functools.reduce(_Model.then, models, _Model())
        choice = functools.reduce(_Model.beside, models) if models else _Model()
        return dataclasses.replace(choice, nullable=True) if _kind(part) == "all" else choice


def _kind(part: etree._Element) -> str:
    """Return the local name of an element of XML Schema, empty for anything else."""
    return part.tag.removeprefix(_XS) if isinstance(part.tag, str) and part.tag.startswith(_XS) else ""


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _called(part: etree._Element) -> str:
    """Return how a part is found in its file: by its name and line."""
    name = part.get("name") or part.get("ref")
    return f"{_kind(part)}{f' {name}' if name else ''} (line {part.sourceline})"
