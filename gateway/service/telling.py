"""Alerts and metrics of a service: told after each pass, sent from a lane of their own."""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.alerts.desk import Desk
from gateway.alerts.sending import next_due, send_due
from gateway.errors import GatewayError
from gateway.events import event
from gateway.lanes.lane import Lane, Next
from gateway.lanes.posts import Pass
from gateway.rules.alerts import Condition
from gateway.rules.waking import Wake
from gateway.service.board import Board, LaneState
from gateway.service.comparing import Comparing
from gateway.stages.context import Alone, Context

_LANE = "alerts"
#: Sending is asked anew whether something is due, at least so often.
_ASK_SECONDS = 60.0
_AGAIN_SECONDS = 15.0
#: Another node may write what this one is to send.
_SHARED_SECONDS = 5.0


class Telling:
    """Compares what is wrong with what was told after every pass, and sends what follows from that."""

    def __init__(self, context: Callable[[], Context], board: Board) -> None:
        """``context`` is asked for what the service works with now."""
        self._context, self._board = context, board
        self._desk = Desk()
        self._lane = Lane(_LANE, self._send, self._due)
        self._comparing = Comparing(context, self._desk, lambda: self._lane.wake(Wake.EVENT))
        self._has_failed = False

    def start(self) -> None:
        """Begin to send, with what was left over."""
        self._board.add(_LANE, _LANE)
        self._lane.start()
        self._lane.wake(Wake.START)
        self._comparing.start()

    def stop(self) -> None:
        """Begin to send nothing more; what is left goes with the next start."""
        self._lane.stop()

    def finish(self) -> None:
        """Take account of the last passes, after `stop` and when there are no more of them."""
        self._comparing.stop()

    def join(self, seconds: float) -> bool:
        """Wait at most so long for what `stop` and `finish` asked for; return whether it has ended."""
        deadline = time.monotonic() + seconds
        return self._lane.join(seconds) and self._comparing.join(max(0.0, deadline - time.monotonic()))

    def revive(self) -> list[str]:
        """Replace the lane if its thread has ended although nobody stopped it; return its name then."""
        if self._lane.is_alive:
            return []
        self._lane = Lane(_LANE, self._send, self._due)
        self._lane.start()
        self._lane.wake(Wake.START)
        return [_LANE]

    def passed(self, _state: LaneState, done: Pass) -> None:
        """Take account of what a pass shows, soon."""
        self._comparing.ask(done)

    def refused(self, error: GatewayError) -> None:
        """Note that a changed configuration is not taken."""
        self._desk.raised(Condition("configuration-refused", "configuration", error.lines()[0]))
        self._comparing.ask()

    def accepted(self) -> None:
        """Note that the configuration is the one that stands there."""
        self._desk.cleared("configuration-refused", "configuration")
        self._comparing.ask()

    def stuck(self, lane: str, seconds: float) -> None:
        """Note that a lane does not come to an end."""
        text = f"{lane} has been at work without a sign of life for {seconds / 60:.0f} min"
        self._desk.raised(Condition("service-stuck", lane, text))
        self._comparing.ask()

    def free(self, lane: str) -> None:
        """Note that a lane that was stuck goes on."""
        self._desk.cleared("service-stuck", lane)
        self._comparing.ask()

    def _send(self, reasons: tuple[Wake, ...]) -> None:
        began = time.monotonic()
        self._board.began(_LANE, tuple(why.value for why in reasons))
        error = None
        try:
            context = self._context()
            if context.sharing.tells:  # of several nodes one sends
                send_due(context, stopping=context.stopping)
        except GatewayError as problem:
            error = problem.lines()[0]
            event("problem", lane=_LANE, code=problem.code, error=error)
        self._has_failed = error is not None
        self._board.ended(_LANE, time.monotonic() - began, error)

    def _due(self) -> Next:
        if self._has_failed:  # the ledger takes nothing: what is due cannot be sent before it does
            return Next(_AGAIN_SECONDS, Wake.RETRY)
        context = self._context()
        if not context.sharing.tells:
            return Next(_SHARED_SECONDS, None)
        due = next_due(context)
        if not isinstance(context.sharing, Alone) and due is None:
            return Next(_SHARED_SECONDS, None)
        if due is None:
            return Next(_ASK_SECONDS, None)
        seconds = (due - context.clock.now()).total_seconds()
        return Next(seconds, Wake.RETRY) if seconds <= _ASK_SECONDS else Next(_ASK_SECONDS, None)
