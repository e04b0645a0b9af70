"""Nodes as processes on a real PostgreSQL server: shared work, pauses, deaths, a server that goes away."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.nodes.cluster import Cluster, cluster, routes
from tests.pipeline.plant import confirmation, name_of, route
from tests.postgres.server import PostgresServer
from tests.service.conftest import until


def _drop(site: Cluster, line: int, numbers: range) -> list[str]:
    """Put files into the inbox of a route; return their names."""
    sender = f"MES{line:02d}"
    for number in numbers:
        site.plant.drop(name_of(number, sender), confirmation(number, sender=sender), f"line{line}")
    return [name_of(number, sender) for number in numbers]


def _processed(site: Cluster) -> int:
    return int(site.sql("SELECT count(*) FROM transfers WHERE state = 'processed'")[0][0])


def _begun(site: Cluster) -> int:
    return int(site.sql("SELECT count(*) FROM transfers WHERE state <> 'arrived'")[0][0])


def _all_through(site: Cluster, expected: list[str]) -> None:
    until(lambda: _processed(site) == len(expected), f"{len(expected)} files processed")
    site.demand_once(expected)


def test_nodes_share_the_work_and_take_over_from_who_stands_still_or_dies(tmp_path: Path, url: str) -> None:
    """Two nodes shall share evenly, and take over, once, what one that stands still or dies has begun."""
    with cluster(tmp_path / "site", url, routes(4)) as site:
        first, second = site.start(2)
        until(lambda: [len(node.leases() - {"alerts"}) for node in (first, second)] == [2, 2], "even shares")
        files = [name for line in range(1, 5) for name in _drop(site, line, range(1, 4))]
        _all_through(site, files)
        taken = [sum(one["taken"] for one in node.events("pass-ended")) for node in (first, second)]
        assert taken == [6, 6], "each took the files of its own routes"
        files += [name for line in range(1, 5) for name in _drop(site, line, range(4, 12))]
        until(lambda: _begun(site) > 12, "work")
        first.signal(signal.SIGSTOP)
        until(lambda: len(second.leases()) == 5, "the take-over", 60)
        _all_through(site, files)
        first.signal(signal.SIGCONT)
        until(lambda: len(first.events("lease-lost")) >= 2, "it knows")
        files += [name for line in range(1, 5) for name in _drop(site, line, range(12, 15))]
        until(lambda: _begun(site) > 44, "work")
        second.process.kill()
        _all_through(site, files)
        until(lambda: len(first.leases()) == 5, "all leases")
        first.signal(signal.SIGTERM)
        assert first.ends() == 0
        assert site.sql("SELECT count(*) FROM leases WHERE node IS NOT NULL") == [(0,)]


@pytest.mark.slow
def test_a_database_that_restarts_amid_the_work_costs_time_alone(tmp_path: Path) -> None:
    """Nodes shall go on when a server that crashed is there again, with nothing lost and nothing twice."""
    with PostgresServer() as server, cluster(tmp_path / "site", server.create_database(), routes(2)) as site:
        site.start(2)
        files = [name for line in (1, 2) for name in _drop(site, line, range(1, 61))]
        until(lambda: _begun(site), "a claim")
        server.stop("immediate")
        server.start()
        _all_through(site, files)
        assert all(node.process.poll() is None for node in site.nodes)


@pytest.mark.slow
def test_a_strict_stream_keeps_its_order_over_nodes_that_die(tmp_path: Path, url: str) -> None:
    """Files of a strict stream shall be delivered in their order, whichever nodes deliver them."""
    strict = route("line1", sequence="{model: counter, order: strict}")
    with cluster(tmp_path / "site", url, strict) as site:
        site.start(2)
        files: list[str] = []
        for turn in range(4):
            numbers = range(turn * 40 + 1, turn * 40 + 41)
            files += _drop(site, 1, numbers)
            owner = site.holder("line1")
            before = _processed(site)
            until(lambda before=before: _processed(site) > before or site.delivered(), "work", 60)  # type: ignore[misc]
            owner.process.kill()
            site.start()
        _all_through(site, files)
        rows = site.sql(
            "SELECT t.control_number FROM audit a JOIN transfers t ON t.id = a.object_id"
            " WHERE a.action = 'delivered' ORDER BY a.sequence"
        )
        numbers_in_order = [int(row[0]) for row in rows]
        assert numbers_in_order == sorted(numbers_in_order)
