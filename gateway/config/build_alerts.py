"""Alerts and the service: from valid data with its defaults to values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.config.notation import loopback, seconds
from gateway.config.paths import optional
from gateway.config.servers import Secret
from gateway.config.telling import (
    AlertRule,
    Channel,
    CommandChannel,
    EmailChannel,
    Service,
    Smtp,
    WebhookChannel,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.config.secrets import Secrets

Data = dict[str, Any]


def build_channel(name: str, data: Data, directory: Path, secrets: Secrets) -> Channel:
    """Return the way ``name`` to tell people, with its ``secrets``."""
    here = ("alerts", "channels", name)
    if data["type"] == "email":
        return EmailChannel(
            name, _smtp(name, data["smtp"], directory, secrets), data["from"], tuple(data["to"])
        )
    if data["type"] == "webhook":
        headers = {
            header: secrets.get(value, (*here, "headers", header)) or Secret("")
            for header, value in data["headers"].items()
        }
        url = secrets.get(data["url"], (*here, "url")) or Secret("")
        return WebhookChannel(name, url, headers, seconds(data["timeout"]))
    return CommandChannel(name, tuple(data["command"]), seconds(data["timeout"]))


def build_rule(data: Data) -> AlertRule:
    """Return who is told of what."""
    return AlertRule(
        to=tuple(data["to"]),
        kinds=tuple(data["kinds"]),
        routes=tuple(data["routes"]),
        remind_seconds=None if data["remind"] is None else seconds(data["remind"]),
        recovery=data["recovery"],
    )


def build_service(data: Data) -> Service:
    """Return how the gateway runs when it runs until stopped."""
    return Service(
        stop_seconds=seconds(data["stop_within"]),
        lease_seconds=seconds(data["lease"]),
        listen=None if data["listen"] is None else loopback(data["listen"]),
        log=data["log"],
    )


def _smtp(channel: str, data: Data, directory: Path, secrets: Secrets) -> Smtp:
    return Smtp(
        host=data["host"],
        port=data["port"],
        security=data["security"],
        user=data["user"],
        password=secrets.get(data["password"], ("alerts", "channels", channel, "smtp", "password")),
        authorities=optional(data["authorities"], directory),
    )
