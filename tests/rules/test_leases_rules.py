"""Sharing of routes over nodes, simulated: every law of `gateway/rules/leases.py` over random histories."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.leases import Lease, Plan, Standing, decide, share_of

_START = datetime(2026, 11, 23, tzinfo=UTC)
_LASTING = timedelta(seconds=30)
_TURN = timedelta(seconds=10)


@dataclass
class _Site:
    """Leases as a ledger keeps them, and nodes that take turns."""

    routes: tuple[str, ...]
    nodes: set[str]
    now: datetime = _START
    leases: dict[str, Lease] = field(default_factory=dict)
    moves: int = 0

    def turn(self, node: str) -> Plan:
        """Let a node renew, decide, take and give."""
        until = self.now + _LASTING
        for name, one in self.leases.items():
            if one.node == node:
                self.leases[name] = Lease(name, node, one.token, until)
        plan = decide(
            Standing(node, self.now, self.routes, self.leases, sorted(self.nodes), _LASTING * 2 / 3)
        )
        for name in plan.give:
            self.leases[name] = Lease(name, None, self.leases[name].token, self.now)
        for name in plan.take:
            before = self.leases.get(name)
            assert before is None or before.is_free(self.now), "nobody takes what somebody has"
            self.leases[name] = Lease(name, node, before.token + 1 if before else 1, until)
        self.moves += len(plan.give) + len(plan.take)
        return plan

    def round(self, order: list[str]) -> None:
        """Let every node that lives have its turn."""
        for node in order:
            if node in self.nodes:
                self.turn(node)
                self.now += _TURN / max(1, len(order))

    def counts(self) -> list[int]:
        """Return how many routes each living node has."""
        held = [one.node for one in self.leases.values() if not one.is_free(self.now)]
        return [held.count(node) for node in sorted(self.nodes)]


_NODES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True)


@given(routes=st.integers(0, 13), order=_NODES, data=st.data())
def test_shares_become_even_and_stay(routes: int, order: list[str], data: st.DataObject) -> None:
    """Whoever comes in whatever order, all routes shall be owned, in shares that differ by one at most."""
    site = _Site(tuple(f"r{number}" for number in range(routes)), set(order[:1]))
    for count in range(1, len(order) + 1):
        site.nodes = set(order[:count])
        for _ in range(data.draw(st.integers(0, 2))):
            site.round(data.draw(st.permutations(order)))
    for _ in range(2 * routes + 6):
        site.round(order)
    assert sum(site.counts()) == routes
    assert max(site.counts()) - min(site.counts()) <= 1
    before = site.moves
    for _ in range(3):
        site.round(data.draw(st.permutations(order)))
    assert site.moves == before, "nothing moves any more"


@given(routes=st.integers(1, 9), order=_NODES, dead=_NODES)
def test_what_a_dead_node_had_is_taken_over(routes: int, order: list[str], dead: list[str]) -> None:
    """A route shall not be without an owner for longer than a lease lasts and its turns take."""
    site = _Site(tuple(f"r{number}" for number in range(routes)), set(order))
    for _ in range(12):
        site.round(order)
    site.nodes -= set(dead)
    if not site.nodes:
        return
    tokens = {name: one.token for name, one in site.leases.items()}
    gone = {name for name, one in site.leases.items() if one.node in dead}
    ends = site.now + _LASTING + 3 * _TURN + _LASTING * 2 / 3
    while site.now < ends:
        site.round(order)
    assert sum(site.counts()) == routes
    assert all(site.leases[name].token > tokens[name] for name in gone)


def test_a_node_that_takes_nothing_keeps_nobody_waiting() -> None:
    """What another node should take and does not shall be taken beyond the share, after some patience."""
    site = _Site(("r0", "r1"), {"a", "b"})  # b is there and never has its turn
    site.turn("a")
    assert site.counts() == [1, 0]
    site.leases["r1"] = Lease("r1", None, 1, site.now)
    site.now += _TURN
    assert site.turn("a").take == ()
    site.now += _LASTING
    assert site.turn("a").take == ("r1",)


def test_one_that_comes_and_goes_takes_what_is_free_and_gives_nobody_a_share() -> None:
    """A single pass beside services shall work on what nobody works on, and on nothing else."""
    site = _Site(("r0", "r1"), {"a"})
    site.turn("a")
    standing = Standing("once", site.now, site.routes, site.leases, ["a"], _LASTING)
    assert decide(standing) == Plan()
    site.now += _LASTING * 2
    standing = Standing("once", site.now, site.routes, site.leases, [], _LASTING)
    assert decide(standing).take == ("r0", "r1")


@given(wanted=st.integers(0, 1000), nodes=st.integers(0, 50))
def test_shares_cover_everything(wanted: int, nodes: int) -> None:
    """Shares of all nodes together shall be at least everything, and none larger than need be."""
    share = share_of(wanted, nodes)
    assert share * max(1, nodes) >= wanted
    assert (share - 1) * max(1, nodes) < wanted or share == 0
