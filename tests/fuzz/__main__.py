"""`python -m tests.fuzz TARGET|all [--seconds N] [--seed S] [--engine atheris|hypothesis]`.

Searches for input that the gateway does not stand, and prints a table: target, executions, branches
reached beyond those of the good samples, findings. `python -m tests.fuzz list` names the targets;
`python -m tests.fuzz minimise TARGET FILE` makes a finding as short as it can be;
`python -m tests.fuzz bombs [NAME ...]` reads what is nothing but large, and prints time and memory.
Ends with 1 where something was found, or nothing was tried.
"""

# ruff: noqa: T201 - a command prints
from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

from tests.fuzz.minimising import minimise
from tests.fuzz.running import HEADING, Outcome, attack
from tests.fuzz.targets import TARGETS
from tests.fuzz.throwing import report

_NO_ATHERIS = (
    "atheris is not installed: `pip install atheris` (wheels for Linux on x86-64), or --engine hypothesis"
)


def main() -> int:
    """Do what the arguments say; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", help="a target, `all`, `list`, `minimise` or `bombs`")
    parser.add_argument("rest", nargs="*", help="of `minimise`: the target and a file; of `bombs`: which")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("atheris", "hypothesis"))
    parser.add_argument("--work", type=Path, help="where corpora and findings are kept from run to run")
    chosen = parser.parse_args()
    if chosen.target == "list":
        print("\n".join(f"{one.name:24} {one.does}" for one in TARGETS.values()))
        return 0
    if chosen.target == "bombs":
        return report(chosen.rest)
    if chosen.target == "minimise":
        name, file = chosen.rest
        Path(file).write_bytes(minimise(TARGETS[name], Path(file).read_bytes()))
        return 0
    names = list(TARGETS) if chosen.target == "all" else [chosen.target]
    unknown = [name for name in names if name not in TARGETS]
    installed = importlib.util.find_spec("atheris") is not None
    if unknown or (chosen.engine == "atheris" and not installed):
        print(
            _NO_ATHERIS if not unknown else f"there is no target {unknown[0]}; `list` names them",
            file=sys.stderr,
        )
        return 2
    engine = chosen.engine or ("atheris" if installed else "hypothesis")
    work = chosen.work or Path(tempfile.mkdtemp(prefix="gateway-fuzz-"))
    return _report([_attacked(name, engine, chosen.seconds, chosen.seed, work) for name in names], engine)


def _attacked(name: str, engine: str, seconds: float, seed: int, work: Path) -> Outcome:
    print(f"{name} ...", file=sys.stderr, flush=True)
    return attack(name, engine, seconds, seed, work)


def _report(outcomes: list[Outcome], engine: str) -> int:
    print(HEADING)
    for one in outcomes:
        print(one.row())
    found = [path for one in outcomes for path in one.found]
    print(f"\n{sum(one.tried for one in outcomes):,} executions with {engine}, {len(found)} findings")
    for path in found:
        words = path.with_suffix(".txt").read_text("utf-8").splitlines()
        print(f"{path}: {words[0] if words else '?'}")
    untried = [one.target for one in outcomes if not one.tried]
    for name in untried:
        print(f"{name}: nothing was tried; give it more --seconds, or read its log")
    return 1 if found or untried else 0


if __name__ == "__main__":
    sys.exit(main())
