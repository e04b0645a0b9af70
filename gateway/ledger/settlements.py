"""Queries about files being put to rest and files at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Integer, and_, bindparam, or_, select

from gateway.ledger.retention import not_removed
from gateway.ledger.statements import in_lists, read_rows
from gateway.ledger.tables import tombstones, transfers
from gateway.ledger.transfer_rows import TRANSFER, from_row, sha256_head
from gateway.model import State, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

_RESTING = (State.PROCESSED, State.FAILED, State.DUPLICATE)
#: Named one by one: what is not at rest is little, and an index leads to it past all of the history.
_NOT_RESTING = (State.ARRIVED, State.CLAIMED, State.HELD, State.DELIVERING)
_SETTLING = (
    select(*TRANSFER)
    .where(transfers.c.route == bindparam("route"))
    .where(transfers.c.settle_as.is_not(None), transfers.c.state.in_(_NOT_RESTING))
    .order_by(transfers.c.id)
)
_FIRST_SETTLING = _SETTLING.limit(bindparam("limit", type_=Integer))


def settling(connection: Connection, route: str, limit: int | None = None) -> list[Transfer]:
    """Return transfers whose disposition is planned and not yet carried out, in arrival order."""
    if limit is None:
        return [from_row(row) for row in read_rows(connection, _SETTLING, route=route)]
    return [from_row(row) for row in read_rows(connection, _FIRST_SETTLING, route=route, limit=limit)]


#: Path, SHA-256, manifest's SHA-256; tombstone's SHA-256 where removal was begun, and when it was done.
Resting = tuple[str, str | None, str | None, str | None, "datetime | None"]


def at_rest(connection: Connection) -> Iterator[Resting]:
    """Yield what is known of every transfer that lies in the archive, or lay there, by path.

    A transfer that waits for its new attempt, or is replayed from the archive, lies there too.
    """
    in_archive = or_(
        transfers.c.state.in_([*_RESTING, State.REPLAY]),
        and_(transfers.c.authorised == "replay", transfers.c.state == State.DELIVERING),
    )
    statement = (
        select(
            transfers.c.settled_path,
            transfers.c.sha256,
            transfers.c.manifest_sha256,
            tombstones.c.tombstone_sha256,
            tombstones.c.removed_at,
        )
        .outerjoin_from(transfers, tombstones, tombstones.c.transfer == transfers.c.id)
        .where(transfers.c.settled_path.is_not(None), in_archive)
        .order_by(transfers.c.settled_path)
    )
    yield from (tuple(row) for row in connection.execute(statement))


def processed(
    connection: Connection, message_type: str, after: str = "", limit: int = 1000
) -> list[tuple[str, str, str, str | None]]:
    """Return id, name, path and SHA-256 of processed files of ``message_type`` in arrival order.

    Those that were removed are left out. At most ``limit``, whose ids come after ``after``: an archive of
    any size is gone through a page at a time, and no page keeps the ledger from its work for long.
    """
    statement = (
        select(transfers.c.id, transfers.c.name, transfers.c.settled_path, transfers.c.sha256)
        .where(transfers.c.state == State.PROCESSED, transfers.c.message_type == message_type)
        .where(transfers.c.settled_path.is_not(None), transfers.c.id > after, not_removed())
        .order_by(transfers.c.id)
        .limit(limit)
    )
    return [(number, name, path, sha256) for number, name, path, sha256 in connection.execute(statement)]


def resting(connection: Connection, route: str, sha256: str) -> list[Transfer]:
    """Return the transfers of ``route`` with these bytes that are settled or wait for a new attempt.

    Those that a correction has replaced are left out.
    """
    statement = select(*TRANSFER).where(
        transfers.c.sha256_head == sha256_head(sha256),
        transfers.c.sha256 == sha256,
        transfers.c.route == route,
        transfers.c.state.in_([*_RESTING, State.REPLAY]),
        transfers.c.superseded_by.is_(None),
    )
    return [from_row(row) for row in connection.execute(statement.order_by(transfers.c.id))]


def failed_as(connection: Connection, route: str, name: str, settled_path: str) -> Transfer | None:
    """Return the newest failed transfer of ``route`` that has ``name``, or lies at ``settled_path``.

    Those that a correction has replaced do not count.
    """
    statement = (
        select(*TRANSFER)
        .where(transfers.c.route == route, transfers.c.state == State.FAILED)
        .where(transfers.c.superseded_by.is_(None))
        .where(or_(transfers.c.name == name, transfers.c.settled_path == settled_path))
        .order_by(transfers.c.id.desc())
        .limit(1)
    )
    return next((from_row(row) for row in connection.execute(statement)), None)


def names_taken(connection: Connection, route: str, names: Iterable[str], since: datetime) -> set[str]:
    """Return which of ``names`` became transfers of ``route`` at or after ``since``."""
    found: set[str] = set()
    for part in in_lists(sorted(set(names))):
        statement = select(transfers.c.name).where(
            transfers.c.route == route,
            transfers.c.name.in_(part),
            transfers.c.arrived_at >= since,
            transfers.c.state != State.WITHDRAWN,
        )
        found.update(connection.execute(statement).scalars())
    return found
