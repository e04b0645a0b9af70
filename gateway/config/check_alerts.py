"""What a schema cannot say about alerts and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gateway.config.durations import check_durations
from gateway.config.notation import loopback
from gateway.rules.alert_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from gateway.documents import Document
    from gateway.model import Problem

Data = dict[str, Any]
Place = tuple[str | int, ...]

#: A stop that takes longer is no stop.
_LONGEST_STOP = "1h"
#: A node that died keeps its routes from the others for so long.
_LONGEST_LEASE = "1h"
_LONGEST_SENDING = "10m"
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def check_alerts(document: Document, alerts: Data, routes: Mapping[str, Data]) -> Iterator[Problem]:
    """Yield what is wrong with channels and rules."""
    for name, channel in alerts["channels"].items():
        yield from _channel(document, ("alerts", "channels", name), channel)
    known: Mapping[str, tuple[Collection[str], str]] = {
        "to": (alerts["channels"], "channel"),
        "kinds": (KINDS, "kind of alert"),
        "routes": (routes, "route"),
    }
    for index, rule in enumerate(alerts["rules"]):
        here: Place = ("alerts", "rules", index)
        yield from check_durations(document, here, rule, ("remind",))
        for key, (names, word) in known.items():
            for position, name in enumerate(rule[key]):
                if name not in names:
                    allowed = ", ".join(sorted(names)) or "none is configured"
                    yield document.problem((*here, key, position), f"there is no such {word}", name, allowed)


def check_service(document: Document, service: Data) -> Iterator[Problem]:
    """Yield what is wrong with the service."""
    yield from check_durations(document, ("service",), service, ("stop_within",), _LONGEST_STOP)
    yield from check_durations(document, ("service",), service, ("lease",), _LONGEST_LEASE)
    if service["listen"] is not None:
        try:
            loopback(service["listen"])
        except ValueError as error:
            allowed = "a loopback address and port, such as 127.0.0.1:9420"
            yield document.problem(("service", "listen"), str(error), service["listen"], allowed)


def _channel(document: Document, here: Place, channel: Data) -> Iterator[Problem]:
    if channel["type"] == "email":
        smtp, there = channel["smtp"], (*here, "smtp")
        if (smtp["user"] is None) != (smtp["password"] is None):
            yield document.problem(there, "`user` and `password` go together")
        elif smtp["user"] is not None and smtp["security"] == "none":
            message = "the password would be readable to everybody on the way"
            yield document.problem((*there, "security"), message, "none", "starttls, tls")
        return
    yield from check_durations(document, here, channel, ("timeout",), _LONGEST_SENDING)
    if channel["type"] == "command" and not channel["command"][0].startswith("/"):
        message, found = "the program must be an absolute path", channel["command"][0]
        yield document.problem((*here, "command", 0), message, found, "such as /usr/local/bin/page")
    elif channel["type"] == "webhook" and isinstance(channel["url"], str) and not _is_safe(channel["url"]):
        # what was found is not shown: it may hold a secret
        allowed = "https://..., or http:// to this machine"
        yield document.problem((*here, "url"), "this is no https URL", allowed=allowed)


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in _THIS_MACHINE
    return bool(parts.hostname) and parts.username is None and (parts.scheme == "https" or local)
