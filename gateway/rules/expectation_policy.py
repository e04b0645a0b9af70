"""Which files must come, as the configuration says it; `expectations` judges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class Expectation:
    """Files that must come: so many by a time of day, or so many in every period."""

    at_least: int = 1
    by: time | None = None  #: local time by which they must have come that day
    since: time = time(0, 0)  #: with ``by``: counted from this time of the day (of the day before, if later)
    per_seconds: float | None = None  #: instead of ``by``: in every such period
    calendar: str | None = None  #: only on its days; None: every day
    start: time | None = None  #: with ``per``: only within these hours
    end: time | None = None
