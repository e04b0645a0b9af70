"""Nodes within the test's own process, whose leases and clocks do what the test says."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.ledger.nodes import SERVICE
from gateway.nodes.membership import Membership, this_node
from gateway.operations.opening import open_site
from gateway.stages.context import Context
from tests.nodes.cluster import Cluster
from tests.pipeline.plant import Plant, shared_catalogue


@dataclass
class Clock:
    """One machine's clocks, wrong by ``off``; the monotonic one begins anywhere."""

    off: timedelta = timedelta()
    start: float = 0.0
    passed: float = field(default=0.0)

    def now(self) -> datetime:
        """Return what this machine takes for the time."""
        return datetime.now(UTC) + self.off

    def monotonic(self) -> float:
        """Return seconds since its boot."""
        return self.start + self.passed

    def boot_id(self) -> str:
        """Return its boot."""
        return f"boot-{self.start}"


class Node:
    """A node in this process, whose thread never asks by itself: the test says when it has its turn."""

    def __init__(self, plant: Plant, clock: Clock) -> None:
        self.clock = clock
        self._stack = contextlib.ExitStack()
        self.context = self._stack.enter_context(open_site(plant.directory, role="gateway"))
        self.context.clock, self.context.catalogue = clock, shared_catalogue()
        service = dataclasses.replace(self.context.site.service, lease_seconds=3600.0)
        self.context.site = dataclasses.replace(self.context.site, service=service)
        self.member = Membership(self.context, this_node(self.context, kind=SERVICE))
        self.context.sharing = self._stack.enter_context(self.member)

    def end(self) -> None:
        """Leave the site."""
        self._stack.close()

    @contextlib.contextmanager
    def turn(self) -> Iterator[Context]:
        """Give what its pass works with."""
        with self.member.turn("line1", self.context) as mine:
            assert mine is not None
            yield mine


def passes_over(cluster: Cluster, second: Node) -> None:
    """Let the lease run out, as it does while its owner is paused, and the other node take the route."""
    run_out = "UPDATE leases SET expires_at = '2020-01-01T00:00:00.000000Z', node = node RETURNING name"
    cluster.sql(run_out)
    second.member._turn()
    assert second.member.has("line1")
