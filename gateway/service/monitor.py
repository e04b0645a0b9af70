"""Everything that watches the service and is told what it does: health and metrics, from one reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from gateway.rules import health as rules
from gateway.rules.health import Signs, Verdict
from gateway.service import health
from gateway.service.board import Board, LaneState
from gateway.service.metrics import FromBoard, FromLedger, Passes
from gateway.service.snapshot import Cached, take
from gateway.stages.context import Context, Report


class Monitor:
    """Health and metrics of one service; safe to share between threads, and never in a pass's way."""

    def __init__(self, context: Callable[[], Context], board: Board, *, seconds: float = 15.0) -> None:
        """Watch the site of ``context()``; the ledger is read at most every ``seconds``."""
        self._context, self._board = context, board
        self._cached = Cached(self._read_ledger, seconds)
        self._registry = CollectorRegistry(auto_describe=False)
        self._passes = Passes(self._registry)
        self._registry.register(FromLedger(self._cached.get, lambda: self._context().site))
        self._registry.register(FromBoard(board.state))

    def _read_ledger(self) -> Any:
        context = self._context()
        return take(context.site, context.ledger, context.clock)

    def passed(self, lane: LaneState, reports: Sequence[Report]) -> None:
        """Count a pass that ``lane`` has ended, with what it did."""
        self._passes.passed(lane.route or lane.name, lane.kind, lane.last_seconds or 0.0, reports)

    def signs(self) -> Signs:
        """Return what the service shows of itself now."""
        context = self._context()
        return health.signs(context.site, self._board.state(), self._cached.get(), context.clock)

    def verdict(self) -> Verdict:
        """Return how the service is now, and why."""
        return rules.verdict(self.signs())

    def metrics(self) -> bytes:
        """Return all metrics in the text form of Prometheus."""
        return generate_latest(self._registry)
