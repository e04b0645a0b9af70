"""The configuration of a site as values; ``config.loading`` builds it from YAML."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path

from gateway.rules.completeness import CompletenessPolicy
from gateway.rules.duplicates import Action, DuplicatePolicy
from gateway.rules.in_force import DatePolicy
from gateway.rules.sequence import SequencePolicy


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is never shown: its representation says only that there is one."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        """Return what may be shown of it: nothing."""
        return "(secret)"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When something that failed is tried again: exponential, capped, with jitter."""

    first_seconds: float = 30.0
    factor: float = 2.0
    cap_seconds: float = 3600.0
    jitter: float = 0.1  #: share of the delay, both ways
    open_after: int = 3  #: failures in a row of the place as a whole, after which its circuit opens


class Algorithms(enum.Enum):
    """Which algorithms a server may be talked to with."""

    MODERN = "modern"  #: no SHA-1, no CBC, no finite fields below 2048 bits
    COMPATIBLE = "compatible"  #: what old servers still need, too


@dataclass(frozen=True, slots=True)
class Login:
    """How the gateway shows a server who it is; tried in the order of these fields."""

    key: Path | None = None  #: absolute; private key file
    passphrase: Secret | None = None  #: of that key
    certificate: Path | None = None  #: absolute; OpenSSH certificate of that key
    agent: bool = False  #: keys of the agent at SSH_AUTH_SOCK
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """An SFTP server of a partner: where it is, how it is trusted, how the gateway logs in."""

    name: str
    host: str
    user: str
    login: Login
    port: int = 22
    host_keys: tuple[str, ...] = ()  #: fingerprints ``SHA256:...``; any of them is trusted
    known_hosts: Path = Path("config/known_hosts")  #: absolute; counts only without ``host_keys``
    algorithms: Algorithms = Algorithms.MODERN
    connect_seconds: float = 15.0  #: for connection, key exchange and login, each
    reply_seconds: float = 30.0  #: for which the server may be silent while something is asked of it
    keepalive_seconds: float = 30.0
    idle_seconds: float = 60.0  #: after which a session that nobody uses is closed
    sessions: int = 4  #: at most so many at once
    retry: RetryPolicy = RetryPolicy(first_seconds=15.0, cap_seconds=600.0)  #: of its circuit


class Acknowledgement(enum.Enum):
    """What becomes of a remote file that is in the gateway's custody."""

    MOVE = "move"  #: into another directory of the server
    DELETE = "delete"
    LEAVE = "leave"  #: it stays and is remembered


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A directory that a sender writes into."""

    path: Path  #: absolute; by default ``inbox/<route>`` of the site
    pattern: str = "*"  #: shell pattern of data files; others stay visible as unknown
    type: str = "folder"
    watch: bool = True  #: let events wake passes, where the file system has them


@dataclass(frozen=True, slots=True)
class SftpSource:
    """A directory of an SFTP server that a sender writes into."""

    server: str  #: name of the server
    path: str  #: directory there; POSIX, absolute or relative to the login directory
    acknowledge: Acknowledgement
    move_to: str | None = None  #: directory there, for MOVE
    pattern: str = "*"
    retry: RetryPolicy = RetryPolicy()  #: of acknowledgements that failed
    type: str = "sftp"


@dataclass(frozen=True, slots=True)
class FolderDestination:
    """A directory that a receiver reads from."""

    name: str
    path: Path  #: absolute
    file_name: str = "{name}"  #: may use {name} {stem} {suffix} {id} {route} {control_number} {message_id}
    done_marker: str | None = None  #: suffix of an empty file written after the data
    checksum_file: str | None = None  #: suffix of a file with its digest, there before the data
    checksum_algorithm: str = "sha256"
    retry: RetryPolicy = RetryPolicy()
    type: str = "folder"


class Verification(enum.Enum):
    """How a file that was written to a server is proved to be there."""

    SIZE = "size"  #: by the size that the server states
    CONTENT = "content"  #: by reading it back and comparing its SHA-256


@dataclass(frozen=True, slots=True)
class SftpDestination:
    """A directory of an SFTP server that a receiver reads from."""

    name: str
    server: str
    path: str  #: directory there
    file_name: str = "{name}"
    done_marker: str | None = None
    checksum_file: str | None = None
    checksum_algorithm: str = "sha256"
    temporary_name: str = ".{key}.part"  #: name until it is whole; {key} is the delivery key
    verify: Verification = Verification.SIZE
    retry: RetryPolicy = RetryPolicy()
    type: str = "sftp"


Source = FolderSource | SftpSource
Destination = FolderDestination | SftpDestination


@dataclass(frozen=True, slots=True)
class Blackout:
    """A time of day in which a route rests; one that ends before it begins goes over midnight."""

    start: time
    end: time
    days: frozenset[int] = frozenset(range(7))  #: on which it begins; 0 is Monday


@dataclass(frozen=True, slots=True)
class Schedule:
    """When passes over a route are due."""

    every_seconds: float | None = None  #: None: the site's interval, unless there is ``cron``
    cron: str | None = None  #: five fields as crontab(5) has them, in ``time_zone``
    time_zone: str = "UTC"
    calendar: str | None = None  #: passes only on its days
    blackouts: tuple[Blackout, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """Files that must come: so many by a time of day, or so many in every period."""

    at_least: int = 1
    by: time | None = None  #: local time by which they must have come that day
    since: time = time(0, 0)  #: with ``by``: counted from this time of the day (of the day before, if later)
    per_seconds: float | None = None  #: instead of ``by``: in every such period
    calendar: str | None = None  #: only on its days; None: every day
    start: time | None = None  #: with ``per``: only within these hours
    end: time | None = None


@dataclass(frozen=True, slots=True)
class UnusualPolicy:
    """When a file is unlike those before it on its route."""

    history: int = 50  #: processed files that it is compared with
    at_least: int = 10  #: with fewer nothing is said
    size_factor: float | None = None  #: more than so many times, or less than such a part of, the median
    records_factor: float | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which a plant works."""

    name: str
    days: frozenset[int] = frozenset(range(7))  #: 0 is Monday
    closed: tuple[tuple[date, date], ...] = ()  #: first and last day, both included
    opened: tuple[tuple[date, date], ...] = ()  #: these count although they are closed or no working days


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
    listen: tuple[str, int] | None = None  #: loopback address and port for health and metrics
    log: str = "text"  #: ``text`` or ``json``


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
    schedule: Schedule = Schedule()
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
    service: Service = Service()

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
