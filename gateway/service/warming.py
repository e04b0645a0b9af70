"""What new files are compared with is brought into memory before they come.

The bytes of a new file may stand anywhere among those of ten years. Where its page of the index is on the
disk only, each file waits for the disk once; read through beforehand, in a thread of its own, it does not.
"""

from __future__ import annotations

import logging
import threading
import time

from gateway.errors import GatewayError
from gateway.ledger.engine import Ledger
from gateway.ledger.transfer_search import count_by_bytes

_LOG = logging.getLogger(__name__)

#: The index is read in so many parts, so that no reader lasts long.
PARTS = 256
_FIRST, _WIDTH = -(2**63), 2**64 // PARTS


class Warming:
    """Reads the index of all bytes once, from `start` to its end or to `stop`.

    It takes half of the disk's time at most. A server has a memory of its own, and is left alone.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Know the ledger; nothing is read yet."""
        self._ledger = ledger
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="warming", daemon=True)

    def start(self) -> None:
        """Begin to read, where the ledger is a file."""
        if not self._ledger.is_shared:
            self._thread.start()

    def stop(self) -> None:
        """End with the part that is being read."""
        self._ending.set()

    def join(self, seconds: float) -> bool:
        """Wait at most so long for the end; return whether it has come."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            for part in range(PARTS):
                begun = time.monotonic()
                read_part(self._ledger, part)
                if self._ending.wait(time.monotonic() - begun):
                    return
        except GatewayError as error:  # who works with the ledger says so, and what is not in memory is read
            _LOG.debug("the index of bytes was not read to its end: %s", error)


def read_part(ledger: Ledger, part: int) -> int:
    """Read one of `PARTS` of the index; return how many files it has."""
    first = _FIRST + part * _WIDTH
    with ledger.read() as connection:
        return count_by_bytes(connection, first, first + _WIDTH - 1)
