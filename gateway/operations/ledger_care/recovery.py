"""What a rebuild or a restore found and did, in numbers and with what people must look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.ledger.former import Former

#: Troubles that are listed; their number is exact whatever the cap.
LISTED = 1000

Progress = Callable[[str], None]


@dataclass(slots=True)
class Recovery:
    """One rebuild or restore: exact counts, capped lists."""

    manifests: int = 0  #: read and believed
    counts: Counter[str] = field(default_factory=Counter)  #: transfers written, by state
    unchanged: int = 0  #: that the backup had already as their manifests say
    uncertain: int = 0  #: in work, and nobody knows whether they were delivered: set before an operator
    resumed: int = 0  #: that were being settled or reprocessed; the next pass goes on
    streams: int = 0
    keys: int = 0
    troubles: list[str] = field(default_factory=list)  #: the first of them
    trouble_total: int = 0
    #: Transfers that the backup had otherwise, or did not have: how they were.
    before: Former = field(default_factory=Former)

    def trouble(self, place: str, why: str) -> None:
        """Note something that people must look at; it stops nothing."""
        self.trouble_total += 1
        if len(self.troubles) < LISTED:
            self.troubles.append(f"{place}: {why}")

    def facts(self) -> dict[str, Any]:
        """Return the numbers, for the audit trail and for programs."""
        return {
            "manifests": self.manifests,
            "transfers": dict(self.counts),
            "unchanged": self.unchanged,
            "uncertain": self.uncertain,
            "resumed": self.resumed,
            "streams": self.streams,
            "record_keys": self.keys,
            "troubles": self.trouble_total,
        }
