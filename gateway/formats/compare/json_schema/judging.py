"""The verdict on one difference, in one direction: a proof, a document that shows the harm, or neither."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.formats.compare.change import Demand, Judgement, Verdict
from gateway.formats.compare.json_schema.flat import both
from gateway.formats.compare.json_schema.instances import Maker
from gateway.formats.compare.json_schema.normal import Schema
from gateway.formats.compare.json_schema.proofs import Prover
from gateway.formats.compare.json_schema.strings import pattern_difference
from gateway.formats.compare.json_schema.texts import document, shown

#: Values and documents that are tried for one difference.
_VALUES, _DOCUMENTS = 12, 24


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the documents: everything that either version says of the values there.

    ``step`` leads here from ``above``: a member (text), an element (number), or None for a
    branch that speaks of the same value. ``alone`` is what is proved where a branch is compared once for
    all its uses: nothing of what stands around it here may count.
    """

    path: str
    sides: tuple[Schema, Schema]
    above: Place | None = None
    step: str | int | None = None
    alone: tuple[Schema, Schema] | None = None

    def at(self, name: str, sides: tuple[Schema, Schema], step: str | int) -> Place:
        """Return the place of a member or element."""
        return Place(f"{self.path}/{name}", sides, self, step)

    def branch(self, name: str, sides: tuple[Schema, Schema]) -> Place:
        """Return the place of a branch: what stands around it holds too."""
        alone = sides if all(isinstance(each, dict) and "$ref" in each for each in sides) else None
        if self.alone is not None and alone is None:
            alone = _together(self.alone, sides)
        path = f"{self.path}/{name}" if name else self.path
        return Place(path, _together(self.sides, sides), self, None, alone)

    @property
    def whole(self) -> Place:
        """The place of the value itself, where this is one of its branches."""
        return self.above.whole if self.step is None and self.above is not None else self


class Judge:
    """Judges differences; holds what both directions use."""

    def __init__(self, prover: Prover, validators: tuple[Any, Any]) -> None:
        """Judge by ``prover`` and by the validators of the two whole schemas."""
        self.prover = prover
        self.validators = validators
        self.makers = (Maker(prover, rich=True), Maker(prover, rich=False))

    def judgement(self, place: Place, writer: int, reader_says: Schema, writer_says: Schema) -> Judgement:
        """Return the verdict on files of the side ``writer`` (0 old, 1 new) under the other one."""
        where = f"`{place.path.partition('#')[2] or '/'}`"
        if reader_says is True:
            return Judgement(Verdict.OK, f"The reading version does not limit this at {where}.")
        if self._proved(place, writer, reader_says, writer_says):
            return Judgement(Verdict.OK, f"Every value that a file may hold at {where} is accepted.")
        found = self._witness(place, writer, reader_says)
        if found is None:
            why = f"Neither a proof of harmlessness nor a file that shows harm was found at {where}."
            return Judgement(Verdict.REVIEW, why)
        value, whole = found
        why = f"A file may hold {shown(value)} at {where}; the reading version refuses it."
        return Judgement(Verdict.BREAKING, why, Demand(document=whole))

    def _proved(self, place: Place, writer: int, reader_says: Schema, writer_says: Schema) -> bool:
        written = (place.alone or place.sides)[writer]
        whole = (place.alone or place.whole.sides)[1 - writer]
        return (
            self.prover.covers(reader_says, written)
            or self.takes(reader_says, writer_says)
            or self.prover.covers(whole, written)
        )

    def takes(self, reader: Schema, writer: Schema) -> bool:
        """Whether it is proved that ``reader`` takes all that ``writer`` takes, patterns looked into."""
        if self.prover.covers(reader, writer):
            return True
        texts = [each.get("pattern") if isinstance(each, dict) else None for each in (writer, reader)]
        if texts[0] is None or texts[1] is None or len(reader) > 1:
            return False
        return pattern_difference(texts[0], texts[1]) is None

    def _witness(self, place: Place, writer: int, reader_says: Schema) -> tuple[Any, bytes] | None:
        """Return a value and a document with it: valid for the writer, refused by the reader."""
        best: tuple[int, Any, bytes] | None = None
        values = itertools.islice(self._offending(place, writer, reader_says), _VALUES)
        tried = ((value, each) for value in values for each in self._documents(place, writer, value))
        for value, whole in itertools.islice(tried, _DOCUMENTS):
            if not self.validators[writer].is_valid(whole):
                continue
            errors = sum(1 for _ in itertools.islice(self.validators[1 - writer].iter_errors(whole), 5))
            if errors and (best is None or errors < best[0]):
                best = errors, value, document(whole)
                if errors == 1:
                    break
        return None if best is None else best[1:]

    def _offending(self, place: Place, writer: int, reader_says: Schema) -> Iterator[Any]:
        """Yield values of the writer that break what the reader says."""
        written = place.sides[writer]
        for value in self._suspects(written, reader_says):
            if not self.prover.valid(reader_says, value) and self.prover.valid(written, value):
                yield value

    def _suspects(self, written: Schema, reader_says: Schema) -> Iterator[Any]:
        """Yield values at the borders of both sides, those first that are the likeliest to break."""
        yield from self._apart(written, reader_says)
        left = self.prover.left(written, reader_says)
        for schema in () if left is None else (left,):
            yield from self.makers[0].values(schema)
            yield from self.makers[1].values(schema)
        yield from self.makers[1].values(written)
        yield from itertools.islice(self.makers[1].guesses(self.prover.table(reader_says)), 200)
        yield from self.makers[0].values(written)

    def _apart(self, written: Schema, reader_says: Schema) -> tuple[Any, ...]:
        """Return a text by which two patterns differ, where that is what differs."""
        mine = self.prover.table(written).get("pattern")
        other = reader_says.get("pattern") if isinstance(reader_says, dict) else None
        if mine is None or other is None:
            return ()
        found = pattern_difference(mine, other)
        return (found,) if isinstance(found, str) else ()

    def _documents(self, place: Place, writer: int, value: Any) -> Iterator[Any]:
        for maker in self.makers:
            yield from itertools.islice(self._around(place, writer, value, maker), 3)

    def _around(self, place: Place, writer: int, value: Any, maker: Maker) -> Iterator[Any]:
        if place.above is None:
            yield value
        elif place.step is None:
            yield from self._around(place.above, writer, value, maker)
        else:
            for outer in itertools.islice(maker.around(place.above.sides[writer], place.step, value), 3):
                yield from self._around(place.above, writer, outer, maker)


def _together(outer: tuple[Schema, Schema], inner: tuple[Schema, Schema]) -> tuple[Schema, Schema]:
    return both(outer[0], inner[0]), both(outer[1], inner[1])
