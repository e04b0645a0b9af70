"""Errors of the system at every call: said clearly, nothing lost, nothing twice, and over when they are over.

One process, started with the library of interpose/, tries case after case: a pass over a copy of a
prepared site meets one error at one call, or one that lasts; then the error ends, and further passes must
come to the end that a run without it comes to. `python -m tests.faults errors` prints the table.
"""

from __future__ import annotations

import errno
import json
import os
import random
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError, InternalError
from gateway.stages.context import Report
from tests.faults.apart import apart
from tests.faults.bench import WATCHED, Bench
from tests.faults.shim import CHANGES, FOREVER, Action, Control, Fault, Kind
from tests.pipeline.plant import Plant

#: The calls that may meet each error. Those that a retry is built into (EINTR) meet it once only.
MEET: dict[str, frozenset[Kind]] = {
    "EIO": WATCHED - {Kind.STAT},
    "ENOSPC": frozenset({Kind.CREATE, Kind.WRITE, Kind.SYNC, Kind.DATASYNC, Kind.MKDIR, Kind.RENAME})
    | {Kind.ALLOCATE, Kind.TRUNCATE, Kind.SYNCFS, Kind.CLOSE, Kind.LINK, Kind.COPY},
    "EROFS": CHANGES - {Kind.WRITE, Kind.SYNC, Kind.DATASYNC, Kind.SYNCFS},
    "EACCES": frozenset({Kind.CREATE, Kind.OPEN, Kind.RENAME, Kind.UNLINK, Kind.MKDIR, Kind.LINK})
    | {Kind.LIST, Kind.STAT},
    "EMFILE": frozenset({Kind.CREATE, Kind.OPEN}),
    "EINTR": frozenset({Kind.CREATE, Kind.OPEN, Kind.WRITE, Kind.READ, Kind.SYNC, Kind.RENAME}),
    "ESTALE": WATCHED - {Kind.CLOSE},
    "EXDEV": frozenset({Kind.RENAME, Kind.LINK}),
    "short": frozenset({Kind.WRITE, Kind.COPY}),
}
#: Where an error may last while all else is well, as parts of paths.
AREAS = (
    "audit",
    "ledger",
    "config",
    "outbox/erp",
    "processed/mapped",
    "working/mapped",
    "inbox/mapped",
    *(
        f"{area}/confirmations"
        for area in ("inbox", "working", "processed", "failed", "duplicates", "replay")
    ),
)
#: Those that a file may meet when it is opened, and once more when that is tried again by itself.
TWICE = ("EMFILE",)
LASTING = ("EIO", "ENOSPC", "EROFS", "EACCES", "EMFILE", "ESTALE", "EXDEV")


@dataclass(frozen=True)
class Case:
    """One error: its name, the calls it may happen to, from which of them on, and whether it lasts."""

    name: str
    first: int
    call: str  #: what an undisturbed run calls there
    needle: str = ""
    lasts: bool = False
    times: int = 1  #: in a row, where it does not last

    def arm(self, control: Control, site: Path) -> None:
        """Let it happen below ``site`` from now on."""
        last = FOREVER if self.lasts else self.first + self.times - 1
        if self.name == "short":
            fault = Fault(Action.CUT_SHORT, self.first, last)
        else:
            fault = Fault(Action.REFUSE, self.first, last, getattr(errno, self.name))
        control.arm(fault, below=site, kinds=MEET[self.name], needle=self.needle)


@dataclass(frozen=True)
class Tried:
    """What came of one case: nothing is wrong where ``wrong`` is empty."""

    case: Case
    met: str  #: the call and the path that met the error; empty where none did
    wrong: tuple[str, ...]
    codes: tuple[str, ...]  #: what the gateway said


def tried(bench: Bench, control: Control, case: Case) -> Tried:
    """Return what comes of ``case``."""
    site = bench.copied()
    plant = bench.plant(site)
    case.arm(control, site)
    errors, wrong = _run(plant)
    fired = control.fired()
    control.disarm()
    met = "" if fired is None else f"{fired.call} {os.path.relpath(fired.path, site)}"
    wrong += [f"unclear: {error}" for error in errors if isinstance(error, InternalError)]
    wrong += bench.untrue(site)
    if case.times == 1:  # the second in a row may be one of the other route
        wrong += bench.stopped(site, case.needle if case.lasts else met)
    wrong += bench.compared(site)
    return Tried(case, met, tuple(wrong), tuple(sorted({error.code for error in errors})))


