"""A record type's steps as a table of states: which element leads to which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.readers.xml_plan import Step, TypePlan

#: Around the records; in what the definition does not know; in what it has only for paths with predicates.
OUTSIDE, FOREIGN, SKIPPED = range(3)


@dataclass(frozen=True, slots=True)
class Place:
    """One step of a plan, as a state."""

    number: int
    step: Step
    plan: TypePlan  #: of the records to which it belongs
    is_record: bool  #: it is the record itself


@dataclass(slots=True)
class Paths:
    """All states that the elements of one business record may lead to."""

    plan: TypePlan
    tag: str  #: of the record
    places: list[Place] = field(default_factory=list)
    _next: dict[tuple[int, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Number the states."""
        self._next[OUTSIDE, self.tag] = self._add(self.plan.root, self.plan, is_record=True)

    @property
    def plans(self) -> list[tuple[int, TypePlan]]:
        """The state and the plan of each record type."""
        return [(place.number, place.plan) for place in self.places if place.is_record]

    def table(self, names: Sequence[str]) -> pl.Series:
        """Return the state to which a name leads from a state, at ``state * len(names) + name``."""
        states = [
            self._next.get((state, name), state if state == SKIPPED else FOREIGN)
            for state in range(len(self.places) + SKIPPED + 1)
            for name in names
        ]
        return pl.Series(states, dtype=pl.UInt32)

    def _add(self, step: Step, plan: TypePlan, *, is_record: bool) -> int:
        number = len(self.places) + SKIPPED + 1
        self.places.append(Place(number, step, plan, is_record))
        for tag, below in step.children.items():
            if below.record is not None:
                self._next[number, tag] = self._add(below.record.root, below.record, is_record=True)
            elif below.opaque:
                self._next[number, tag] = SKIPPED
            else:
                self._next[number, tag] = self._add(below, plan, is_record=False)
        return number
