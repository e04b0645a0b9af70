"""Where the lanes work: what they do goes to the board, into the log, and to whoever follows passes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.errors import Expected, GatewayError, Unusual
from gateway.events import Fields, event
from gateway.lanes.posts import Pass, Post
from gateway.model import State
from gateway.rules.waking import Wake
from gateway.service.board import Board, LaneState
from gateway.stages.context import Report

_LOG = logging.getLogger(__name__)

#: Files and problems of one pass that the log names; their numbers it says whatever they are.
_NAMED = 20

#: Called after each pass with the lane as the board has it, and what was done.
Observer = Callable[[LaneState, Pass], None]
#: When a route's schedule comes next.
NextRun = Callable[[str], datetime | None]
#: Whether something of a lane's failed before and is still to be tried again.
Lasting = Callable[[Post], bool]


class Floor:
    """Follows the lanes of a service; called by their threads."""

    def __init__(
        self,
        board: Board,
        observers: Sequence[Observer],
        next_run: NextRun = lambda _route: None,
        lasting: Lasting = lambda _post: False,
    ) -> None:
        """``observers`` are asked in order, each whatever became of the others."""
        self._board, self._observers = board, observers
        self._next_run, self._lasting = next_run, lasting
        self._lock = threading.Lock()
        self._problems: dict[str, frozenset[tuple[str, str, str]]] = {}
        self._sources: dict[str, str] = {}  # what stopped the last pass of a lane that looked at its source

    def joined(self, post: Post) -> None:
        """Put the lane on the board."""
        self._board.add(post.name, post.kind, post.route, post.destination)

    def left(self, post: Post) -> None:
        """Take the lane off the board."""
        self._board.drop(post.name)
        with self._lock:
            self._problems.pop(post.name, None)
            self._sources.pop(post.name, None)

    def began(self, post: Post, reasons: tuple[Wake, ...]) -> None:
        """Note that a pass begins."""
        self._board.began(post.name, tuple(why.value for why in reasons))

    def doing(self, post: Post, what: str) -> None:
        """Note a sign of life."""
        self._board.doing(post.name, what)

    def lives(self, post: Post) -> None:
        """Note that bytes move."""
        self._board.lives(post.name)

    def comes(self, post: Post, at: datetime | None) -> None:
        """Note when the lane comes by itself or by its schedule."""
        times = [at, self._next_run(post.route) if post.destination is None else None]
        self._board.due(post.name, min((time for time in times if time is not None), default=None))

    def ended(self, done: Pass) -> None:
        """Note how a pass ended, log what it did, and tell everybody else."""
        state = self._board.ended(done.post.name, done.seconds, self._stopped(done))
        self._log(done)
        for observer in self._observers:
            try:
                observer(state, done)
            except GatewayError as error:
                tell_problem(error, lane=done.post.name)
            except Exception:  # noqa: BLE001 - whoever follows must not break off what the lane still does
                _LOG.exception("lane %s: who follows its passes stumbled", done.post.name)
        self._board.write_soon()

    def _stopped(self, done: Pass) -> str | None:
        """Return what stops the lane: a pass without a look does not clear what stopped the last with one."""
        stopped = _stopped(done)
        with self._lock:
            if done.is_whole:
                self._sources.pop(done.post.name, None)
                if stopped is not None:
                    self._sources[done.post.name] = stopped
            return stopped or self._sources.get(done.post.name)

    def _log(self, done: Pass) -> None:
        main = done.reports[0]
        if main.taken or main.counts:
            event(
                "pass-ended",
                level=logging.WARNING if main.is_troubled else None,
                route=done.post.route,
                lane=done.post.name,
                reasons=[why.value for why in done.reasons],
                taken=main.taken,
                processed=main.counts[State.PROCESSED],
                failed=main.counts[State.FAILED],
                duplicate=main.counts[State.DUPLICATE],
                held=main.counts[State.HELD],
                waiting=main.waiting,
                problems=main.problem_total,
                seconds=done.seconds,
            )
        for row in [row for row in main.settled if row.state is State.FAILED][:_NAMED]:
            event(
                "problem",
                route=row.route,
                transfer=row.id,
                file=row.name,
                code=row.reason_code or "",
                reason=row.reason or "",
            )
        self._log_problems(done)

    def _log_problems(self, done: Pass) -> None:
        """Tell of problems that the pass before had not; and when there are none any more."""
        now = {(name or "", error.code, error.where or ""): error for name, error in _problems(done.reports)}
        with self._lock:
            before = self._problems.get(done.post.name, frozenset())
        if before and not now and self._lasts(done):
            return
        with self._lock:
            self._problems[done.post.name] = frozenset(now)
        for key in [key for key in now if key not in before][:_NAMED]:
            tell_problem(now[key], route=done.post.route, lane=done.post.name, file=key[0])
        if before and not now:
            event("problem-over", route=done.post.route, lane=done.post.name, problems=len(before))

    def _lasts(self, done: Pass) -> bool:
        """Return whether what failed before may last although this pass did not meet it: it was not due."""
        if done.post.destination is None and not done.is_whole:
            return True  # it did not look at the source
        try:
            return self._lasting(done.post)
        except GatewayError:
            return True  # the ledger tells nothing now, and the next pass asks again


def tell_problem(problem: GatewayError, *, route: str = "", lane: str = "", file: str = "") -> None:
    """Log an error, and what it is about as far as that is known."""
    about = Fields(code=problem.code, error=" ".join(problem.lines()))
    if route:
        about["route"] = route
    if lane:
        about["lane"] = lane
    if file:
        about["file"] = file
    event("problem", **about)


def _stopped(done: Pass) -> str | None:
    """Return the first line of what stopped the route as a whole, if anything did."""
    for name, error in _problems(done.reports[:1]):
        if name is None and not isinstance(error, Expected | Unusual):
            return error.lines()[0]
    return None


def _problems(reports: Sequence[Report]) -> list[tuple[str | None, GatewayError]]:
    """Return every problem with the name of its file, if it is about one."""
    return [(one.name or one.transfer, one.error) for report in reports for one in report.problems]
