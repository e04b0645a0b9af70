"""The gateway as a service: lanes that are woken until somebody says stop, and a configuration that changes.

The main thread only waits: for signals, and every few seconds to show that the service is alive. What is
stopped in the middle is carried on at the next start, from the ledger: nothing depends on a clean end.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from gateway import __version__
from gateway.errors import GatewayError, InternalError, WorkLeft
from gateway.events import event
from gateway.lanes.fleet import Fleet
from gateway.lanes.posts import Pass
from gateway.operations.reloading import reloaded
from gateway.pipeline import anchor, forsaken
from gateway.rules.health import STUCK_SECONDS
from gateway.rules.waking import Wake
from gateway.scheduling.resting import resting
from gateway.scheduling.timetable import Timetable
from gateway.service.board import Board, LaneState
from gateway.service.eyes import Eyes, folders_of
from gateway.service.failing import is_failing
from gateway.service.floor import Floor, Observer, tell_problem
from gateway.service.http import HealthServer
from gateway.service.monitor import Monitor
from gateway.service.notify import Notifier
from gateway.service.recalling import Recalling
from gateway.service.signals import Signals
from gateway.service.telling import Telling
from gateway.stages.context import Context, Report
from gateway.stages.in_force import note_configuration, note_refusal

_LOG = logging.getLogger(__name__)

#: Between two signs of life.
_BEAT_SECONDS = 10.0
#: Watched folders are looked after so often.
_LOOK_AFTER_SECONDS = 30.0
#: Of the time to stop, what is kept for lanes to end after their connections were broken.
_CUT_SHARE = 0.2
#: For which the reading of an index is waited for at the end; it ends with a small part.
_RECALLING_SECONDS = 2.0


class Service:
    """One site at work until it is stopped."""

    def __init__(
        self,
        context: Context,
        *,
        only: str | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        """Work on every route or ``only`` one; ``observers`` are told of each pass.

        Raises ConfigurationError where the address for health and metrics is not to be had.
        """
        self._stopping = threading.Event()
        self._only = only
        context = dataclasses.replace(context, stopping=self._stopping.is_set)
        self._board = Board(context.site.name, context.clock, context.layout.heartbeat_file)
        self._timetable = Timetable(functools.partial(self._wake, why=Wake.SCHEDULE))
        self._telling = Telling(lambda: self._fleet.context, self._board)
        self._monitor = Monitor(lambda: self._fleet.context, self._board)
        watching: list[Observer] = [self._telling.passed, self._count, *observers]
        floor = Floor(
            self._board,
            watching,
            self._timetable.next_run,
            lambda post: is_failing(self._fleet.context, post),
        )
        self._recalling = Recalling(context.ledger)
        self._fleet = Fleet(context, floor, only=only, rest=resting)
        self._eyes = Eyes(self._wake, self._board)
        self._notifier = Notifier.from_environment()
        self._server = self._serving(context)
        self._connections = [context.connections]
        self._stuck: set[str] = set()
        self._looked_after = time.monotonic()

    def run(self, signals: Signals) -> int:
        """Work until a signal says stop; return the exit status.

        Where a pass does not end in the time to stop, the process ends here, without return.
        """
        try:
            self._start()
            while not signals.stop.is_set():
                signals.wait(self._beat_seconds())
                if signals.reload.is_set() and not signals.stop.is_set():
                    signals.reload.clear()
                    self._reload()
                self._beat()
        except Exception:
            self._stop(signals)  # passes in work shall find the ledger open
            raise
        return self._stop(signals)

    def _start(self) -> None:
        context = self._fleet.context
        event(
            "starting",
            site=context.site.name,
            directory=str(context.site.directory),
            zone=context.site.time_zone,
            version=__version__,
            configuration=context.site.digest,
            routes=sum(route.enabled for route in context.site.routes),
            pid=os.getpid(),
        )
        if self._server is not None:
            self._server.start()
        self._fleet.start()
        self._telling.start()
        self._recalling.start()
        self._plan(context)
        self._timetable.start()
        self._board.note(phase="running", configuration=context.site.digest)
        self._board.write()
        self._notifier.ready(self._status())
        event("running")

    def _plan(self, context: Context) -> None:
        """Take up schedules and folders, and say which files no route takes care of."""
        site = context.site
        if self._only is not None:
            routes = tuple(route for route in site.routes if route.name == self._only)
            site = dataclasses.replace(site, routes=routes)
        self._timetable.plan(site)
        self._eyes.plan(folders_of(context.site, self._only))
        if self._only is None:
            self._guarded(functools.partial(self._tell_forsaken, context))

    def _tell_forsaken(self, context: Context) -> None:
        for report in forsaken(context):
            self._tell_problem(report)

    def _wake(self, route: str, why: Wake) -> None:
        self._fleet.wake(route, why)

    def _count(self, state: LaneState, done: Pass) -> None:
        self._monitor.passed(state, done.reports[:1])

    def _serving(self, context: Context) -> HealthServer | None:
        address = context.site.service.listen
        return None if address is None else HealthServer(address, self._monitor)

    def _beat_seconds(self) -> float:
        watchdog = self._notifier.watchdog_seconds
        return _BEAT_SECONDS if watchdog is None else min(_BEAT_SECONDS, watchdog / 2)

    def _beat(self) -> None:
        """Show that the service is alive, as long as it is, and look after what needs it."""
        state = self._board.state()
        now_stuck = {
            lane.name: state.beat - lane.beat
            for lane in state.lanes
            if lane.running_since is not None and state.beat - lane.beat >= STUCK_SECONDS
        }
        self._tell_stuck(now_stuck)
        if not now_stuck:
            self._notifier.watchdog()
        for name in self._fleet.revive() + self._telling.revive():
            event("lane-died", lane=name)
        self._notifier.status(self._status())
        for connections in self._connections:  # a pass from before a reload may have opened one since
            connections.close_idle()
        if time.monotonic() - self._looked_after >= _LOOK_AFTER_SECONDS:
            self._looked_after = time.monotonic()
            self._eyes.look_after()
        self._board.write()

    def _tell_stuck(self, now: dict[str, float]) -> None:
        for name in now.keys() - self._stuck:
            event("lane-stuck", lane=name, seconds=now[name])
            self._telling.stuck(name, now[name])
        for name in self._stuck - now.keys():
            event("lane-moves", lane=name)
            self._telling.free(name)
        self._stuck = set(now)

    def _status(self) -> str:
        """Return what systemd shows: what is at work, and what is not well."""
        lanes = self._board.state().lanes
        running = [lane.name for lane in lanes if lane.running_since is not None]
        failing = [lane.name for lane in lanes if lane.last_error]
        text = f"At work: {', '.join(running)}" if running else "Waiting for files"
        return f"{text}; not well: {', '.join(failing)}" if failing else text

    def _reload(self) -> None:
        """Take up a changed configuration whole, or keep the one before whole; both are on record."""
        self._notifier.reloading()
        event("reloading", signal="SIGHUP")
        self._board.note(phase="reloading")
        before = self._fleet.context
        server = self._server
        try:
            context = reloaded(before)
            if context.site.service.listen != before.site.service.listen:
                server = self._serving(context)
            note_configuration(context)
        except Exception as error:  # noqa: BLE001 - whatever it is, the configuration before is good
            if server is not self._server and server is not None:
                server.stop()
            if not isinstance(error, GatewayError):
                _LOG.exception("the configuration could not be read")
                error = InternalError(f"{type(error).__name__} while the configuration was read", cause=error)
            self._refuse(before, error)
        else:
            self._take(context, server)
        self._board.note(phase="running")
        self._notifier.ready(self._status())

    def _take(self, context: Context, server: HealthServer | None) -> None:
        before = self._fleet.context
        self._fleet.plan(context)
        if context.connections is not before.connections:
            self._connections.append(context.connections)
            before.connections.close()
        if server is not self._server:
            if self._server is not None:
                self._server.stop()
            if server is not None:
                server.start()
            self._server = server
        self._plan(context)
        self._board.note(configuration=context.site.digest, reloaded=context.clock.now(), refused=None)
        event("reloaded", configuration=context.site.digest)
        self._telling.accepted()

    def _refuse(self, context: Context, error: GatewayError) -> None:
        self._board.note(refused=error.lines()[0])
        event("reload-refused", code=error.code, error=error.lines()[0], details=error.lines()[1:21])
        self._guarded(lambda: note_refusal(context, error))
        self._telling.refused(error)

    def _guarded(self, work: Callable[[], object]) -> None:
        """Do what must not end the service: a ledger that is busy now is there again later."""
        try:
            work()
        except GatewayError as error:
            tell_problem(error)

    def _tell_problem(self, report: Report) -> None:
        for problem in report.problems:
            tell_problem(problem.error, route=report.route)

    def _stop(self, signals: Signals) -> int:
        """End within the time to stop, the pass in work where it can; a second signal means now."""
        seconds = self._fleet.context.site.service.stop_seconds
        began = time.monotonic()
        self._notifier.stopping(seconds)
        self._board.note(phase="stopping")
        event("stopping", signal=signals.name, seconds=seconds)
        self._stopping.set()
        self._timetable.stop()
        self._eyes.stop()
        self._fleet.stop()
        self._telling.stop()
        self._recalling.stop()
        hanging = self._wait(began + seconds * (1 - _CUT_SHARE), signals)
        if hanging:
            _LOG.warning("connections are broken off: %s would not end in time", ", ".join(hanging))
            for connections in self._connections:  # those of before a reload may still be in use
                connections.interrupt()
            signals.again.clear()
            hanging = self._wait(began + seconds, signals)
        self._recalling.join(_RECALLING_SECONDS)
        if self._server is not None:
            self._server.stop()
        self._fleet.context.connections.close()
        for report in anchor(self._fleet.context):
            self._tell_problem(report)
        self._board.write()
        if hanging:
            self._leave(hanging)
        event("stopped", seconds=time.monotonic() - began)
        return 0

    def _wait(self, until: float, signals: Signals) -> list[str]:
        """Wait for passes in work, or for one more signal; return the lanes that still work."""
        while True:
            left = max(0.0, min(0.2, until - time.monotonic()))
            hanging = self._fleet.join(left)
            if not hanging:
                self._telling.finish()
            if not self._telling.join(0.0 if hanging else left):
                hanging.append("alerts")
            if not hanging or signals.again.is_set() or time.monotonic() >= until:
                return hanging

    def _leave(self, hanging: list[str]) -> None:
        """End the process although lanes still work: what they did not commit has not happened."""
        event("left-unfinished", lanes=hanging, status=WorkLeft.exit_status)
        os._exit(WorkLeft.exit_status)
