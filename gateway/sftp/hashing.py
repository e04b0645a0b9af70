"""The digest of a file while it is sent: beside the sending, where the file is large enough to gain by it."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

#: Pieces that are read and hashed at once. hashlib lets other threads run meanwhile.
_PIECES = 16
#: Smaller files are hashed by the thread that sends them: another one would cost more than it gives.
_LARGE = 8 << 20
#: Blocks that may wait for being hashed.
_WAITING = 4


class Digest:
    """SHA-256 of blocks in order, for a file of ``size`` bytes; to be closed."""

    def __init__(self, size: int) -> None:
        self._sha256 = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1, "sha256") if size >= _LARGE else None
        self._waiting: deque[Future[None]] = deque()

    def update(self, block: bytes) -> None:
        """Take the next block; waits where hashing is behind."""
        if self._thread is None:
            self._sha256.update(block)
            return
        self._waiting.append(self._thread.submit(self._sha256.update, block))
        if len(self._waiting) > _WAITING:
            self._waiting.popleft().result()

    def hexdigest(self) -> str:
        """Return the digest of all blocks, in hexadecimal."""
        while self._waiting:
            self._waiting.popleft().result()
        return self._sha256.hexdigest()

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)


class Blocks:
    """The bytes of ``file`` in pieces of at most ``most``; ``digest`` is told exactly what is given."""

    def __init__(self, file: BinaryIO, most: int, digest: Digest) -> None:
        self._file = file
        self._most = most
        self._block = memoryview(b"")
        self.digest = digest

    def next(self) -> bytes | memoryview:
        """Return the next piece, empty at the end; raises OSError."""
        if not self._block:
            block = self._file.read(_PIECES * self._most)
            self.digest.update(block)
            self._block = memoryview(block)
        piece, self._block = self._block[: self._most], self._block[self._most :]
        return piece
