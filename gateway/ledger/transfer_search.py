"""Finding transfers: by what a person types, by filters, and by what identifies a file."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    type_coerce,
)

from gateway.errors import ActionRefused
from gateway.ledger.encoding import canonical_json
from gateway.ledger.ids import is_id
from gateway.ledger.statements import in_lists, read_rows
from gateway.ledger.tables import deliveries, transfers
from gateway.ledger.transfer_rows import TRANSFER, from_row, sha256_head
from gateway.model import DeliveryState, Identity, State, Transfer
from gateway.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.ledger.seen_bytes import SeenBytes

#: Shorter parts of an id are refused: they would fit by chance.
SHORTEST_PART = 4
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger tells of an earlier accepted transfer when duplicates are looked for."""

    id: str
    route: str
    name: str
    state: State
    sha256: str | None
    sender: str | None
    interchange_key: str | None
    control_number: str | None
    arrived_at: datetime


_KNOWN = tuple(transfers.c[name] for name in Known.__slots__)
_SHA256, _INTERCHANGE_KEY = map(Known.__slots__.index, ("sha256", "interchange_key"))


def find(connection: Connection, text: str) -> Transfer:
    """Return the transfer a person means by ``text``.

    That is an id, the beginning or end of exactly one id, or a file name as it is or as it is
    shown (then its newest transfer). Raises ActionRefused if there is none or more than one.
    """
    part = text.upper()
    for condition in (transfers.c.id == part, _id_part(part)):
        found = [] if condition is None else _newest(connection, condition)
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(text, found)
    # the name as it is shown is looked for last: no index helps to find it
    named = _newest(connection, transfers.c.name == text, limit=1) or _newest(
        connection, transfers.c.name_text == printable(text), limit=1
    )
    if not named:
        raise ActionRefused(
            f"There is no transfer {printable(text)!r}",
            hint=f"Give an id, at least {SHORTEST_PART} characters of its beginning or end, or a file name",
        )
    return named[0]


def _id_part(part: str) -> Any:
    """Return the condition that an id begins or ends with ``part``; None if it cannot."""
    filled = part.rjust(26, "0")
    if len(part) < SHORTEST_PART or not is_id(filled):
        return None
    return or_(
        transfers.c.id.startswith(part, autoescape=True), transfers.c.id.endswith(part, autoescape=True)
    )


def _newest(connection: Connection, condition: Any, limit: int = _LISTED) -> list[Transfer]:
    statement = select(*TRANSFER).where(condition).order_by(transfers.c.id.desc()).limit(limit)
    return [from_row(row) for row in connection.execute(statement)]


def _ambiguous(text: str, found: Sequence[Transfer]) -> ActionRefused:
    listed = ", ".join(f"{one.id} ({printable(one.name)})" for one in found)
    more = " and perhaps more" if len(found) == _LISTED else ""
    return ActionRefused(f"{printable(text)!r} fits {listed}{more}", hint="Give more of the id")


class Filters(TypedDict, total=False):
    """What transfers are chosen by; what is not given, or None, chooses nothing out."""

    route: str | None
    states: Iterable[State]
    code: str | None  #: a finding or reason code
    since: datetime | None  #: arrived at this time or later
    until: datetime | None  #: arrived at this time or earlier
    name: str | None  #: part of the name in its printable form, case counting or not as the database does
    superseded: bool | None  #: whether a corrected file has taken its place


def search(connection: Connection, *, limit: int | None = 1000, **filters: Unpack[Filters]) -> list[Transfer]:
    """Return the newest ``limit`` transfers that meet all ``filters``, newest first."""
    statement = _filtered(select(*TRANSFER), filters).order_by(transfers.c.id.desc()).limit(limit)
    return [from_row(row) for row in connection.execute(statement)]


def count(connection: Connection, **filters: Unpack[Filters]) -> int:
    """Return how many transfers meet all ``filters``."""
    statement = _filtered(select(func.count()).select_from(transfers), filters)
    return int(connection.execute(statement).scalar() or 0)


