"""Where the lanes work: what they do goes to the board, into the log, and to whoever follows passes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.errors import Expected, GatewayError, Unusual
from gateway.lanes.fleet import Pass, Post
from gateway.model import State, Transfer
from gateway.rules.waking import Wake
from gateway.service.board import Board, LaneState
from gateway.service.events import Events
from gateway.stages.context import Report

#: Files and problems of one pass that the log names; their numbers it says whatever they are.
_NAMED = 20

#: Called after each pass with the lane as the board has it, and what was done.
Observer = Callable[[LaneState, Pass], None]
#: When a route's schedule comes next.
NextRun = Callable[[str], datetime | None]


class Floor:
    """Follows the lanes of a service; called by their threads."""

    def __init__(
        self,
        board: Board,
        events: Events,
        observers: Sequence[Observer],
        next_run: NextRun = lambda _route: None,
    ) -> None:
        """``observers`` are asked in order, each whatever became of the others."""
        self._board, self._events, self._observers, self._next_run = board, events, observers, next_run
        self._lock = threading.Lock()
        self._problems: dict[str, frozenset[tuple[str, str, str]]] = {}

    def joined(self, post: Post) -> None:
        """Put the lane on the board."""
        self._board.add(post.name, post.kind, post.route, post.destination)

    def left(self, post: Post) -> None:
        """Take the lane off the board."""
        self._board.drop(post.name)
        with self._lock:
            self._problems.pop(post.name, None)

    def began(self, post: Post, reasons: tuple[Wake, ...]) -> None:
        """Note that a pass begins."""
        self._board.began(post.name, tuple(why.value for why in reasons))

    def doing(self, post: Post, what: str) -> None:
        """Note a sign of life."""
        self._board.doing(post.name, what)

    def comes(self, post: Post, at: datetime | None) -> None:
        """Note when the lane comes by itself or by its schedule."""
        times = [at, self._next_run(post.route) if post.destination is None else None]
        self._board.due(post.name, min((time for time in times if time is not None), default=None))

    def ended(self, done: Pass) -> None:
        """Note how a pass ended, log what it did, and tell everybody else."""
        state = self._board.ended(done.post.name, done.seconds, _stopped(done))
        self._log(done)
        for observer in self._observers:
            try:
                observer(state, done)
            except GatewayError as error:
                self._events.tell(
                    "problem", level="error", lane=done.post.name, code=error.code, text=error.lines()[0]
                )
        self._board.write()

    def _log(self, done: Pass) -> None:
        main = done.reports[0]
        counts = {
            state.value: count for state, count in sorted(main.counts.items(), key=lambda one: one[0].value)
        }
        if main.taken or counts:
            self._events.tell(
                "pass-ended",
                route=done.post.route,
                lane=done.post.name,
                reasons=[why.value for why in done.reasons],
                taken=main.taken,
                waiting=main.waiting,
                files=counts,
                seconds=round(done.seconds, 3),
                problems=main.problem_total,
            )
        for row in _troubled(main):
            self._events.tell(f"file-{row.state.value}", level=_level(row), **_facts(row))
        self._log_problems(done)

    def _log_problems(self, done: Pass) -> None:
        """Tell of problems that the pass before had not; and when there are none any more."""
        now = {(name or "", error.code, error.where or ""): error for name, error in _problems(done.reports)}
        with self._lock:
            before = self._problems.get(done.post.name, frozenset())
            self._problems[done.post.name] = frozenset(now)
        for key in [key for key in now if key not in before][:_NAMED]:
            self._events.tell(
                "problem",
                level="warning",
                route=done.post.route,
                lane=done.post.name,
                file=key[0],
                code=now[key].code,
                text=" ".join(now[key].lines()),
            )
        if before and not now:
            self._events.tell("problems-over", route=done.post.route, lane=done.post.name, count=len(before))


def _stopped(done: Pass) -> str | None:
    """Return the first line of what stopped the route as a whole, if anything did."""
    for name, error in _problems(done.reports[:1]):
        if name is None and not isinstance(error, Expected | Unusual):
            return error.lines()[0]
    return None


def _problems(reports: Sequence[Report]) -> list[tuple[str | None, GatewayError]]:
    """Return every problem with the name of its file, if it is about one."""
    return [(one.name or one.transfer, one.error) for report in reports for one in report.problems]


def _troubled(report: Report) -> list[Transfer]:
    """Return the first files that did not go through, and those that are held."""
    rows = {row.id: row for row in (*report.held, *report.settled) if row.state is not State.PROCESSED}
    return list(rows.values())[:_NAMED]


def _level(row: Transfer) -> str:
    return "warning" if row.state is State.FAILED else "info"


def _facts(row: Transfer) -> dict[str, object]:
    return {
        "route": row.route,
        "transfer": row.id,
        "file": row.name,
        "code": row.reason_code,
        "text": row.reason,
    }
