"""How far a matrix is, told on stderr now and then, with the time that it is likely to take."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field

#: Between two lines, in seconds.
_PAUSE = 20.0


@dataclass
class Progress:
    """What is tried of how much; safe to tell from several threads."""

    name: str
    total: int = 0
    tried: int = 0
    wrong: int = 0
    begun: float = field(default_factory=time.monotonic)
    _told: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, count: int) -> None:
        """Expect ``count`` more."""
        with self._lock:
            self.total += count

    def note(self, *, is_wrong: bool) -> None:
        """Count one, and say how far it is if that was not said for a while."""
        with self._lock:
            self.tried += 1
            self.wrong += is_wrong
            self._say()

    def look(self, total: int, tried: int, wrong: int) -> None:
        """Take over what was counted elsewhere, and say it if nothing was said for a while."""
        with self._lock:
            self.total, self.tried, self.wrong = total, tried, wrong
            self._say()

    def say(self, text: str) -> None:
        """Say at once what was wrong, for somebody may break the matrix off."""
        with self._lock:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - people wait

    def _say(self) -> None:
        now = time.monotonic()
        if now - self._told < _PAUSE or not self.tried:
            return
        self._told = now
        left = (now - self.begun) / self.tried * (self.total - self.tried) / 60
        print(  # noqa: T201 - people wait
            f"{self.name}: {self.tried:,} of {self.total:,} tried, {self.wrong:,} wrong, "
            f"about {left:,.0f} minutes left",
            file=sys.stderr,
            flush=True,
        )
