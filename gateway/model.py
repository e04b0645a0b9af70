"""The values that travel through the gateway: frozen, typed, without behaviour that needs I/O.

Names are text decoded with ``os.fsdecode`` (surrogate escapes stand for bytes that are
not UTF-8), times are timezone-aware UTC datetimes, sizes are bytes.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar


class Severity(enum.Enum):
    """How much a finding weighs."""

    ERROR = "error"  #: the file is not accepted
    WARNING = "warning"  #: noted in manifest and report, the file goes on


class State(enum.Enum):
    """Where a transfer stands. The legal moves between states are in ``rules.lifecycle``."""

    ARRIVED = "arrived"  #: proved complete; the intent to claim it is in the ledger
    CLAIMED = "claimed"  #: in the route's working directory, out of the sender's reach
    HELD = "held"  #: valid, waits for its predecessor
    DELIVERING = "delivering"  #: accepted; at least one destination has not confirmed yet
    PROCESSED = "processed"  #: delivered everywhere, archived, manifest written
    FAILED = "failed"  #: not accepted; original bytes, manifest and report in ``failed``
    DUPLICATE = "duplicate"  #: set aside as a duplicate, with manifest
    REPLAY = "replay"  #: an operator asked for a new attempt; the next pass takes it
    WITHDRAWN = "withdrawn"  #: gone or changed at the source before it could be claimed


class Disposition(enum.Enum):
    """What finally became of a transfer."""

    PROCESSED = "processed"
    FAILED = "failed"
    DUPLICATE = "duplicate"


class DeliveryState(enum.Enum):
    """How far one transfer has come at one destination."""

    PENDING = "pending"  #: not begun, or the last try failed and another is due
    STAGED = "staged"  #: durable under its temporary name, the rename not yet confirmed
    DELIVERED = "delivered"  #: under its final name, synced


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a file.

    ``record`` counts records of the file from 1, ``line`` is the physical line from 1,
    ``byte_offset`` counts from 0. ``value`` is the raw text as it stood in the file.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    rule: str | None = None
    record_type: str | None = None
    record: int | None = None
    line: int | None = None
    column: str | None = None
    byte_offset: int | None = None
    value: str | None = None
    hint: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data, without the places that are unknown."""
        data = dataclasses.asdict(self)
        data["severity"] = self.severity.value
        return {key: value for key, value in data.items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Return the finding that ``to_dict`` wrote."""
        return cls(**{**data, "severity": Severity(data.get("severity", "error"))})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration or format file, in words a person can act on."""

    file: str
    message: str  #: what is wrong, a sentence
    line: int | None = None  #: from 1
    column: int | None = None  #: from 1
    path: str = ""  #: where in the document: ``records.item.fields.quantity``
    found: str | None = None  #: what stands there
    allowed: str | None = None  #: what may stand there

    def __str__(self) -> str:
        """Return place, path, message, and what was found and is allowed, on one line."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"
        facts = [f"found {self.found}"] if self.found is not None else []
        facts += [f"allowed: {self.allowed}"] if self.allowed is not None else []
        return f"{text} ({'; '.join(facts)})" if facts else text

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as JSON-ready data, without what is unknown."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proved a file complete: the kind, the facts in words, and what it states.

    ``facts`` are the sender's statements that the bytes must bear out once they are read:
    ``sha256`` (or another hashlib name), ``size``, ``records``.
    """

    kind: str
    detail: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as JSON-ready data."""
        return {
            "kind": self.kind,
            "detail": self.detail,
            **({"facts": dict(self.facts)} if self.facts else {}),
        }


@dataclass(frozen=True, slots=True)
class Companion:
    """A small file that belongs to one transfer: a done marker or a checksum file."""

    name: str
    role: str
    size: int = 0
    sha256: str | None = None
    mtime_ns: int = 0
    inode: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """What a mapping made of a transfer's file: it is delivered, and both are kept."""

    name: str  #: its name beside the archived input, where that keeps its own
    suffix: str  #: what its name ends in at a destination: ``.xml``
    size: int
    sha256: str
    format: str  #: ``confirmation 2.0.0``
    format_digest: str
    mapping: str  #: ``confirmation mappings/1.1.0-to-2.0.0.yaml``
    mapping_digest: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look at one directory entry of a source; nothing has been read yet."""

    name: str
    kind: str  #: ``file``, ``directory``, ``symlink``, ``fifo``, ``socket``, ``device``
    size: int
    mtime_ns: int
    inode: int
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file seen at a source and not yet proved complete, as the ledger remembers it."""

    route: str
    name: str
    first_seen_at: datetime
    last_seen_at: datetime
    size: int
    mtime_ns: int
    inode: int
    looks: int  #: consecutive looks with unchanged size, mtime and inode
    unchanged_since: float  #: the gateway's own monotonic clock, seconds since boot
    boot_id: str  #: which boot ``unchanged_since`` belongs to
    reason_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies a file: who it is by key and by bytes."""

    sha256: str
    name: str
    sender: str | None = None
    interchange_key: str | None = None
    message_id: str | None = None
    control_number: str | None = None
    previous_number: str | None = None


@dataclass(frozen=True)
class Transfer:
    """One file's life in the gateway.

    Each step makes a copy with a few changes, so a copy is made in one go and knows what was changed.
    """

    #: Which fields differ from the row of the ledger that this was read from; None: it was not read from one.
    touched: ClassVar[frozenset[str] | None] = None

    id: str
    route: str
    partner: str
    message_type: str
    name: str
    state: State
    attempt: int
    size: int
    arrived_at: datetime
    source: str  #: path it came from
    working_name: str  #: its name inside the route's working directory
    mtime_ns: int = 0  #: as seen when it was proved complete; the claim checks it again
    inode: int = 0
    evidence: tuple[Evidence, ...] = ()
    companions: tuple[Companion, ...] = ()
    sha256: str | None = None
    output: Output | None = None  #: what is delivered instead of the file, where its route maps it
    format_version: str | None = None
    format_digest: str | None = None
    config_digest: str | None = None
    sender: str | None = None
    message_id: str | None = None
    control_number: str | None = None
    previous_number: str | None = None
    interchange_key: str | None = None
    stream: str | None = None
    records: int | None = None
    verdict: str | None = None  #: duplicate verdict, with the transfer it repeats
    findings: Mapping[str, Any] | None = None  #: summary: exact totals and capped list
    reason_code: str | None = None
    reason: str | None = None
    settle_as: Disposition | None = None  #: write-ahead: the disposition being carried out
    settled_path: str | None = None  #: relative to the site directory
    settled_at: datetime | None = None
    manifest_sha256: str | None = None
    held_until: datetime | None = None
    parent: str | None = None
    superseded_by: str | None = None
    authorised: str | None = None  #: ``replay`` or ``reprocess``: an operator's request
    changed_at: datetime | None = None

    @classmethod
    def stored(cls, values: Iterable[tuple[str, Any]]) -> Transfer:
        """Return the transfer with ``values``, of every field one, as they stand in the ledger."""
        made = object.__new__(cls)
        vars(made).update(values, touched=_UNTOUCHED)
        return made

    def evolve(self, **changes: Any) -> Transfer:
        """Return a copy with ``changes`` applied; TypeError for a name that is no field."""
        if not changes.keys() <= _FIELDS:
            raise TypeError(f"no field of a transfer: {sorted(changes.keys() - _FIELDS)}")
        if self.touched is not None:
            return _copied(vars(self), changes, {"touched": self.touched.union(changes)})
        return _copied(vars(self), changes)


_FIELDS = frozenset(one.name for one in dataclasses.fields(Transfer))
_UNTOUCHED: frozenset[str] = frozenset()


def _copied(*values: Mapping[str, Any]) -> Transfer:
    """Return a transfer made of ``values``, the later before the earlier, without setting field by field."""
    made = object.__new__(Transfer)
    for each in values:
        vars(made).update(each)
    return made


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a transfer: who asked for it, why, and how it ended."""

    transfer: str
    number: int
    actor: str
    reason: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One transfer's way to one destination, with a key that never changes."""

    transfer: str
    attempt: int
    destination: str
    key: str
    state: DeliveryState
    tries: int = 0
    next_try_at: datetime | None = None
    last_error: str | None = None
    target: str | None = None  #: final name at the destination
    delivered_at: datetime | None = None
    staged_in: str | None = None  #: what tells the place it was staged in from every other one
    place: int | None = field(default=None, compare=False)  #: in the order of acceptance; the ledger gives it

    def evolve(self, **changes: Any) -> Delivery:
        """Return a copy with ``changes`` applied."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an operator at the command line, or the gateway itself."""

    name: str
    role: str
    host: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit trail before it is chained."""

    at: datetime
    actor: Actor
    action: str
    object_type: str
    object_id: str
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None
    reason: str | None = None
    outcome: str = "ok"
    versions: Mapping[str, str] = field(default_factory=dict)
