"""What is wrong as passes reported it: one condition for each kind and route."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from gateway.alerts.conditions import LISTED, source_place
from gateway.config.settings import Route, Site
from gateway.errors import Expected, GatewayError
from gateway.ledger import circuits
from gateway.ledger.engine import Connection
from gateway.printable import printable
from gateway.rules.alert_kinds import KINDS, kind_of
from gateway.rules.alerts import Condition


class PassProblem(Protocol):
    """One problem of a pass; ``stages.context.Problem`` is one."""

    @property
    def error(self) -> GatewayError:
        """What went wrong."""
        ...

    @property
    def transfer(self) -> str | None:
        """Id of the transfer that it stopped."""
        ...

    @property
    def name(self) -> str | None:
        """Name of the file that it stopped."""
        ...


class Pass(Protocol):
    """What one pass over one route did; ``stages.context.Report`` is one."""

    @property
    def route(self) -> str:
        """Name of the route, or of what else was looked at."""
        ...

    @property
    def problems(self) -> Sequence[PassProblem]:
        """The first of its problems."""
        ...

    @property
    def problem_total(self) -> int:
        """How many there were."""
        ...


def of_passes(site: Site, passes: Sequence[Pass], connection: Connection, now: datetime) -> list[Condition]:
    """Return what passes reported, one condition for each kind and route."""
    places = {one.place for one in circuits.every(connection)}
    routes = {route.name: route for route in site.routes}
    grouped: dict[tuple[str, str], list[PassProblem]] = {}
    for each in passes:
        for problem in each.problems:
            kind = kind_of(problem.error, name=problem.name, transfer=problem.transfer)
            if kind is not None:
                grouped.setdefault((kind, each.route), []).append(problem)
    return [
        _reported(kind, name, found, routes.get(name), places, now) for (kind, name), found in grouped.items()
    ]


def _reported(
    kind: str,
    name: str,
    problems: Sequence[PassProblem],
    route: Route | None,
    places: set[str],
    now: datetime,
) -> Condition:
    first = problems[0].error
    files = list(dict.fromkeys(printable(each.name) for each in problems if each.name))
    facts: dict[str, Any] = {
        "count": len(problems),
        "code": first.code,
        "names": files[:LISTED],
        "look": "gateway status",
    }
    if len(problems) > 1:
        facts["more"] = [_words(each.error) for each in problems[1:LISTED]]
    # of a place that fails, its circuit tells for all its routes
    told_by_circuit = kind == "source-unavailable" and route is not None and source_place(route) in places
    return Condition(
        kind=kind,
        key=name,
        text=_words(first),
        routes=(name,),
        facts=facts,
        mark=_mark(kind, problems, len(files), now),
        begins=not told_by_circuit,
    )


def _mark(kind: str, problems: Sequence[PassProblem], files: int, now: datetime) -> str:
    """Return what grows with news: an event is news each time, what lasts when more is missing or stuck."""
    dues = [each.error.due for each in problems if isinstance(each.error, Expected) and each.error.due]
    if KINDS[kind].is_event or dues:
        return max(dues, default=now).isoformat(timespec="microseconds")
    return f"{files:09}"


def _words(error: GatewayError) -> str:
    return printable(error.lines()[0])
