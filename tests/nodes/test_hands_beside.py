"""What people ask for on the command line beside gateways at work: one on a file, two on a server.

python -m pytest -n0 -m slow tests/nodes/test_hands_beside.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import SiteBusy
from gateway.model import State
from tests.cli.plant import call
from tests.nodes.cluster import cluster
from tests.pipeline.plant import Plant, confirmation, name_of, route
from tests.postgres.server import PostgresServer
from tests.service.conftest import running, until

pytestmark = pytest.mark.slow  # what a lock refuses is in tests/custody; here are whole processes

_STRICT = {"sequence": "{model: counter, order: strict, start: 1}"}


def _by_hand(plant: Plant) -> None:
    """Try a file again, release one and replay one, beside whoever works; look at everything."""
    first, wrong, held = (name_of(number) for number in (1, 2, 3))
    for name, content in ((first, confirmation(1)), (held, confirmation(3))):
        plant.drop(name, content, "line1")
    plant.drop(wrong, confirmation(2, quantity="4B0,5"), "line1")
    settled = {first: State.PROCESSED, wrong: State.FAILED, held: State.HELD}
    until(lambda: plant.states() == settled, "the files")
    out = plant.directory / "outbox" / "erp"
    (out / first).unlink()  # the receiver has it
    for words in (("reprocess", wrong), ("hold", "release", held), ("replay", first)):
        done = call("--site", str(plant.directory), *words, "--reason", "asked for")
        assert done.exit_code == 0, done.output
    until(lambda: plant.transfer(wrong).attempt == 2 and plant.transfer(wrong).state is State.FAILED, "again")
    until(lambda: all((out / name).exists() for name in (first, held)), "the others")
    until(lambda: State.DELIVERING not in plant.states().values(), "their end")
    for look in (["status"], ["verify"], ["audit", "verify"]):
        assert call("--site", str(plant.directory), *look).exit_code == 0, look
    plant.demand_proof()


def test_hands_beside_one_gateway_on_a_file(tmp_path: Path) -> None:
    """People's commands shall be carried out by the gateway at work; a second gateway shall be refused."""
    plant = Plant.build(tmp_path / "site", route("line1", **_STRICT))
    with running(plant) as gateway:
        gateway.event("running")
        for words in (["run"], ["run", "--once"]):
            line = [sys.executable, "-m", "gateway.cli.main", "--site", str(plant.directory), *words]
            second = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
            assert second.returncode == SiteBusy.exit_status
            assert f"Process {gateway.process.pid} on" in second.stderr
        _by_hand(plant)


def test_hands_beside_two_nodes_on_a_server(tmp_path: Path, postgres: PostgresServer) -> None:
    """People's commands shall be carried out by the node whose route it is, whichever machine they use."""
    url = postgres.create_database()
    with cluster(tmp_path / "site", url, route("line1", **_STRICT) + route("line2")) as site:
        site.start(2)
        _by_hand(site.plant)
