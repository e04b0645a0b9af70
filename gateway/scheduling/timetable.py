"""The timetable of a site: it wakes a route when a pass over it is due.

It does no work of its own: `wake` only says that a route is due, so that nothing is ever late because
something else takes long, and passes over one route cannot overlap. Jobs live in memory and are made
anew from the configuration; what was missed is made up for by one wake.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from gateway.config.settings import Route, Site
from gateway.events import event
from gateway.rules.schedule import Rest
from gateway.scheduling.resting import resting
from gateway.scheduling.triggers import trigger_of

_LOG = logging.getLogger(__name__)

#: Clocks are looked at so often: a machine that slept, or whose clock was set, is late by no more.
_LOOK_SECONDS = 30.0
#: Between the first passes of two routes, and of a site's first and last one at least: the disk is one.
_SPREAD_SECONDS, _LEAST_SPREAD_SECONDS = 0.05, 1.0
#: Less is what time servers do to a clock all day.
_SET_BACK = timedelta(seconds=1)
_AFTER_REST = " after its rest"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the timetable holds at one time."""

    site: Site | None = None
    routes: Mapping[str, Route] = field(default_factory=dict)  #: those that are enabled


class _Scheduler(BackgroundScheduler):
    """APScheduler on one thread, which sleeps no longer than clocks can be trusted.

    What is due is done when APScheduler has let go of its lock: a wake may wait for somebody who is
    asking for the next time.
    """

    def __init__(self, look: Callable[[], None], act: Callable[[str], None]) -> None:
        self._look, self._act = look, act
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of every single wake
        self._noted: list[str] = []
        super().__init__(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": DebugExecutor()},  # in the scheduler's own thread: a wake takes no time
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def note(self, route: str) -> None:
        """Note that ``route`` is due; called in the scheduler's thread."""
        self._noted.append(route)

    def _process_jobs(self) -> float:
        self._look()
        wait: float | None = super()._process_jobs()
        due, self._noted = self._noted, []
        for route in dict.fromkeys(due):
            try:
                self._act(route)
            except Exception:  # noqa: BLE001 - one route's fault must not end the others' timetable
                _LOG.exception("route %s could not be woken", route)
        return _LOOK_SECONDS if wait is None else min(wait, _LOOK_SECONDS)


class Timetable:
    """Wakes routes on their schedules, from `start` to `stop`."""

    def __init__(self, wake: Callable[[str], None], now: Callable[[], datetime] = _now) -> None:
        """``wake`` is called with the name of a route that is due, from a thread of the timetable."""
        self._wake, self._now = wake, now
        self._plan = _Plan()
        self._lock = threading.RLock()  # planning comes from reloads, re-planning from the clock's thread
        self._looked_at = now()
        self._told: dict[str, Rest] = {}
        self._scheduler = _Scheduler(self._look, self._due)

    def plan(self, site: Site) -> None:
        """Take the schedules of ``site`` instead of those before; one that is the same keeps its time."""
        enabled = [route for route in site.routes if route.enabled]
        with self._lock:
            before, self._plan = self._plan, _Plan(site, {route.name: route for route in enabled})
            for name in before.routes.keys() - self._plan.routes.keys():
                self._drop(name)
                self._drop(name + _AFTER_REST)
            for index, route in enumerate(enabled):
                if not self._is_planned(before, route):
                    self._add(site, route, index / len(enabled))

    def start(self) -> None:
        """Begin to wake routes; those on an interval are woken at once, a little apart."""
        self._scheduler.start()

    def stop(self) -> None:
        """Wake nobody any more, and end the timetable's thread."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def rest(self, route: str) -> Rest | None:
        """Return why and until when ``route`` rests now; None if it does not, or is not planned."""
        return self._rest(route, self._now())

    def next_run(self, route: str) -> datetime | None:
        """Return when ``route`` will be woken next (UTC); None if it will not be."""
        jobs = (self._scheduler.get_job(name) for name in (route, route + _AFTER_REST))
        times = [job.next_run_time for job in jobs if job is not None and getattr(job, "next_run_time", None)]
        if not times:
            return None
        earliest: datetime = min(times)
        rest = self._rest(route, earliest)
        return earliest if rest is None else rest.until

    def _add(self, site: Site, route: Route, share: float) -> None:
        self._told.pop(route.name, None)
        self._drop(route.name + _AFTER_REST)
        interval = route.schedule.every_seconds or site.interval_seconds
        spread = max(_LEAST_SPREAD_SECONDS, _SPREAD_SECONDS * len(site.routes))
        first = self._now() + timedelta(seconds=share * min(interval, spread))
        trigger = trigger_of(route.schedule, interval, first)
        # a first time that is now counts, and is not the one after it
        begins = {} if route.schedule.cron else {"next_run_time": first}
        self._scheduler.add_job(
            self._scheduler.note, trigger, args=[route.name], id=route.name, replace_existing=True, **begins
        )

    def _is_planned(self, before: _Plan, route: Route) -> bool:
        """Whether the times of ``route`` are those that it had."""
        known, site = before.routes.get(route.name), self._plan.site
        if known is None or before.site is None or site is None or known.schedule != route.schedule:
            return False
        own = route.schedule.cron or route.schedule.every_seconds
        return bool(own) or before.site.interval_seconds == site.interval_seconds

    def _due(self, route: str) -> None:
        """Wake ``route``, unless it rests: then at the end of its rest."""
        if route not in self._plan.routes:
            return  # a reload took it away meanwhile
        rest = self._rest(route, self._now())
        if rest is None:
            self._told.pop(route, None)
            self._wake(route)
            return
        if self._told.get(route) == rest:
            return
        self._told[route] = rest
        event("route-rests", route=route, until=rest.until, reason=rest.reason)
        if rest.until is not None:
            name = route + _AFTER_REST
            self._scheduler.add_job(
                self._scheduler.note, DateTrigger(rest.until), args=[route], id=name, replace_existing=True
            )

    def _rest(self, name: str, moment: datetime) -> Rest | None:
        plan = self._plan
        if plan.site is None or name not in plan.routes:
            return None
        return resting(plan.site, plan.routes[name], moment)

    def _look(self) -> None:
        """Plan anew if the clock was set back: times that lie ahead by it would be late."""
        with self._lock:
            now, before = self._now(), self._looked_at
            self._looked_at = now
            if before - now > _SET_BACK:
                event("clock-set-back", seconds=(before - now).total_seconds())
                for name in self._plan.routes:
                    job = self._scheduler.get_job(name)
                    if job is not None:
                        job.modify(next_run_time=job.trigger.get_next_fire_time(None, now))

    def _drop(self, name: str) -> None:
        try:
            self._scheduler.remove_job(name)
        except JobLookupError:
            return  # its last time has come and gone
