"""A prepared site, copies of it, and the end that an undisturbed pass over one comes to."""

from __future__ import annotations

import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.custody.copies import hash_file
from gateway.model import State
from tests.faults import prepared
from tests.faults.day import DayClock, differences, outcome
from tests.faults.shim import CHANGES, LOOKS, Control, Fault, Kind, journal
from tests.pipeline.plant import Plant, shared_catalogue

#: Every call that a fault may happen to.
WATCHED = CHANGES | LOOKS | {Kind.CLOSE}

#: What the audit trail says of a try that met the error, and of the files that waited for its file.
_DETOUR = re.compile(r"^audit: .*: (delivery-failed|accepted|held|released) [0-9]+$")
_COPY = "-again"


class Bench:
    """A prepared site, what an undisturbed run of it does and comes to."""

    def __init__(self, directory: Path, control: Control) -> None:
        """Prepare a site below ``directory``, which must lie on one file system of memory or disk."""
        self._directory = directory.resolve()
        self._directory.mkdir(exist_ok=True)
        self._template = self._directory / "template"
        self.begun = time.monotonic()
        shared_catalogue().usable("confirmation")
        prepared.build(self._template)
        noted = control.path.with_name(
            "bench.journal"
        )  # it stays open, and what is prepared may be unmounted
        site = self.copied()
        control.arm(Fault(), below=site, kinds=WATCHED, journal=noted)
        self.plant(site).run()
        control.disarm()
        self.calls = [(call.kind, call.call, call.path + "\n" + call.to) for call in journal(noted)]
        self._midway = self._states(site)
        self._expected = self._end(site)

    def copied(self) -> Path:
        """Return a fresh copy of the prepared site, always at the same path."""
        home = self._directory / "tried"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self._template, home / "site", symlinks=True)
        return home / "site"

    def plant(self, site: Path, hours: float = 0.0) -> Plant:
        """Return the site as it is so many hours into its day."""
        return Plant(site, DayClock(timedelta(hours=hours), begun=self.begun))

    def compared(self, site: Path) -> list[str]:
        """Run passes until nothing is left to do; return how the end differs from the undisturbed one."""
        try:
            found = differences(self._expected, self._end(site))
        except Exception as error:  # noqa: BLE001 - the end that is reached is an exception then
            return [f"never recovers: {type(error).__name__}: {error}"]
        return [one for one in found if not _DETOUR.search(one)]

    def untrue(self, site: Path) -> Iterator[str]:
        """Yield what is called processed and does not lie whole in the archive."""
        for row in self.plant(site).transfers():
            if row.state is not State.PROCESSED:
                continue
            path = site / (row.settled_path or "")
            if not path.is_file() or hash_file(path)[0] != row.sha256:
                yield f"false processed: {row.name}"
            elif not Path(f"{path}.manifest.json").is_file():
                yield f"processed without a manifest: {row.name}"

    def stopped(self, site: Path, met: str) -> Iterator[str]:
        """Yield the route that did not come as far as usual though only the other one met an error."""
        for route, other in (("confirmations", "mapped"), ("mapped", "confirmations")):
            if (
                f"/{route}" in met
                and "outbox" not in met
                and self._states(site).get(other) != self._midway[other]
            ):
                yield f"an error of {route} stopped {other}"

    def _end(self, site: Path) -> dict[str, Any]:
        """Run passes, receivers taking what is there, and return the outcome."""
        notes = site.parent / "received.txt"
        for hours in (0, 4, 8):
            self._receive(site, notes)
            self.plant(site, hours).run()
        self._receive(site, notes)
        # which of two files with the same bytes comes first is chance where one could not be looked at
        return {part: [str(one).replace(_COPY, "") for one in lines] for part, lines in outcome(site).items()}

    def _receive(self, site: Path, notes: Path) -> None:
        taken = prepared.receive(Plant(site))
        with notes.open("a") as file:
            file.writelines(f"{place} {name}\n" for place, names in taken.items() for name in names)

    def _states(self, site: Path) -> dict[str, list[str]]:
        states = defaultdict(list)
        for row in self.plant(site).transfers():
            states[row.route].append(f"{row.name} {row.state.value}")
        return {route: sorted(each) for route, each in states.items()}
