"""Deliveries: each accepted transfer's way to each destination, in the order of acceptance.

The order in which deliveries are first inserted is kept for ever: on a stream it is the order of
the control numbers, because held files are accepted in that order, whenever they arrived.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, func, not_, or_, select

from gateway.errors import LedgerError
from gateway.ledger.statements import in_lists, insert_missing, read_rows, write_many
from gateway.ledger.tables import deliveries, transfers
from gateway.model import Delivery, DeliveryState, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

_COLUMNS = tuple(deliveries.c[name] for name in Delivery.__slots__)
_ROUTE: BindParameter[str] = bindparam("route")
_DESTINATION: BindParameter[str] = bindparam("destination")
_UNDELIVERED = deliveries.c.state.in_([DeliveryState.PENDING, DeliveryState.STAGED])
_KEY = ("transfer", "attempt", "destination")
_CHANGING = ("state", "tries", "next_try_at", "last_error", "target", "delivered_at", "staged_in")
_UPDATE = (
    sa.update(deliveries)
    .where(*(deliveries.c[name] == bindparam(f"the_{name}") for name in _KEY))
    .values({name: bindparam(name) for name in _CHANGING})
)
_LAST = select(func.max(deliveries.c.place))
_OF = (
    select(*_COLUMNS)
    .where(deliveries.c.transfer.in_(bindparam("ids", expanding=True)))
    .order_by(deliveries.c.place)
)


def insert(connection: Connection, planned: Sequence[Delivery]) -> None:
    """Write new deliveries, in stream order; those that are there already stay as they are."""
    if not planned:
        return
    place = read_rows(connection, _LAST)[0][0] or 0
    columns = {name: [getattr(one, name) for one in planned] for name in Delivery.__slots__}
    columns["place"] = list(range(place + 1, place + 1 + len(planned)))
    insert_missing(connection, deliveries, columns)


def update(connection: Connection, changed: Sequence[Delivery]) -> None:
    """Write the state, tries, error and times of deliveries; LedgerError if one is not there."""
    if not changed:
        return
    columns = {name: [getattr(one, name) for one in changed] for name in _CHANGING}
    columns |= {f"the_{name}": [getattr(one, name) for one in changed] for name in _KEY}
    if write_many(connection, _UPDATE, columns) != len(changed):
        raise LedgerError("A delivery is not in the ledger", where=changed[0].transfer)


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
        for row in read_rows(connection, _OF, ids=part):
            one = Delivery(*row)
            found.setdefault(one.transfer, []).append(one)
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
    asked = {"route": route, **_moments(now, latest)}
    statement = _destinations_due(is_bounded=latest is not None)
    return [name for (name,) in read_rows(connection, statement, **asked)]


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
    return _asked(connection, _due, route, destination, now, limit, latest)


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
    return _asked(connection, _due_in_order, route, destination, now, limit, latest)


def _asked(
    connection: Connection,
    query: Callable[..., Select[Any]],
    route: str,
    destination: str,
    now: datetime,
    limit: int | None,
    latest: datetime | None,
) -> list[Delivery]:
    asked: dict[str, Any] = {"route": route, "destination": destination, **_moments(now, latest)}
    if limit is not None:
        asked["limit"] = limit
    statement = query(is_bounded=latest is not None, is_limited=limit is not None)
    return [Delivery(*row) for row in read_rows(connection, statement, **asked)]


def _moments(now: datetime, latest: datetime | None) -> dict[str, datetime]:
    return {"now": now} if latest is None else {"now": now, "latest": latest}


# What is asked for every batch is made once, with places for what is asked for.


@functools.cache
def _destinations_due(*, is_bounded: bool) -> Select[Any]:
    due_now = _open(_ROUTE, deliveries.c.destination).where(_is_due_now(is_bounded))
    return due_now.distinct().order_by(deliveries.c.destination)


@functools.cache
def _due(*, is_bounded: bool, is_limited: bool) -> Select[Any]:
    statement = _open(_ROUTE).where(deliveries.c.destination == _DESTINATION, _is_due_now(is_bounded))
    statement = statement.order_by(deliveries.c.place)
    return statement.limit(bindparam("limit", type_=sa.Integer)) if is_limited else statement


@functools.cache
def _due_in_order(*, is_bounded: bool, is_limited: bool) -> Select[Any]:
    waiting = (
        _open(_ROUTE, transfers.c.stream, func.min(deliveries.c.place).label("place"))
        .where(deliveries.c.destination == _DESTINATION, not_(_is_due_now(is_bounded)))
        .group_by(transfers.c.stream)
        .subquery()
    )
    statement = _due(is_bounded=is_bounded, is_limited=is_limited)
    return statement.outerjoin(waiting, waiting.c.stream == transfers.c.stream).where(
        or_(waiting.c.place.is_(None), deliveries.c.place < waiting.c.place)
    )


def _is_due_now(is_bounded: bool) -> Any:
    return _is_due(bindparam("now"), bindparam("latest") if is_bounded else None)


def _open(route: Any, *columns: Any) -> Select[Any]:
    """Return the query for unconfirmed deliveries of the present attempt of DELIVERING transfers."""
    present = and_(deliveries.c.transfer == transfers.c.id, deliveries.c.attempt == transfers.c.attempt)
    statement = select(*(columns or _COLUMNS)).select_from(deliveries.join(transfers, present))
    statement = statement.where(_UNDELIVERED, transfers.c.state == State.DELIVERING)
    return statement if route is None else statement.where(transfers.c.route == route)


def _is_due(now: Any, latest: Any) -> Any:
    moment = deliveries.c.next_try_at
    come = or_(moment.is_(None), moment <= now)
    return come if latest is None else or_(come, moment > latest)
