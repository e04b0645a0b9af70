"""Who works on what where several nodes share a site: a pure decision over leases and nodes.

A lease is one owner's right to work on one thing until a moment. Its token grows by one with every new
owner, so that what an owner before still wants to write can be told and refused. Every moment here is by
the database's clock: the clocks of nodes may disagree as they like.

Each node decides for itself, over what all of them see:

* It takes what is free up to its fair share. Of what cannot be shared evenly it takes one more where no
  other node has fewer: together the nodes take everything.
* What stays free for long is taken beyond the share, too: a node that should take it does not.
* It gives one lease back where another node has fewer by two or more: in the end they differ by one at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: A lease is asked for anew this many times in the time that it lasts.
RENEWALS = 3
#: This share of the time that a lease lasts is not used: what has begun shall end within it.
MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class Lease:
    """One thing to work on, who does, and until when."""

    name: str
    node: str | None  #: None: it was given back
    token: int
    until: datetime  #: where nobody has it: since when it is free

    def is_free(self, now: datetime) -> bool:
        """Return whether anybody may take it."""
        return self.node is None or self.until <= now


@dataclass(frozen=True, slots=True)
class Standing:
    """What one node sees when it decides."""

    node: str
    now: datetime  #: by the database's clock
    wanted: Sequence[str]  #: what it could work on
    leases: Mapping[str, Lease]  #: by name; what is not among them was never taken
    sharing: Sequence[str]  #: nodes that are there and take their share
    patience: timedelta  #: what is free for longer is taken beyond the share


@dataclass(frozen=True, slots=True)
class Plan:
    """What a node takes, and what it gives back."""

    take: tuple[str, ...] = ()
    give: tuple[str, ...] = ()


def share_of(wanted: int, nodes: int) -> int:
    """Return how many of ``wanted`` things one of ``nodes`` takes: together they take all."""
    return -(-wanted // max(1, nodes))


def decide(standing: Standing) -> Plan:
    """Return what the node takes and gives back now; never both."""
    free = [name for name in standing.wanted if _owner(standing, name) is None]
    if standing.node not in standing.sharing:  # it comes and goes: what is free, and nobody gives it any
        return Plan(take=tuple(free))
    if not free:
        return Plan(give=_surplus(standing))
    chosen = _in_turn(standing, free)
    room = _room(standing)
    left = [name for name in chosen[room:] if _is_left_alone(standing, name)]
    return Plan(take=(*chosen[:room], *left))


def _room(standing: Standing) -> int:
    """Return how many more the node takes: its share rounded down, and one of the rest in its turn."""
    counts = _counts(standing)
    mine = counts.pop(standing.node)
    least = len(standing.wanted) // len(standing.sharing)
    if mine < least:
        return least - mine
    share = share_of(len(standing.wanted), len(standing.sharing))
    return int(mine < share and mine <= min(counts.values(), default=mine))


def _owner(standing: Standing, name: str) -> str | None:
    lease = standing.leases.get(name)
    return None if lease is None or lease.is_free(standing.now) else lease.node


def _counts(standing: Standing) -> dict[str, int]:
    """Return how many leases each of the sharing nodes has."""
    counts = dict.fromkeys(standing.sharing, 0)
    for name in standing.wanted:
        owner = _owner(standing, name)
        if owner in counts:
            counts[owner] += 1
    return counts


def _surplus(standing: Standing) -> tuple[str, ...]:
    """Return what the node gives back; with a difference of one two would change places for ever."""
    counts = _counts(standing)
    count = counts[standing.node]
    if count - min(counts.values()) < 2:
        return ()
    mine = [name for name in standing.wanted if _owner(standing, name) == standing.node]
    return tuple(mine[-max(1, count - share_of(len(standing.wanted), len(counts))) :])


def _in_turn(standing: Standing, free: Sequence[str]) -> list[str]:
    """Return ``free`` in an order that differs between nodes, so that they do not ask for the same."""
    nodes = sorted(standing.sharing)
    start = nodes.index(standing.node) * len(free) // len(nodes)
    return [*free[start:], *free[:start]]


def _is_left_alone(standing: Standing, name: str) -> bool:
    lease = standing.leases.get(name)
    return lease is not None and standing.now - lease.until >= standing.patience
