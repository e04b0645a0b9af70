"""Removal where the ledger is on a server: the same end, also after a kill, and from two machines at once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from gateway.errors import ActionRefused
from gateway.operations.reprocess import replay
from gateway.operations.retention import show
from tests.pipeline.plant import ROUTE, Plant, ShiftedClock, confirmation, name_of
from tests.postgres.server import PostgresServer
from tests.postgres.sites import sited
from tests.retention.conftest import RETENTION, settle_files
from tests.retention.test_removal_interrupted import killed
from tests.retention.test_removing import applied, approved, check_lists

_REMEMBERED = "    duplicates: {retention_days: 5000}\n"  # for longer than files are kept
pytestmark = pytest.mark.slow  # a ledger of its own on the server for each


@pytest.fixture
def plant(tmp_path: Path, postgres: PostgresServer) -> Plant:
    """A site on the server, eleven years after its files came."""
    plant = sited(tmp_path / "site", postgres.create_database(), f"{ROUTE}{_REMEMBERED}{RETENTION}")
    settle_files(plant)
    clock = ShiftedClock()
    clock.advance(days=11 * 366)
    return Plant(plant.directory, clock)


def test_files_of_a_site_on_a_server_are_removed(plant: Plant) -> None:
    """What was approved shall go and be proved gone; a copy is still known, nothing goes again."""
    run = approved(plant)
    done = applied(plant, run)
    assert (done.run.state, done.removed, done.left_total) == ("done", 5, 0)
    check_lists(plant)
    plant.demand_proof()
    with plant.opened() as context:
        assert show(context, run.id)[1][0] == 5
        with pytest.raises(ActionRefused, match="retention run"):
            replay(context, [plant.transfer(name_of(2)).id], "asked for")
    copy = "CONF_MES01_0000002-copy.csv"
    plant.drop(copy, confirmation(2))
    plant.run()
    assert plant.codes(copy) == ["F701"]


@pytest.mark.parametrize("step", ["intent", "tombstone", "list", "file", "end", "run"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_removal_killed_on_a_server_goes_on_where_it_was(plant: Plant, step: str, when: str) -> None:
    """Applied again after a kill, the run shall come to the same end."""
    run = approved(plant)
    assert killed(plant, run, step, when, 1)
    check_lists(plant)
    if (step, when) != ("run", "after"):
        done = applied(plant, run)
        assert (done.removed, done.left_total, done.unfinished) == (5, 0, 0)
    check_lists(plant)
    plant.demand_proof()


def test_two_who_carry_out_one_run_at_once_come_to_one_end(plant: Plant) -> None:
    """Started on two machines at the same time, a run shall be carried out once, and be proved."""
    run = approved(plant)
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                applied(plant, run)
                status = 0
            except ActionRefused:
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    ends = [os.waitpid(child, 0)[1] for child in children]
    assert not any(os.WIFSIGNALED(end) and os.WTERMSIG(end) == signal.SIGKILL for end in ends)
    with plant.opened() as context:
        kept, (removed, _bytes, unfinished) = show(context, run.id)
    if kept.state != "done":
        assert applied(plant, run).run.state == "done"
        with plant.opened() as context:
            _run, (removed, _bytes, unfinished) = show(context, run.id)
    assert (removed, unfinished) == (5, 0)
    check_lists(plant)
    plant.demand_proof()
