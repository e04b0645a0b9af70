r"""How audit entries are chained, so that anyone can compute it again.

The canonical bytes of an entry are a JSON object in UTF-8: members sorted by name, no spaces,
lone surrogates as ``\udcXX`` escapes. Its members are all stored columns but the hash: action,
actor, at, host, new, object_id, object_type, old, outcome, previous, reason, role, sequence,
versions. ``hash`` is their SHA-256 in lower-case hexadecimal; ``previous`` is the hash of the
entry before, for the first one (sequence 1) that of the text ``plant-gateway audit trail``.

The chain makes changes evident; it cannot prevent them, and it cannot show by itself that its
end was cut off: the checkpoints outside the ledger do.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.ledger.encoding import canonical_json, exact_text, original_text, text_time, time_text
from gateway.model import Actor, AuditEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

#: What stands as ``previous`` in the first entry.
GENESIS = hashlib.sha256(b"plant-gateway audit trail").hexdigest()

_TEXTS = ("actor", "role", "host", "action", "object_type", "object_id", "reason", "outcome")
_DATA = ("old", "new", "versions")
_NULLABLE = frozenset({"old", "new", "reason"})
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the audit trail: how many entries, and the hash of the last one."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """One audit entry with its place in the chain."""

    sequence: int
    entry: AuditEntry
    previous: str
    hash: str

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON-ready data: its hashed members and its hash."""
        return {**members(self.entry, self.sequence, self.previous), "hash": self.hash}


def members(entry: AuditEntry, sequence: int, previous: str) -> dict[str, Any]:
    """Return what is hashed of ``entry``; ValueError for a naive time."""
    return {
        "sequence": sequence,
        "at": time_text(entry.at),
        "actor": entry.actor.name,
        "role": entry.actor.role,
        "host": entry.actor.host,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "old": entry.old,
        "new": entry.new,
        "reason": entry.reason,
        "outcome": entry.outcome,
        "versions": entry.versions,
        "previous": previous,
    }


def canonical(values: Mapping[str, Any]) -> bytes:
    """Return the bytes that are hashed."""
    return canonical_json(values).encode()


def digest(data: bytes) -> str:
    """Return the hash of canonical bytes."""
    return hashlib.sha256(data).hexdigest()


def to_row(values: Mapping[str, Any], digest_: str) -> dict[str, Any]:
    """Return the columns of an entry with these ``members``."""
    row = {**values, "hash": digest_}
    for name in _TEXTS:
        row[name] = None if values[name] is None else exact_text(values[name])
    for name in _DATA:
        row[name] = None if values[name] is None else canonical_json(values[name])
    return row


#: The columns of the rows of `chained`.
COLUMNS = (
    *("sequence", "at", "actor", "role", "host", "action", "object_type", "object_id", "old", "new"),
    *("reason", "outcome", "versions", "previous", "hash"),
)


class _Texts(dict[str | None, tuple[str, str | None]]):
    """Of each text its JSON, and how it stands in a column; the same few stand in all entries of a batch."""

    def __missing__(self, text: str | None) -> tuple[str, str | None]:
        made = self[text] = (canonical_json(text), None if text is None else exact_text(text))
        return made


