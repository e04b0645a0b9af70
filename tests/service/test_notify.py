"""systemd is told what the service does, and never keeps it from doing it."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.service.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A service manager that listens, and what it writes into NOTIFY_SOCKET."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@gateway-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(10)
        listening.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        yield listening, name


def test_the_manager_is_told_each_phase(manager: tuple[socket.socket, str]) -> None:
    """The service shall say when it is ready, what it does, when it reloads, lives and stops."""
    listening, name = manager
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "120000000"})
    assert notifier.watchdog_seconds == 120.0
    notifier.ready("4 routes")
    notifier.status("orders: claim")
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier.reloading()
    notifier.watchdog()
    notifier.stopping(30.5)
    told = [listening.recv(4096).decode() for _ in range(5)]
    assert told[0] == "READY=1\nSTATUS=4 routes"
    assert told[1] == "STATUS=orders: claim"
    first, moment = told[2].split("\nMONOTONIC_USEC=")
    assert first == "RELOADING=1"
    assert before <= int(moment) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert told[3:] == ["WATCHDOG=1", "STOPPING=1\nEXTEND_TIMEOUT_USEC=40500000"]


def test_a_name_cannot_speak_for_the_service(manager: tuple[socket.socket, str]) -> None:
    """A line end or stray byte in a status shall stay in the status; a long one shall be cut."""
    listening, name = manager
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": name})
    notifier.status("a\nSTOPPING=1\udcff" + "x" * 10_000)
    text = listening.recv(65536).decode()
    assert text.startswith("STATUS=a\\nSTOPPING=1\\xff")
    assert "\n" not in text
    assert len(text) < 600


@pytest.mark.parametrize(
    "address", ["", "@", "relative", "vsock:2:1234", "/nowhere/at/all", "/" + "x" * 300, "/a\0b"]
)
def test_nobody_to_tell_is_no_failure(address: str) -> None:
    """Without a manager, or with one that cannot be reached, the service shall go on in silence."""
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"})
    notifier.ready()
    notifier.status("")
    notifier.watchdog()
    notifier.stopping(1)
    Notifier.from_environment({}).ready("nobody hears this")


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": str(os.getpid())}, 5.0),
        ({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_for_one_process(environment: dict[str, str], seconds: float | None) -> None:
    """The watchdog's time shall count only where it is set, sensible, and meant for this process."""
    assert Notifier.from_environment(environment).watchdog_seconds == seconds


def _fill(filler: socket.socket, name: str) -> None:
    with contextlib.suppress(BlockingIOError):
        for _ in range(100_000):
            filler.sendto(b"x", name)


def test_a_manager_that_takes_nothing_costs_little_time(tmp_path: Path) -> None:
    """A full queue shall cost the service a bounded wait, and nothing else."""
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
            filler.setblocking(False)
            _fill(filler, name)
        began = time.monotonic()
        Notifier.from_environment({"NOTIFY_SOCKET": name}).ready()
        assert time.monotonic() - began < 10
