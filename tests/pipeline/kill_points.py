"""Kill the gateway at every call that changes the disk, start it again, and look at the end.

`python -m tests.pipeline.kill_points DIRECTORY [EVERY] [OFFSET] [AGAIN]` tries every EVERY-th point from
OFFSET on and prints one JSON line per point; with AGAIN the recovery is killed too, twice. A template
process imports the gateway once and is forked for each point, because importing takes longer than a pass.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from gateway.custody import moves, syncs
from gateway.operations.reprocess import Selection, replay, reprocess, select
from gateway.validation import reading, report
from tests.pipeline.plant import Plant, confirmation, name_of, shared_catalogue

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
  mapped:
    partner: MES
    message_type: confirmation
    source: {pattern: "*.csv"}
    completeness: {require: [none]}
    deliver_as: confirmation@2.0.0
    destinations: {erp: {path: outbox/mapped}}
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

#: A recovery has fewer points than a pass; its kills are spread over so many.
_RECOVERY = 150


def build(directory: Path) -> Plant:
    """Return a plant with something of everything to do: requests of all kinds, and eight files that wait.

    Of the two on the mapped route one becomes another version, and the other cannot.
    """
    plant = Plant.build(directory, ROUTES)
    _drop(plant, name_of(8, "MES02"), confirmation(8, sender="MES02", quantity="1O,0"))
    _drop(plant, name_of(1, "MES03"), confirmation(1, sender="MES03", first=30_000))
    _drop(plant, name_of(1, "MES04"), confirmation(1, sender="MES04", quantity="4o,0"))
    plant.run()
    receive(plant)
    with plant.opened() as context:
        reprocess(context, select(context, Selection((name_of(8, "MES02"),))), "the kill test asks for it")
        replay(context, [name_of(1, "MES03")], "the receiver lost it")
    by_hand = plant.directory / "replay" / "confirmations"
    failed = plant.directory / "failed" / "confirmations" / name_of(1, "MES04")
    failed.rename(by_hand / failed.name)
    (by_hand / f"{failed.name}.request.json").write_text('{"actor": "Miller", "reason": "by hand"}')
    _drop(plant, name_of(1), confirmation(1))
    _drop(plant, name_of(3), confirmation(3))
    _drop(plant, name_of(2), confirmation(2))
    _drop(plant, name_of(6), confirmation(6))
    _drop(plant, "CONF_MES01_0000001-again.csv", confirmation(1))
    _drop(plant, name_of(4), confirmation(4, quantity="4B0,5"))
    plant.drop(name_of(1, "MES05"), confirmation(1, sender="MES05", first=50_000), "mapped")
    no_such_hour = confirmation(2, sender="MES05", first=60_000).replace(
        b"17.11.2026 06:00:00", b"29.03.2026 02:30:00"
    )
    plant.drop(name_of(2, "MES05"), no_such_hour, "mapped")
    return plant


def _drop(plant: Plant, name: str, content: bytes) -> None:
    plant.drop(name, content)
    plant.drop(f"{name}.done", b"")


def receive(plant: Plant) -> dict[str, list[str]]:
    """Be the receivers: take what is there, the ERP only what has its done marker; return the names."""
    outbox = plant.directory / "outbox"
    taken: dict[str, list[str]] = {"erp": [], "history": [], "mapped": []}
    for marker in sorted((outbox / "erp").glob("[!.]*.done")):
        marker.with_suffix("").unlink()
        marker.unlink()
        taken["erp"].append(marker.stem)
    for name in ("history", "mapped"):
        for path in sorted((outbox / name).glob("[!.]*")):
            path.unlink()
            taken[name].append(path.name)
    return taken


def outcome(plant: Plant, received: Sequence[dict[str, list[str]]]) -> dict[str, Any]:
    """Return what a user sees in the end: states, what was received how often, every place, and the proof."""
    plant.demand_proof()
    by_area = {
        area: sorted(path.name for path in (plant.directory / area).rglob("*") if path.is_file())
        for area in ("processed", "failed", "duplicates", "inbox", "replay", "outbox")
    }
    working = (plant.directory / "working").glob("*/*")
    return {
        "states": {name: state.value for name, state in sorted(plant.states().items())},
        "attempts": {row.name: row.attempt for row in plant.transfers()},
        "received": {
            name: sorted(one for each in received for one in each[name])
            for name in ("erp", "history", "mapped")
        },
        "working": sorted(path.name.partition("-")[2] for path in working),
        **by_area,
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


def settle(plant: Plant, received: list[dict[str, list[str]]]) -> dict[str, Any]:
    """Run passes after a crash and return the outcome."""
    for _ in range(2):
        plant.run()
        received.append(receive(plant))
    return outcome(plant, received)


def try_point(template: Path, site: Path, kills: Sequence[int]) -> tuple[bool, dict[str, Any]]:
    """Run a pass on a copy of ``template`` and kill it, as often as there are ``kills``; then settle it.

    Receivers take what is there after each kill. Returns whether the first kill came to pass, and
    the outcome.
    """
    shutil.copytree(template, site)
    plant = Plant(site)
    received: list[dict[str, list[str]]] = []
    came = []
    for number in kills:

        def die(number: int = number) -> None:
            arm(number)
            plant.run()

        came.append(in_child(die)[0])
        received.append(receive(plant))
    _, text = in_child(lambda: settle(plant, received))
    shutil.rmtree(site)
    return came[0] if came else False, json.loads(text)


def kills_at(number: int, again: bool) -> list[int]:
    """Return where the pass is killed and, with ``again``, where two recoveries are."""
    return [number, number * 7 % _RECOVERY + 1, number * 31 % _RECOVERY + 1] if again else [number]


def main(directory: Path, every: int, offset: int, again: bool) -> None:
    """Try the points and print what came of each; the first line is what comes without a kill."""
    template = directory / "template"
    shared_catalogue().usable("confirmation")
    _, said = in_child(lambda: build(template) and None)
    _, undisturbed = try_point(template, directory / "site", [])
    lines = [{"point": 0, "killed": False, "said": said, "end": undisturbed}]
    number, killed = offset, True
    while lines:
        print(json.dumps(lines.pop()), flush=True)  # noqa: T201 - what the parent reads
        if killed:
            killed, end = try_point(template, directory / "site", kills_at(number, again))
            lines.append({"point": number, "killed": killed, "said": "", "end": end})
            number += every


if __name__ == "__main__":
    every_, offset_, again_ = (int(text) for text in [*sys.argv[2:], "1", "1", "0"][:3])
    main(Path(sys.argv[1]), every_, offset_, bool(again_))
