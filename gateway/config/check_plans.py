"""What a schema cannot say about schedules, calendars and expectations."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from gateway.config.durations import check_durations
from gateway.config.notation import seconds, time_of_day
from gateway.rules import cron
from gateway.rules.calendars import parse_span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from gateway.documents import Document
    from gateway.model import Problem

Data = dict[str, Any]
Place = tuple[str | int, ...]

_DAY_MINUTES = 24 * 60
#: Settings of an expectation that belong to one of its two forms, with the value that says nothing.
_FORMS: dict[str, dict[str, str | None]] = {"by": {"since": "00:00"}, "per": {"from": None, "to": None}}


def check_zone(document: Document, place: Place, name: str) -> Iterator[Problem]:
    """Yield a problem if there is no time zone ``name``."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield document.problem(place, "there is no such time zone", name, "a name such as Europe/Berlin")


def check_plans(
    document: Document, place: Place, route: Data, calendars: Mapping[str, Data]
) -> Iterator[Problem]:
    """Yield what is wrong with the schedule, the expectations and the history of one route."""
    yield from _schedule(document, (*place, "schedule"), route["schedule"], calendars)
    for index, expectation in enumerate(route["expect"]):
        yield from _expectation(document, (*place, "expect", index), expectation, calendars)
    if route["unusual"] is not None:
        yield from _unusual(document, (*place, "unusual"), route["unusual"])


def check_calendars(document: Document, calendars: Mapping[str, Data]) -> Iterator[Problem]:
    """Yield what is wrong with days and spans of days."""
    for name, calendar in calendars.items():
        for key in ("closed", "opened"):
            for index, text in enumerate(calendar[key]):
                try:
                    parse_span(text)
                except ValueError as error:
                    place = ("calendars", name, key, index)
                    allowed = "a day such as 2026-12-24, or first..last day"
                    yield document.problem(place, str(error), text, allowed)


def _schedule(
    document: Document, here: Place, schedule: Data, calendars: Mapping[str, Data]
) -> Iterator[Problem]:
    yield from check_durations(document, here, schedule, ("every",))
    if schedule["cron"] is not None:
        if schedule["every"] is not None:
            yield document.problem(
                (*here, "every"), "`every` and `cron` exclude each other", schedule["every"]
            )
        try:
            cron.parse(schedule["cron"])
        except cron.CronError as error:
            yield document.problem(
                (*here, "cron"), str(error), schedule["cron"], "such as */10 6-21 * * mon-sat"
            )
    if schedule["time_zone"] is not None:
        yield from check_zone(document, (*here, "time_zone"), schedule["time_zone"])
    yield from _known(document, (*here, "calendar"), schedule["calendar"], calendars, "calendar")
    for index, blackout in enumerate(schedule["blackouts"]):
        if blackout["from"] == blackout["to"]:
            message = "it ends when it begins: a route that always rests is not `enabled`"
            yield document.problem((*here, "blackouts", index, "to"), message, blackout["to"])


def _expectation(
    document: Document, here: Place, expectation: Data, calendars: Mapping[str, Data]
) -> Iterator[Problem]:
    if (expectation["by"] is None) == (expectation["per"] is None):
        yield document.problem(here, "it needs either `by` or `per`")
        return
    form = "by" if expectation["by"] is not None else "per"
    for other, settings in _FORMS.items():
        for key, silent in settings.items():
            if other != form and expectation[key] != silent:
                yield document.problem((*here, key), f"it counts only with `{other}`", expectation[key])
    if form == "per":
        yield from _period(document, here, expectation)
    yield from _known(document, (*here, "on"), expectation["on"], calendars, "calendar")


def _period(document: Document, here: Place, expectation: Data) -> Iterator[Problem]:
    """At least one whole period lies within the hours of a day."""
    opens, closes = (_minutes(expectation[key]) for key in ("from", "to"))
    hours = (closes - opens - 1) % _DAY_MINUTES + 1
    if seconds(expectation["per"]) > hours * 60:
        allowed = f"at most {hours // 60}h" if hours % 60 == 0 else f"at most {hours}m"
        yield document.problem(
            (*here, "per"), "no such period fits into the day", expectation["per"], allowed
        )
    elif seconds(expectation["per"]) < 60:
        yield document.problem((*here, "per"), "it is too short", expectation["per"], "at least 1m")


def _minutes(text: str | None) -> int:
    if text is None:
        return 0
    clock = time_of_day(text)
    return clock.hour * 60 + clock.minute


def _unusual(document: Document, here: Place, unusual: Data) -> Iterator[Problem]:
    if unusual["size_factor"] is None and unusual["records_factor"] is None:
        yield document.problem(here, "it needs `size_factor`, `records_factor` or both")
    if unusual["at_least"] > unusual["history"]:
        allowed = f"at most {unusual['history']}, the `history`"
        yield document.problem(
            (*here, "at_least"), "so many are never looked at", str(unusual["at_least"]), allowed
        )


def _known(
    document: Document, place: Place, name: str | None, known: Collection[str], word: str
) -> Iterator[Problem]:
    if name is not None and name not in known:
        allowed = ", ".join(sorted(known)) or f"none is configured under `{word}s`"
        yield document.problem(place, f"there is no such {word}", name, allowed)
