"""`python -m tests.soak --seed N [--minutes M | --steps K] [--jobs J]`: soak sites for a time.

Prints a summary that can be kept. Where something does not hold, it prints the seed, the step and the last
steps, keeps the site's directory, and leaves with 1; `--seed N --steps STEP` does the same again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter as Tally
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.shim import Control, environment
from tests.sftp.openssh import OpenSsh
from tests.soak.driver import Plan, Soak
from tests.soak.steps import SteppedSoak

_TOLD = 60  #: last lines of the trace that are shown where something does not hold


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one soak."""

    seed: int
    counts: dict[str, int]
    seconds: float
    wrong: str = ""


def soak(given: argparse.Namespace) -> Outcome:
    """Soak one site in this process, which stands behind the library of faults."""
    began = time.monotonic()
    directory: Path = given.directory
    end = began + given.minutes * 60 if given.minutes else float("inf")
    with _made(given) as one:
        try:
            one.run(lambda step: time.monotonic() < end and step <= given.steps, _numbers(given.skip))
            wrong = ""
        except Exception:  # noqa: BLE001 - whatever it is, it is told with the steps that led to it
            last = "\n".join(one.trace[-_TOLD:])
            wrong = (
                f"seed {given.seed}, step {one.step}:\n{last}\n{traceback.format_exc()}\n"
                f"kept: {directory}; again: python -m tests.soak --seed {given.seed} --steps {one.step}"
            )
    return Outcome(given.seed, dict(one.counts), time.monotonic() - began, wrong)


@contextlib.contextmanager
def _made(given: argparse.Namespace) -> Iterator[Soak]:
    """Give the site to soak, with the servers around it."""
    plan = Plan(given.seed, given.directory)
    if given.nodes:
        from tests.postgres.server import PostgresServer
        from tests.soak.cluster import NodesSoak

        with PostgresServer() as database:
            yield NodesSoak(plan, None, count=given.nodes, database=database)
        return
    partner = contextlib.nullcontext() if given.no_sftp else OpenSsh()
    with Control(Path(os.environ["FAULTS_CONTROL"])) as control, partner as server:
        yield SteppedSoak(plan, control, server)


def in_process(given: argparse.Namespace, seed: int, root: Path) -> Outcome:
    """Soak the site of ``seed`` in a process of its own; its directory is removed where everything held."""
    directory = root / f"seed-{seed}"
    directory.mkdir()
    words = [sys.executable, "-m", "tests.soak", "--here", "--seed", str(seed), "--directory", str(directory)]
    words += ["--minutes", str(given.minutes), "--steps", str(given.steps), "--skip", given.skip]
    words += ["--no-sftp"] if given.no_sftp else []
    words += ["--nodes", str(given.nodes)]
    variables = dict(os.environ) if given.nodes else environment(root / f"seed-{seed}.control")
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
    try:
        outcome = Outcome(**json.loads(done.stdout))
    except ValueError:
        return Outcome(seed, {}, 0.0, f"seed {seed}: the soak ended with {done.returncode}: {done.stderr}")
    if not outcome.wrong:
        shutil.rmtree(directory)
    return outcome


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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=1, help="first seed; each further soak takes the next one"
    )
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument(
        "--steps", type=int, help="as many steps and no more (default 600, or as time allows)"
    )
    parser.add_argument("--jobs", type=int, default=1, help="so many at the same time")
    parser.add_argument("--seeds", type=int, default=0, help="so many in all (default: as many as jobs)")
    parser.add_argument("--no-sftp", action="store_true", help="without a partner's server")
    parser.add_argument("--nodes", type=int, default=0, help="so many nodes on a ledger on PostgreSQL")
    parser.add_argument("--skip", default="", help="steps to leave out, such as 3,10-20")
    parser.add_argument("--directory", type=Path, help="where the sites are made")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.steps is None:
        given.steps = sys.maxsize if given.minutes else 600
    return given


def main() -> int:
    """Read the arguments, soak, and print what came of it."""
    given = _arguments()
    if given.here:
        print(json.dumps(asdict(soak(given))))  # noqa: T201 - read by the process that started this one
        return 0
    root = Path(tempfile.mkdtemp(prefix="soak-", dir=given.directory))
    seeds = range(given.seed, given.seed + (given.seeds or given.jobs))
    outcomes = []
    with ThreadPoolExecutor(given.jobs) as pool:
        for outcome in pool.map(lambda seed: in_process(given, seed, root), seeds):
            outcomes.append(outcome)
            print(outcome.wrong or f"seed {outcome.seed}: held for {outcome.seconds:.0f} s", flush=True)  # noqa: T201
    print(table(outcomes))  # noqa: T201
    if any(one.wrong for one in outcomes):
        return 1
    shutil.rmtree(root)
    return 0


def _numbers(text: str) -> frozenset[int]:
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers |= set(range(int(first), int(last or first) + 1))
    return frozenset(numbers)


if __name__ == "__main__":
    sys.exit(main())
