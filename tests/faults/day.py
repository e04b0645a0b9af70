"""A day of a plant in steps, which can be stopped anywhere and gone on with: what the kill matrix runs.

A step is what the world does (senders drop files, people move them) and then what the gateway does: a
pass, or a command of a person. Only the second can be killed; what the world did is not done again.
Receivers take what is there after every step and after every kill: so what comes twice is seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.errors import ActionRefused
from gateway.ledger import audit, transfers
from gateway.operations import sequences
from gateway.pipeline import run_routes
from gateway.stages.context import Context
from tests.pipeline.plant import Plant, ShiftedClock

#: The day begins here, so that no step of it comes after midnight.
_MORNING = 4
_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass
class DayClock(ShiftedClock):
    """Tells the time of the step, so that a run made an hour later has the same day behind it."""

    begun: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """Return this morning, how far ahead the step is, and how long this run takes already."""
        morning = datetime.now(UTC).replace(hour=_MORNING, minute=0, second=0, microsecond=0)
        return morning + self.ahead + timedelta(seconds=time.monotonic() - self.begun)


@dataclass(frozen=True)
class Step:
    """One step of the day."""

    name: str
    work: Callable[[Plant], object]  #: what the gateway does
    world: Callable[[Plant], object] = lambda plant: None  #: what happens before, outside of the gateway
    hour: float = 0.0  #: after the morning
    #: Whether the site may be copied before it. What the ledger knows by its inode is gone in a copy.
    copied: bool = True


@dataclass(frozen=True)
class Day:
    """A site, its world and its day."""

    name: str
    build: Callable[[Path], object]
    steps: Sequence[Step]
    receive: Callable[[Path], dict[str, list[str]]]  #: what the receivers took now, by destination

    def run(
        self,
        directory: Path,
        first: int,
        *,
        resumed: bool,
        begun: float,
        last: int | None = None,
        around: Callable[[int], contextlib.AbstractContextManager[object]] = lambda number: (
            contextlib.nullcontext()
        ),
    ) -> None:
        """Do the steps from number ``first`` to ``last``, the gateway's part within ``around``.

        ``resumed``: what the world does at the first one has happened. ``begun`` is when the run
        began, on the monotonic clock.
        """
        for number, step in enumerate(self.steps[first : None if last is None else last + 1], first):
            plant = Plant(directory, DayClock(timedelta(hours=step.hour, minutes=number), begun=begun))
            if not (resumed and number == first):
                step.world(plant)
            with around(number), contextlib.suppress(ActionRefused) if resumed else contextlib.nullcontext():
                step.work(plant)
            self.take(directory)

    def take(self, directory: Path) -> None:
        """Let the receivers take what is there, and note it outside of the site."""
        taken = self.receive(directory)
        with (directory.parent / "received.txt").open("a") as notes:
            notes.writelines(f"{place} {name}\n" for place, names in taken.items() for name in names)


def run_pass(plant: Plant) -> None:
    """Run one pass over every route, as the service does."""
    plant.run()


def run_route(name: str) -> Callable[[Plant], None]:
    """Return a step's work that is a pass over one route, as `gateway run --route` does it."""

    def run(plant: Plant) -> None:
        with plant.working() as context:
            run_routes(context, name)

    return run


def command(work: Callable[[Context], object]) -> Callable[[Plant], None]:
    """Return a step's work that opens the site as an operator's command does."""

    def run(plant: Plant) -> None:
        with plant.opened() as context:
            work(context)

    return run


def outcome(directory: Path) -> dict[str, Any]:
    """Return what people see of the site in the end, by words that are the same on every run."""
    plant = Plant(directory)
    with plant.opened() as context:
        with context.ledger.read() as connection:
            rows = transfers.search(connection, limit=None)
            trail = audit.read(connection)
        streams = sequences.overview(context)
    names = {row.id: f"{row.route}/{row.name}" for row in rows}
    told = Counter(
        f"{names.get(one.entry.object_id, one.entry.object_id)}: {one.entry.action}"
        for one in trail
        if one.entry.object_type == "transfer"
    )
    return {
        "transfers": sorted(
            f"{row.route}/{row.name}: {row.state.value}, attempt {row.attempt}, verdict {row.verdict}, "
            f"code {row.reason_code}, {'corrected' if row.superseded_by else 'current'}, "
            f"parent {names.get(row.parent or '')}"
            for row in rows
        ),
        "received": sorted((directory.parent / "received.txt").read_text().splitlines()),
        "streams": sorted(
            f"{one.stream}: last {one.last}, missing {[str(gap) for gap in one.gaps]}, held {one.held}"
            for one in streams
        ),
        "audit": sorted(f"{words} {times}" for words, times in told.items()),
        "files": files(directory),
        "proof": _unproved(plant),
    }


def _unproved(plant: Plant) -> list[str]:
    """Return what `gateway verify` and `gateway audit verify` find."""
    try:
        plant.demand_proof()
    except AssertionError as error:
        return [str(error)]
    return []


def taken_from(directory: Path, names: Sequence[str]) -> list[str]:
    """Be a receiver: take these files out of a directory; return their names and what was in them."""
    taken = []
    for name in names:
        content = (directory / name).read_bytes()
        taken.append(f"{name} {len(content)} {hashlib.sha256(content).hexdigest()[:8]}")
        (directory / name).unlink()
    return taken


def files(directory: Path) -> list[str]:
    """Return every file of the site and of what stands beside it, by names without ids and digests."""
    found = []
    for path, directories, names in os.walk(directory.parent):
        below = os.path.relpath(path, directory.parent)
        directories[:] = [name for name in directories if os.path.join(below, name) not in _OWN]
        found += [_ID.sub("ID", _DIGEST.sub("DIGEST", os.path.join(below, name))) for name in names]
    return sorted(found)


#: Where names tell nothing: the ledger's own files, and formats.
_OWN = ("site/ledger", "./formats")


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return what is missing and what is too much, one line each."""
    lines = []
    for part in sorted(expected | found):
        one, other = (Counter(map(_text, each.get(part, ()))) for each in (expected, found))
        lines += [f"{part}: - {text}" for text in (one - other).elements()]
        lines += [f"{part}: + {text}" for text in (other - one).elements()]
    return lines


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