class _Data:
    """The JSON of data of which entries share some, so that this is written once."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def text(self, value: Mapping[str, Any] | None) -> str:
        """Return the JSON of ``value``, which outlives this."""
        known = self._texts.get(id(value))
        if known is None:
            known = self._texts[id(value)] = canonical_json(value)
        return known


def chained(entries: Sequence[AuditEntry], end: Head) -> list[tuple[Any, ...]]:
    """Return the rows that follow ``end``, as `members`, `digest` and `to_row` make one after the other.

    Each part is brought into its written form once, for the hash and for its column.
    """
    sequence, previous = end.count, end.hash
    texts, data = _Texts(), _Data()
    rows = []
    for entry in entries:
        sequence += 1
        at = time_text(entry.at)
        actor, actor_text = texts[entry.actor.name]
        role, role_text = texts[entry.actor.role]
        host, host_text = texts[entry.actor.host]
        action, action_text = texts[entry.action]
        kind, kind_text = texts[entry.object_type]
        about, about_text = texts[entry.object_id]
        reason, reason_text = texts[entry.reason]
        outcome, outcome_text = texts[entry.outcome]
        old, new, versions = data.text(entry.old), data.text(entry.new), data.text(entry.versions)
        hash_ = _hash(
            *(sequence, at, actor, role, host, action, kind, about, old, new, reason, outcome, versions),
            previous,
        )
        rows.append(
            (
                *(sequence, at, actor_text, role_text, host_text, action_text, kind_text, about_text),
                *(None if entry.old is None else old, None if entry.new is None else new),
                *(reason_text, outcome_text, versions, previous, hash_),
            )
        )
        previous = hash_
    return rows


def _hash(
    sequence: int,
    at: str,
    actor: str,
    role: str,
    host: str,
    action: str,
    kind: str,
    about: str,
    old: str,
    new: str,
    reason: str,
    outcome: str,
    versions: str,
    previous: str,
) -> str:
    """Return the hash of an entry of whose members each is JSON already, but for time, hash and number."""
    hashed = (
        f'{{"action":{action},"actor":{actor},"at":"{at}","host":{host},"new":{new},'
        f'"object_id":{about},"object_type":{kind},"old":{old},"outcome":{outcome},'
        f'"previous":"{previous}","reason":{reason},"role":{role},"sequence":{sequence},'
        f'"versions":{versions}}}'
    )
    return digest(hashed.encode())


def is_whole(row: Row[Any]) -> bool:
    """Return whether all columns of an entry are in their written form, and its hash is theirs.

    The short way for the many that are, which asks `stored_members` nothing. It may say no of one that is;
    never yes of one that is not.
    """
    columns: tuple[Any, ...] = tuple(row)
    sequence, at, actor, role, host, action, kind, about, old, new, reason, outcome, versions = columns[:-2]
    previous, stated = columns[-2:]
    try:
        if type(sequence) is not int or time_text(text_time(at)) != at or not _HASH.fullmatch(previous):
            return False
        made = _hash(
            sequence,
            at,
            _json_of(actor),
            _json_of(role),
            _json_of(host),
            _json_of(action),
            _json_of(kind),
            _json_of(about),
            "null" if old is None else _checked(old),
            "null" if new is None else _checked(new),
            "null" if reason is None else _json_of(reason),
            _json_of(outcome),
            _checked(versions),
            previous,
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        return False
    return bool(made == stated)


@functools.lru_cache(maxsize=1024)
def _json_of(text: str) -> str:
    """Return the JSON of a text that stands in its column as it is; ValueError for others."""
    if exact_text(text) != text:
        raise ValueError(text)
    return canonical_json(text)


@functools.lru_cache(maxsize=256)
def _checked(stored: str) -> str:
    """Return the JSON of data, if it is in its written form; ValueError or TypeError else."""
    if canonical_json(_object(stored)) != stored:
        raise ValueError("not as it was written")
    return stored


def stored_members(row: Row[Any]) -> dict[str, Any]:
    """Return the members of a stored entry; ValueError if a column cannot have been written so.

    Whatever reads back as the same value in another written form counts as changed too.
    """
    values = {name: column for name, column in row._asdict().items() if name != "hash"}
    try:
        for name in _TEXTS:
            values[name] = _read(name, values[name], original_text, exact_text)
        for name in _DATA:
            values[name] = _read(name, values[name], _object, canonical_json)
        _read("at", values["at"], text_time, time_text)
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return values


class ColumnAltered(ValueError):
    """A column holds what cannot have been written there."""

    def __init__(self, column: str) -> None:
        super().__init__(f"{column} is not in its written form")
        self.column = column


def _read(name: str, stored: str | None, read: Any, write: Any) -> Any:
    if stored is None and name in _NULLABLE:
        return None
    try:
        value = read(stored)
        is_written = write(value) == stored
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ColumnAltered(name) from error
    if not is_written:
        raise ColumnAltered(name)
    return value


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def from_row(row: Row[Any]) -> ChainedEntry:
    """Return a stored entry; ValueError if its columns are not readable."""
    values = stored_members(row)
    entry = AuditEntry(
        at=text_time(values["at"]),
        actor=Actor(values["actor"], values["role"], values["host"]),
        action=values["action"],
        object_type=values["object_type"],
        object_id=values["object_id"],
        old=values["old"],
        new=values["new"],
        reason=values["reason"],
        outcome=values["outcome"],
        versions=values["versions"],
    )
    return ChainedEntry(row.sequence, entry, row.previous, row.hash)
