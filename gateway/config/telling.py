"""The service, and who is told when something needs a person, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config.servers import Secret


@dataclass(frozen=True, slots=True)
class Smtp:
    """The mail server that takes alerts."""

    host: str
    port: int = 587
    security: str = "starttls"  #: ``starttls``, ``tls`` or ``none``
    user: str | None = None
    password: Secret | None = None
    authorities: Path | None = None  #: PEM file of the authorities that are trusted instead of the system's


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """Alerts by e-mail."""

    name: str
    smtp: Smtp
    sender: str
    to: tuple[str, ...]
    type: str = "email"


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Alerts as JSON, posted to a URL."""

    name: str
    url: Secret  #: it often holds a token
    headers: Mapping[str, Secret] = field(default_factory=dict)
    timeout_seconds: float = 10.0
    type: str = "webhook"


@dataclass(frozen=True, slots=True)
class CommandChannel:
    """Alerts as JSON, to the standard input of a program; no shell."""

    name: str
    command: tuple[str, ...]
    timeout_seconds: float = 30.0
    type: str = "command"


Channel = EmailChannel | WebhookChannel | CommandChannel


@dataclass(frozen=True, slots=True)
class AlertRule:
    """Who is told of what."""

    to: tuple[str, ...]  #: channels
    kinds: tuple[str, ...] = ()  #: of ``rules.alerts.KINDS``; none: all
    routes: tuple[str, ...] = ()  #: none: all, and what belongs to no route
    remind_seconds: float | None = 14400.0  #: what lasts is told again; None: never
    recovery: bool = True  #: told when it is over


@dataclass(frozen=True, slots=True)
class Service:
    """How the gateway runs when it runs until stopped."""

    stop_seconds: float = 30.0  #: after SIGTERM the work in hand is finished or left to recovery
    lease_seconds: float = 30.0  #: where nodes share a site: after so long without a sign one takes over
    listen: tuple[str, int] | None = None  #: loopback address and port for health and metrics
    log: str = "text"  #: ``text`` or ``json``
