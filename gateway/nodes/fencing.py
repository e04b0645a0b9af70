"""The ledger as the owner of a route has it: nothing is read or written for one who is the owner no more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.ledger import leases
from gateway.ledger.engine import Connection, Ledger


class Holding:
    """One lease that this process has: its token, and until when it may be counted on.

    That is measured by this machine's monotonic clock, from before the lease was asked for: so it ends here
    before it ends for the others, whatever the clocks of the machines say.
    """

    def __init__(self, name: str, node: str, token: int, clock: Callable[[], float], until: float) -> None:
        self.name, self.node, self.token = name, node, token
        self._clock, self._until = clock, until
        self._lock = threading.Lock()
        self._is_lost = False

    @property
    def is_over(self) -> bool:
        """Whether it cannot be counted on now; it may be again, when it was renewed."""
        return self._is_lost or self._clock() >= self._until

    def renewed(self, until: float) -> None:
        """Note that it can be counted on ``until`` then, by the monotonic clock."""
        with self._lock:
            self._until = max(self._until, until)

    def lose(self) -> None:
        """Note that somebody else has it."""
        self._is_lost = True

    def demand(self) -> None:
        """Raise LeaseLost where it cannot be counted on; asks nobody."""
        if self.is_over:
            raise leases.lost(self.name)


class FencedLedger(Ledger):
    """The same ledger, for the passes of one owner.

    Stages read before they move files, and so the look at the clock stands there; what they write is written
    only if the ledger itself says that the lease is still theirs.
    """

    def __init__(self, ledger: Ledger, holding: Holding) -> None:
        """Stand before ``ledger``, which is shared with everybody else in the process."""
        vars(self).update(vars(ledger))
        self._holding = holding

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give one transaction; raises LeaseLost, with nothing written, where another node has the lease."""
        with super().write() as connection:
            leases.demand(connection, self._holding.node, self._holding.name, self._holding.token)
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give one view; raises LeaseLost where the lease cannot be counted on."""
        self._holding.demand()
        with super().read() as connection:
            yield connection
