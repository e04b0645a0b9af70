"""What new files are compared with is brought into memory before they come: see `ledger.seen_bytes`."""

from __future__ import annotations

import logging
import threading
import time

from gateway.errors import GatewayError
from gateway.ledger.engine import Ledger
from gateway.ledger.seen_bytes import PARTS, SeenBytes

_LOG = logging.getLogger(__name__)


class Recalling:
    """Reads the index of all bytes once, from `start` to its end or to `stop`; then the ledger has it.

    It takes half of the disk's time at most. A server has a memory of its own, and is left alone.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Know the ledger; nothing is read yet."""
        self._ledger = ledger
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recalling", daemon=True)

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
        seen = SeenBytes(self._ledger.read)
        try:
            seen.begin()
            for part in range(PARTS):
                begun = time.monotonic()
                seen.read_part(part)
                if self._ending.wait(time.monotonic() - begun):
                    return
        except GatewayError as error:  # who works with the ledger says so, and the ledger is asked as before
            _LOG.debug("the index of bytes was not read to its end: %s", error)
        else:
            self._ledger.seen_bytes = seen
