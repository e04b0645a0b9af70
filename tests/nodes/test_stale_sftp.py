"""A route that takes from a server and delivers to it changes hands in the middle of a request."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import LeaseLost
from gateway.model import State
from gateway.pipeline import run_routes
from tests.nodes.cluster import Cluster
from tests.nodes.inside import Clock, Node, passes_over
from tests.pipeline.plant import name_of, route
from tests.postgres.server import PostgresServer
from tests.sftp.script import Act
from tests.sftp.scripted import Scripted
from tests.sources.pull import Pull


@dataclass
class _Exchange:
    """Two nodes of a site that takes from ``out`` of a server and puts into its ``in``."""

    site: Cluster
    pull: Pull
    server: Scripted
    first: Node
    second: Node
    into: Path
    late: list[Exception] = field(default_factory=list)

    def at(
        self, operation: str, path: str, then: Callable[[], object] = lambda: None, *, nth: int = 1
    ) -> None:
        """Let the other node take over and have its pass when that request has come to the server."""

        def passes() -> None:
            try:
                passes_over(self.site, self.second)
                run_routes(self.second.context)
                then()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                self.late.append(error)

        self.server.on(operation, Act.TELL, path=path, then=passes)

    def runs_late(self) -> None:
        """Let the first node have its pass, which is overtaken."""
        (report,) = run_routes(self.first.context)
        assert not self.late, self.late
        assert [type(one.error) for one in report.problems][-1:] == [LeaseLost], report.problems


@pytest.fixture
def exchange(tmp_path: Path, postgres: PostgresServer) -> Iterator[_Exchange]:
    served = tmp_path / "served"
    for name in ("out", "taken", "in"):
        (served / name).mkdir(parents=True)
    with Scripted(served) as server:
        source = (
            f'{{type: sftp, server: erp, path: {server.remote(served / "out")}, pattern: "*.csv", '
            f"acknowledge: move, move_to: {server.remote(served / 'taken')}}}"
        )
        into = f"{{erp: {{type: sftp, server: erp, path: {server.remote(served / 'in')}}}}}"
        routes = route("line1", source=source, destinations=into) + server.yaml(reply_timeout="20s")
        site = Cluster.build(tmp_path / "site", postgres.create_database(), routes)
        first, second = Node(site.plant, Clock(timedelta(hours=1), 1e6)), Node(site.plant, Clock(start=50.0))
        pull = Pull(site.plant, served / "out", served / "taken")
        yield _Exchange(site, pull, server, first, second, served / "in")
        first.end()
        second.end()


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("read", "out/"),
        ("open", ".part"),
        pytest.param("write", ".part", marks=pytest.mark.slow),
        pytest.param("rename", ".part", marks=pytest.mark.slow),
        ("rename", "out/"),
    ],
)
def test_an_owner_that_is_overtaken_at_a_server_does_nothing_twice(
    exchange: _Exchange, operation: str, path: str
) -> None:
    """A file shall be taken, delivered and acknowledged once where a route changes hands in a request."""
    name = exchange.pull.send(1)
    exchange.at(operation, path)
    exchange.runs_late()
    run_routes(exchange.second.context)
    assert exchange.site.plant.states() == {name: State.PROCESSED}
    assert os.listdir(exchange.into) == [name]
    assert os.listdir(exchange.pull.out) == []
    assert os.listdir(exchange.pull.taken) == [name]
    exchange.site.plant.demand_proof()


def test_a_late_acknowledgement_gives_a_new_file_back(exchange: _Exchange) -> None:
    """A new file of the sender that an overtaken owner moves away shall be back under its name."""
    name = exchange.pull.send(1)
    exchange.at("rename", "out/", then=lambda: exchange.pull.send(1, b"another", age=10))
    exchange.runs_late()
    assert os.listdir(exchange.pull.out) == [name_of(1)]
    assert (exchange.pull.out / name).read_bytes() == b"another"
    assert os.listdir(exchange.pull.taken) == [name]
