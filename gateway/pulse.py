"""Signs of life from deep inside long work: bytes that move show that a thread does not hang.

Who watches a thread listens in it; the code that moves bytes knows nothing of who does.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

#: More often than this nobody wants to know.
_SECONDS = 1.0


class _Listener(threading.local):
    beat: Callable[[], None] | None = None
    next = 0.0


_listener = _Listener()


@contextlib.contextmanager
def felt_by(beat: Callable[[], None]) -> Iterator[None]:
    """Let ``beat`` be called now and then by what moves bytes in this thread, for the time of the block."""
    before, _listener.beat = _listener.beat, beat
    try:
        yield
    finally:
        _listener.beat = before


def beat() -> None:
    """Say that bytes move; costs next to nothing, so that every piece of them may."""
    if _listener.beat is not None and (now := time.monotonic()) >= _listener.next:
        _listener.next = now + _SECONDS
        _listener.beat()
