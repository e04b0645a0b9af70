"""What a schema cannot say about servers, and about directories on them."""

from __future__ import annotations

import posixpath
import string
from typing import TYPE_CHECKING, Any

from gateway.config.durations import check_durations
from gateway.rules.shell_overlap import may_overlap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.documents import Document
    from gateway.model import Problem

Data = dict[str, Any]
Place = tuple[str | int, ...]
#: A directory of a server, the same however the configuration writes it.
Spot = tuple[str, int, str | None, str]

_TIMES = ("connect_timeout", "reply_timeout", "keepalive", "idle")


def check_servers(document: Document, servers: Mapping[str, Data]) -> Iterator[Problem]:
    """Yield what is wrong with the servers themselves."""
    for name, server in servers.items():
        here: Place = ("servers", name)
        login, there = server["login"], (*here, "login")
        if not (login["key"] or login["agent"] or login["password"]):
            yield document.problem(
                there, "nothing to log in with", allowed="`key`, `agent`, `password`, or several"
            )
        for key in ("passphrase", "certificate"):
            if login[key] is not None and login["key"] is None:
                yield document.problem((*there, key), "it counts only with `key`")
        yield from check_durations(document, here, server, _TIMES, "1d")
        yield from check_durations(document, (*here, "retry"), server["retry"], ("first", "cap"))


def remote_problems(document: Document, data: Data) -> Iterator[Problem]:
    """Yield what is wrong with sources and destinations on servers, each and together."""
    servers = data["servers"]
    taken: list[tuple[Spot, str, str]] = []
    for name, route in data["routes"].items():
        place: Place = ("routes", name)
        source = route["source"]
        if source["type"] == "sftp":
            yield from _server(document, (*place, "source"), source, servers)
            yield from _acknowledgement(document, (*place, "source"), source, servers)
            yield from _shared(document, (*place, "source"), source, servers, taken)
            taken.append((_spot(source, servers, "path"), name, source["pattern"]))
        yield from _destinations(document, place, route, servers)
    yield from _circles(document, data["routes"], servers, {spot: name for spot, name, _pattern in taken})


def _server(document: Document, place: Place, data: Data, servers: Mapping[str, Data]) -> Iterator[Problem]:
    if data["server"] not in servers:
        allowed = ", ".join(sorted(servers)) or "none is configured under `servers`"
        yield document.problem((*place, "server"), "there is no such server", data["server"], allowed)


def _acknowledgement(
    document: Document, place: Place, source: Data, servers: Mapping[str, Data]
) -> Iterator[Problem]:
    here, moves = (*place, "move_to"), source["acknowledge"] == "move"
    if moves and source["move_to"] is None:
        yield document.problem(
            place, "`acknowledge: move` needs `move_to`: the directory it moves files into"
        )
    elif not moves and source["move_to"] is not None:
        yield document.problem(here, "it counts only with `acknowledge: move`", source["move_to"])
    elif moves and _spot(source, servers, "move_to") == _spot(source, servers, "path"):
        yield document.problem(here, "files would stay where they are: it is `path`", source["move_to"])


def _shared(
    document: Document,
    place: Place,
    source: Data,
    servers: Mapping[str, Data],
    taken: list[tuple[Spot, str, str]],
) -> Iterator[Problem]:
    """No two routes take the same files."""
    own = _spot(source, servers, "path")
    for spot, owner, pattern in taken:
        if spot == own and may_overlap(pattern, source["pattern"]):
            message = (
                f"the route `{owner}` takes files from there already, and `{pattern}` may fit the same ones"
            )
            yield document.problem(
                (*place, "path"), message, source["path"], "patterns that exclude each other"
            )


def _destinations(
    document: Document, place: Place, route: Data, servers: Mapping[str, Data]
) -> Iterator[Problem]:
    seen: dict[Spot, str] = {}
    for name, destination in route["destinations"].items():
        if destination["type"] != "sftp":
            continue
        here = (*place, "destinations", name)
        yield from _server(document, here, destination, servers)
        yield from _temporary_name(document, here, destination["temporary_name"])
        spot = _spot(destination, servers, "path")
        if spot in seen:
            message = f"the destination `{seen[spot]}` delivers there already"
            yield document.problem((*here, "path"), message, destination["path"])
        seen.setdefault(spot, name)


def _temporary_name(document: Document, place: Place, template: str) -> Iterator[Problem]:
    try:
        fields = [part[1:] for part in string.Formatter().parse(template) if part[1] is not None]
    except ValueError:
        fields = []
    if fields != [("key", "", None)]:
        message = "it needs `{key}` once, and nothing else in braces"
        yield document.problem((*place, "temporary_name"), message, template, "such as .{key}.part")


def _circles(
    document: Document, routes: Mapping[str, Data], servers: Mapping[str, Data], taken: Mapping[Spot, str]
) -> Iterator[Problem]:
    """Nothing that the gateway puts on a server comes back as if it were new."""
    for name, route in routes.items():
        source = route["source"]
        done = None
        if source["type"] == "sftp" and source["move_to"] is not None:
            done = _spot(source, servers, "move_to")
            if done in taken and done != _spot(source, servers, "path"):
                message = f"the route `{taken[done]}` takes files from there: they would come again"
                yield document.problem(("routes", name, "source", "move_to"), message, source["move_to"])
        for key, destination in route["destinations"].items():
            if destination["type"] != "sftp":
                continue
            spot, here = _spot(destination, servers, "path"), ("routes", name, "destinations", key, "path")
            if taken.get(spot) == name:
                message = "this is the source of the same route: files would go in circles"
                yield document.problem(here, message, destination["path"])
            elif spot == done:
                message = "files that were taken are moved there: names would meet"
                yield document.problem(here, message, destination["path"])


def _spot(data: Data, servers: Mapping[str, Data], key: str) -> Spot:
    """Return which directory ``key`` names: two configured servers may be one.

    A relative one belongs to the account, whose login directory it starts from.
    """
    path = posixpath.normpath(data[key] or "")
    path = "/" + path.lstrip("/") if path.startswith("/") else path
    server = servers.get(data["server"])
    if server is None:
        return data["server"], 0, None, path
    return server["host"].lower(), server["port"], None if path.startswith("/") else server["user"], path
