"""Who writes next: the threads of one process write to the ledger in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gateway.errors import LedgerBusy

if TYPE_CHECKING:
    from collections.abc import Iterator


class WriteQueue:
    """A lock that is handed on in order of arrival.

    SQLite lets waiting writers poll, and whoever polls at the right moment wins: with many threads one
    of them can be passed over until its time is up.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    @contextmanager
    def turn(self, seconds: float, where: str) -> Iterator[None]:
        """Wait for this thread's turn and keep it for the block; LedgerBusy after ``seconds``."""
        if not self._take(seconds):
            raise LedgerBusy(
                "Another part of this gateway has been writing for too long",
                where=where,
                hint="It is tried again with the next pass; if this stays, restart the gateway",
            )
        try:
            yield
        finally:
            self._hand_on()

    def _take(self, seconds: float) -> bool:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(seconds):
            return True
        with self._guard:
            if mine.is_set():  # handed on at the last moment
                return True
            self._waiting.remove(mine)
            return False

    def _hand_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
