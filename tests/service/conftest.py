"""A service in a process of its own, as systemd or a person starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gateway.custody.layout import Layout
from gateway.service.board import ServiceState, read_heartbeat
from tests.pipeline.plant import Plant

T = TypeVar("T")

#: What takes longer has failed.
_PATIENCE = 30.0


def until(ask: Callable[[], T], what: str, seconds: float = _PATIENCE) -> T:
    """Return what ``ask`` returns as soon as it is something; fails the test after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.02)
    return found


@dataclass
class Running:
    """A `gateway run` process on a plant, its log, and what it tells systemd."""

    plant: Plant
    process: subprocess.Popen[str]
    log: Path
    told: list[str] = field(default_factory=list)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of that name in the log."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [data for line in lines if (data := json.loads(line))["event"] == name]

    def event(self, name: str, count: int = 1) -> dict[str, Any]:
        """Wait for the event to stand in the log ``count`` times; return the last one."""
        return until(lambda: self.events(name)[count - 1 :], f"{name} in {self.log}")[-1]

    def state(self) -> ServiceState:
        """Return what the heartbeat file says."""
        path = Layout(self.plant.directory).heartbeat_file
        found = until(lambda: read_heartbeat(path), f"a heartbeat besides {self.log.read_text()}")
        assert found is not None
        return found

    def hears(self, text: str) -> str:
        """Wait until systemd was told something that holds ``text``; return it."""
        return until(lambda: next((one for one in self.told if text in one), ""), f"{text} in {self.told}")

    def delivered(self, name: str, destination: str = "erp") -> bool:
        """Return whether a file is at a destination."""
        return (self.plant.directory / "outbox" / destination / name).exists()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def ends(self) -> int:
        """Wait for the end; return the exit status."""
        return self.process.wait(timeout=_PATIENCE)

    def held(self) -> tuple[int, int]:
        """Return how many threads and file descriptors the process has."""
        home = Path(f"/proc/{self.process.pid}")
        return len(list((home / "task").iterdir())), len(list((home / "fd").iterdir()))


@contextlib.contextmanager
def running(plant: Plant, *arguments: str, **environment: str) -> Iterator[Running]:
    """Start the service; it is killed at the end of the block if it still runs."""
    command = [sys.executable, "-m", "gateway.cli.main", "--site", str(plant.directory), "run"]
    log = plant.directory.parent / "log"
    with _manager(plant.directory.parent / "notify") as told, log.open("w", encoding="utf-8") as stream:
        given = {**os.environ, "NOTIFY_SOCKET": str(plant.directory.parent / "notify"), **environment}
        line = [*command, "--log", "json", *arguments]
        process = subprocess.Popen(line, stderr=stream, env=given, text=True)
        try:
            yield Running(plant, process, log, told)
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _manager(path: Path) -> Iterator[list[str]]:
    """Listen as systemd does; yield the list of what was told."""
    told: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(path))

        def listen() -> None:
            while message := channel.recv(4096):
                told.append(message.decode())

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
                last.sendto(b"", str(path))
            thread.join()
            path.unlink()


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a site with one route for confirmations that asks for no evidence."""
    return Plant.build(tmp_path / "site")
