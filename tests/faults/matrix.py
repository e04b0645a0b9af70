"""The kill matrix: one run of a day for each point at which it is killed, and what came of it.

The process that runs this module is a template: it imports the gateway once and does nothing with it
itself; every run is a forked child of it. It was started with the library of `tests.faults.shim`. The day
is run once undisturbed, with a copy of the site kept before each step; a point begins with the
copy before the step in which it lies.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from tests.faults.day import Day, differences, outcome
from tests.faults.likeness import ledger_lines, remains
from tests.faults.shim import CHANGES, Action, Control, Fault, Kind, journal, mark
from tests.pipeline.plant import shared_catalogue

#: A point is a call of one of these kinds; commits are marked, for the driver makes many calls for one.
POINTS = CHANGES | {Kind.MARK, Kind.SEND}
#: Calls of which a half can be made.
_TEARABLE = frozenset({Kind.WRITE, Kind.COPY, Kind.SEND})
_FORMATS = ("confirmation",)
_BLOCK = 60


@dataclass(frozen=True)
class Point:
    """Where a run is killed: in which step, at which call of it, and how; then again in the recovery."""

    step: int
    number: int
    action: Action
    call: str
    again: int = 0  #: the number of the call of the recovery, killed after it; 0: not again


@dataclass(frozen=True)
class Result:
    """What came of a point."""

    point: Point
    killed: int  #: how often it died; 0: the run made fewer calls, and did not come there
    differs: tuple[str, ...]
    is_alone: bool = True  #: no kill before it left the same, so it was recovered from

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Result:
        """Return what `to_json` wrote."""
        data = json.loads(text)
        point = Point(**{**data["point"], "action": Action(data["point"]["action"])})
        return cls(point, data["killed"], tuple(data["differs"]), data["is_alone"])


class Matrix:
    """One day, its undisturbed run, and the runs that are killed; needs a directory for itself."""

    def __init__(self, day: Day, place: Path, control: Control) -> None:
        self.day = day
        self.control = control
        self._place = place
        self._now = place / "now"
        self.calls: list[list[str]] = []  #: of each step, the calls of the undisturbed run
        self._kinds: list[list[Kind]] = []
        self.expected: dict[str, Any] = {}
        self._alike: list[list[str]] = []  #: what there is after each step
        self._known: dict[tuple[int, str], tuple[str, ...]] = {}  #: what came of what was left in a step

    def prepare(self) -> None:
        """Run the day undisturbed: keep the site before each step, and the calls of each."""
        undisturbed = json.loads(in_child(self._undisturbed).said)
        if "error" in undisturbed:
            raise AssertionError(undisturbed)
        self.expected, self._alike = undisturbed["end"], undisturbed["alike"]
        load(undisturbed["modules"])
        for number in range(len(self.day.steps)):
            noted = self._place / f"calls-{number}"
            calls = list(journal(noted)) if noted.exists() else []
            self.calls.append([_named(call.call, call.path, call.to) for call in calls])
            self._kinds.append([call.kind for call in calls])

    def _undisturbed(self) -> dict[str, Any]:
        self._now.mkdir()
        self.day.build(self._now / "site")

        @contextlib.contextmanager
        def around(number: int) -> Iterator[None]:
            if self.day.steps[number].copied:
                shutil.copytree(self._now, self._place / f"before-{number}", symlinks=True)
            self._arm(Fault(), self._place / f"calls-{number}")
            yield
            self.control.disarm()

        begun, site, alike = time.monotonic(), self._now / "site", []
        for number in range(len(self.day.steps)):
            with commits_marked():
                self.day.run(site, number, resumed=False, begun=begun, last=number, around=around)
            alike.append(_likeness(site))
        return {"end": outcome(site), "alike": alike, "modules": list(sys.modules)}

    def _arm(self, fault: Fault, noted: Path | str = "") -> None:
        self.control.arm(fault, below=self._now, kinds=POINTS, journal=noted, pid=os.getpid())

    def points(self) -> list[Point]:
        """Return every point: before and after each call, and within each write."""
        found = []
        for step, kinds in enumerate(self._kinds):
            for number, kind in enumerate(kinds, 1):
                actions = [Action.KILL_BEFORE, Action.KILL_AFTER]
                if kind in _TEARABLE:
                    actions.append(Action.KILL_WITHIN)
                call = self.calls[step][number - 1]
                found += [Point(step, number, action, call) for action in actions]
        return found

    def twice(self, point: Point, seed: int) -> Point:
        """Return the point with a second kill somewhere in its recovery."""
        # a recovery makes about as many calls as the step had left
        most = max(1, len(self.calls[point.step]))
        chosen = random.Random(f"{seed} {point}").randint(1, most)  # noqa: S311 - not a secret
        return dataclasses.replace(point, again=chosen)

    def try_point(self, point: Point) -> Result:
        """Run the step up to the point and be killed there; go on from what is left, to the end."""
        begin = max(step for step in range(point.step + 1) if self.day.steps[step].copied)
        shutil.rmtree(self._now)
        shutil.copytree(self._place / f"before-{begin}", self._now, symlinks=True)
        begun = time.monotonic()
        site = self._now / "site"
        killed = int(self._killed(site, begin, point, Fault(point.action, point.number), begun))
        if point.again:
            killed += self._killed(site, point.step, point, Fault(Action.KILL_AFTER, point.again), begun)

        left = (point.step, remains(self._now, self._place / "looked-at"))
        is_alone = left not in self._known
        if is_alone:
            self._known[left] = self._recovered(site, point.step, begun)
        return Result(point, killed, self._known[left], is_alone)

    def _recovered(self, site: Path, step: int, begun: float) -> tuple[str, ...]:
        """Go on from what a kill left; return how the end differs from that of the undisturbed run."""
        ended = in_child(lambda: self._go_on(site, step, begun))
        if ended.killed:
            return ("the last run was killed",)
        return tuple(differences(self.expected, json.loads(ended.said)))

    def _go_on(self, site: Path, step: int, begun: float) -> dict[str, Any]:
        """Start again and go on until a step leaves the same as usual, or to the end of the day."""
        for number in range(step, len(self.day.steps)):
            self.day.run(site, number, resumed=number == step, begun=begun, last=number)
            if _likeness(site) == self._alike[number]:
                return self.expected
        return outcome(site)

    def _killed(self, site: Path, begin: int, point: Point, fault: Fault, begun: float) -> bool:
        """Run from one step to that of the point, where the fault happens; return whether it died."""

        def around(number: int) -> contextlib.AbstractContextManager[object]:
            return self._armed(fault) if number == point.step else contextlib.nullcontext()

        def run() -> None:
            with commits_marked():
                self.day.run(site, begin, resumed=True, begun=begun, last=point.step, around=around)

        died = in_child(run).killed
        self.day.take(site)
        return died

    @contextlib.contextmanager
    def _armed(self, fault: Fault) -> Iterator[None]:
        self._arm(fault)
        yield
        self.control.disarm()


def _likeness(site: Path) -> list[str]:
    """Return all that there is after a step, with what verification finds."""
    told = [f"{part}: {one}" for part, lines in outcome(site).items() for one in lines]
    return [*told, *ledger_lines(site / "ledger" / "gateway.db")]


def _named(call: str, path: str, to: str) -> str:
    """Return how a call is called in the table."""
    if call == "mark":
        return path
    return f"{call} (ledger)" if "/site/ledger/" in f"{path} {to}" else call


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    killed: bool
    said: str  #: JSON


def in_child(work: Callable[[], object]) -> Ended:
    """Run ``work`` in a forked process; what it returns, or raises, comes back as JSON."""
    incoming, outgoing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(incoming)
        with os.fdopen(outgoing, "w") as pipe:
            try:
                said = json.dumps(work())
            except BaseException as error:  # noqa: BLE001 - told to the parent as it is
                said = json.dumps({"error": ["".join(traceback.format_exception(error))]})
            pipe.write(said)
        os._exit(0)
    os.close(outgoing)
    with os.fdopen(incoming) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return Ended(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, said)


def load(names: Sequence[str]) -> None:
    """Import what a run imports, so that no child has to."""
    for name in names:
        # what only exists while a program runs, such as a module made by another one
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


@contextlib.contextmanager
def commits_marked() -> Iterator[None]:
    """Make each commit of the ledger that changes it a point of its own, before and after it."""
    real = DefaultDialect.do_commit
    changes: dict[int, int] = {}

    def commit(self: DefaultDialect, connection: Any) -> None:
        known, now = changes.get(id(connection), 0), connection.total_changes
        changes[id(connection)] = now
        if now != known:
            mark("commit, before")
        real(self, connection)  # type: ignore[no-untyped-call]  # the library's own
        if now != known:
            mark("commit, after")

    DefaultDialect.do_commit = commit  # type: ignore[method-assign]
    try:
        yield
    finally:
        DefaultDialect.do_commit = real  # type: ignore[method-assign]


def share(points: Sequence[Point], every: int, offset: int, job: int, jobs: int) -> list[Point]:
    """Return what one of ``jobs`` processes tries: in blocks, as neighbours often leave the same."""
    return [point for at, point in enumerate(points[offset::every]) if at // _BLOCK % jobs == job]


def main(order: dict[str, Any]) -> None:
    """Try a share of the points; print the number of all points, then one result per line."""
    from tests.faults.days import DAYS

    for name in _FORMATS:
        shared_catalogue().usable(name)
    place = Path(order["place"])
    # what is started from here, such as a server, is not to be killed
    del os.environ["LD_PRELOAD"]
    with Control(Path(os.environ["FAULTS_CONTROL"])) as control, DAYS[order["day"]]() as day:
        matrix = Matrix(day, place / "runs", control)
        matrix._place.mkdir()
        matrix.prepare()
        points = matrix.points()
        if not points:
            raise RuntimeError("the library is not there: no call was seen")
        mine = share(points, order["every"], order["offset"], order["job"], order["jobs"])
        head = {"points": len(points), "calls": sum(map(len, matrix.calls)), "tried": len(mine)}
        print(json.dumps(head), flush=True)  # noqa: T201 - what the parent reads
        for point in mine:
            chosen = matrix.twice(point, order["seed"]) if order["twice"] else point
            print(matrix.try_point(chosen).to_json(), flush=True)  # noqa: T201 - what the parent reads


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
