"""What a service tells systemd, as sd_notify(3) has it; without systemd nothing is told."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping

from gateway.printable import printable

_LONGEST_STATUS = 200


class Notifier:
    """Tells the socket that ``NOTIFY_SOCKET`` names: a path, or an abstract name after ``@``."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_seconds = _watchdog(environment)  #: within which `alive` is expected; None: it is not

    def ready(self, status: str) -> None:
        """Say that the service is at work, at its start and after a reload."""
        self._tell("READY=1", f"STATUS={_line(status)}")

    def status(self, status: str) -> None:
        """Say in one line what it does."""
        self._tell(f"STATUS={_line(status)}")

    def alive(self) -> None:
        """Say that it is not stuck."""
        self._tell("WATCHDOG=1")

    def reloading(self) -> None:
        """Say that the configuration is read anew; `ready` ends that."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Say that the service ends."""
        self._tell("STOPPING=1", "STATUS=Stopping")

    def _tell(self, *lines: str) -> None:
        if self._address.startswith(("/", "\0")):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto("\n".join(lines).encode(errors="replace"), self._address)


def _watchdog(environment: Mapping[str, str]) -> float | None:
    """Return the time that systemd gives this process between two signs of life."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    text = environment.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if text.isascii() and text.isdigit() and int(text) else None


def _line(text: str) -> str:
    return printable(text).replace("\n", " ")[:_LONGEST_STATUS]
