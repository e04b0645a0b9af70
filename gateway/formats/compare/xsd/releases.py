"""Two XSD sets compared: one entry document each, or two whole releases.

Types and elements are matched by local name, namespaces by what they declare. A type that is used in many
places is compared once; a change of a base type shows once, at the base, though it shows in all that derive
from it.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Judgement
from gateway.formats.compare.xsd.complex_changes import changes_of_complex, element_changes
from gateway.formats.compare.xsd.declarations import (
    abstract_element,
    come,
    documentation,
    gone,
    holding,
    type_words,
    unknown,
    wild_attribute,
    worst,
)
from gateway.formats.compare.xsd.drafts import (
    PLACE,
    Claim,
    Draft,
    Holds,
    display,
    kind_of,
    ok,
    refused,
)
from gateway.formats.compare.xsd.instances import Shape
from gateway.formats.compare.xsd.judging import Judge, change_of
from gateway.formats.compare.xsd.matching import Side, read_sides
from gateway.formats.compare.xsd.model import Complex, Element, Simple, Type, is_builtin, local
from gateway.formats.compare.xsd.pairs import Pair
from gateway.formats.compare.xsd.simple_changes import changes_of_simple, describe
from gateway.formats.compare.xsd.summary import SchemaSummary

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.model import Problem


@dataclass(frozen=True, slots=True)
class SchemaComparison:
    """What changed between two sets, a summary of it, and what could not be read."""

    changes: list[Change]
    summary: SchemaSummary
    problems: tuple[Problem, ...]


def compare_xsd(old: Path, new: Path, old_root: str | None, new_root: str | None) -> list[Change]:
    """Return what changed from the schema in ``old`` to that in ``new``.

    With the name of a root element only what its documents can hold is compared. Raises FormatError
    where one of the files is no XSD.
    """
    return compare_sets(old, new, old_root, new_root).changes


def compare_xsd_sets(old: Path, new: Path) -> list[Change]:
    """Return what changed from one release to another: two directories of XSD files, or two files."""
    return compare_sets(old, new).changes


def compare_sets(
    old: Path, new: Path, old_root: str | None = None, new_root: str | None = None
) -> SchemaComparison:
    """Return the comparison of two sets with its summary and the problems of both."""
    with _undisturbed():
        before, after = read_sides(old, new, old_root, new_root)
        comparer = _Comparer(before, after, (old_root, new_root))
        changes = comparer.changes()
        return SchemaComparison(changes, comparer.summary(), (*before.problems, *after.problems))


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Look for no garbage meanwhile: what is read is needed to the end, and is looked through in vain."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


@dataclass(slots=True)
class _Comparer:
    """Compares two sets; each pair of types once."""

    old: Side
    new: Side
    roots: tuple[str | None, str | None]
    _pairs: dict[tuple[str, str], list[Draft]] = field(default_factory=dict)
    _open: set[tuple[str, str]] = field(default_factory=set)
    _bases: dict[str, list[str]] = field(default_factory=dict)

    def changes(self) -> list[Change]:
        """Return all changes: names first, then elements, then types, each in the order of their names."""
        forms = frozenset(name for name in self._common_forms() if self._form(name)[0] != self._form(name)[1])
        forwards, backwards = Judge(self.old, self.new, forms), Judge(self.new, self.old, forms)
        drafts = [*self._elements(), *self._attributes(), *self._types()]
        judged = [change_of(draft, forwards, backwards) for draft in drafts]
        return [*self._names(forwards, backwards), *judged]

    # names

    def _names(self, forwards: Judge, backwards: Judge) -> Iterator[Change]:
        for name, own in sorted(self.old.names.items()):
            if own != name and name in self.new.schema.forms:
                why = "Elements of the one namespace are none of the other."
                yield self._name_change(
                    name, "targetNamespace", (own or "none", name or "none"), why, forwards, backwards
                )
        for name in self._common_forms():
            old, new = self._form(name)
            if old != new:
                words = {True: "qualified", False: "unqualified"}
                why = "Child elements have the namespace in the one version and none in the other."
                shown = (words[old], words[new])
                yield self._name_change(name, "elementFormDefault", shown, why, forwards, backwards)

    def _common_forms(self) -> list[str]:
        return sorted(set(self.old.schema.forms) & set(self.new.schema.forms) - {""})

    def _form(self, name: str) -> tuple[bool, bool]:
        return self.old.schema.forms[name][0], self.new.schema.forms[name][0]

    def _name_change(
        self, name: str, what: str, shown: tuple[str, str], why: str, forwards: Judge, backwards: Judge
    ) -> Change:
        judgements: list[Judgement] = []
        for judge in (forwards, backwards):
            # All other names as the reader has them, so that this one alone decides.
            names = {**judge.reader.names}
            if what == "targetNamespace":
                names[name] = judge.writer.names.get(name, name)
            nodes = holding(judge.writer, name, local_only=what != "targetNamespace")
            judgements.append(judge.judge_unmapped(Claim(Holds.REFUSED, why), nodes, names))
        return Change("schema-namespace", f"{what}{self._label(name)}", *shown, judgements[0], judgements[1])

    def _label(self, name: str) -> str:
        """Return what tells namespaces apart in paths: a number where there are several."""
        every = self._common_forms()
        return f"({every.index(name) + 1})" if name in every and len(every) > 1 else ""

    # elements

    def _elements(self) -> Iterator[Draft]:
        old, new = self.old.schema.elements, self.new.schema.elements
        for before, after in self._element_pairs():
            if before in old and after in new:
                yield from self._element(old[before], new[after])
            elif before in old:
                claim = self._element_claim(before)
                yield gone(local(before), ("element", None), claim, before, unknown(self.new))
            elif after in new:
                claim = self._element_claim(after)
                yield come(local(after), (None, "element"), claim, after, unknown(self.old))

    def _element_pairs(self) -> list[tuple[str, str]]:
        if self.roots != (None, None):
            ends = [side.maker.roots[0] if side.maker.roots else "" for side in (self.old, self.new)]
            return [(ends[0], ends[1])]
        return [(name, name) for name in sorted({*self.old.schema.elements, *self.new.schema.elements})]

    def _element_claim(self, name: str) -> Claim:
        for side in (self.old, self.new):
            element = side.schema.elements.get(name)
            if element is not None and element.abstract:
                return ok("The element is abstract: no document has it.")
        return refused("The other version does not know the element.", Shape())

    def _element(self, old: Element, new: Element) -> Iterator[Draft]:
        pair = Pair(old.local, Complex(""), Complex(""), self._type_change)
        found = list(element_changes(pair, "", old, new, lambda _writer, shape: shape))
        if old.abstract != new.abstract:
            found.append(abstract_element(old, new))
        found += documentation(old.local, old.documentation, new.documentation)
        for draft in found:
            draft.element = old.name
            # A renamed root is found under its own name by either side.
            yield draft

    def _attributes(self) -> Iterator[Draft]:
        """Report global attributes: where types use them the types tell, else wildcards may let them in."""
        old, new = self.old.schema.attributes, self.new.schema.attributes
        for name in sorted(old.keys() ^ new.keys()):
            path = f"@{local(name)}"
            forwards, backwards = wild_attribute(self.old), wild_attribute(self.new)
            if name in old:
                yield Draft("schema-declaration-removed", path, "attribute", None, forwards, backwards)
            else:
                yield Draft("schema-declaration-added", path, None, "attribute", forwards, backwards)

    # types

    def _types(self) -> Iterator[Draft]:
        old, new = self.old.schema.types, self.new.schema.types
        for key in sorted({*old, *new} - {key for key in old if is_builtin(key)}):
            if not self._counts(key):
                continue
            if key in old and key in new:
                drafts = self._pair(key, key)
                inherited = self._inherited(key)
                for draft in drafts:
                    # What the base says already is not said again; the base knows that it shows here too.
                    if draft.said not in inherited:
                        draft.types = [key, *(each for each in self._heirs(key, draft))]
                        yield draft
            elif "/" not in local(key):
                yield self._lone_type(key)

    def _counts(self, key: str) -> bool:
        if self.roots == (None, None):
            return True
        return any(
            side.maker.reaches(key) or (side.maker.open and key in side.schema.types)
            for side in (self.old, self.new)
        )

    def _lone_type(self, key: str) -> Draft:
        there = refused("The other version does not know the type, and `xsi:type` may name it.", Shape())
        side = self.old if key in self.old.schema.types else self.new
        if not side.maker.is_named(key):
            there = ok("No document names the type; where it was used, that is a change of its own.")
        make = gone if key in self.old.schema.types else come
        words = type_words(side.schema.types[key])
        shown = (words, None) if make is gone else (None, words)
        absent = self._stranger_claim(key)
        draft = make(display(key), shown, there, None, absent)
        draft.types, draft.by_name = [key], True
        return draft

    def _stranger_claim(self, key: str) -> Claim:
        return ok(f"No document of the version without `{display(key)}` has it.")

    def _pair(self, old: str, new: str) -> list[Draft]:
        """Return what changed between two types, once for each pair."""
        if (old, new) in self._pairs:
            return self._pairs[old, new]
        if (old, new) in self._open:
            return []
        self._open.add((old, new))
        before, after = self.old.schema.types[old], self.new.schema.types[new]
        found = self._compared(display(new), before, after)
        self._open.discard((old, new))
        self._pairs[old, new] = found
        return found

    def _compared(self, place: str, old: Type, new: Type) -> list[Draft]:
        found: list[Draft] = []
        if old == new:
            pass
        elif isinstance(old, Simple) and isinstance(new, Simple):
            found = changes_of_simple(place, old, new)
        elif isinstance(old, Complex) and isinstance(new, Complex):
            found = changes_of_complex(Pair(place, old, new, self._type_change))
        else:
            found = [self._other_nature(place, old, new)]
        if "/" not in place:
            found = [*found, *documentation(place, old.documentation, new.documentation)]
        return found

    def _other_nature(self, place: str, old: Type, new: Type) -> Draft:
        """Compare a simple type with a complex one: by their texts, where both have one."""
        before, after = (one if isinstance(one, Simple) else one.text for one in (old, new))
        attributes = [dict(one.attributes) if isinstance(one, Complex) else {} for one in (old, new)]
        inner = changes_of_simple(place, before, after) if before is not None and after is not None else []
        why = "One version has attributes or child elements here, the other plain text."
        claims = []
        for number, (writer, reader) in enumerate(((0, 1), (1, 0))):
            harmless = before is not None and after is not None and not attributes[writer]
            harmless = harmless and not any(one.required for one in attributes[reader].values())
            harmless = harmless and all((d.forwards, d.backwards)[number].holds is Holds.OK for d in inner)
            given = [Shape(attributes=((name, "a"),)) for name in attributes[writer]][:4]
            claims.append(
                ok("Its text is accepted by the other version.")
                if harmless
                else refused(why, Shape(), *given)
            )
        return Draft(
            kind_of("schema-type", *claims),
            place + PLACE,
            type_words(old),
            type_words(new),
            claims[0],
            claims[1],
        )

    def _type_change(self, path: str, old: str, new: str) -> Draft | None:
        """Compare the types that an element has in either version, where their names differ."""
        drafts = [one for one in self._deep(old, new) if one.kind != "schema-documentation"]
        if not drafts:
            return None
        forwards = worst([one.forwards for one in drafts])
        backwards = worst([one.backwards for one in drafts])
        kind = kind_of("schema-type", forwards, backwards)
        return Draft(kind, path, self._shown(self.old, old), self._shown(self.new, new), forwards, backwards)

    def _deep(self, old: str, new: str) -> list[Draft]:
        """Return what changed between two types of different names; a loop adds nothing to itself."""
        if old not in self.old.schema.types or new not in self.new.schema.types:
            return []
        return self._pair(old, new)

    def _shown(self, side: Side, key: str) -> str:
        one = side.schema.types[key]
        return describe(one) if isinstance(one, Simple) else display(key)

    # what base types say already

    def _inherited(self, key: str) -> set[object]:
        base = self._base(key)
        return set() if base is None else {one.said for one in self._pair(base, base)}

    def _base(self, key: str) -> str | None:
        """Return the global type of which ``key`` is derived in both versions."""
        old, new = self.old.schema.types[key].base, self.new.schema.types[key].base
        # A redefined type is derived from what it was before, under the same name.
        same = old is not None and old == new and old != key and not is_builtin(old)
        return old if same and old in self.old.schema.types and old in self.new.schema.types else None

    def _heirs(self, key: str, draft: Draft) -> Iterator[str]:
        """Yield the types derived from ``key`` in which ``draft`` shows as well."""
        for other in self._derived().get(key, ()):
            if any(one.said == draft.said for one in self._pair(other, other)):
                yield other
                yield from self._heirs(other, draft)

    def _derived(self) -> dict[str, list[str]]:
        if not self._bases:
            for key in self.old.schema.types.keys() & self.new.schema.types.keys():
                base = None if is_builtin(key) else self._base(key)
                if base is not None:
                    self._bases.setdefault(base, []).append(key)
            for heirs in self._bases.values():
                heirs.sort()
        return self._bases

    # summary

    def summary(self) -> SchemaSummary:
        """Return the numbers of what was added, removed and changed."""
        return SchemaSummary.of(self.old.schema, self.new.schema)
