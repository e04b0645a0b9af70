"""The ledger's server dies amid the work of two nodes, and a real standby takes over.

python -m pytest -n0 -m slow tests/nodes/test_failover.py
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.nodes.cluster import Cluster, cluster, routes
from tests.pipeline.plant import confirmation, name_of
from tests.postgres.server import PostgresServer
from tests.service.conftest import until

pytestmark = pytest.mark.slow


@dataclass
class _Pair:
    """A primary and its standby, and the URL that names both."""

    primary: PostgresServer
    standby: PostgresServer
    url: str


@contextlib.contextmanager
def _pair(how: str) -> Iterator[_Pair]:
    """Give two servers, the second one following the first: `sync` or `async`."""
    with PostgresServer(wal_level="replica", max_wal_senders="4") as primary:
        name = primary.create_database().rpartition("/")[2]
        standby = PostgresServer.standby_of(primary)
        try:
            standby.start()
            primary.wait_for_standby(how)
            hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
            url = f"postgresql://gateway@{hosts}/{name}?target_session_attrs=read-write"
            yield _Pair(primary, standby, url)
        finally:
            standby.__exit__()


def _drop(site: Cluster, numbers: range) -> list[str]:
    files = []
    for line in (1, 2):
        for number in numbers:
            sender = f"MES{line:02d}"
            site.plant.drop(name_of(number, sender), confirmation(number, sender=sender), f"line{line}")
            files.append(name_of(number, sender))
    return files


def _count(site: Cluster, state: str) -> int:
    return int(site.sql("SELECT count(*) FROM transfers WHERE state = %s", state)[0][0])


def test_a_synchronous_standby_takes_over_and_nothing_is_lost(tmp_path: Path) -> None:
    """Two nodes whose primary is killed amid a batch shall go on with the standby, nothing lost or twice."""
    with _pair("sync") as pair, cluster(tmp_path / "site", pair.url, routes(2)) as site:
        site.start(2)
        files = _drop(site, range(1, 101))
        until(lambda: _count(site, "delivering") or _count(site, "processed"), "work")
        pair.primary.kill()
        pair.standby.promote()
        files += _drop(site, range(101, 121))
        until(lambda: _count(site, "processed") == len(files), "all files processed")
        site.demand_once(files)
        assert all(node.process.poll() is None for node in site.nodes)


def test_a_standby_that_lacks_commits_stops_every_node(tmp_path: Path) -> None:
    """Nodes shall do nothing with a server that lacks commits, and say so, also at the next start."""
    with _pair("async") as pair, cluster(tmp_path / "site", pair.url, routes(2)) as site:
        site.start(2)
        files = _drop(site, range(1, 11))
        until(lambda: _count(site, "processed") == len(files), "the first files")
        pair.standby.stop()
        files += _drop(site, range(11, 31))
        until(lambda: _count(site, "processed") == len(files), "the others")
        outbox = site.plant.directory / "outbox" / "erp"
        for name in site.delivered():
            (outbox / name).unlink()  # the receiver has them
        pair.primary.kill()
        pair.standby.start()
        pair.standby.promote()
        waiting = _drop(site, range(31, 33))
        for node in site.nodes:
            until(
                lambda node=node: "audit-broken" in [one["code"] for one in node.events("problem")],  # type: ignore[misc]
                node.name,
            )
        assert _run_once(site) == 61
        assert site.delivered() == []
        inboxes = [site.plant.inbox(line) for line in ("line1", "line2")]
        assert sorted(name for inbox in inboxes for name in os.listdir(inbox)) == sorted(waiting)


def _run_once(site: Cluster) -> int:
    line = [sys.executable, "-m", "gateway.cli.main", "--site", str(site.plant.directory), "run", "--once"]
    return subprocess.run(line, capture_output=True, check=False).returncode
