"""What an owner can do whose lease has passed to another node: nothing, at whatever call it wakes up."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.alerts import conditions
from gateway.custody import claim as custody_claim
from gateway.custody import settle as custody_settle
from gateway.custody.look import look
from gateway.custody.reopen import ReopenItem, reopen
from gateway.destinations import Parcel, Staged, destination_for
from gateway.errors import FileMissing, GatewayError, LeaseLost, LedgerVersion
from gateway.ledger import leases, transfers
from gateway.ledger.engine import open_ledger
from gateway.ledger.ids import new_id
from gateway.ledger.nodes import database_time
from gateway.model import State
from gateway.operations.opening import open_site
from gateway.operations.overview import overview
from gateway.pipeline import run_routes
from gateway.stages import settle as settling
from tests.nodes.cluster import Cluster, routes
from tests.nodes.inside import Clock, Node, passes_over
from tests.pipeline.plant import confirmation, name_of
from tests.postgres.server import PostgresServer


@pytest.fixture
def site(tmp_path: Path, postgres: PostgresServer) -> Cluster:
    """Return a site with one route and a ledger on PostgreSQL."""
    return Cluster.build(tmp_path / "site", postgres.create_database(), routes(1))


@pytest.fixture
def nodes(site: Cluster) -> Iterator[tuple[Node, Node]]:
    """Return the owner of the route, whose clock is three hours ahead, and another node, five behind."""
    first = Node(site.plant, Clock(timedelta(hours=3), 1e6))
    second = Node(site.plant, Clock(timedelta(hours=-5), 50.0))
    yield first, second
    first.end()
    second.end()


def _drop(site: Cluster, number: int) -> str:
    site.plant.drop(name_of(number), confirmation(number), "line1")
    return name_of(number)


def test_a_stale_owner_writes_nothing_into_the_ledger(site: Cluster, nodes: tuple[Node, Node]) -> None:
    """A write of an owner whose lease another node has taken shall be refused, with nothing written."""
    first, second = nodes
    with first.turn() as stale:
        passes_over(site, second)
        before = site.sql("SELECT count(*) FROM audit")
        with pytest.raises(LeaseLost), stale.ledger.write() as connection:
            transfers.insert(connection, [])
        assert site.sql("SELECT count(*) FROM audit") == before
        first.clock.passed = 3600.0
        assert stale.stopping()
        with pytest.raises(LeaseLost), stale.ledger.read():
            raise AssertionError("the lease cannot be counted on by the own clock")


def test_a_lease_that_ran_out_and_nobody_took_goes_on(site: Cluster, nodes: tuple[Node, Node]) -> None:
    """An owner that comes back before anybody took its route shall go on with the same lease."""
    first, _second = nodes
    with first.turn() as mine:
        site.sql("UPDATE leases SET expires_at = '2020-01-01T00:00:00.000000Z' RETURNING name")
        first.member._turn()
        with mine.ledger.write() as connection:
            held = leases.every(connection)["route line1"]
            assert held.until > database_time(connection)
    assert (held.node, held.token) == (first.member.node.node, 1)


def test_a_stale_owner_can_neither_take_nor_settle_nor_bring_back(
    site: Cluster, nodes: tuple[Node, Node]
) -> None:
    """Moves that an owner had in mind before another took over shall find no way, late as they come."""
    first, second = nodes
    name = _drop(site, 1)
    with first.turn() as stale:
        working = stale.layout.working("line1")
        passes_over(site, second)
        run_routes(second.context)
        row = site.plant.transfer(name)
        assert row.state is State.PROCESSED
        again = _drop(site, 1)  # the sender has a new file of the same name
        seen = next(one for one in look(site.plant.inbox("line1")) if one.name == again)
        (error,) = custody_claim.claim(
            [(site.plant.inbox("line1") / again, working / row.working_name, seen)]
        )
        assert isinstance(error, GatewayError)
        assert (site.plant.inbox("line1") / again).exists()
        settled = site.plant.directory / (row.settled_path or "")
        (error,) = reopen([ReopenItem(row.id, settled, working / row.working_name)])
        assert error is not None
        assert settled.exists()
        planned = row.evolve(state=State.DELIVERING)
        item = settling._item(stale, planned, (settled.parent / f"{name}.manifest.json").read_bytes())
        (error,) = custody_settle.settle([dataclasses.replace(item, target=str(settled) + "-other")])
        assert isinstance(error, FileMissing)
    (site.plant.inbox("line1") / again).unlink()
    site.plant.demand_proof()


@pytest.mark.parametrize("was_committed", [True, False])
def test_a_stale_owner_publishes_nothing_twice(
    site: Cluster, nodes: tuple[Node, Node], tmp_path: Path, was_committed: bool
) -> None:
    """What an owner staged shall get its name once: by the new owner, and never by the one before."""
    first, _second = nodes
    outbox = site.plant.directory / "outbox" / "erp"
    place = destination_for(first.context.site.route("line1").destinations[0], first.context.connections)
    source = tmp_path / "source"
    source.write_bytes(b"goods")
    parcel = Parcel("K-1", str(source), "goods.csv", hashlib.sha256(b"goods").hexdigest(), 5, fence="t1")
    assert place.stage([parcel]) == [None]
    if was_committed:
        assert place.publish([dataclasses.replace(parcel, staged=Staged.BEFORE)]) == [None]
    else:
        anew = dataclasses.replace(parcel, fence="t2", earlier=("t1",))
        assert place.stage([anew]) == [None]
        assert os.listdir(outbox) == [".K-1.t2.part"], "what the one before left is gone"
        assert place.stage([parcel]) == [None], "it wakes up, and stages under its own name alone"
        assert place.publish([anew]) == [None]
    (outbox / "goods.csv").unlink()  # the receiver has taken it
    if was_committed:
        (error,) = place.publish([parcel])
        assert error is not None
        assert os.listdir(outbox) == []


def test_ids_grow_over_nodes_whose_clocks_disagree(site: Cluster, nodes: tuple[Node, Node]) -> None:
    """A transfer that arrives later shall have the greater id, whichever node took it by whatever clock."""
    first, second = nodes
    _drop(site, 1)
    run_routes(first.context)
    (row,) = site.plant.transfers()
    assert row.id > new_id(datetime.now(UTC) + timedelta(hours=2))[:10]
    passes_over(site, second)
    _drop(site, 2)
    run_routes(second.context)
    rows = site.plant.transfers()
    assert [one.name for one in rows] == ["CONF_MES01_0000001.csv", "CONF_MES01_0000002.csv"]
    assert rows[0].arrived_at > rows[1].arrived_at, "the clocks disagree by eight hours"


def test_status_says_who_works_on_what(site: Cluster, nodes: tuple[Node, Node]) -> None:
    """`gateway status` shall show each node, its routes, and that one works with another configuration."""
    path = site.plant.directory / "config" / "gateway.yaml"
    path.write_text(path.read_text() + "# changed\n")
    with open_site(site.plant.directory) as context:
        shown = overview(context)["nodes"]
    assert [one["routes"] for one in shown] == [["line1"], []]
    assert all(one["differs"] for one in shown)


def test_nodes_that_differ_are_told_once_they_have_been_there_for_a_while(
    site: Cluster, nodes: tuple[Node, Node]
) -> None:
    """Nodes of two gateway versions shall be one alert, and none while they are changed over in turn."""
    context = nodes[0].context

    def told() -> list[bool]:
        with context.ledger.read() as connection:
            found = conditions.of_site(context.site, connection, context.clock.now())
        return [one.begins for one in found if one.kind == "nodes-differ"]

    assert told() == []
    change = "UPDATE nodes SET gateway_version = '0.9' WHERE node = %s RETURNING node"
    site.sql(change, nodes[1].member.node.node)
    assert told() == [False]
    site.sql("UPDATE nodes SET started_at = '2026-01-01T00:00:00.000000Z' RETURNING node")
    assert told() == [True]


def test_a_node_older_than_the_ledger_writes_nothing(site: Cluster, nodes: tuple[Node, Node]) -> None:
    """A node whose ledger a newer gateway has changed shall stop, and none of its version begin."""
    with nodes[0].turn() as mine:
        later = (
            "INSERT INTO schema_version VALUES (99, '2027-01-01T00:00:00.000000Z', '9.0') RETURNING version"
        )
        site.sql(later)
        with pytest.raises(LedgerVersion), mine.ledger.write() as connection:
            transfers.insert(connection, [])
    with pytest.raises(LedgerVersion):
        nodes[1].member._turn()
    with pytest.raises(LedgerVersion, match="knows versions up to"):
        open_ledger(site.url)
