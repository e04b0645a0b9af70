"""Deliveries: each accepted transfer's way to each destination, in the order of acceptance.

The order in which deliveries are first inserted is kept for ever: on a stream it is the order of
the control numbers, because held files are accepted in that order, whenever they arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select, and_, bindparam, func, not_, or_, select

from gateway.errors import LedgerError
from gateway.ledger.statements import in_lists, insert_missing, write_many
from gateway.ledger.tables import deliveries, transfers
from gateway.model import Delivery, DeliveryState, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

_COLUMNS = tuple(deliveries.c[name] for name in Delivery.__slots__)
_UNDELIVERED = deliveries.c.state.in_([DeliveryState.PENDING, DeliveryState.STAGED])
_UPDATE = (
    sa.update(deliveries)
    .where(
        deliveries.c.transfer == bindparam("the_transfer"),
        deliveries.c.attempt == bindparam("the_attempt"),
        deliveries.c.destination == bindparam("the_destination"),
    )
    .values({name: bindparam(name) for name in ("state", "tries", "next_try_at", "last_error", "target")})
    .values(delivered_at=bindparam("delivered_at"), staged_in=bindparam("staged_in"))
)


def insert(connection: Connection, planned: Sequence[Delivery]) -> None:
    """Write new deliveries, in stream order; those that are there already stay as they are."""
    place = connection.execute(select(func.max(deliveries.c.place))).scalar() or 0
    rows = [
        {**_values(one), **_key(one), "key": one.key, "place": place + number}
        for number, one in enumerate(planned, start=1)
    ]
    insert_missing(connection, deliveries, rows)


def update(connection: Connection, changed: Sequence[Delivery]) -> None:
    """Write the state, tries, error and times of deliveries; LedgerError if one is not there."""
    if not changed:
        return
    rows = [
        {**_values(one), **{f"the_{name}": value for name, value in _key(one).items()}} for one in changed
    ]
    if write_many(connection, _UPDATE, rows) != len(changed):
        raise LedgerError("A delivery is not in the ledger", where=changed[0].transfer)


def _key(one: Delivery) -> dict[str, Any]:
    return {"transfer": one.transfer, "attempt": one.attempt, "destination": one.destination}


def _values(one: Delivery) -> dict[str, Any]:
    return {
        "state": one.state,
        "tries": one.tries,
        "next_try_at": one.next_try_at,
        "last_error": one.last_error,
        "target": one.target,
        "delivered_at": one.delivered_at,
        "staged_in": one.staged_in,
    }


def put_off(connection: Connection, route: str, destination: str, now: datetime, until: datetime) -> None:
    """Let what is due at a destination of the route be due at ``until``: nobody answers there."""
    due_now = _open(route, deliveries.c.place).where(
        deliveries.c.destination == destination, _is_due(now, None)
    )
    put = sa.update(deliveries).where(deliveries.c.place.in_(due_now)).values(next_try_at=until)
    connection.execute(put)


def call_forward(connection: Connection, route: str, destination: str, now: datetime) -> None:
    """Let what waits for a later try at a destination of the route be due ``now``."""
    waiting = _open(route, deliveries.c.place).where(
        deliveries.c.destination == destination, deliveries.c.next_try_at > now
    )
    connection.execute(sa.update(deliveries).where(deliveries.c.place.in_(waiting)).values(next_try_at=now))


def of(connection: Connection, transfer_ids: Iterable[str]) -> dict[str, list[Delivery]]:
    """Return all deliveries of each transfer, earlier attempts first; none: left out."""
    found: dict[str, list[Delivery]] = {}
    for part in in_lists(sorted(set(transfer_ids))):
        statement = select(*_COLUMNS).where(deliveries.c.transfer.in_(part)).order_by(deliveries.c.place)
        for row in connection.execute(statement):
            found.setdefault(row.transfer, []).append(Delivery(*row))
    return found


def undelivered(connection: Connection, route: str | None = None) -> list[Delivery]:
    """Return what is still on its way, on ``route`` or everywhere, in the order of acceptance."""
    statement = _open(route).order_by(deliveries.c.place)
    return [Delivery(*row) for row in connection.execute(statement)]


def failing(connection: Connection, route: str, destinations: Iterable[str]) -> bool:
    """Return whether a delivery of ``route`` to one of ``destinations`` has failed and is still open."""
    statement = _open(route, deliveries.c.transfer).where(
        deliveries.c.destination.in_(tuple(destinations)), deliveries.c.last_error.is_not(None)
    )
    return connection.execute(statement.limit(1)).first() is not None


def destinations_due(
    connection: Connection, route: str, now: datetime, latest: datetime | None = None
) -> list[str]:
    """Return the names of the route's destinations that have a delivery due at ``now``, by name.

    ``latest`` is as for `due`.
    """
    statement = (
        _open(route, deliveries.c.destination)
        .where(_is_due(now, latest))
        .distinct()
        .order_by(deliveries.c.destination)
    )
    return list(connection.execute(statement).scalars())


def due(
    connection: Connection,
    route: str,
    destination: str,
    now: datetime,
    limit: int | None = None,
    latest: datetime | None = None,
) -> list[Delivery]:
    """Return deliveries that may be tried at ``now``, in the order of acceptance, at most ``limit``.

    These are the unconfirmed ones of DELIVERING transfers whose next try has come. One whose
    predecessor on its stream waits for a later try may be among them: see `due_in_order`. A next try
    after ``latest`` was written by a clock that has been set back since: it is due as well.
    """
    return _ordered(connection, _due(route, destination, now, latest), limit)


def due_in_order(
    connection: Connection,
    route: str,
    destination: str,
    now: datetime,
    limit: int | None = None,
    latest: datetime | None = None,
) -> list[Delivery]:
    """Return what `due` returns, without what stands behind a waiting delivery of its stream.

    For strict streams: as long as a file waits for its next try at a destination, no later file
    of its stream is due there.
    """
    waiting = (
        _open(route, transfers.c.stream, func.min(deliveries.c.place).label("place"))
        .where(deliveries.c.destination == destination, not_(_is_due(now, latest)))
        .group_by(transfers.c.stream)
        .subquery()
    )
    statement = (
        _due(route, destination, now, latest)
        .outerjoin(waiting, waiting.c.stream == transfers.c.stream)
        .where(or_(waiting.c.place.is_(None), deliveries.c.place < waiting.c.place))
    )
    return _ordered(connection, statement, limit)


def _open(route: str | None, *columns: Any) -> Select[Any]:
    """Return the query for unconfirmed deliveries of the present attempt of DELIVERING transfers."""
    present = and_(deliveries.c.transfer == transfers.c.id, deliveries.c.attempt == transfers.c.attempt)
    statement = select(*(columns or _COLUMNS)).select_from(deliveries.join(transfers, present))
    statement = statement.where(_UNDELIVERED, transfers.c.state == State.DELIVERING)
    return statement if route is None else statement.where(transfers.c.route == route)


def _is_due(now: datetime, latest: datetime | None) -> Any:
    moment = deliveries.c.next_try_at
    come = or_(moment.is_(None), moment <= now)
    return come if latest is None else or_(come, moment > latest)


def _due(route: str, destination: str, now: datetime, latest: datetime | None) -> Select[Any]:
    return _open(route).where(deliveries.c.destination == destination, _is_due(now, latest))


def _ordered(connection: Connection, statement: Select[Any], limit: int | None) -> list[Delivery]:
    return [Delivery(*row) for row in connection.execute(statement.order_by(deliveries.c.place).limit(limit))]