def _filtered(statement: Select[Any], filters: Filters) -> Select[Any]:
    route, code, name = filters.get("route"), filters.get("code"), filters.get("name")
    since, until = filters.get("since"), filters.get("until")
    wanted, superseded = list(filters.get("states", ())), filters.get("superseded")
    if route is not None:
        statement = statement.where(transfers.c.route == route)
    if wanted:
        statement = statement.where(transfers.c.state.in_(wanted))
    if code is not None:
        statement = statement.where(_has_code(code))
    if since is not None:
        statement = statement.where(transfers.c.arrived_at >= since)
    if until is not None:
        statement = statement.where(transfers.c.arrived_at <= until)
    if name is not None:
        statement = statement.where(transfers.c.name_text.contains(printable(name), autoescape=True))
    if superseded is not None:
        by = transfers.c.superseded_by
        statement = statement.where(by.is_not(None) if superseded else by.is_(None))
    return statement


def _has_code(code: str) -> Any:
    # The summary is canonical JSON, so the member looks the same wherever it stands.
    findings = type_coerce(transfers.c.findings, Text)
    return or_(
        transfers.c.reason_code == code, findings.contains(f'"code":{canonical_json(code)}', autoescape=True)
    )


def known(
    connection: Connection,
    route: str,
    identities: Sequence[Identity],
    oldest: str = "",
    seen: SeenBytes | None = None,
) -> dict[int, list[Known]]:
    """Return the earlier accepted transfers that share bytes or interchange key with each identity.

    The key of the result is the index in ``identities``; those that nothing is known of are left
    out. Bytes count on every route, the interchange key on ``route`` only. Accepted is what is
    held, delivering or processed, what waits for its replay, and whatever any destination has
    already received; transfers whose id is below ``oldest`` (see `ids.earliest`) are no longer
    remembered. Each list is in arrival order and has at most the first ten of each kind. A
    transfer that is tried again finds itself: the caller leaves it out. Of bytes that ``seen`` knows
    to be new the ledger is not asked.
    """
    bytes_query, key_query = _known(connection.dialect.name)
    by_bytes: dict[str, list[Known]] = {}
    asked: Sequence[str] = sorted({one.sha256 for one in identities})
    for part in in_lists(asked if seen is None else seen.possible(connection, asked)):
        heads = [sha256_head(sha256) for sha256 in part]
        for row in read_rows(connection, bytes_query, these=heads, oldest=oldest):
            _note(by_bytes, row[_SHA256], row)
    by_key: dict[str, list[Known]] = {}
    for part in in_lists(sorted({one.interchange_key for one in identities if one.interchange_key})):
        for row in read_rows(connection, key_query, these=part, oldest=oldest, route=route):
            _note(by_key, row[_INTERCHANGE_KEY], row)
    found = {}
    for index, one in enumerate(identities):
        both = by_bytes.get(one.sha256, []) + by_key.get(one.interchange_key or "", [])
        if both:
            found[index] = sorted({row.id: row for row in both}.values(), key=lambda row: row.id)
    return found


@functools.cache
def _known(dialect: str) -> tuple[Select[Any], Select[Any]]:
    """Return the queries for earlier accepted transfers by their bytes, and by their interchange key."""
    these: BindParameter[Any] = bindparam("these", expanding=True)
    same_key = and_(transfers.c.interchange_key.in_(these), transfers.c.route == bindparam("route"))
    return _accepted(transfers.c.sha256_head.in_(these), dialect), _accepted(same_key, dialect)


def _accepted(same: Any, dialect: str) -> Select[Any]:
    # joined to nothing, so that SQLite, which knows no statistics, does not look it up by the state, which
    # most deliveries of ten years have
    state: ColumnElement[str] = type_coerce(deliveries.c.state, Text)
    state = state.concat("") if dialect == "sqlite" else state
    received = exists().where(deliveries.c.transfer == transfers.c.id, state == DeliveryState.DELIVERED.value)
    accepted = or_(
        transfers.c.state.in_([State.HELD, State.DELIVERING, State.PROCESSED]),
        and_(transfers.c.state == State.REPLAY, transfers.c.authorised == "replay"),
        received,
    )
    is_recent = transfers.c.id >= bindparam("oldest")
    return select(*_KNOWN).where(same, accepted, is_recent).order_by(transfers.c.id)


def _note(found: dict[str, list[Known]], key: str, row: Sequence[Any]) -> None:
    """Add ``row`` to the list of its key; the same bytes may have come a hundred thousand times."""
    listed = found.setdefault(key, [])
    if len(listed) < _LISTED:
        listed.append(Known(*row))
