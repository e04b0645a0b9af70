"""Two schemas walked side by side, from the root into members, elements and choices.

A pair of definitions is compared once, where it is met first: at the shortest path. All members
that either side names are visited in the order of their names, so that the comparison of new
with old visits the same places.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from gateway.formats.compare.change import Change, Judgement, Verdict
from gateway.formats.compare.json_schema.aspects import Aspect, aspects, escaped, group_texts
from gateway.formats.compare.json_schema.flat import Flat
from gateway.formats.compare.json_schema.instances import element
from gateway.formats.compare.json_schema.judging import Judge, Place
from gateway.formats.compare.json_schema.normal import Schema
from gateway.formats.compare.json_schema.proofs import Prover
from gateway.formats.compare.json_schema.texts import text_of

#: Pairs of schemas beyond which the comparison says that it did not see everything.
_MOST_PAIRS = 20_000
#: Levels of a document below which its schemas are not compared.
_DEEPEST = 40

_Step = tuple[Place, Schema, Schema]  #: a place, and what the two sides say there


class Walk:
    """One comparison on its way."""

    def __init__(self, prover: Prover, judge: Judge) -> None:
        """Walk over the definitions of ``prover``."""
        self.prover = prover
        self.judge = judge
        self.changes: list[Change] = []
        self._waiting: deque[_Step] = deque()
        self._seen: set[tuple[str, str]] = set()

    def run(self, root: Place) -> list[Change]:
        """Return the changes at ``root`` and everywhere below."""
        self._waiting.append((root, *root.sides))
        for _ in range(_MOST_PAIRS):
            if not self._waiting:
                break
            self._visit(*self._waiting.popleft())
        if self._waiting:
            left = Judgement(Verdict.REVIEW, "The schemas are too large to be compared to their ends.")
            self.changes.append(Change("schema-condition", root.path, None, None, left, left))
        return sorted(self.changes, key=lambda change: (change.path, change.code))

    def _visit(self, place: Place, old: Schema, new: Schema) -> None:
        references = _is_reference(old), _is_reference(new)
        if any(references) or '"$ref"' in text_of([old, new]):
            # in a branch that is no definition on both sides, what stands around it counts
            around = () if all(references) or place.step is not None else place.sides
            pair = (text_of(old), text_of([new, *around]))
            if pair in self._seen:
                return
            self._seen.add(pair)
        if all(references):
            definitions = self.prover.definitions
            self._waiting.appendleft((place, definitions[old["$ref"]], definitions[new["$ref"]]))
            return
        parts = _aligned(old, new)
        if parts:
            for mine, other in parts:
                self._waiting.append((place.branch("", (mine, other)), mine, other))
            old, new = ({k: v for k, v in each.items() if k != "allOf"} for each in (old, new))
            self._compare(place, old, new)
            return
        self._compare(place, self.prover.table(old), self.prover.table(new))

    def _compare(self, place: Place, old: Flat, new: Flat) -> None:
        for aspect in aspects(old, new, self.prover.same):
            self._report(place, aspect)
        self._members(place, old, new)
        self._elements(place, old, new)
        for name in ("anyOf", "oneOf", "allOf"):
            self._choice(place, name, old.get(name, []), new.get(name, []))

    def _report(self, place: Place, aspect: Aspect) -> None:
        if aspect.kind in ("schema-documentation", "schema-default"):
            judgements = (_of_words(aspect, place),) * 2
        else:
            judgements = (
                self.judge.judgement(place, 0, aspect.new, aspect.old),
                self.judge.judgement(place, 1, aspect.old, aspect.new),
            )
        kind, path = self._kind(aspect), f"{place.path}/{aspect.step}"
        self.changes.append(Change(kind, path, aspect.old_text, aspect.new_text, *judgements))

    def _kind(self, aspect: Aspect) -> str:
        """Return the kind, with its direction where it has one."""
        if aspect.kind not in ("schema-facet", "schema-type", "schema-cardinality"):
            return aspect.kind
        narrower, wider = (
            ("narrowed", "widened") if aspect.kind == "schema-type" else ("tightened", "loosened")
        )
        takes_old = self.judge.takes(aspect.new, aspect.old)
        takes_new = self.judge.takes(aspect.old, aspect.new)
        if takes_old == takes_new:
            return f"{aspect.kind}-changed"
        return f"{aspect.kind}-{wider if takes_old else narrower}"

    def _members(self, place: Place, old: Flat, new: Flat) -> None:
        mine, other = old.get("properties", {}), new.get("properties", {})
        for name in sorted(mine.keys() & other.keys()):
            self._below(place, escaped(name), mine[name], other[name], name)
        mine, other = old.get("patternProperties", {}), new.get("patternProperties", {})
        for pattern in sorted(mine.keys() & other.keys()):
            step = self._name_by(pattern)
            self._below(place, f"{{{escaped(pattern)}}}", mine[pattern], other[pattern], step)
        rests = [each.get("additionalProperties") for each in (old, new)]
        if all(isinstance(each, dict) for each in rests):
            self._below(place, "*", rests[0], rests[1], "x-other")

    def _name_by(self, pattern: str) -> str:
        """Return a name of a member that ``pattern`` finds."""
        names = self.judge.makers[1].values({"type": ["string"], "pattern": pattern})
        return str(names[0]) if names else "x-other"

    def _elements(self, place: Place, old: Flat, new: Flat) -> None:
        firsts = [len(each.get("prefixItems", ())) for each in (old, new)]
        for index in range(max(firsts)):
            self._below(place, str(index), element(old, index), element(new, index), index)
        if "items" in old or "items" in new:
            rests = old.get("items", True), new.get("items", True)
            self._below(place, "*", *rests, max(firsts))

    def _below(self, place: Place, name: str, old: Schema, new: Schema, step: str | int) -> None:
        if place.path.count("/") >= _DEEPEST:
            if not self.prover.same(old, new):
                deep = Judgement(Verdict.REVIEW, f"Beyond {_DEEPEST} levels the schemas are not compared.")
                self.changes.append(
                    Change("schema-condition", f"{place.path}/{name}", None, None, deep, deep)
                )
            return
        self._waiting.append((place.at(name, (old, new), step), old, new))

    def _choice(self, place: Place, name: str, old: list[Schema], new: list[Schema]) -> None:
        """Compare two lists of branches; their order means nothing."""
        mine, other = self._unmatched(old, new)
        if not mine and not other:
            return
        paired = len(mine) == len(other) and bool(old) and bool(new)
        if paired and (name != "oneOf" or (self._apart(old) and self._apart(new))):
            for number, (first, second) in enumerate(zip(mine, other, strict=True)):
                self._waiting.append((place.branch(f"{name}/{number}", (first, second)), first, second))
            return
        sides: list[Schema] = [{name: each} if each else True for each in (old, new)]
        texts = [group_texts(each) if each else None for each in (old, new)]
        self._report(place, Aspect("schema-condition", name, sides[0], sides[1], texts[0], texts[1]))

    def _unmatched(self, old: list[Schema], new: list[Schema]) -> tuple[list[Schema], list[Schema]]:
        """Return the branches of either side that the other does not have, in their order."""
        left = list(new)
        mine = []
        for branch in old:
            twin = next((each for each in left if self.prover.same(branch, each)), None)
            if twin is None:
                mine.append(branch)
            else:
                left.remove(twin)
        return mine, left

    def _apart(self, branches: list[Schema]) -> bool:
        """Whether no value satisfies two of the branches, so that `oneOf` is `anyOf`."""
        pairs = [(one, two) for number, one in enumerate(branches) for two in branches[:number]]
        return len(pairs) <= 200 and all(self.prover.disjoint(*pair) for pair in pairs)


def _of_words(aspect: Aspect, place: Place) -> Judgement:
    if aspect.kind == "schema-documentation":
        return Judgement(Verdict.OK, "Words for people refuse no file and change no value.")
    where = place.path.partition("#")[2] or "/"
    why = (
        f"Who fills in what is absent at `{where}` fills in another value; the gateway itself fills in none."
    )
    return Judgement(Verdict.REVIEW, why)


def _is_reference(schema: Schema) -> bool:
    return isinstance(schema, dict) and "$ref" in schema


def _aligned(old: Schema, new: Schema) -> list[tuple[Any, Any]]:
    """Return the parts of two ``allOf`` in pairs, where both build on the same definitions in order."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return []
    if any("unevaluated" in keyword for keyword in (*old, *new)):
        return []  # what is unevaluated depends on the parts together
    mine, other = old.get("allOf", []), new.get("allOf", [])
    names = [list(_bases(each)) for each in (mine, other)]
    if len(mine) != len(other) or names[0] != names[1] or not any(names[0]):
        return []
    return list(zip(mine, other, strict=True))


def _bases(parts: list[Schema]) -> Iterator[str]:
    for part in parts:
        yield part["$ref"].partition("#")[2] if _is_reference(part) else ""
