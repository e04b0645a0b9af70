"""What stands still in a site, in a few bounded queries: for alerts, health and metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select

from gateway.ledger.tables import FAILED_OPEN, arrivals, deliveries, remote_files, transfers
from gateway.ledger.transfer_rows import TRANSFER, from_row
from gateway.model import DeliveryState, State, Transfer

#: Deliveries of one destination counted one by one; beyond that it is "so many or more".
MOST_COUNTED = 1000
_UNDELIVERED = (DeliveryState.PENDING, DeliveryState.STAGED)


@dataclass(frozen=True, slots=True)
class FailedGroup:
    """Failed files of one route and reason that nobody has corrected yet."""

    route: str
    code: str
    count: int
    since: datetime | None  #: the first of them
    newest: Transfer


@dataclass(frozen=True, slots=True)
class FailingDeliveries:
    """Deliveries of one route that one destination has refused again and again."""

    route: str
    destination: str
    count: int  #: at most `MOST_COUNTED`
    oldest: datetime  #: arrival of the file that waits longest
    last_error: str


@dataclass(frozen=True, slots=True)
class FailingAcknowledgements:
    """Remote files of one route that are in custody and cannot be acknowledged at their server."""

    route: str
    location: str
    count: int
    oldest: datetime  #: taken
    last_error: str


def failed_open(connection: Connection, routes: Iterable[str]) -> list[FailedGroup]:
    """Return the failed files of ``routes`` without a correction, by route and reason."""
    grouped = []
    for route in routes:
        statement = (
            select(
                transfers.c.reason_code,
                func.count(),
                func.min(transfers.c.settled_at, type_=transfers.c.settled_at.type),
                func.max(transfers.c.id, type_=transfers.c.id.type),
            )
            .where(transfers.c.route == route, FAILED_OPEN)
            .group_by(transfers.c.reason_code)
        )
        grouped += [(route, *row) for row in connection.execute(statement)]
    return [
        FailedGroup(route, code or "unknown", count, since, _transfer(connection, newest))
        for route, code, count, since, newest in grouped
    ]


def _transfer(connection: Connection, key: str) -> Transfer:
    return from_row(connection.execute(select(*TRANSFER).where(transfers.c.id == key)).one())


def failing_deliveries(connection: Connection, tries: int) -> list[FailingDeliveries]:
    """Return by route and destination what has failed at least ``tries`` times and is still open."""
    present = and_(deliveries.c.transfer == transfers.c.id, deliveries.c.attempt == transfers.c.attempt)
    statement: Any = (
        select(transfers.c.route, transfers.c.arrived_at, deliveries.c.destination, deliveries.c.last_error)
        .select_from(deliveries.join(transfers, present))
        .where(transfers.c.state == State.DELIVERING)
        .where(deliveries.c.last_error.is_not(None), deliveries.c.tries >= tries)
        .order_by(deliveries.c.place)
        .limit(MOST_COUNTED)
    )
    found: dict[tuple[str, str], FailingDeliveries] = {}
    for destination in _destinations(connection):
        chosen = statement.where(
            deliveries.c.destination == destination, deliveries.c.state.in_(_UNDELIVERED)
        )
        for route, arrived, _name, error in connection.execute(chosen):
            before = found.get((route, destination))
            count, oldest = (before.count, min(before.oldest, arrived)) if before else (0, arrived)
            found[route, destination] = FailingDeliveries(route, destination, count + 1, oldest, error)
    return list(found.values())


def _destinations(connection: Connection) -> list[str]:
    """Return the destinations that have anything open, by name."""
    statement = select(deliveries.c.destination).where(deliveries.c.state.in_(_UNDELIVERED)).distinct()
    return sorted(connection.execute(statement).scalars())


def failing_acknowledgements(connection: Connection, tries: int) -> list[FailingAcknowledgements]:
    """Return by route and place what could not be acknowledged at least ``tries`` times."""
    statement = (
        select(
            remote_files.c.route,
            remote_files.c.location,
            func.count(),
            func.min(remote_files.c.taken_at, type_=remote_files.c.taken_at.type),
            func.max(remote_files.c.last_error, type_=remote_files.c.last_error.type),
        )
        .where(remote_files.c.state == "owed", remote_files.c.tries >= tries)
        .where(remote_files.c.last_error.is_not(None))
        .group_by(remote_files.c.route, remote_files.c.location)
    )
    return [FailingAcknowledgements(*row) for row in connection.execute(statement)]


@dataclass(frozen=True, slots=True)
class Amount:
    """How many files and bytes one route has in one state."""

    route: str
    state: State
    files: int
    bytes: int


def amounts(connection: Connection) -> list[Amount]:
    """Return files and bytes by route and state, from one index alone."""
    statement = select(
        transfers.c.route, transfers.c.state, func.count(), func.sum(transfers.c.size)
    ).group_by(transfers.c.route, transfers.c.state)
    return [
        Amount(route, state, files, int(size or 0))
        for route, state, files, size in connection.execute(statement)
    ]


def oldest_waiting(connection: Connection) -> dict[str, tuple[int, datetime]]:
    """Return by route how many files wait at its source, and since when the first of them."""
    statement = select(
        arrivals.c.route,
        func.count(),
        func.min(arrivals.c.first_seen_at, type_=arrivals.c.first_seen_at.type),
    ).group_by(arrivals.c.route)
    return {route: (count, oldest) for route, count, oldest in connection.execute(statement)}


def oldest_in_state(connection: Connection, route: str, state: State) -> datetime | None:
    """Return when the oldest file of the route in that state arrived; None where there is none."""
    statement = (
        select(transfers.c.arrived_at)
        .where(transfers.c.route == route, transfers.c.state == state)
        .order_by(transfers.c.id)
        .limit(1)
    )
    return connection.execute(statement).scalar()


def newest_settled(connection: Connection, route: str, state: State) -> datetime | None:
    """Return when the file of the route that arrived last in that state was settled."""
    statement = (
        select(transfers.c.settled_at)
        .where(transfers.c.route == route, transfers.c.state == state)
        .order_by(transfers.c.id.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar()


def undelivered(connection: Connection) -> dict[tuple[str, DeliveryState], int]:
    """Return how many deliveries each destination has open, by state."""
    statement = (
        select(deliveries.c.destination, deliveries.c.state, func.count())
        .where(deliveries.c.state.in_(_UNDELIVERED))
        .group_by(deliveries.c.destination, deliveries.c.state)
    )
    return {(destination, state): count for destination, state, count in connection.execute(statement)}


def delivered(connection: Connection) -> dict[str, int]:
    """Return how many deliveries each destination has confirmed, from one index alone."""
    statement = (
        select(deliveries.c.destination, func.count())
        .where(deliveries.c.state == DeliveryState.DELIVERED)
        .group_by(deliveries.c.destination)
    )
    return {row.destination: row[1] for row in connection.execute(statement)}
