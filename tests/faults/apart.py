"""Work that is shared out to processes which were started with the library of interpose.c."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

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
            for process in started:
                if process.wait() != 0:
                    raise RuntimeError(f"{module} ended with status {process.returncode}")
        finally:
            for process in started:
                process.kill()
                process.wait()
        for home in homes:
            for line in (home / "lines").read_text().splitlines():
                yield json.loads(line)


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
