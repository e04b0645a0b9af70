"""The next part of a large file is read while the last one is validated: its bytes, and its rows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from gateway.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Generator

    from gateway.model import Finding
    from gateway.readers.base import ByteStream

Item = TypeVar("Item")

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


@dataclass(slots=True)
class NotedFindings(Findings):
    """Findings that are also kept in the order in which they came, until somebody takes them over."""

    news: list[tuple[list[Finding], int]] = field(default_factory=list)

    def extend(self, sample: Iterable[Finding], total: int) -> None:
        """Count and list, as always, and note what was said."""
        known = list(sample)
        Findings.extend(self, known, total)
        self.news.append((known, total))

    def take(self) -> list[tuple[list[Finding], int]]:
        """Return what was said since the last time."""
        news, self.news = self.news, []
        return news


def made_ahead(items: Generator[Item], begins: Callable[[], bool]) -> Generator[Item]:
    """Yield ``items``; from where it ``begins`` on, a thread makes each while the one before is used."""
    with closing(items):
        for item in items:
            yield item
            if begins():
                break
        else:
            return
        wanted, made = SimpleQueue[bool](), SimpleQueue[Item | BaseException]()

        def run() -> None:
            while wanted.get():
                try:
                    made.put(next(items))
                except BaseException as error:  # noqa: BLE001 - it is raised where the item is asked for
                    made.put(error)

        thread = threading.Thread(target=run, name="rows ahead", daemon=True)
        thread.start()
        try:
            wanted.put(True)
            while not isinstance(found := made.get(), BaseException):
                wanted.put(True)
                yield found
        finally:
            wanted.put(False)
            thread.join()
        if not isinstance(found, StopIteration):
            raise found
