"""The gateway's own clocks. Decisions take their readings as values and never ask the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Clock(Protocol):
    """What the gateway asks of time."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since the machine's boot; comparable between processes of one boot."""
        ...

    def boot_id(self) -> str:
        """Return what tells this boot from every other."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since boot, suspended time included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot_id(self) -> str:
        """Return the kernel's boot id, or a constant where there is none."""
        try:
            with open(_BOOT_ID, encoding="ascii") as file:
                return file.read().strip()
        except OSError:
            return "unknown"
