"""What is wrong now: read from the ledger and the machine, and from what passes reported."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from gateway.config.settings import Route, SftpDestination, SftpSource, Site
from gateway.errors import Expected, GatewayError
from gateway.ledger import circuits, nodes, standing, streams
from gateway.ledger.engine import Connection
from gateway.model import Transfer
from gateway.printable import printable
from gateway.rules import sequence
from gateway.rules.alert_kinds import KINDS, kind_of
from gateway.rules.alerts import Condition
from gateway.rules.circuit import Circuit, CircuitState
from gateway.rules.health import SPARE
from gateway.rules.streams import StreamState

#: Deliveries and acknowledgements are tried so often before anybody is told.
PATIENT_TRIES = 3
#: Numbers overtake each other by moments: a gap counts after this time.
PATIENCE = timedelta(minutes=5)
#: Names that an alert lists; its count is exact.
_LISTED = 5


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


def of_site(site: Site, connection: Connection, now: datetime) -> list[Condition]:
    """Return what is wrong as the ledger and the disk have it, for routes that are enabled."""
    routes = {route.name: route for route in site.routes if route.enabled}
    known = circuits.every(connection)
    return [
        *_failed(connection, routes),
        *_deliveries(connection, routes, {one.place for one in known}),
        *_acknowledgements(connection, routes, {one.place for one in known}),
        *(condition for one in known for condition in _circuit(one, routes)),
        *_gaps(connection, routes, now),
        *_disk(site),
        *_nodes(site, connection),
    ]


def places_in_use(site: Site) -> frozenset[str]:
    """Return the places that enabled routes use; what failed elsewhere keeps nobody waiting."""
    return frozenset(place for route in site.routes if route.enabled for place in _places(route))


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
        "names": files[:_LISTED],
        "look": "gateway status",
    }
    if len(problems) > 1:
        facts["more"] = [_words(each.error) for each in problems[1:_LISTED]]
    # of a place that fails, its circuit tells for all its routes
    told_by_circuit = kind == "source-unavailable" and route is not None and _source_place(route) in places
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


def _source_place(route: Route) -> str:
    if isinstance(route.source, SftpSource):
        return f"server {route.source.server}"
    return f"route {route.name} source"


def _destination_place(route: Route, name: str) -> str:
    for one in route.destinations:
        if one.name == name and isinstance(one, SftpDestination):
            return f"server {one.server}"
    return f"route {route.name} destination {name}"


def _failed(connection: Connection, routes: Mapping[str, Route]) -> Iterator[Condition]:
    for one in standing.failed_open(connection, routes):
        count = "1 file" if one.count == 1 else f"{one.count:,} files"
        last = printable(one.newest.name)
        yield Condition(
            kind="file-failed",
            key=f"{one.route} {one.code}",
            text=f"{count} failed with {one.code} on route {one.route}, the last: {last}",
            routes=(one.route,),
            facts={
                "count": one.count,
                "code": one.code,
                "transfer": one.newest.id,
                "names": [last],
                "finding": _first_finding(one.newest),
                "look": f"gateway failed show {one.newest.id}",
                "list": f"gateway failed list --route {one.route} --code {one.code}",
            },
            since=one.since,
            mark=one.newest.id,
        )


def _first_finding(row: Transfer) -> str:
    """Return what is wrong with the file, as its reason or first finding says it; no value of the file."""
    listed = (row.findings or {}).get("listed") or [{}]
    line = listed[0].get("line")
    place = f"line {line}: " if line is not None else ""
    return printable(f"{place}{listed[0].get('message') or row.reason or row.reason_code or 'no reason'}")


def _deliveries(connection: Connection, routes: Mapping[str, Route], places: set[str]) -> Iterator[Condition]:
    for one in standing.failing_deliveries(connection, PATIENT_TRIES):
        if one.route not in routes:
            continue
        more = " or more" if one.count >= standing.MOST_COUNTED else ""
        files = "1 file does" if one.count == 1 else f"{one.count:,}{more} files do"
        yield Condition(
            kind="delivery-failing",
            key=f"{one.route} {one.destination}",
            text=f"{files} not go to destination {one.destination} of route {one.route}",
            routes=(one.route,),
            facts={
                "count": one.count,
                "destination": one.destination,
                "oldest_arrived_at": one.oldest.isoformat(),
                "error": printable(one.last_error),
                "look": "gateway status",
            },
            begins=_destination_place(routes[one.route], one.destination) not in places,
        )


def _acknowledgements(
    connection: Connection, routes: Mapping[str, Route], places: set[str]
) -> Iterator[Condition]:
    for one in standing.failing_acknowledgements(connection, PATIENT_TRIES):
        if one.route not in routes:
            continue
        files = "1 file" if one.count == 1 else f"{one.count:,} files"
        yield Condition(
            kind="acknowledgement-failing",
            key=f"{one.route} {one.location}",
            text=f"{files} of route {one.route} cannot be acknowledged at {printable(one.location)}",
            routes=(one.route,),
            facts={"count": one.count, "error": printable(one.last_error), "look": "gateway status"},
            since=one.oldest,
            begins=_source_place(routes[one.route]) not in places,
        )


def _circuit(one: Circuit, routes: Mapping[str, Route]) -> Iterator[Condition]:
    """Yield the outage of a place; a host key that is not trusted is told at once, and as what it is."""
    error = printable(one.last_error or "")
    server = one.place.removeprefix("server ")
    untrusted = error.startswith("[host-key-")
    if one.state is CircuitState.CLOSED and not untrusted:
        return
    concerned = tuple(name for name, route in routes.items() if one.place in _places(route))
    if not concerned:
        return  # nobody uses it any more: it will never answer, and nobody waits for that
    yield Condition(
        kind="host-key" if untrusted else "circuit-open",
        key=one.place,
        text=f"{one.place} shows a host key that is not trusted"
        if untrusted
        else f"{one.place} is down: {error.partition('. ')[0]}",
        routes=concerned,
        facts={
            "place": one.place,
            "failures": one.failures,
            "error": error,
            "next_probe_at": one.next_probe_at.isoformat() if one.next_probe_at else None,
            "look": _look_at(server, untrusted=untrusted) if server != one.place else "gateway status",
        },
        since=one.since,
    )


def _look_at(server: str, *, untrusted: bool) -> str:
    return f"gateway trust show {server}" if untrusted else f"gateway doctor --server {server}"


def _places(route: Route) -> set[str]:
    return {_source_place(route), *(_destination_place(route, one.name) for one in route.destinations)}


def _gaps(connection: Connection, routes: Mapping[str, Route], now: datetime) -> Iterator[Condition]:
    for row in streams.every(connection):
        if row.route not in routes:
            continue
        found = sequence.gaps(routes[row.route].sequence, StreamState.from_dict(row.state))
        old = [gap for gap in found if now - gap.since >= PATIENCE]
        if not old:
            continue
        words = ", ".join(str(gap) for gap in old[:_LISTED])
        more = f" and {len(old) - _LISTED:,} more ranges" if len(old) > _LISTED else ""
        yield Condition(
            kind="gap",
            key=row.stream,
            text=f"Stream {printable(row.stream)} misses {printable(words)}{more}",
            routes=(row.route,),
            facts={
                "count": sum(gap.count for gap in old),
                "stream": printable(row.stream),
                "look": f"gateway sequence status --route {row.route}",
            },
            since=min(gap.since for gap in old),
            mark=max(gap.since for gap in old).isoformat(timespec="microseconds"),
        )


def _nodes(site: Site, connection: Connection) -> Iterator[Condition]:
    """Yield that nodes differ, once all have been there for a while: one after the other is changed over."""
    now = nodes.database_time(connection)
    there = nodes.present(connection, now - timedelta(seconds=site.service.lease_seconds))
    serving = [one for one in there if one.kind == nodes.SERVICE]
    differing = [
        word
        for word, values in (
            ("configurations", {one.configuration for one in serving}),
            ("gateway versions", {one.gateway_version for one in serving}),
        )
        if len(values) > 1
    ]
    if not differing:
        return
    names = [printable(one.name) for one in serving]
    yield Condition(
        kind="nodes-differ",
        key="site",
        text=f"Nodes {', '.join(names[:_LISTED])} work with different {' and '.join(differing)}",
        facts={
            "count": len(serving),
            "nodes": names[:_LISTED],
            "versions": sorted({one.gateway_version for one in serving}),
            "look": "gateway status",
        },
        begins=all(now - one.started_at >= PATIENCE for one in serving),
    )


def _disk(site: Site) -> Iterator[Condition]:
    try:
        state = os.statvfs(site.directory)
    except OSError:
        return  # a site that is away is an error of every pass
    free, floor = state.f_bavail * state.f_frsize, site.limits.minimum_free_bytes
    if free >= SPARE * floor:
        return
    stops = "no file is taken" if free < floor else f"below {floor:,} no file is taken any more"
    yield Condition(
        kind="disk-low",
        key="site",
        text=f"{free:,} bytes are free under {printable(str(site.directory))}; {stops}",
        facts={
            "free_bytes": free,
            "minimum_free_bytes": floor,
            "look": f"df {printable(str(site.directory))}",
        },
    )
