"""What is wrong now, as the ledger and the machine have it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from gateway.config.settings import Route, SftpDestination, SftpSource, Site
from gateway.ledger import circuits, nodes, standing, streams
from gateway.ledger.engine import Connection
from gateway.model import Transfer
from gateway.printable import printable
from gateway.rules import sequence
from gateway.rules.alerts import Condition
from gateway.rules.circuit import Circuit, CircuitState
from gateway.rules.health import SPARE
from gateway.rules.streams import StreamState

#: Deliveries and acknowledgements are tried so often before anybody is told.
PATIENT_TRIES = 3
#: Numbers overtake each other by moments: a gap counts after this time.
PATIENCE = timedelta(minutes=5)
#: Names that an alert lists; its count is exact.
LISTED = 5


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


def source_place(route: Route) -> str:
    """Return what a route takes files from, as its circuit is named."""
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
            begins=source_place(routes[one.route]) not in places,
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
    return {source_place(route), *(_destination_place(route, one.name) for one in route.destinations)}


def _gaps(connection: Connection, routes: Mapping[str, Route], now: datetime) -> Iterator[Condition]:
    for row in streams.every(connection):
        if row.route not in routes:
            continue
        found = sequence.gaps(routes[row.route].sequence, StreamState.from_dict(row.state))
        old = [gap for gap in found if now - gap.since >= PATIENCE]
        if not old:
            continue
        words = ", ".join(str(gap) for gap in old[:LISTED])
        more = f" and {len(old) - LISTED:,} more ranges" if len(old) > LISTED else ""
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
        text=f"Nodes {', '.join(names[:LISTED])} work with different {' and '.join(differing)}",
        facts={
            "count": len(serving),
            "nodes": names[:LISTED],
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
