"""The configuration of a site as values; ``config.loading`` builds it from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config.anchoring import Anchoring
from gateway.config.places import (
    Acknowledgement,
    Destination,
    FolderDestination,
    FolderSource,
    SftpDestination,
    SftpSource,
    Source,
    Verification,
)
from gateway.config.servers import Algorithms, Login, RetryPolicy, Secret, Server
from gateway.config.telling import (
    AlertRule,
    Channel,
    CommandChannel,
    EmailChannel,
    Service,
    Smtp,
    WebhookChannel,
)
from gateway.model import Problem
from gateway.rules.calendars import Calendar
from gateway.rules.completeness_policy import CompletenessPolicy
from gateway.rules.duplicates import Action, DuplicatePolicy
from gateway.rules.expectation_policy import Expectation
from gateway.rules.in_force import DatePolicy
from gateway.rules.retention import RetentionPolicy
from gateway.rules.schedule import Blackout, Schedule
from gateway.rules.sequence_policy import SequencePolicy
from gateway.rules.unusual import UnusualPolicy

__all__ = [
    "Acknowledgement",
    "AlertRule",
    "Algorithms",
    "Anchoring",
    "Blackout",
    "Calendar",
    "Channel",
    "CommandChannel",
    "Destination",
    "EmailChannel",
    "Expectation",
    "FolderDestination",
    "FolderSource",
    "Limits",
    "Login",
    "Partner",
    "RetentionPolicy",
    "RetryPolicy",
    "Route",
    "Schedule",
    "Secret",
    "Server",
    "Service",
    "SftpDestination",
    "SftpSource",
    "Site",
    "Smtp",
    "Source",
    "UnusualPolicy",
    "Verification",
    "WebhookChannel",
]


@dataclass(frozen=True, slots=True)
class Route:
    """One configured path for one message type."""

    name: str
    partner: str
    message_type: str
    source: Source
    destinations: tuple[Destination, ...]
    versions: str = ">=0.0.0"  #: accepted range: comma-separated comparisons, all must hold
    deliver_as: str | None = None  #: ``confirmation@2.0.0``: files of other versions are mapped to it
    effective_dates: DatePolicy = DatePolicy.ENFORCE
    version_from: str = "envelope"  #: ``envelope``, ``name`` or ``route`` (then ``version``)
    version: str | None = None
    name_pattern: str | None = None  #: overrides the format's file name pattern
    identity_from: str = "envelope"  #: where message id and sender count: ``envelope`` or ``name``
    sender: str | None = None  #: fixed sender where files do not say; default the partner
    completeness: CompletenessPolicy = field(default_factory=CompletenessPolicy)
    duplicates: DuplicatePolicy = field(default_factory=DuplicatePolicy)
    sequence: SequencePolicy = field(default_factory=SequencePolicy)
    empty_file: Action = Action.FAIL
    replay_default_reason: str | None = None  #: allows files put into replay/ without a request
    schedule: Schedule = field(default_factory=Schedule)
    expect: tuple[Expectation, ...] = ()
    unusual: UnusualPolicy | None = None
    enabled: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class Partner:
    """What is agreed with one system that sends files, on whatever route."""

    name: str
    versions: Mapping[str, str] = field(default_factory=dict)  #: message type -> range that it may send


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep one file or pass from taking the machine."""

    batch_files: int = 100
    batch_bytes: int = 64 * 1024 * 1024
    listed_per_rule: int = 20
    listed_per_file: int = 500
    minimum_free_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Site:
    """One installation."""

    name: str
    directory: Path  #: absolute
    routes: tuple[Route, ...]
    time_zone: str = "UTC"  #: the plant's zone, for day directories and manifests
    formats: Path = Path("formats")  #: absolute
    ledger: str = field(
        default="", repr=False
    )  #: SQLAlchemy URL; default SQLite in ``ledger/gateway.db`` of the site
    interval_seconds: float = 30.0
    limits: Limits = Limits()
    digest: str = ""  #: SHA-256 over the configuration file's bytes
    partners: tuple[Partner, ...] = ()
    servers: tuple[Server, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    channels: tuple[Channel, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    service: Service = field(default_factory=Service)
    audit: Anchoring = field(default_factory=Anchoring)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    missing_secrets: tuple[Problem, ...] = ()  #: what the configuration points to and cannot be had

    def server(self, name: str) -> Server:
        """Return the server called ``name``; KeyError if there is none."""
        for server in self.servers:
            if server.name == name:
                return server
        raise KeyError(name)

    def calendar(self, name: str) -> Calendar:
        """Return the calendar called ``name``; KeyError if there is none."""
        for calendar in self.calendars:
            if calendar.name == name:
                return calendar
        raise KeyError(name)

    def route(self, name: str) -> Route:
        """Return the route called ``name``; KeyError if there is none."""
        for route in self.routes:
            if route.name == name:
                return route
        raise KeyError(name)

    def agreed(self, sender: str | None, message_type: str) -> str | None:
        """Return the range of versions that ``sender`` may send, or None if nothing is agreed."""
        for partner in self.partners:
            if partner.name == sender:
                return partner.versions.get(message_type)
        return None
