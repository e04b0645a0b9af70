"""Days of the archive as they stand, their large files hashed ahead on the cores that the process may use."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import pulse
from gateway.custody import daylist
from gateway.custody.copies import hash_file
from gateway.custody.look import sizes
from gateway.errors import CustodyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Smaller files are hashed by who asks for them: handing them over costs more than it gives.
_LARGE = 256 * 1024
#: Names of days that are looked at ahead, at most and but for the last day.
_MANY_NAMES = 10_000
#: Files that wait for each thread: enough, and no more days are looked at for them.
_WAITING = 4

Hashed = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Day:
    """A day directory: the sizes of what stands in it by name, and its list or what is wrong with that."""

    directory: str
    sizes: Mapping[str, int]
    stated: Mapping[str, str] | CustodyError

    def large(self) -> Iterator[str]:
        """Yield the paths of the listed files that are worth a thread, in the order of the list."""
        for name in self.stated if not isinstance(self.stated, CustodyError) else ():
            if self.sizes.get(name, 0) >= _LARGE:
                yield os.path.join(self.directory, name)


def look_at(directory: str) -> Day:
    """Return the day in ``directory``; raises CustodyError where that cannot be listed."""
    found = sizes(directory)
    try:
        return Day(directory, found, daylist.read(directory))
    except CustodyError as error:
        return Day(directory, found, error)


class _Ended(Exception):
    """Nobody waits for the digest any more."""


class Hasher:
    """Hashes files: those of days that are looked at ahead in threads of their own, all others at once.

    hashlib lets other threads run while it works. A context manager: at its end nothing is hashed any more.
    """

    def __init__(self, cores: int | None = None) -> None:
        """Use ``cores``; without it all that this process may use."""
        self._cores = cores or _cores()
        self._pool = ThreadPoolExecutor(self._cores, "verify") if self._cores > 1 else None
        self._ahead: dict[str, Future[Hashed]] = {}
        self._is_over = threading.Event()

    def __enter__(self) -> Hasher:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Give up what is not asked for, amid a file too."""
        self._is_over.set()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def days(self, directories: Iterable[str]) -> Iterator[Day]:
        """Yield the day in each of ``directories``; files of the next ones are hashed meanwhile."""
        waiting: deque[Day] = deque()
        names = 0
        for directory in directories:
            day = look_at(directory)
            waiting.append(day)
            names += len(day.sizes)
            self._submit(day.large())
            while waiting and (names > _MANY_NAMES or self._has_enough()):
                names -= len(waiting[0].sizes)
                yield waiting.popleft()
        yield from waiting

    def hash(self, path: str) -> Hashed:
        """Return SHA-256 (hex) and size of the file ``path``; raises what `hash_file` raises."""
        started = self._ahead.pop(path, None)
        return hash_file(path) if started is None else started.result()

    def _has_enough(self) -> bool:
        return self._pool is None or len(self._ahead) >= self._cores * _WAITING

    def _submit(self, paths: Iterable[str]) -> None:
        if self._pool is not None:
            self._ahead |= {path: self._pool.submit(self._hash, path) for path in paths}

    def _hash(self, path: str) -> Hashed:
        with pulse.felt_by(self._go_on):
            return hash_file(path)

    def _go_on(self) -> None:
        if self._is_over.is_set():
            raise _Ended


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
