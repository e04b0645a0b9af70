"""Work that is shared out to processes which were started with the library of interpose/."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.faults.progress import Progress
from tests.faults.shim import Control, environment

_MEMORY = Path("/dev/shm")


def apart(module: str, arguments: Sequence[str], jobs: int) -> Iterator[dict[str, Any]]:
    """Run ``module`` in so many processes and yield the JSON lines that they print.

    Each is called with a directory in memory, its control, its number, the number of all, ``arguments``.
    """
    with tempfile.TemporaryDirectory(prefix="faults-", dir=_MEMORY if _MEMORY.is_dir() else None) as place:
        homes = [Path(place) / f"job-{part}" for part in range(jobs)]
        started = [
            _started(home, module, [str(part), str(jobs), *arguments]) for part, home in enumerate(homes)
        ]
        try:
            progress = Progress(module.rpartition(".")[2])
            for process in started:
                _wait(process, homes, progress)
                if process.returncode != 0:
                    raise RuntimeError(f"{module} ended with status {process.returncode}")
        finally:
            for process in started:
                process.kill()
                process.wait()
        for home in homes:
            for line in (home / "lines").read_text().splitlines():
                yield json.loads(line)


def _wait(process: subprocess.Popen[bytes], homes: Sequence[Path], progress: Progress) -> None:
    """Wait for one of them, and say meanwhile how far all are."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            return
        said = [json.loads(line) for home in homes for line in _whole_lines(home / "lines")]
        tried = [line for line in said if "wrong" in line]
        wrong = sum(bool(line["wrong"]) for line in tried)
        progress.look(sum(line.get("cases", 0) for line in said), len(tried), wrong)


def _whole_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def _started(home: Path, module: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    home.mkdir()
    control = home / "control"
    with Control(control):
        pass  # the library looks for it when the process begins
    with (home / "lines").open("wb") as lines:
        return subprocess.Popen(
            [sys.executable, "-m", module, str(home), str(control), *arguments],
            env={**environment(control), "POLARS_MAX_THREADS": "1"},  # many of them wait for each other
            stdout=lines,
        )
