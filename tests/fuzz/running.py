"""Watching the process that tries inputs: hangs are ended and kept, findings are made small."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.engine import Desk

#: Seconds after which an input hangs the gateway.
BOUND = 10.0
#: Resident memory after which an input takes too much.
MOST_MEMORY_KIB = 3 * 1024 * 1024

_COVERAGE = re.compile(r"\bcov: ([0-9]+)")


@dataclass(slots=True)
class Outcome:
    """What came of the attack on one target."""

    target: str
    tried: int = 0
    covered: tuple[int, int] | None = None  #: branches after the good samples, and in the end
    found: list[Path] = field(default_factory=list)
    slowest: float = 0.0  #: seconds that one input took, as far as it was seen

    def row(self) -> str:
        """Return the outcome as a row of the table."""
        new = f"{self.covered[1] - self.covered[0]:+,}" if self.covered else "-"
        return f"| {self.target} | {self.tried:,} | {new} | {len(self.found)} |"


HEADING = "| target | executions | new coverage | findings |\n|---|---|---|---|"


def attack(name: str, engine: str, seconds: float, seed: int, work: Path) -> Outcome:
    """Attack one target for ``seconds``; findings are in ``work/NAME/found``."""
    home = work / name
    for directory in (home / "found", home / "corpus"):
        directory.mkdir(parents=True, exist_ok=True)
    outcome, end = Outcome(name), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 1:
        if not _session(outcome, engine, left, seed, home):
            break
        seed += 1000
    outcome.found = sorted(path for path in (home / "found").iterdir() if not path.suffix)
    return outcome


def _session(outcome: Outcome, engine: str, seconds: float, seed: int, home: Path) -> bool:
    """Let one process try inputs; return whether it had to be ended before its time."""
    shared = home / "desk"
    shared.unlink(missing_ok=True)
    desk = Desk(shared)
    log = home / "log"
    arguments = [
        "--engine",
        engine,
        "--seconds",
        f"{seconds:.0f}",
        "--seed",
        str(seed),
        "--desk",
        str(shared),
    ]
    places = ["--found", str(home / "found"), "--corpus", str(home / "corpus")]
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "0"}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.engine", outcome.target, *arguments, *places],
            stdout=said,
            stderr=said,
            env=environment,
        )
        ended = _watch(process, desk, outcome, home / "found", seconds + 30)
    outcome.tried += desk.now()[0]
    counts = [int(found) for found in _COVERAGE.findall(log.read_text("utf-8", "replace"))]
    if counts and outcome.covered is None:
        outcome.covered = counts[0], counts[-1]
    if process.returncode and not ended:
        _keep(home / "found", "died", desk.now()[2], f"exit status {process.returncode}\n{_tail(log)}")
        return True
    return ended


def _watch(process: subprocess.Popen[bytes], desk: Desk, outcome: Outcome, found: Path, most: float) -> bool:
    """Wait for the process; end it where an input hangs it or takes too much memory."""
    end = time.monotonic() + most
    while process.poll() is None:
        time.sleep(0.2)
        tried, began, data = desk.now()
        took = time.monotonic() - began if tried else 0.0
        outcome.slowest = max(outcome.slowest, took)
        memory = _memory(process.pid)
        reason = f"hangs for more than {BOUND:g} s" if took > BOUND else ""
        reason = f"takes {memory >> 10} MiB" if memory > MOST_MEMORY_KIB else reason
        if reason or time.monotonic() > end:
            process.kill()
            process.wait()
            if reason:
                _keep(found, reason.split()[0], data, reason)
            return True
    return False


def _memory(process: int) -> int:
    """Return the resident KiB of a process."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") >> 10


def _keep(found: Path, kind: str, data: bytes, words: str) -> None:
    number = sum(1 for path in found.iterdir() if path.name.startswith(kind) and not path.suffix)
    (found / f"{kind}-{number}").write_bytes(data)
    (found / f"{kind}-{number}.txt").write_text(words)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-30:])