def _run(plant: Plant) -> tuple[list[GatewayError], list[str]]:
    """Run one pass; return the errors that it told of, and what it should not have raised."""
    try:
        reports: list[Report] = plant.run()
    except GatewayError as error:
        return [error], []
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if "/gateway/" in frame.filename
        ]
        return [], [
            f"traceback: {type(error).__name__}: {error} in {frames[-1].filename}:{frames[-1].lineno}"
        ]
    return [problem.error for report in reports for problem in report.problems], []


def cases(calls: Sequence[tuple[Kind, str, str]], names: Sequence[str], lasting: bool = True) -> list[Case]:
    """Return every case for a run of ``calls``: once at each call, and lasting from calls on in each area."""
    found = []
    for name in names:
        meeting = [call for call in calls if call[0] in MEET[name]]
        found += [Case(name, number, call) for number, (_kind, call, _path) in enumerate(meeting, 1)]
        if name in TWICE:
            found += [replace(one, times=2) for one in found if one.name == name and one.call == "open"]
        for area in AREAS if lasting and name in LASTING else ():
            there = [call for call in meeting if f"/{area}" in call[2]]
            for number in sorted({1, 2, 3, len(there) // 2, len(there)} & set(range(1, len(there) + 1))):
                found.append(Case(name, number, there[number - 1][1], f"/{area}", lasts=True))
    return found


def spread(every: Sequence[Case], share: int, seed: int) -> list[Case]:
    """Return one of ``share`` cases, the same ones for the same seed."""
    if share <= 1:
        return list(every)
    return sorted(random.Random(seed).sample(every, max(1, len(every) // share)), key=every.index)  # noqa: S311


def work(
    directory: Path, control: Path, part: int, of: int, names: Sequence[str], share: int, seed: int
) -> None:
    """Try a part of the cases and print each outcome as a line: what a process with the library does."""
    with Control(control) as told:
        bench = Bench(directory, told)
        try_part(bench, told, spread(cases(bench.calls, names), share, seed)[part::of])


def try_part(bench: Bench, control: Control, chosen: Sequence[Case]) -> None:
    """Try the cases and print each outcome as a line."""
    print(json.dumps({"calls": len(bench.calls), "cases": len(chosen)}), flush=True)  # noqa: T201
    for case in chosen:
        print(json.dumps(asdict(tried(bench, control, case))), flush=True)  # noqa: T201


def tried_apart(names: Sequence[str], share: int, seed: int, jobs: int = 1) -> Iterator[dict[str, Any]]:
    """Try cases in ``jobs`` processes with the library; yield the lines that they print."""
    return apart("tests.faults.errors", [",".join(names), str(share), str(seed)], jobs)


def table(lines: Iterable[dict[str, Any]]) -> tuple[str, int]:
    """Return the table errno by call with tried and right, what was wrong, and how many cases were."""
    tried: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    wrong = []
    for line in lines:
        if "case" not in line or not line["met"]:
            continue
        case = line["case"]
        key = (case["name"] + (" lasting" if case["lasts"] else ""), line["met"].split()[0])
        tried[key] += 1
        right[key] += not line["wrong"]
        if line["wrong"]:
            wrong.append(
                f"{case}: met at {line['met']}, said {line['codes']}\n    " + "\n    ".join(line["wrong"])
            )
    rows = ["| error | call | tried | right |", "|---|---|---|---|"]
    rows += [
        f"| {name} | {call} | {tried[name, call]:,} | {right[name, call]:,} |" for name, call in sorted(tried)
    ]
    rows.append(f"| all | | {tried.total():,} | {right.total():,} |")
    return "\n".join([*rows, *wrong]), len(wrong)


if __name__ == "__main__":
    place, told, job, jobs_, wanted, one_of, seed_ = sys.argv[1:8]
    work(Path(place), Path(told), int(job), int(jobs_), wanted.split(","), int(one_of), int(seed_))
