"""Signals, for the main thread to wait for: SIGTERM and SIGINT stop, SIGHUP reads the configuration."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Signals:
    """What the process was told; its handlers only take note."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.again = threading.Event()  #: told to stop once more: at once
        self.reload = threading.Event()
        self.name = ""  #: of the signal that said stop
        self._any = threading.Event()

    def wait(self, seconds: float) -> None:
        """Wait for the next signal, at most so long."""
        self._any.wait(seconds)
        self._any.clear()

    def end(self, number: int, _frame: FrameType | None = None) -> None:
        """Take note that somebody says stop."""
        if self.stop.is_set():
            self.again.set()
        self.name = self.name or signal.Signals(number).name
        self.stop.set()
        self._any.set()

    def renew(self, _number: int, _frame: FrameType | None = None) -> None:
        """Take note that the configuration is to be read."""
        self.reload.set()
        self._any.set()


@contextlib.contextmanager
def caught() -> Iterator[Signals]:
    """Take signals for the time of the block; to be used in the main thread."""
    signals = Signals()
    handlers = {signal.SIGTERM: signals.end, signal.SIGINT: signals.end, signal.SIGHUP: signals.renew}
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield signals
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
