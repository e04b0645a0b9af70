"""The soak with several nodes: `gateway run` processes on one PostgreSQL ledger, paused, killed, restarted.

Time is the real one here (leases are counted by the database), and the nodes work while the soak looks. So
it is not the same run again for the same seed; the same files, people and mishaps come in the same order.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.nodes.cluster import Cluster, Node
from tests.pipeline.plant import Plant
from tests.postgres.server import PostgresServer
from tests.soak import checks, site
from tests.soak.model import Event
from tests.soak.steps import SteppedSoak

#: Seconds within which everything must come to rest once all nodes work, a lease that runs out included.
_PATIENCE = 90.0


@dataclass
class NodesSoak(SteppedSoak):
    """One site, its nodes, and the server with its ledger."""

    count: int = 2
    database: PostgresServer = field(kw_only=True)

    def _build(self, directory: Path) -> None:
        url = self.database.create_database()
        site.build(directory, ledger=url)
        self.cluster = Cluster(Plant(directory), url)
        self.cluster.start(self.count)

    def _set_clock(self) -> None:
        """Leave the clock as it is: the nodes have the real one."""

    def _steps(self) -> dict[str, float]:
        return _STEPS

    def _deeds(self) -> tuple[Callable[[Random], str], ...]:
        """Leave out what cannot be asked while nodes go on: they may be quicker."""
        own = self.operators
        return own.reprocess, own.replay, own.correct, own.release, own.waive, own.retry

    def _trail(self) -> Iterator[Event]:
        rows = self.cluster.sql(checks.TRAIL.replace("?", "%s"), self.model.seen)
        return (checks.event_of(row) for row in rows)

    def _end(self) -> None:
        self.cluster.end()

    def _not_taken(self) -> list[str]:
        """Leave out what its checksum file contradicts: that waits for longer than the soak does."""
        waiting = {f"{route}/{name}" for route, name in self.model.contradicted}
        return [one for one in super()._not_taken() if one.removesuffix(".sha256") not in waiting]

    # ---- steps

    def _do_pass(self, rng: Random) -> str:
        """Let the nodes work for a moment."""
        time.sleep(rng.choice((0.2, 0.5, 1.0, 2.5)))
        return ""

    def _do_pause(self, rng: Random) -> str:
        """Let a node stand still, beyond its leases or not; a step later, or more, it goes on."""
        node = rng.choice(self._alive())
        if node.is_paused:
            node.signal(signal.SIGCONT)
            return f"{node.name} goes on"
        node.signal(signal.SIGSTOP)
        self.counts["pauses"] += 1
        return f"{node.name} stands still"

    def _do_kill(self, rng: Random) -> str:
        """End a node, at once or gently, and start another one in its place."""
        node = rng.choice(self._alive())
        number = rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
        node.signal(signal.SIGCONT)
        node.signal(number)
        self.counts["kills" if number == signal.SIGKILL else "restarts"] += 1
        node.ends()
        (new,) = self.cluster.start()
        return f"{number.name} to {node.name}; {new.name} comes"

    def _do_database(self, rng: Random) -> str:
        """Let the database stand still, end its sessions, or crash."""
        self.counts["database outages"] += 1
        how = rng.choice(("fast", "immediate", "pause"))
        if how == "pause":
            self.database.pause()
            time.sleep(rng.choice((0.5, 3.0)))
            self.database.go_on()
        else:
            self.database.restart(how)
        return how

    def _alive(self) -> list[Node]:
        return [one for one in self.cluster.nodes if one.process.poll() is None]

    # ---- everything at rest

    def rest(self) -> None:
        """Let all nodes go on, wait until nothing moves, and demand everything."""
        self._note(f"{self.step} rest")
        while self.senders.pending:
            self.senders.pending.pop().finish()
        for node in self._alive():
            node.signal(signal.SIGCONT)
        end = time.monotonic() + _PATIENCE
        self.look()
        while not self._is_at_rest() and time.monotonic() < end:
            time.sleep(0.2)
            self.look()
        self._demand_rest(())
        self.counts["rests"] += 1


#: Steps and how often they come, in proportion.
_STEPS: dict[str, float] = {
    "send": 30,
    "finish": 8,
    "again": 8,
    "keep_back": 3,
    "send_kept": 3,
    "odd": 2,
    "pass": 20,
    "pause": 8,
    "kill": 3,
    "database": 1,
    "operator": 12,
}
