"""A removal that is killed anywhere is brought to its end; no file is ever gone without its tombstone."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.custody import daylist, removal, syncs, writes
from gateway.ledger import retention
from gateway.operations.ledger_care.backing_up import back_up
from gateway.operations.ledger_care.rebuilding import rebuild
from gateway.operations.ledger_care.restoring import restore
from tests.pipeline.plant import Plant
from tests.retention.test_removing import applied, approved, check_lists

#: Where the process is killed: before and after each step that changes a file or the ledger.
STEPS = {
    "intent": (retention, "begin"),
    "tombstone": (writes, "write_temporary"),
    "name": (writes, "place_new"),
    "list": (daylist, "exchange"),
    "sync": (syncs, "sync_each"),
    "file": (removal, "unlink"),
    "end": (retention, "end"),
    "run": (retention, "update_run"),
}


def killed(plant: Plant, run: retention.Run, step: str, when: str, at: int) -> bool:
    """Apply the run in a process that is killed at the step; return whether it was."""
    child = os.fork()
    if child == 0:
        module, name = STEPS[step]
        setattr(module, name, _deadly(getattr(module, name), when, at))
        try:
            applied(plant, run)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _deadly(real: Any, when: str, at: int) -> Any:
    calls = 0

    def killing(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **named)
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return killing


def _demand_tombstones(plant: Plant, files: list[dict[str, str]]) -> None:
    """Assert that every file is there, or its tombstone is."""
    for one in files:
        place = plant.directory / one["path"]
        assert place.exists() or Path(f"{place}.tombstone.json").exists(), place


def _points() -> Iterator[Any]:
    """Yield step, moment and call; the later calls of each step are for whoever has time."""
    for step in STEPS:
        for when in ("before", "after"):
            yield pytest.param(step, when, 1, id=f"{when} {step}")
            if step in ("tombstone", "name", "file"):  # the lists of a day are written at once
                yield pytest.param(step, when, 3, id=f"{when} {step} 3", marks=pytest.mark.slow)


@pytest.mark.parametrize(("step", "when", "at"), list(_points()))
def test_a_killed_removal_goes_on_where_it_was(plant: Plant, step: str, when: str, at: int) -> None:
    """Applied again, the run shall come to the same end; day lists shall be right at every moment."""
    run = approved(plant)
    was_killed = killed(plant, run, step, when, at)
    check_lists(plant)
    _demand_tombstones(plant, run.plan["files"])
    done = applied(plant, run)
    assert was_killed or at > 1
    assert (done.removed, done.left_total, done.unfinished) == (5, 0, 0)
    for one in run.plan["files"]:
        assert [len(plant.trail(one["transfer"], action)) for action in ("removal-begun", "removed")] == [
            1,
            1,
        ]
    check_lists(plant)
    plant.demand_proof()


def test_a_rebuilt_ledger_knows_what_was_removed(plant: Plant) -> None:
    """From tombstones alone the removals, the run and the memory of duplicates shall be known again."""
    run = approved(plant)
    applied(plant, run)
    before = _removals(plant)
    shutil.rmtree(plant.directory / "ledger")
    done = rebuild(plant.directory, "the disk is gone")
    # the machine's clock is eleven years behind the plant's: record keys would still be of use
    assert [one for one in done.recovery.troubles if "record keys" not in one] == []
    assert {key: one.tombstone_sha256 for key, one in _removals(plant).items()} == {
        key: one.tombstone_sha256 for key, one in before.items()
    }
    with plant.opened() as context, context.ledger.read() as connection:
        known = retention.find_run(connection, run.id)
    assert (known.state, known.plan_sha256, known.approved_by) == ("recovered", run.plan_sha256, "bert")
    plant.demand_proof()


def test_an_older_backup_learns_what_was_removed_since(plant: Plant, tmp_path: Path) -> None:
    """A ledger restored from before the removal shall know it, and let nobody ask for those files."""
    run = approved(plant)
    with plant.opened() as context:
        back_up(context, tmp_path / "backup.db")
    applied(plant, run)
    restore(plant.directory, tmp_path / "backup.db", "the disk is gone")
    assert len(_removals(plant)) == 5
    done = applied(plant, run)  # in the backup it is approved and not applied
    assert (done.removed, done.left_total, done.run.state) == (5, 0, "done")
    plant.demand_proof()


def _removals(plant: Plant) -> dict[str, retention.Removal]:
    with plant.opened() as context, context.ledger.read() as connection:
        return retention.removals_after(connection, "", None)
