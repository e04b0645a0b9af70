"""The next bytes of a large file are read and hashed while the last ones are looked at."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.readers.base import ByteStream

#: Who is given so many bytes at a time will want more of them; smaller files need no thread.
LEAST_BYTES = 1024 * 1024


class ReadAhead:
    """A stream that is read by a thread of its own, one piece ahead of who asks for it.

    What is handed out is what the stream gives, in its order, up to where it raises: so does this one then.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._held = b""  # of a piece that was larger than what was asked for
        self._is_awaited = False
        self._thread: threading.Thread | None = None
        self._wanted = SimpleQueue[int]()  # sizes; 0 ends the thread
        self._pieces = SimpleQueue[bytes | BaseException]()

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; empty at the end. Raises what the stream does."""
        data = self._held or (self._awaited() if self._is_awaited else self._stream.read(size))
        data, self._held = data[:size], data[size:]
        if len(data) == size >= LEAST_BYTES and not self._held:
            self._ask(size)
        return data

    def settle(self) -> None:
        """Wait for the piece that is on its way: nobody wants it any more. Raises what the stream does."""
        if self._is_awaited:
            self._awaited()

    def close(self) -> None:
        """Let the thread end; the stream is not read any more afterwards."""
        if self._thread is not None:
            self._wanted.put(0)
            self._thread.join()

    def _ask(self, size: int) -> None:
        if self._thread is None:
            # no pool: at the end of the program nobody waits for a disk that does not answer
            self._thread = threading.Thread(target=self._run, name="reading ahead", daemon=True)
            self._thread.start()
        self._wanted.put(size)
        self._is_awaited = True

    def _awaited(self) -> bytes:
        piece = self._pieces.get()
        self._is_awaited = False
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def _run(self) -> None:
        while size := self._wanted.get():
            try:
                self._pieces.put(self._stream.read(size))
            except BaseException as error:  # noqa: BLE001 - it is raised where the piece is asked for
                self._pieces.put(error)
