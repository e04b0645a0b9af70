"""Schedules, calendars and expectations: from valid data with its defaults to values."""

from __future__ import annotations

from datetime import time
from typing import Any

from gateway.config.notation import seconds, time_of_day
from gateway.rules.calendars import DAY_NAMES, Calendar, parse_span
from gateway.rules.expectation_policy import Expectation
from gateway.rules.schedule import Blackout, Schedule
from gateway.rules.unusual import UnusualPolicy

Data = dict[str, Any]


def build_calendar(name: str, data: Data) -> Calendar:
    """Return the calendar ``name``."""
    return Calendar(
        name=name,
        days=_days(data["days"]),
        closed=tuple(parse_span(text) for text in data["closed"]),
        opened=tuple(parse_span(text) for text in data["opened"]),
    )


def build_schedule(data: Data, time_zone: str) -> Schedule:
    """Return when passes are due, in ``time_zone`` unless the data names another."""
    return Schedule(
        every_seconds=None if data["every"] is None else seconds(data["every"]),
        cron=data["cron"],
        time_zone=data["time_zone"] or time_zone,
        calendar=data["calendar"],
        blackouts=tuple(
            Blackout(time_of_day(each["from"]), time_of_day(each["to"]), _days(each["days"]))
            for each in data["blackouts"]
        ),
    )


def build_expectation(data: Data) -> Expectation:
    """Return what files must come."""
    return Expectation(
        at_least=data["at_least"],
        by=_time(data["by"]),
        since=time_of_day(data["since"]),
        per_seconds=None if data["per"] is None else seconds(data["per"]),
        calendar=data["on"],
        start=_time(data["from"]),
        end=_time(data["to"]),
    )


def build_unusual(data: Data | None) -> UnusualPolicy | None:
    """Return when a file is unlike those before it; None if nobody asked."""
    if data is None:
        return None
    return UnusualPolicy(
        history=data["history"],
        at_least=data["at_least"],
        size_factor=_factor(data["size_factor"]),
        records_factor=_factor(data["records_factor"]),
    )


def _days(names: list[str]) -> frozenset[int]:
    return frozenset(DAY_NAMES.index(name) for name in names)


def _time(text: str | None) -> time | None:
    return None if text is None else time_of_day(text)


def _factor(value: int | str | None) -> float | None:
    return None if value is None else float(value)
