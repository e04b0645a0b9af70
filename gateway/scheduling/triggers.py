"""The times of a route as APScheduler asks for them.

APScheduler's own reading of cron differs from crontab(5) (0 is its Monday, days of both fields must fit, a
doubled hour runs twice), so those times come from `gateway.rules.cron`. Both triggers name one time
for all that were missed: after a week of sleep a route is woken once.
"""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger

from gateway.rules import cron
from gateway.rules.schedule import Schedule


class CronTimes(BaseTrigger):
    """The times of a cron pattern in a time zone."""

    def __init__(self, pattern: str, time_zone: str) -> None:
        """Raises CronError for what is no pattern."""
        self._cron = cron.parse(pattern)
        self._zone = zoneinfo.ZoneInfo(time_zone)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the first time after ``now`` and the one before; ``now`` itself if there was none before."""
        # times are whole minutes: one that is now is the first after a moment ago
        after = (
            now - timedelta(microseconds=1) if previous_fire_time is None else max(previous_fire_time, now)
        )
        return next(iter(cron.next_runs(self._cron, self._zone, after, 1)), None)


class Every(BaseTrigger):
    """Times at one distance from each other."""

    def __init__(self, seconds: float, first: datetime) -> None:
        """The times are ``first``, ``first`` and ``seconds``, and so on."""
        # whole microseconds: a time that is rounded to the one before would never end
        self._step, self._first = max(timedelta(seconds=seconds), timedelta(microseconds=1)), first

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the first time after ``now`` and the one before.

        A clock that was set back to before the first time counts from then.
        """
        if previous_fire_time is None and now < self._first <= now + self._step:
            return self._first
        after = max(previous_fire_time or now, now)
        return self._first + ((after - self._first) // self._step + 1) * self._step


def trigger_of(plan: Schedule, interval_seconds: float, first: datetime) -> BaseTrigger:
    """Return the trigger for ``plan``; without times of its own the interval counts, from ``first``."""
    if plan.cron is not None:
        return CronTimes(plan.cron, plan.time_zone)
    return Every(interval_seconds if plan.every_seconds is None else plan.every_seconds, first)
