"""Writing what the archive records into a ledger, and asking it in what order files were accepted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, and_, delete, func, or_, select, update

from gateway.ledger import attempts as attempt_rows
from gateway.ledger import deliveries as delivery_rows
from gateway.ledger import transfers as transfer_rows
from gateway.ledger.statements import in_lists
from gateway.ledger.tables import attempts, deliveries, transfers
from gateway.ledger.transfer_rows import TRANSFER, from_row
from gateway.model import Attempt, Delivery, State, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What is known of one transfer: its row, its attempts and its deliveries.
Rows = tuple[Transfer, Sequence[Attempt], Sequence[Delivery]]


def known(connection: Connection, ids: Iterable[str]) -> dict[str, Transfer]:
    """Return the transfers of ``ids`` that are in the ledger."""
    return transfer_rows.get_many(connection, ids)


def at_places(connection: Connection, paths: Sequence[str]) -> set[str]:
    """Return which of ``paths`` the ledger names as the place of a settled file."""
    found: set[str] = set()
    for part in in_lists(sorted(set(paths))):
        statement = select(transfers.c.settled_path).where(transfers.c.settled_path.in_(part))
        found.update(connection.execute(statement).scalars())
    return found


def put(connection: Connection, batch: Sequence[Rows]) -> None:
    """Write transfers with their attempts and deliveries, in place of what the ledger has of them."""
    ids = [row.id for row, _attempts, _deliveries in batch]
    there = known(connection, ids)
    for part in in_lists(sorted(there)):
        connection.execute(delete(attempts).where(attempts.c.transfer.in_(part)))
        connection.execute(delete(deliveries).where(deliveries.c.transfer.in_(part)))
    transfer_rows.insert(connection, [row for row, *_rest in batch if row.id not in there])
    transfer_rows.update(connection, [row for row, *_rest in batch if row.id in there], expected=None)
    attempt_rows.insert(connection, [one for _row, tried, _sent in batch for one in tried])
    _put_deliveries(connection, [one for _row, _tried, sent in batch for one in sent])


def _put_deliveries(connection: Connection, sent: Sequence[Delivery]) -> None:
    """Insert deliveries at their places; those without one, or whose place is taken, before all others."""
    if not sent:
        return
    taken = _taken(connection, [one.place for one in sent if one.place is not None])
    lowest = min(connection.execute(select(func.min(deliveries.c.place))).scalar() or 0, 0)
    rows: list[dict[str, Any]] = []
    for one in sent:
        place = one.place
        if place is None or place in taken or place < 1:
            place = lowest = lowest - 1
        taken.add(place)
        rows.append({**dataclasses.asdict(one), "place": place})
    connection.execute(sa.insert(deliveries), rows)


def _taken(connection: Connection, places: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for part in in_lists(sorted(set(places))):
        statement = select(deliveries.c.place).where(deliveries.c.place.in_(part))
        found.update(connection.execute(statement).scalars())
    return found


def order_unplaced(connection: Connection) -> None:
    """Bring deliveries whose place no manifest records into the order in which their files arrived."""
    lowest, many = connection.execute(
        select(func.min(deliveries.c.place), func.count()).where(deliveries.c.place < 0)
    ).one()
    if not many:
        return
    order = (deliveries.c.transfer, deliveries.c.attempt, deliveries.c.destination)
    old = (
        select(deliveries.c.place.label("place"), func.row_number().over(order_by=order).label("number"))
        .where(deliveries.c.place < 0)
        .subquery()
    )
    # below all that there are, so that no new place meets an old one
    first = lowest - many - 1
    connection.execute(
        update(deliveries).where(deliveries.c.place == old.c.place).values(place=first + old.c.number)
    )


def accepted(connection: Connection, route: str) -> Iterator[Transfer]:
    """Yield the transfers of ``route`` that were accepted for delivery and are settled, in that order."""
    first = (
        select(deliveries.c.transfer, func.min(deliveries.c.place).label("place"))
        .group_by(deliveries.c.transfer)
        .subquery()
    )
    statement = (
        select(*TRANSFER)
        .join(first, first.c.transfer == transfers.c.id)
        .where(transfers.c.route == route, _was_accepted())
        .order_by(first.c.place)
    )
    for row in connection.execution_options(yield_per=500).execute(statement):
        yield from_row(row)


def changed_held(connection: Connection, route: str, ids: Sequence[str]) -> list[Transfer]:
    """Return those transfers of ``route`` among ``ids`` that were held and are not accepted now."""
    rows = known(connection, ids).values()
    return [row for row in rows if row.route == route and row.state in (State.FAILED, State.CLAIMED)]


def _was_accepted() -> Any:
    replayed = and_(transfers.c.authorised == "replay", transfers.c.settled_path.is_not(None))
    return or_(transfers.c.state == State.PROCESSED, replayed)


def link_corrections(connection: Connection) -> int:
    """Let each failed transfer know the one that corrects it; return how many did not.

    A manifest of a failed file was written before its correction came.
    """
    child = transfers.alias()
    newest = select(func.max(child.c.id)).where(child.c.parent == transfers.c.id).scalar_subquery()
    statement = update(transfers).where(
        transfers.c.state == State.FAILED,
        transfers.c.superseded_by.is_(None),
        transfers.c.id.in_(select(child.c.parent).where(child.c.parent.is_not(None))),
    )
    return connection.execute(statement.values(superseded_by=newest)).rowcount


def history(connection: Connection, transfer: str) -> tuple[list[Attempt], list[Delivery]]:
    """Return the attempts and deliveries that the ledger has of a transfer."""
    tried = attempt_rows.of(connection, [transfer]).get(transfer, [])
    return tried, delivery_rows.of(connection, [transfer]).get(transfer, [])


def failed_as(connection: Connection, route: str, name: str) -> str | None:
    """Return the newest failed transfer of ``route`` with this name that nobody has corrected."""
    statement = (
        select(func.max(transfers.c.id))
        .where(transfers.c.route == route, transfers.c.name == name, transfers.c.state == State.FAILED)
        .where(transfers.c.superseded_by.is_(None))
    )
    return connection.execute(statement).scalar()
