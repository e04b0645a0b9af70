"""Passes in processes of their own, which can be killed at any moment: what `kill -9` does to the gateway.

`python -m tests.sftp.killed` is the template: it imports the gateway once and is forked for every
pass, because importing takes longer than a pass. It must have no threads, so the server runs elsewhere.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import IO, Self

from gateway.custody import moves, syncs
from gateway.sftp import client, transport
from gateway.validation import reading, report
from tests.pipeline.plant import Plant, shared_catalogue

#: Imported here, so that forked processes find everything loaded.
LOADED = (client, transport, moves, syncs, reading, report)

_ROOT = Path(__file__).resolve().parents[2]


class Mortal:
    """A gateway whose passes run in processes of their own; a context manager."""

    _pid = 0

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.sftp.killed"]
        self._template = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._template.communicate()

    def run(self, plant: Plant) -> bool:
        """Run a pass on a plant; return whether it was killed."""
        ahead = plant.clock.ahead.total_seconds()
        order = {"site": str(plant.directory), "ahead": ahead}
        print(json.dumps(order), file=_pipe(self._template.stdin), flush=True)
        self._pid = int(_pipe(self._template.stdout).readline())
        status = int(_pipe(self._template.stdout).readline())
        assert status in (0, -signal.SIGKILL), f"the pass ended with {status}"
        return status != 0

    def kill(self) -> None:
        """Kill the pass that runs now; called by the server, from a thread of its own."""
        os.kill(self._pid, signal.SIGKILL)


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def main() -> None:
    """Fork for every line: run a pass, say its process id first and its status at the end."""
    shared_catalogue().usable("confirmation")
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                plant = Plant(Path(order["site"]))
                plant.clock.ahead = timedelta(seconds=order["ahead"])
                plant.run()
                status = 0
            finally:
                os._exit(status)
        print(child, flush=True)  # noqa: T201 - what the parent reads
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
