"""Running the kill matrix on several processes, and the table of what came of it."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.matrix import Result
from tests.faults.progress import Progress
from tests.faults.shim import Action, environment

_ROOT = Path(__file__).resolve().parents[2]
_HOW = {Action.KILL_BEFORE: "before", Action.KILL_AFTER: "after", Action.KILL_WITHIN: "within"}


@dataclass(frozen=True)
class Plan:
    """Which points are tried, and by how many processes."""

    day: str
    every: int = 1
    offset: int = 0
    twice: bool = False
    jobs: int = 2
    seed: int = 1


@dataclass
class Matrix:
    """What came of it."""

    plan: Plan
    points: int = 0  #: all that there are
    calls: int = 0
    results: list[Result] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> list[Result]:
        """The points from which the run came to another end."""
        return [one for one in self.results if one.differs]

    @property
    def is_right(self) -> bool:
        """Whether every end was the usual one, and nearly every point was reached: calls vary a little."""
        missed = sum(not one.killed for one in self.results)
        return not self.failed and missed * 50 <= len(self.results)

    def table(self) -> str:
        """Return a table by call, in Markdown."""
        by_call: dict[str, list[Result]] = collections.defaultdict(list)
        for one in self.results:
            by_call[one.point.call].append(one)
        lines = ["| call | before | after | within | survived |", "|---|---|---|---|---|"]
        lines += [_line(call, results) for call, results in sorted(by_call.items())]
        return "\n".join([*lines, _line("all", self.results)])

    def summary(self) -> str:
        """Return what was tried, in one sentence."""
        plan = self.plan
        alone = sum(one.is_alone for one in self.results)
        kills = collections.Counter(one.killed for one in self.results)
        said = ", ".join(f"{count:,} killed {times} times" for times, count in sorted(kills.items()))
        return (
            f"{plan.day}: {len(self.results):,} of {self.points:,} points at {self.calls:,} calls "
            f"(every {plan.every}, offset {plan.offset}, seed {plan.seed}): {said}; "
            f"they left {alone:,} different sites, and each of those was recovered; "
            f"{len(self.failed):,} came to another end; {self.seconds:,.0f} s"
        )


def _line(call: str, results: Sequence[Result]) -> str:
    how = collections.Counter(_HOW[one.point.action] for one in results)
    killed = [one for one in results if one.killed]
    survived = sum(not one.differs for one in killed)
    return (
        f"| {call} | "
        + " | ".join(f"{how[word]:,}" for word in _HOW.values())
        + f" | {survived:,} of {len(killed):,} |"
    )


@contextlib.contextmanager
def in_memory() -> Iterator[Path]:
    """Give a directory in memory where there is one, for thousands of sites are written."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="gateway-faults-", dir=shared if os.access(shared, os.W_OK) else None
    ) as place:
        yield Path(os.path.realpath(place))


def kill(plan: Plan) -> Matrix:
    """Try the points of a plan; raises RuntimeError where a process of it fails."""
    matrix = Matrix(plan)
    progress = Progress(plan.day)
    with in_memory() as place, concurrent.futures.ThreadPoolExecutor(plan.jobs) as pool:
        for head, results in pool.map(lambda job: _job(plan, place, job, progress), range(plan.jobs)):
            matrix.points, matrix.calls = head["points"], head["calls"]
            matrix.results += results
    matrix.results.sort(key=lambda one: (one.point.step, one.point.number, one.point.action))
    matrix.seconds = time.monotonic() - progress.begun
    return matrix


def _job(plan: Plan, place: Path, job: int, progress: Progress) -> tuple[dict[str, int], list[Result]]:
    """Return how many points there are, and what came of those that this process tried."""
    own = place / str(job)
    own.mkdir()
    order = {**vars(plan), "place": str(own), "job": job}
    results = []
    with (
        (place / f"said-{job}").open("w+") as said,
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.matrix", json.dumps(order)],
            cwd=_ROOT,
            env=environment(own / "control"),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        head = json.loads(process.stdout.readline() or "{}")
        progress.begin(head.get("tried", 0))
        for line in process.stdout:
            results.append(Result.from_json(line))
            progress.note(is_wrong=bool(results[-1].differs))
            if results[-1].differs:
                progress.say(f"{results[-1].point}\n  " + "\n  ".join(results[-1].differs))
        if process.wait() != 0:
            said.seek(0)
            raise RuntimeError(said.read())
    shutil.rmtree(own)
    return head, results
