"""What systemd is told of the service, as sd_notify(3) has it; without systemd nothing is said.

Nothing here raises or waits long: the service must not fail because nobody listens.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping

from gateway.printable import printable

#: The service manager is given so long to take a message.
_SECONDS = 2.0
#: What the last steps of an end may take beyond its time.
_AFTER_SECONDS = 10.0
#: More of a status than a line of `systemctl status` helps nobody.
_LONGEST_STATUS = 500


class Notifier:
    """Tells the service manager at ``address`` how the service is; None: there is none.

    ``watchdog_seconds`` is how long it waits for the next `watchdog` before it ends the service; None
    if it does not watch. Call `watchdog` twice in that time, and only while all is at work.
    """

    def __init__(self, address: str | None, watchdog_seconds: float | None = None) -> None:
        self._address = address
        self.watchdog_seconds = watchdog_seconds

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Notifier:
        """Return who is to be told, by ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``."""
        return cls(_address(environment.get("NOTIFY_SOCKET", "")), _watchdog(environment))

    def ready(self, status: str = "") -> None:
        """Say that the service is at work: after the start, and after each `reloading`."""
        self._send("READY=1", *_status(status))

    def status(self, text: str) -> None:
        """Say in one line what the service does, for `systemctl status`."""
        self._send(*_status(text))

    def reloading(self) -> None:
        """Say that the configuration is read again; `ready` follows, whatever came of it."""
        # the manager tells by the time whether this answers its own request (Type=notify-reload)
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, seconds: float) -> None:
        """Say that the service ends, and takes about so long; it gets the time, whatever the unit says."""
        self._send("STOPPING=1", f"EXTEND_TIMEOUT_USEC={int((seconds + _AFTER_SECONDS) * 1_000_000)}")

    def watchdog(self) -> None:
        """Say that all is at work, if somebody waits for that."""
        if self.watchdog_seconds is not None:
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self._address is None or not lines:
            return
        # a socket for each message: the manager may have made its own one anew
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
        ):
            channel.settimeout(_SECONDS)
            channel.connect(self._address)
            channel.send("\n".join(lines).encode("utf-8", "backslashreplace"))


def _status(text: str) -> tuple[str, ...]:
    """Return the line for a status: one line, or a name in it would be taken for a message of its own."""
    return (f"STATUS={printable(text[:_LONGEST_STATUS])}",) if text else ()


def _address(text: str) -> str | None:
    """Return the socket's address: a path, or ``@NAME`` in the abstract namespace; None for all others."""
    if text.startswith("@") and len(text) > 1:
        return f"\0{text[1:]}"
    return text if text.startswith("/") else None


def _watchdog(environment: Mapping[str, str]) -> float | None:
    """Return the watchdog's time if it is meant for this process, and not for one that started it."""
    meant_for, time_allowed = environment.get("WATCHDOG_PID"), environment.get("WATCHDOG_USEC", "")
    if meant_for not in (None, str(os.getpid())) or not time_allowed.isdecimal():
        return None
    return int(time_allowed) / 1_000_000 or None
