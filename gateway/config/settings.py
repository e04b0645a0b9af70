"""The configuration of a site as values; ``config.loading`` builds it from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.rules.completeness import CompletenessPolicy
from gateway.rules.duplicates import Action, DuplicatePolicy
from gateway.rules.in_force import DatePolicy
from gateway.rules.sequence import SequencePolicy


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A directory that a sender writes into."""

    path: Path  #: absolute; by default ``inbox/<route>`` of the site
    pattern: str = "*"  #: shell pattern of data files; others stay visible as unknown
    type: str = "folder"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed delivery is tried again: exponential, capped, with jitter."""

    first_seconds: float = 30.0
    factor: float = 2.0
    cap_seconds: float = 3600.0
    jitter: float = 0.1  #: share of the delay, both ways


@dataclass(frozen=True, slots=True)
class FolderDestination:
    """A directory that a receiver reads from."""

    name: str
    path: Path  #: absolute
    file_name: str = "{name}"  #: may use {name} {stem} {suffix} {id} {route} {control_number} {message_id}
    done_marker: str | None = None  #: suffix of an empty file written after the data
    retry: RetryPolicy = RetryPolicy()
    type: str = "folder"


@dataclass(frozen=True, slots=True)
class Route:
    """One configured path for one message type."""

    name: str
    partner: str
    message_type: str
    source: FolderSource
    destinations: tuple[FolderDestination, ...]
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
