"""A removal while the disk is full from some call on: what a process with the library of faults does."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from gateway.errors import GatewayError
from gateway.ledger.retention import Run
from gateway.operations.retention import show
from tests.faults.shim import FOREVER, Action, Control, Fault
from tests.pipeline.plant import ROUTE, Plant, ShiftedClock
from tests.retention.conftest import RETENTION, settle_files
from tests.retention.test_removing import applied, approved, check_lists

#: Files of the site that are due.
_DUE = 5


def main(directory: Path, control: Path, every: int) -> None:
    """Try every so manieth call of a removal, and print a line for each."""
    home = directory / "whole"
    settle_files(Plant.build(home, f"{ROUTE}{RETENTION}"))
    clock = ShiftedClock()
    clock.advance(days=11 * 366)
    run = approved(Plant(home, clock))
    with Control(control) as told:
        calls = _calls(Plant(_copied(home, directory), clock), run, told)
        for first in range(1, calls + 1, every):
            plant = Plant(_copied(home, directory), clock)
            line = {"first": first, "of": calls, **_tried(plant, run, told, first)}
            print(json.dumps(line), flush=True)  # noqa: T201 - read by the process that started this one


def _copied(home: Path, directory: Path) -> Path:
    site = directory / "site"
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(home, site)
    return site


def _calls(plant: Plant, run: Run, told: Control) -> int:
    """Return how many calls change the site while nothing is in the way."""
    told.arm(Fault(), below=plant.directory)
    _apart(lambda: applied(plant, run))
    told.disarm()
    return told.count()


def _tried(plant: Plant, run: Run, told: Control, first: int) -> dict[str, str]:
    """Carry the run out on a disk that is full from a call on, and again when there is room."""
    told.arm(Fault(Action.REFUSE, first, FOREVER, errno.ENOSPC), below=plant.directory)
    said = _apart(lambda: applied(plant, run))
    told.disarm()
    wrong = _apart(lambda: _demand_all_there(plant, run)) or _apart(lambda: _demand_end(plant, run))
    return {"said": said, "wrong": wrong if is_own(said) else said}


def is_own(said: str) -> bool:
    """Whether what ended a process, if anything, is an error of the gateway's own."""
    return not said or said.startswith("[")


def _demand_all_there(plant: Plant, run: Run) -> None:
    """Assert that every file is there or its tombstone is, and that day lists tell what is."""
    for one in run.plan["files"]:
        place = plant.directory / one["path"]
        assert place.exists() or Path(f"{place}.tombstone.json").exists(), place
    check_lists(plant)


def _demand_end(plant: Plant, run: Run) -> None:
    """Assert that the run comes to its end, or has come to it, and that everything is proved."""
    with plant.opened() as context:
        kept, done = show(context, run.id)
    if kept.state != "done":
        done_now = applied(plant, run)
        done = done_now.removed, done_now.bytes, done_now.unfinished
        assert done_now.left_total == 0, done_now.left
    assert (done[0], done[2]) == (_DUE, 0), done
    check_lists(plant)
    plant.demand_proof()


def _apart(work: Callable[[], object]) -> str:
    """Do ``work`` in a process of its own; return the error that ended it, empty where none did."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        said = ""
        try:
            work()
        except GatewayError as error:
            said = f"[{error.code}] {error}"
        except BaseException:  # noqa: BLE001 - told as it is
            said = traceback.format_exc()
        os.write(theirs, said.encode()[-4000:])
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[5]))
