"""The power goes: what the disk surely has is enough to go on from, at every commit.

A pass is recorded call by call. Its journal is held against the discipline of syncing, and replayed up to
each commit: only what was synced, everything, or any part of what was not. From each such disk the gateway
must come to the end that it comes to without a loss. `python -m tests.faults power` prints the numbers.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.faults.apart import apart
from tests.faults.bench import Bench
from tests.faults.discipline import Inspector
from tests.faults.shim import CHANGES, Call, Control, Fault, Kind, journal
from tests.faults.storage import Disk, build

#: Of senders that write and go on without a sync.
_CARELESS = ("inbox/confirmations", "inbox/mapped", "replay/confirmations")
#: What of the unsynced the disk may have: nothing, all, or some.
_KINDS = ("synced", "everything", "any 1", "any 2")


class Loss:
    """A recorded pass, and what becomes of the site where the power goes in it."""

    def __init__(self, bench: Bench, directory: Path) -> None:
        self._bench = bench
        self._directory = directory
        self._links = 0
        self.calls: list[Call] = []

    def record(self, control: Control) -> Inspector:
        """Record a pass; return what its journal shows of the discipline."""
        site = self._bench.copied()
        disk, strict = self._disk(site), Inspector(self._disk(site), _CARELESS)
        self._begin = disk
        noted = self._directory / "power.journal"
        noted.unlink(missing_ok=True)
        control.arm(Fault(), below=site, kinds=CHANGES - {Kind.OPEN}, journal=noted)
        self._bench.plant(site).run()
        control.disarm()
        self.calls = list(journal(noted))
        strict.follow(self.calls)
        return strict

    def replayed(self, points: Iterable[int], kinds: Sequence[str], seed: int) -> Iterator[dict[str, Any]]:
        """Lose the power after each of the calls ``points``, in each way; yield what came of it."""
        wanted, disk = sorted(set(points)), self._begin
        fed = 0
        for point in wanted:
            for call in self.calls[fed:point]:
                disk.feed(call)
            fed = max(fed, point)
            for kind in kinds:
                dice = random.Random(f"{seed} {point} {kind}")  # noqa: S311 - has to be the same again
                yield {"point": point, "kind": kind, "wrong": self._recovered(disk, kind, dice)}

    def _recovered(self, disk: Disk, kind: str, dice: random.Random) -> list[str]:
        shutil.rmtree(disk.site)
        (disk.site.parent / "received.txt").unlink(missing_ok=True)
        build(disk.after_loss(None if kind == "synced" else dice, everything=kind == "everything"), disk.site)
        return self._bench.compared(disk.site)

    def _disk(self, site: Path) -> Disk:
        self._links += 1
        return Disk(site, self._directory / f"links-{self._links}")


def work(directory: Path, control: Path, part: int, of: int, every: int, seed: int) -> None:
    """Record and replay, and print each outcome as a line: what a process with the library does."""
    with Control(control) as told:
        # a share of what every process finds, and of that every so manieth
        try_part(Bench(directory, told), told, directory, slice(part, None, of * every), seed)


def try_part(bench: Bench, control: Control, directory: Path, which: slice, seed: int) -> None:
    """Record a pass, replay it up to some of its commits, and print each outcome as a line."""
    loss = Loss(bench, directory)
    found = loss.record(control)
    points = found.commits[which]
    told_of = [str(one) for one in found.violations]
    summary = {"calls": len(loss.calls), "commits": len(found.commits), "violations": told_of}
    print(json.dumps({**summary, "cases": len(points) * len(_KINDS)}), flush=True)  # noqa: T201
    for line in loss.replayed(points, _KINDS, seed):
        print(json.dumps(line), flush=True)  # noqa: T201


def lost_apart(every: int, seed: int, jobs: int = 1) -> Iterator[dict[str, Any]]:
    """Replay every ``every``-th commit in ``jobs`` processes with the library; yield their lines."""
    return apart("tests.faults.power", [str(every), str(seed)], jobs)


def table(lines: Iterable[dict[str, Any]]) -> tuple[str, int]:
    """Return the table of what was left by what came to the right end, and how much did not."""
    tried: Counter[str] = Counter()
    right: Counter[str] = Counter()
    said: list[str] = []
    wrong: list[str] = []
    for line in lines:
        if "calls" in line:
            said = [f"{line['calls']:,} calls recorded, {line['commits']:,} commits among them"]
            wrong += line["violations"]
            continue
        tried[line["kind"].split()[0]] += 1
        right[line["kind"].split()[0]] += not line["wrong"]
        if line["wrong"]:
            wrong.append(f"after call {line['point']}, {line['kind']}:\n    " + "\n    ".join(line["wrong"]))
    rows = ["| what the disk has | tried | right |", "|---|---|---|"]
    rows += [f"| {kind} | {tried[kind]:,} | {right[kind]:,} |" for kind in sorted(tried)]
    return "\n".join([*said, *rows, *wrong]), len(wrong)


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:7]))
