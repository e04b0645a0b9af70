"""Throwing bombs, each in a process of its own: `python -m tests.fuzz bombs [NAME ...]`.

What must lie on a disk lies below the directory for temporary files.
"""

# ruff: noqa: T201 - a command prints
from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError
from tests.fuzz.bombs import BOMBS, GIB, Bomb
from tests.fuzz.target import ROOT

#: Bytes of address space that a process may have, so that a bomb that goes off hurts nobody else.
_SPACE = 8 * GIB


@dataclass(frozen=True, slots=True)
class Thrown:
    """What came of a bomb, in how many seconds, with how much memory (MiB) at the most."""

    came: str
    seconds: float
    peak_mb: int

    def wrong(self, bomb: Bomb) -> list[str]:
        """Return what is not as it must be."""
        told = [] if self.came == bomb.comes else [f"{self.came}, not {bomb.comes}"]
        told += [f"{self.peak_mb} MB of {bomb.most_mb}"] if self.peak_mb > bomb.most_mb else []
        return told + ([f"{self.seconds} s"] if self.seconds > bomb.most_seconds else [])


def throw(name: str) -> Thrown:
    """Throw the bomb in a process of its own; one that takes far too long ends it."""
    limit = 2 * BOMBS[name].most_seconds
    with tempfile.TemporaryDirectory(prefix="gateway-bomb-") as directory:
        command = [sys.executable, "-m", "tests.fuzz.throwing", name, directory]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=ROOT, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired:
            return Thrown("it did not end", limit, 0)
    if done.returncode:
        return Thrown(f"ended with {done.returncode}: {done.stderr[-500:]}", 0, 0)
    return Thrown(**json.loads(done.stdout.splitlines()[-1]))


def report(names: Sequence[str]) -> int:
    """Throw the named bombs, or every one, and print the table; return 1 where one did harm."""
    unknown = [name for name in names if name not in BOMBS]
    if unknown:
        print(f"there is no bomb {unknown[0]}, but {', '.join(BOMBS)}", file=sys.stderr)
        return 2
    print("| what | what came of it | seconds | peak memory |\n|---|---|---|---|", flush=True)
    harm: list[str] = []
    for name in names or BOMBS:
        bomb, thrown = BOMBS[name], throw(name)
        print(f"| {bomb.words} | {thrown.came} | {thrown.seconds} | {thrown.peak_mb} MB |", flush=True)
        harm += [f"{bomb.words}: {each}" for each in thrown.wrong(bomb)]
    print("\n".join(harm), file=sys.stderr)
    return int(bool(harm))


def _here(name: str, directory: Path) -> dict[str, Any]:
    resource.setrlimit(resource.RLIMIT_AS, (_SPACE, _SPACE))
    begun = time.perf_counter()
    try:
        came = str(BOMBS[name].throw(directory))
    except GatewayError as error:
        came = "; ".join([error.code, *(problem.message for problem in error.problems[:1])])
    seconds = round(time.perf_counter() - begun, 1)
    return {"came": came, "seconds": seconds, "peak_mb": _peak_mb()}


def _peak_mb() -> int:
    # not ru_maxrss: that begins with what the process that started this one held
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) >> 10


if __name__ == "__main__":
    print(json.dumps(_here(sys.argv[1], Path(sys.argv[2]))))
