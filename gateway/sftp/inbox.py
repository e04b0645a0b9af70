"""What a channel has received, kept as the pieces it came in until a session takes them.

Stands in the place of paramiko's own buffer, which moves all its bytes at every small read. The
transport's thread feeds it, the session's thread takes from it.
"""

from __future__ import annotations

import threading
import time


class Inbox:
    """A bounded buffer between two threads, with the methods that paramiko calls on a channel's."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self._size = 0
        self._wanted = 1
        self._fed = 0.0  #: when the last piece came
        self._ready = threading.Condition(threading.Lock())
        self.closed = False
        self.overrun = False  #: whether the server sent more than its window allowed

    def feed(self, data: bytes) -> None:
        """Append ``data``; beyond the bound nothing is kept, and the connection is over."""
        with self._ready:
            if self._size + len(data) > self._most:
                self.overrun = self.closed = True
                self._pieces.clear()
                self._size = 0
            elif not self.closed:
                self._pieces.append(data)
                self._size += len(data)
            self._fed = time.monotonic()
            if self.closed or self._size >= self._wanted:
                self._ready.notify()

    def close(self) -> None:
        """Say that nothing more will come."""
        with self._ready:
            self.closed = True
            self._ready.notify_all()

    def take(self, wanted: int, seconds: float) -> list[bytes]:
        """Return what is there as soon as it is ``wanted`` bytes, or nothing more comes in time.

        A wake-up for every packet would cost more than the bytes. Empty after ``seconds`` without
        any byte (what came before that is kept), and at the end.
        """
        with self._ready:
            self._wanted = wanted
            begun = time.monotonic()
            while not self.closed and self._size < wanted:
                left = max(begun, self._fed) + seconds - time.monotonic()
                if left <= 0:
                    return []
                self._ready.wait(left)
            pieces, self._pieces, self._size = self._pieces, [], 0
            return pieces

    def __len__(self) -> int:
        return self._size


class Dropped:
    """What stands in the place of the buffer for a program's complaints, which nobody reads: a count."""

    def __init__(self) -> None:
        self._size = 0
        self._lock = threading.Lock()

    def feed(self, data: bytes) -> None:
        """Count ``data`` and forget it."""
        with self._lock:
            self._size += len(data)

    def close(self) -> None:
        """Do nothing: there is nothing to end."""

    def take(self) -> int:
        """Return how many bytes came since the last time."""
        with self._lock:
            size, self._size = self._size, 0
            return size
