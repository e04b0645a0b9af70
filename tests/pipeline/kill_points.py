"""Kill the gateway at every call that changes the disk, start it again, and look at the end.

`python -m tests.pipeline.kill_points DIRECTORY [EVERY] [OFFSET]` tries every EVERY-th point from OFFSET
on and prints one JSON line per point. A template process imports the gateway once and is forked for
each point, because importing takes longer than a pass.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from gateway.custody import moves, syncs
from gateway.operations.reprocess import Selection, reprocess, select
from gateway.validation import reading, report
from tests.pipeline.plant import Plant, confirmation, name_of

#: Imported here, so that forked processes find everything loaded.
LOADED = (reading, report)

ROUTES = """\
  confirmations:
    partner: MES
    message_type: confirmation
    source: {pattern: "*.csv"}
    completeness: {require: [done-marker]}
    sequence: {model: counter, order: strict, start: 1}
    destinations:
      erp: {path: outbox/erp, done_marker: .done}
      history: {path: outbox/history}
"""

CALLS = [
    (os, "write"),
    (os, "fsync"),
    (os, "mkdir"),
    (os, "link"),
    (os, "unlink"),
    (os, "replace"),
    (moves, "_rename_noreplace"),
    (syncs, "_syncfs"),
    (DefaultDialect, "do_commit"),
]


def build(directory: Path) -> Plant:
    """Return a plant that has failed one file, was asked to reprocess it, and finds six others waiting."""
    plant = Plant.build(directory, ROUTES)
    _drop(plant, name_of(8, "MES02"), confirmation(8, sender="MES02", quantity="1O,0"))
    plant.run()
    with plant.opened() as context:
        reprocess(context, select(context, Selection(code="F302")), "the kill test asks for it")
    _drop(plant, name_of(1), confirmation(1))
    _drop(plant, name_of(3), confirmation(3))
    _drop(plant, name_of(2), confirmation(2))
    _drop(plant, name_of(6), confirmation(6))
    _drop(plant, "CONF_MES01_0000001-again.csv", confirmation(1))
    _drop(plant, name_of(4), confirmation(4, quantity="4B0,5"))
    return plant


def _drop(plant: Plant, name: str, content: bytes) -> None:
    plant.drop(name, content)
    plant.drop(f"{name}.done", b"")


def outcome(plant: Plant) -> dict[str, Any]:
    """Return what a user sees in the end: states, destinations, every file's places, and the proof."""
    plant.demand_proof()
    return {
        "states": {name: state.value for name, state in sorted(plant.states().items())},
        "transfers": len(plant.transfers()),
        "erp": plant.delivered("erp"),
        "history": plant.delivered("history"),
        "inbox": sorted(path.name for path in plant.inbox().iterdir()),
        "working": sorted(
            path.name.partition("-")[2] for path in (plant.directory / "working" / "confirmations").iterdir()
        ),
        "archive": sorted(
            path.name
            for area in ("processed", "failed", "duplicates")
            for path in (plant.directory / area).rglob("*")
            if path.is_file()
        ),
    }


def arm(number: int) -> None:
    """Let this process be killed at its ``number``-th call: odd ones before it, even ones after it."""
    left = [number]

    def armed(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            result = real(*arguments, **options)
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    for module, name in CALLS:
        setattr(module, name, armed(getattr(module, name)))


def in_child(work: Callable[[], object]) -> tuple[bool, str]:
    """Run ``work`` in a forked process; return whether it was killed, and what it wrote."""
    incoming, outgoing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 0
        try:
            os.close(incoming)
            os.write(outgoing, json.dumps(work()).encode())
        except BaseException as error:  # noqa: BLE001 - told to the parent as it is
            os.write(outgoing, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
            status = 1
        finally:
            os._exit(status)
    os.close(outgoing)
    with os.fdopen(incoming, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), text


def settle(plant: Plant) -> dict[str, Any]:
    """Run passes after a crash and return the outcome."""
    for _ in range(2):
        plant.run()
    return outcome(plant)


def main(directory: Path, every: int, offset: int) -> None:
    """Try the points and print what came of each."""
    template = directory / "template"
    in_child(lambda: build(template) and None)
    number = offset
    while True:
        site = directory / "site"
        shutil.copytree(template, site)
        plant = Plant(site)

        def die(plant: Plant = plant, number: int = number) -> None:
            arm(number)
            plant.run()

        killed, text = in_child(die)
        _, end = in_child(lambda plant=plant: settle(plant))  # type: ignore[misc]
        print(
            json.dumps({"point": number, "killed": killed, "said": text, "end": json.loads(end)}), flush=True
        )  # noqa: T201
        shutil.rmtree(site)
        if not killed:
            return
        number += every


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(text) for text in [*sys.argv[2:], "1", "1"][:2]))
