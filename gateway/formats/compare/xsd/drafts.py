"""What a comparison notes before it is judged: a change, and a claim for each direction."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from gateway.formats.compare.xsd.instances import Shape
from gateway.formats.compare.xsd.model import local

Side = TypeVar("Side")


class Holds(enum.Enum):
    """What is claimed for one direction."""

    OK = "ok"  #: proved by the declarations alone
    REFUSED = "refused"  #: a document of one of the shapes is refused by the reader
    OTHERWISE = "otherwise"  #: a document of one of the shapes is understood otherwise
    OPEN = "open"  #: nothing is claimed: a person has to look


class Claim(NamedTuple):
    """What is claimed for documents of one version under the other, and why."""

    holds: Holds
    why: str
    shapes: tuple[Shape, ...] = ()  #: what the changed type's element shall be like, tried in turn

    def inside(self, child: str) -> Claim:
        """Return the claim about a child as one about its parent."""
        return Claim(self.holds, self.why, tuple(Shape(child=(child, one)) for one in self.shapes))


@dataclass(slots=True)
class Draft:
    """A change whose verdicts are not proved yet."""

    kind: str
    path: str
    old: str | None
    new: str | None
    forwards: Claim  #: documents of the old version under the new one
    backwards: Claim
    types: list[str] = field(default_factory=list)  #: the types in which it shows, by key
    element: str | None = None  #: or the global element
    by_name: bool = False  #: shows only where ``xsi:type`` names the type

    @property
    def said(self) -> tuple[str, str, str | None, str | None]:
        """What makes it the same change as that of a base type: all but the name of the type."""
        return (self.kind, self.path.partition(PLACE)[2], self.old, self.new)


#: How a sentence about values ends, to which an example can be added.
VALUES = "values that the other version refuses."
#: Between the name of a type and what changed in it, until the path is written for people.
PLACE = "\0"


def ok(why: str) -> Claim:
    """Return the claim that the declarations alone prove a direction harmless."""
    return Claim(Holds.OK, why)


def refused(why: str, *shapes: Shape) -> Claim:
    """Return the claim that documents of ``shapes`` are refused."""
    return Claim(Holds.REFUSED if shapes else Holds.OPEN, why, shapes)


def unclear(why: str) -> Claim:
    """Return the claim that a person has to look."""
    return Claim(Holds.OPEN, why)


def kind_of(name: str, forwards: Claim, backwards: Claim) -> str:
    """Return the kind ``schema-<name>-...`` that fits: ``loosened``, ``tightened`` or ``changed``."""
    words = ("widened", "narrowed") if name == "schema-type" else ("loosened", "tightened")
    if forwards.holds is backwards.holds or Holds.OK not in (forwards.holds, backwards.holds):
        return f"{name}-changed"
    return f"{name}-{words[0] if forwards.holds is Holds.OK else words[1]}"


def both_ways(judge: Callable[[Side, Side], Claim], old: Side, new: Side) -> tuple[Claim, Claim]:
    """Return what ``judge(writer, reader)`` claims for old under new, and for new under old."""
    return judge(old, new), judge(new, old)


def display(key: str) -> str:
    """Return the name of a type as people read it: ``OrderType``, or ``OrderType/Item`` in place."""
    return local(key).rstrip("/")
