"""Measuring one side of a benchmark in a process of its own, and several sides in turns.

What is not imported is not measured: modules with sides import at the top only what costs nothing, so that
a side carries its own libraries and nobody else's. `python -m tests.benchmarks.measuring MODULE:FUNCTION
ARGUMENTS` is such a process; it prints what it measured.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: Seconds at most between two looks at the memory of a process and of those that it started.
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of one side took, and what it said of its work."""

    seconds: float
    peak_mb: float  #: largest resident size, that of its own processes included
    cpu: float  #: processor seconds
    told: Mapping[str, Any] = field(default_factory=dict)


Side = Callable[[], Measured]


def apart(where: str, *, peers: Path | None = None, **arguments: Any) -> Measured:
    """Call ``MODULE:FUNCTION`` with ``arguments`` in a process of its own; measured is the call alone.

    The function may return a dict of what it found. Its own ``seconds`` and ``cpu`` count where it gives
    them: it knows what of its work was only preparation. ``peers`` is a directory of libraries for it alone.
    """
    command = [sys.executable, "-m", "tests.benchmarks.measuring", where, json.dumps(arguments, default=str)]
    env = dict(os.environ)
    if peers is not None:
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(peers), env.get("PYTHONPATH")]))
    with _watched(command, env=env, stdout=subprocess.PIPE) as (process, memory):
        output = process.stdout.read() if process.stdout else b""
        status = process.wait()
    if status:
        raise RuntimeError(f"{where} ended with {status}")
    told = json.loads(output.splitlines()[-1])
    return Measured(told.pop("seconds"), max(told.pop("peak_mb"), memory()), told.pop("cpu"), told)


def program(
    command: Sequence[str | Path],
    *,
    count: bytes | None = None,
    may_fail: bool = False,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
) -> Measured:
    """Run a program to its end; lines of its standard error that hold ``count`` are counted in `told`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as given:
        given.write(stdin.encode())
        given.seek(0)
        begun = time.perf_counter()
        words = [str(part) for part in command]
        streams = {"stdin": given, "stdout": subprocess.DEVNULL, "stderr": said}
        with _watched(words, **streams, env=env) as (process, memory):
            status = process.wait()
        seconds = time.perf_counter() - begun
        said.seek(0)
        lines = sum(count in line for line in said) if count is not None else 0
        if status and not may_fail:
            said.seek(0)
            raise RuntimeError(f"{words[0]} ended with {status}: {said.read()[-500:]!r}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(seconds, memory(), cpu, {"lines": lines, "exit": status})


def in_turns(sides: Mapping[str, Side], rounds: int) -> dict[str, list[Measured]]:
    """Run every side once in each round, one after the other: the machine's moods fall on all of them."""
    results: dict[str, list[Measured]] = {name: [] for name in sides}
    for number in range(1, rounds + 1):
        for name, side in sides.items():
            progress(f"{number} of {rounds}: {name}")
            results[name].append(side())
    return results


def progress(words: str) -> None:
    """Tell the person who waits what is done."""
    print(f"... {words}", file=sys.stderr, flush=True)  # noqa: T201 - a command that prints


def seconds(runs: Sequence[Measured]) -> float:
    """Return the median of the seconds."""
    return statistics.median(one.seconds for one in runs)


def peak(runs: Sequence[Measured]) -> float:
    """Return the largest resident size of any run, in MB."""
    return max(one.peak_mb for one in runs)


@contextlib.contextmanager
def _watched(command: list[str], **options: Any) -> Any:
    """Start a process; give it, and a function that returns its peak of memory in MB so far.

    The kernel's own figure of a child is no use: it starts with the size of who started it.
    """
    peak, ended = 0.0, threading.Event()
    process = subprocess.Popen(command, cwd=ROOT, **options)

    def watch() -> None:
        nonlocal peak
        pause = 0.01  # what is soon over is looked at more often
        while not ended.wait(pause):
            pause = min(pause * 2, _LOOK)
            peak = max(peak, sum(map(_resident, _family(process.pid))), _resident(process.pid, "VmHWM"))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield process, lambda: peak
    finally:
        ended.set()
        watcher.join()
        process.kill()
        process.wait()


def _family(pid: int) -> list[int]:
    """Return a process and all that it started."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{one}/task"):
                children = Path(f"/proc/{one}/task/{task}/children").read_text(encoding="ascii")
                found += map(int, children.split())
    return found


def _resident(pid: int | str, member: str = "VmRSS") -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{member}:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _cpu() -> float:
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def main(where: str, arguments: str) -> None:
    """Do one side's work, and print what it took."""
    module, _, name = where.partition(":")
    work, given = getattr(importlib.import_module(module), name), json.loads(arguments)
    cpu, begun = _cpu(), time.perf_counter()
    told = work(**given) or {}
    measured = {"seconds": time.perf_counter() - begun, "cpu": _cpu() - cpu}
    # what the function measured itself counts
    print(json.dumps({**measured, "peak_mb": _resident("self", "VmHWM"), **told}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main(*sys.argv[1:])
