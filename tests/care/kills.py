"""Kills restore, rebuild and upgrade at every call on files, and looks at what is left and at the next try.

    python -m tests.care.kills --every 5

Each run is a forked child of one process that was started with the library of `tests.faults.shim`. After
each kill either the site works, or it refuses with a command to call; and the same order, given again,
comes to its end, with every file delivered once and all of it proved.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError
from gateway.ledger import migrations, transfers
from gateway.ledger.backup import inspect
from gateway.ledger.copying import sqlite_url
from gateway.ledger.engine import open_ledger
from gateway.operations.ledger_care.backing_up import back_up
from gateway.operations.ledger_care.rebuilding import rebuild
from gateway.operations.ledger_care.restoring import restore
from tests.care.old_ledger import old_ledger
from tests.faults.kills import in_memory
from tests.faults.matrix import in_child, load
from tests.faults.shim import CHANGES, Action, Control, Fault, environment
from tests.pipeline.plant import Plant, name_of, route, shared_catalogue

_ROOT = Path(__file__).resolve().parents[2]
_STRICT = route(sequence="{model: counter, order: strict, start: 1}")
_ACTIONS = (Action.KILL_BEFORE, Action.KILL_AFTER, Action.KILL_WITHIN)


def _site(place: Path) -> None:
    """Make a site with files from before and after a backup, and one in work."""
    plant = Plant.build(place / "site", _STRICT)
    for control in (1, 2):
        plant.drop_confirmation(control)
        plant.run()
        if control == 1:
            with plant.opened() as context:
                back_up(context, place / "backup.db")
    outbox = plant.directory / "outbox"
    (outbox / "erp").rename(outbox / "away")
    plant.drop_confirmation(3)
    plant.run()
    (outbox / "away").rename(outbox / "erp")


def _restore(place: Path) -> None:
    restore(place / "site", place / "backup.db", "the disk broke")


def _rebuild(place: Path) -> None:
    rebuild(place / "site", "the disk broke")


def _works_or_says(place: Path) -> str:
    """Return what is wrong with how the site stands after a kill: it neither works nor says what to do."""
    plant = Plant(place / "site")
    before = plant.delivered()
    try:
        plant.run()
    except GatewayError as error:
        said = " ".join(error.lines())
        return "" if "gateway ledger re" in said else f"no command is named: {said}"
    lost = sorted({*before, name_of(1), name_of(2)} - set(plant.delivered()))
    return f"lost at the destination: {lost}" if lost else ""


def _proved(place: Path) -> str:
    """Return what is wrong at the end."""
    plant = Plant(place / "site")
    plant.run()
    if plant.delivered() != [name_of(1), name_of(2)] or plant.codes(name_of(3)) != ["F905"]:
        return f"delivered: {plant.delivered()}, {plant.states()}"
    plant.demand_proof()
    left = [one.name for one in (place / "site" / "ledger").iterdir() if ".new" in one.name]
    return f"left over: {left}" if left else ""


def _old(place: Path) -> None:
    old_ledger(place / "gateway.db")


def _upgrade(place: Path) -> None:
    open_ledger(sqlite_url(str(place / "gateway.db"))).close()


def _upgraded(place: Path) -> str:
    """Return what is wrong with an upgraded ledger and with the backups that were kept."""
    ledger = open_ledger(sqlite_url(str(place / "gateway.db")))
    with ledger.read() as connection:
        found = migrations.version_of(connection), transfers.count(connection), ledger.integrity()
    ledger.close()
    if found != (migrations.VERSION, 5, []):
        return f"upgraded to {found}"
    backups = [one for one in place.glob("gateway.db.before-*") if one.suffix != ".sha256"]
    kept = [(one.version, one.transfers) for one in (inspect(str(path)) for path in backups)]
    return "" if kept and set(kept) == {(1, 5)} else f"kept: {kept}"


@dataclass(frozen=True)
class Work:
    """Something that is killed: what it begins with, how its end is looked at, and what stands between."""

    begin: Callable[[Path], None]
    do: Callable[[Path], None]
    end: Callable[[Path], str]
    between: Callable[[Path], str] = lambda _place: ""


WORKS: Mapping[str, Work] = {
    "restore": Work(_site, _restore, _proved, _works_or_says),
    "rebuild": Work(_site, _rebuild, _proved, _works_or_says),
    "upgrade": Work(_old, _upgrade, _upgraded),
}


def _tried(work: Work, place: Path, control: Control, fault: Fault) -> str:
    """Kill at one point; return what is wrong afterwards."""
    now = place / "now"

    def fresh(source: Path) -> None:
        shutil.rmtree(now, ignore_errors=True)
        shutil.copytree(source, now, symlinks=True)

    def killed() -> None:
        control.arm(fault, below=now, kinds=CHANGES, pid=os.getpid())
        work.do(now)

    def again() -> str:
        work.do(now)
        return work.end(now)

    fresh(place / "begin")
    was_killed = in_child(killed).killed
    control.disarm()
    if not was_killed:
        return "" if fault.action is Action.KILL_WITHIN else "it was not killed"
    shutil.rmtree(place / "left", ignore_errors=True)
    shutil.copytree(now, place / "left", symlinks=True)
    between = _said(lambda: work.between(now))
    fresh(place / "left")
    return "; ".join(filter(None, (between, _said(again))))


def _said(look: Callable[[], str]) -> str:
    found = json.loads(in_child(look).said)
    return "".join(found["error"]) if isinstance(found, dict) else str(found)


def try_all(name: str, place: Path, every: int, offset: int) -> dict[str, Any]:
    """Kill the work of this ``name`` at each of the chosen points; return counts and what was wrong."""
    work, begun = WORKS[name], time.monotonic()
    (place / "begin").mkdir(parents=True)
    shared_catalogue().usable("confirmation")
    with Control(Path(os.environ["FAULTS_CONTROL"])) as control:
        in_child(lambda: work.begin(place / "begin"))
        shutil.copytree(place / "begin", place / "now", symlinks=True)
        # this process only imports: threads of the libraries that it had run would be missing in its children
        load(json.loads(in_child(lambda: _modules(work, place / "now")).said))
        shutil.rmtree(place / "now")
        shutil.copytree(place / "begin", place / "now", symlinks=True)
        control.arm(Fault(), below=place / "now", kinds=CHANGES)
        in_child(lambda: work.do(place / "now"))
        control.disarm()
        calls = control.count()
        points = [(number, action) for number in range(1, calls + 1) for action in _ACTIONS]
        chosen = points[offset::every]
        wrong = {
            f"{action.name} {number}": said
            for number, action in chosen
            if (said := _tried(work, place, control, Fault(action, number)))
        }
    seconds = round(time.monotonic() - begun)
    return {"work": name, "calls": calls, "tried": len(chosen), "wrong": wrong, "seconds": seconds}


def _modules(work: Work, now: Path) -> list[str]:
    """Return the modules that the work and the looks at it import."""
    work.do(now)
    work.end(now)
    return list(sys.modules)


def apart(name: str, every: int, offset: int = 0) -> dict[str, Any]:
    """Do `try_all` in a process with the library, in a directory in memory."""
    with in_memory() as place:
        words = ["--inside", str(place / "runs"), "--work", name]
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name, *words, "--every", str(every), "--offset", str(offset)],
            cwd=_ROOT,
            env=environment(place / "control"),
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    """Print a table; return 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.care.kills", description=__doc__)
    parser.add_argument(
        "--work", choices=[*WORKS, "all"], default="all", help="what is killed (default: all)"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every N-th point (default: all)")
    parser.add_argument("--offset", type=int, default=0, metavar="K", help="leave out the first K points")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        sys.stdout.write(json.dumps(try_all(given.work, given.inside, given.every, given.offset)))
        return 0
    status = 0
    sys.stdout.write("| work | calls | points tried | survived | seconds |\n|---|---|---|---|---|\n")
    for name in WORKS if given.work == "all" else [given.work]:
        found = apart(name, given.every, given.offset)
        survived = found["tried"] - len(found["wrong"])
        cells = (name, found["calls"], found["tried"], survived, found["seconds"])
        sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
        sys.stdout.writelines(f"{point}: {said}\n" for point, said in found["wrong"].items())
        status = status or int(bool(found["wrong"]))
    return status


if __name__ == "__main__":
    sys.exit(main())
