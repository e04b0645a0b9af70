"""A clock that jumps: the wall's time forward and back, the gateway's own only forward within a boot."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class JumpingClock:
    """The machine's clocks with what the soak added to each."""

    wall_ahead: float = 0.0  #: seconds that the wall clock is ahead of the machine's
    own_ahead: float = 0.0  #: seconds that the gateway's own clock is ahead
    boots: int = 1
    latest: float = 0.0  #: the furthest that the wall clock ever was ahead

    def now(self) -> datetime:
        """Return the time on the wall."""
        return datetime.now(UTC) + timedelta(seconds=self.wall_ahead)

    def monotonic(self) -> float:
        """Return seconds since the present boot."""
        return time.monotonic() + self.own_ahead

    def boot_id(self) -> str:
        """Return what tells this boot from every other."""
        return f"boot-{self.boots}"

    def pass_time(self, seconds: float) -> None:
        """Let time go by on both clocks."""
        self.wall_ahead += seconds
        self.own_ahead += seconds
        self.latest = max(self.latest, self.wall_ahead)

    def jump(self, seconds: float) -> None:
        """Set the wall clock, as a person or a time server does; the gateway's own clock goes on."""
        self.wall_ahead += seconds
        self.latest = max(self.latest, self.wall_ahead)

    def catch_up(self) -> None:
        """Bring the wall clock to where it was at the furthest, so that nothing waits for a time gone by."""
        self.pass_time(max(0.0, self.latest - self.wall_ahead))

    def reboot(self) -> None:
        """Begin another boot: the gateway's own clock starts again, near nothing."""
        self.boots += 1
        self.own_ahead = -time.monotonic() + 20.0
