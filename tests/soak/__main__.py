"""`python -m tests.soak --seed N [--minutes M | --steps K] [--jobs J]`: soak sites until time or steps are over.

Prints a summary that can be kept. Where something does not hold, it prints the seed, the step and the last
steps, keeps the site's directory, and leaves with 1; `--seed N --steps STEP` does the same again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter as Tally
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.sftp.openssh import OpenSsh
from tests.soak.driver import Plan, Soak
from tests.soak.process import warm

_TOLD = 40  #: last steps that are shown where something does not hold


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one soak."""

    seed: int
    counts: Tally[str]
    seconds: float
    wrong: str = ""


def soak(seed: int, directory: Path, minutes: float, steps: int, *, remote: bool, skip: frozenset[int]) -> Outcome:
    """Soak one site; the directory is removed where everything held."""
    began = time.monotonic()
    directory.mkdir(parents=True)
    end = began + minutes * 60 if minutes else float("inf")
    with OpenSsh() if remote else _Nobody() as server:
        one = Soak(Plan(seed, directory, is_remote=remote), server)
        try:
            one.run(lambda step: time.monotonic() < end and (not steps or step <= steps), skip)
            wrong = ""
        except Exception:  # noqa: BLE001 - whatever it is, it is told with the steps that led to it
            last = "\n".join(one.trace[-_TOLD:])
            wrong = (
                f"seed {seed}, step {one.step}:\n{last}\n{traceback.format_exc()}\n"
                f"kept: {directory}; again: python -m tests.soak --seed {seed} --steps {one.step}"
            )
    if not wrong:
        shutil.rmtree(directory)
    return Outcome(seed, one.counts, time.monotonic() - began, wrong)


class _Nobody:
    """Stands for the partner's server where there is none."""

    def __enter__(self) -> None:
        """Nothing is started."""

    def __exit__(self, *_: object) -> None:
        """Nothing is stopped."""


def _job(arguments: tuple[int, Path, float, int, bool, frozenset[int]]) -> Outcome:
    seed, directory, minutes, steps, remote, skip = arguments
    return soak(seed, directory, minutes, steps, remote=remote, skip=skip)


def table(outcomes: list[Outcome]) -> str:
    """Return the summary: one line for each thing that was counted."""
    total: Tally[str] = Tally()
    for one in outcomes:
        total.update(one.counts)
    lines = [
        f"| seeds | {', '.join(str(one.seed) for one in outcomes)} |",
        "|---|---|",
        f"| minutes, all seeds together | {sum(one.seconds for one in outcomes) / 60:.1f} |",
        *(f"| {name} | {count:,} |" for name, count in total.items()),
        f"| violations | {sum(bool(one.wrong) for one in outcomes)} |",
    ]
    return "\n".join(lines)


def main() -> int:
    """Read the arguments, soak, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="first seed; each job takes the next one")
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--steps", type=int, default=0, help="as many steps and no more (default 600)")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=0, help="so many seeds, by the jobs (default: one per job)")
    parser.add_argument("--no-sftp", action="store_true", help="without a partner's server")
    parser.add_argument("--skip", default="", help="steps to leave out, such as 3,10-20")
    parser.add_argument("--directory", type=Path, help="where the sites are made")
    given = parser.parse_args()
    steps = given.steps or (0 if given.minutes else 600)
    root = Path(tempfile.mkdtemp(prefix="soak-", dir=given.directory))
    warm()
    seeds = range(given.seed, given.seed + (given.seeds or given.jobs))
    skip = _numbers(given.skip)
    jobs = [(seed, root / f"seed-{seed}", given.minutes, steps, not given.no_sftp, skip) for seed in seeds]
    outcomes = []
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(given.jobs, mp_context=fork, max_tasks_per_child=None) as pool:
        for outcome in pool.map(_job, jobs):
            outcomes.append(outcome)
            print(outcome.wrong or f"seed {outcome.seed}: held for {outcome.seconds:.0f} s", flush=True)  # noqa: T201
    print(table(outcomes))  # noqa: T201
    return 1 if any(one.wrong for one in outcomes) else 0


def _numbers(text: str) -> frozenset[int]:
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers |= set(range(int(first), int(last or first) + 1))
    return frozenset(numbers)


if __name__ == "__main__":
    sys.exit(main())
