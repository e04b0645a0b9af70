"""What is wrong is compared with what was told: after passes, for many at once, in a thread of its own.

A comparison looks at the whole site. If every lane made its own, lanes would wait for each other, and a
site of many routes would do little else.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence

from gateway.alerts.desk import Desk
from gateway.errors import GatewayError
from gateway.events import event
from gateway.lanes.posts import Pass
from gateway.stages.context import Context

_LOG = logging.getLogger(__name__)

#: Between two comparisons; what comes meanwhile shares the next one.
_REST_SECONDS = 1.0
#: After one that the ledger did not allow.
_AGAIN_SECONDS = 15.0
#: Passes that wait for a ledger that cannot be used; the oldest are forgotten.
_MOST = 1000


class Comparing:
    """Compares, from `start` to `stop`, whenever it is asked to."""

    def __init__(self, context: Callable[[], Context], desk: Desk, written: Callable[[], object]) -> None:
        """``context`` says what the service works with now; ``written`` is called when messages wait."""
        self._context, self._desk, self._written = context, desk, written
        self._asked: queue.SimpleQueue[Pass | None] = queue.SimpleQueue()
        self._left: deque[Pass] = deque(maxlen=_MOST)
        self._ending = threading.Event()
        self._has_failed = False
        self._thread = threading.Thread(target=self._run, name="comparing", daemon=True)

    def start(self) -> None:
        """Begin with what was asked for already."""
        self._thread.start()

    def ask(self, done: Pass | None = None) -> None:
        """Ask for a comparison that takes account of ``done``, or of the service itself; never waits."""
        self._asked.put(done)

    def stop(self) -> None:
        """Let the thread end after one more comparison, if one was asked for."""
        self._ending.set()
        self._asked.put(None)

    def join(self, seconds: float) -> bool:
        """Wait at most so long for the end; return whether it has come, or nobody said `stop`."""
        if not self._ending.is_set():
            return True
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        is_over = False
        while not is_over:
            with contextlib.suppress(queue.Empty):
                self._take(self._asked.get(timeout=_AGAIN_SECONDS if self._left else None))
            is_over = self._ending.is_set()
            while not self._asked.empty():
                self._take(self._asked.get())
            self._compare()
            self._ending.wait(_REST_SECONDS)

    def _take(self, done: Pass | None) -> None:
        if done is not None:
            self._left.append(done)

    def _compare(self) -> None:
        """Take account of all that is left; what the ledger does not allow is left for the next time."""
        try:
            self._observe(self._group())
            while self._left:
                self._observe(self._group())
        except GatewayError as error:
            if not self._has_failed:
                event("problem", lane="alerts", code=error.code, error=" ".join(error.lines()))
            self._has_failed = True
        except Exception:  # noqa: BLE001 - without this thread nobody would be told of anything
            _LOG.exception("passes could not be compared with what was told")
            self._left.clear()
        else:
            self._has_failed = False

    def _group(self) -> list[Pass]:
        """Return the first passes, none over a route that another one of them was over.

        What one pass over a route says is over where the next one does not say it.
        """
        group: dict[str, Pass] = {}
        for done in self._left:
            if done.post.route in group:
                break
            group[done.post.route] = done
        return list(group.values())

    def _observe(self, group: Sequence[Pass]) -> None:
        whole = [report for done in group if done.is_whole for report in done.reports]
        parts = [report for done in group if not done.is_whole for report in done.reports]
        context, count = self._context(), 0
        if whole:
            count += self._desk.observe(context, whole, whole=True)
        if not whole or any(report.problems for report in parts):
            count += self._desk.observe(context, parts, whole=False)
        for _done in group:
            self._left.popleft()
        if count:
            self._written()
