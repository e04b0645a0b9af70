"""The gateway as a service: passes at an interval until it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType

from gateway.pipeline import run_routes
from gateway.stages.context import Context, Report


def run_until_stopped(
    context: Context, route: str | None, after_pass: Callable[[Sequence[Report]], None]
) -> int:
    """Run passes until SIGTERM or SIGINT; the pass in work is finished first. Returns 0.

    ``after_pass`` is told what each pass did. The interval counts from the end of a pass.
    """
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    previous = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        while not stop.is_set():
            after_pass(run_routes(context, route))
            stop.wait(context.site.interval_seconds)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0
