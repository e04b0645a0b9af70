"""A lane: one thread that does one thing, one pass at a time, when something wakes it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.rules.waking import LEAST_SECONDS, Wake

_LOG = logging.getLogger(__name__)
#: Seconds after which a lane asks again when it is due, where the ledger could not say.
_ASK_AGAIN = 5.0


@dataclass(frozen=True, slots=True)
class Next:
    """When a lane comes by itself."""

    seconds: float
    why: Wake | None  #: None: only to ask again


class Lane:
    """Does ``work`` whenever it is woken; wake-ups during a pass mean one more pass after it.

    ``due`` is asked after each pass when the next one comes by itself, and again when that time is over
    without a reason. Between two passes lies a rest of ``rest_seconds``; only an event that came during
    a pass is followed at once, and only once in a row.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[tuple[Wake, ...]], None],
        due: Callable[[], Next | None] = lambda: None,
        *,
        lock: threading.Lock | None = None,
        rested: Callable[[], None] = lambda: None,
        rest_seconds: float = LEAST_SECONDS,
    ) -> None:
        """Lanes that are watched together share one ``lock``, so that all are seen at one moment.

        ``rested`` is called under it after each pass.
        """
        self.name, self._has_rested = name, rested
        self._work, self._due, self._rest_seconds = work, due, rest_seconds
        self._changed = threading.Condition(lock)
        self._woken: dict[Wake, None] = {}
        self._is_busy = self._is_over = self._was_at_once = False
        self._rested = 0.0
        self._next: tuple[float, Wake | None] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; a lane begins once."""
        self._thread.start()

    def wake(self, why: Wake) -> None:
        """Ask for a pass; from any thread, and never waiting for one."""
        with self._changed:
            if not self._is_over:
                self._woken[why] = None
                self._changed.notify_all()

    def stop(self) -> None:
        """Begin no more passes; the one in work goes on."""
        with self._changed:
            self._is_over = True
            self._woken.clear()
            self._changed.notify_all()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the end of the thread, after `stop`; return whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def is_alive(self) -> bool:
        """Whether the thread is there."""
        return self._thread.is_alive()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is in work or asked for; ask under the lock that the lanes share."""
        return not self._is_busy and not self._woken

    def _run(self) -> None:
        while reasons := self._next_reasons():
            try:
                self._work(reasons)
            except BaseException:  # noqa: BLE001 - a lane that ends would leave its route alone for ever
                _LOG.exception("lane %s: the pass was broken off", self.name)
            following = self._asked()
            with self._changed:
                self._is_busy = False
                self._rested = time.monotonic() + self._rest_seconds
                self._note(following)
                self._has_rested()

    def _next_reasons(self) -> tuple[Wake, ...]:
        """Wait for something to do; return why, or nothing at the end."""
        while True:
            with self._changed:
                reasons, wait = self._look()
                if reasons or self._is_over:
                    self._is_busy = bool(reasons)
                    return reasons
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                self._next = None
            following = self._asked()  # not under the lock: it reads the ledger
            with self._changed:
                self._note(following)

    def _look(self) -> tuple[tuple[Wake, ...], float | None]:
        """Return what there is to do now; else how long to wait, 0 to ask again."""
        now = time.monotonic()
        if self._is_over:
            return (), None
        if self._next is not None and self._next[0] <= now:
            why = self._next[1]
            if why is None:
                return (), 0
            self._next = None
            self._woken[why] = None
        at_once = Wake.EVENT in self._woken and not self._was_at_once
        if self._woken and (now >= self._rested or at_once):
            self._was_at_once = now < self._rested
            reasons = tuple(self._woken)
            self._woken.clear()
            return reasons, None
        times = [self._rested] if self._woken else []
        times += [self._next[0]] if self._next is not None else []
        return (), max(0.001, min(times) - now) if times else None

    def _asked(self) -> Next | None:
        try:
            return self._due()
        except GatewayError as error:  # the ledger is away, say: the next pass tells of it
            _LOG.warning("lane %s: nobody can say when it is due: %s", self.name, error)
            return Next(_ASK_AGAIN, None)
        except BaseException:  # noqa: BLE001 - as above; it is asked again
            _LOG.exception("lane %s: nobody could say when it is due", self.name)
            return Next(60.0, None)

    def _note(self, following: Next | None) -> None:
        """Note when the lane comes by itself."""
        if following is None:
            self._next = None
        else:
            seconds = max(following.seconds, LEAST_SECONDS)
            self._next = (time.monotonic() + seconds, following.why)
