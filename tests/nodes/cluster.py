"""A site on a real PostgreSQL server, and nodes that work on it: processes of `gateway run`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.pipeline.plant import Plant, configuration, route
from tests.service.conftest import until

#: Leases in tests last so long: a node is taken for dead soon.
LEASE = "2s"


@dataclass
class Node:
    """One `gateway run` and its log."""

    name: str
    process: subprocess.Popen[str]
    log: Path
    is_paused: bool = False

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of that name in its log."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [one for one in found if one["event"] == name]

    def leases(self) -> set[str]:
        """Return what it holds by its own log."""
        held: set[str] = set()
        lines = self.log.read_text(encoding="utf-8").splitlines()
        for one in (json.loads(line) for line in lines if line.startswith("{")):
            if one["event"] == "lease-taken":
                held.add(one["lease"])
            elif one["event"] in ("lease-lost", "lease-given"):
                held.discard(one["lease"])
        return held

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.is_paused = number == signal.SIGSTOP
        self.process.send_signal(number)

    def ends(self) -> int:
        """Wait for the end; return the exit status."""
        return self.process.wait(timeout=30)


@dataclass
class Cluster:
    """One site and its nodes."""

    plant: Plant
    url: str
    nodes: list[Node] = field(default_factory=list)

    @classmethod
    def build(cls, directory: Path, url: str, routes: str, more: str = "") -> Cluster:
        """Make a site in ``directory`` whose ledger is the database at ``url``."""
        plant = Plant.build(directory, routes)
        cluster = cls(plant, url)
        cluster.configure(routes, more)
        return cluster

    def configure(self, routes: str, more: str = "") -> None:
        """Write the configuration."""
        text = configuration(routes).replace(
            "site:\n", f"site:\n  ledger: {self.url}\n  interval: 1s\n{more}"
        )
        path = self.plant.directory / "config" / "gateway.yaml"
        path.write_text(f"{text}service: {{lease: {LEASE}}}\n", encoding="utf-8")

    def start(self, count: int = 1, **environment: str) -> list[Node]:
        """Start nodes and wait until each runs."""
        started = []
        for _ in range(count):
            name = f"node{len(self.nodes) + 1}"
            log = self.plant.directory.parent / f"{name}.log"
            line = [sys.executable, "-m", "gateway.cli.main", "--site", str(self.plant.directory)]
            with log.open("w", encoding="utf-8") as stream:
                process = subprocess.Popen(
                    [*line, "run", "--log", "json"],
                    stderr=stream,
                    env={**os.environ, **environment},
                    text=True,
                )
            node = Node(name, process, log)
            self.nodes.append(node)
            started.append(node)
        for node in started:
            until(lambda node=node: node.events("running"), f"{node.name}: {node.log.read_text()}")  # type: ignore[misc]
        return started

    def end(self) -> None:
        """Kill whatever still runs."""
        for node in self.nodes:
            if node.process.poll() is None:
                node.process.kill()
                node.process.wait()

    def holder(self, name: str) -> Node:
        """Return the node that holds the lease on route ``name``, by the ledger; wait for there to be one."""
        found = until(lambda: self._holder(name), f"an owner of {name}")
        assert found is not None
        return found

    def _holder(self, name: str) -> Node | None:
        rows = self.sql(
            "SELECT n.pid FROM leases l JOIN nodes n ON n.node = l.node WHERE l.name = %s", f"route {name}"
        )
        pids = {node.process.pid: node for node in self.nodes}
        return pids.get(rows[0][0]) if rows else None

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the ledger."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def delivered(self, destination: str = "erp") -> list[str]:
        """Return the names that are at a destination, hidden ones too."""
        return sorted(os.listdir(self.plant.directory / "outbox" / destination))

    def demand_once(self, expected: Sequence[str], destination: str = "erp") -> None:
        """Assert that exactly these files were delivered, each once, and that everything is on record."""
        assert self.delivered(destination) == sorted(expected)
        rows = self.sql("SELECT object_id FROM audit WHERE action = 'delivered'")
        twice = {one: count for one, count in Counter(row[0] for row in rows).items() if count != 1}
        assert not twice, "delivered more than once by the audit trail"
        self.plant.demand_proof()


def routes(count: int, **parts: str) -> str:
    """Return ``count`` routes that all deliver to one place."""
    return "".join(route(f"line{number}", **parts) for number in range(1, count + 1))


@contextlib.contextmanager
def cluster(directory: Path, url: str, text: str, more: str = "") -> Iterator[Cluster]:
    """Give a site for nodes; they are killed at the end of the block."""
    made = Cluster.build(directory, url, text, more)
    (made.plant.directory / "outbox" / "erp").mkdir(parents=True, exist_ok=True)
    try:
        yield made
    finally:
        made.end()
