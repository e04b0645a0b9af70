"""Requests of operators: written down now, carried out by the next pass over the route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Select, bindparam, select

from gateway.errors import ReasonMissing
from gateway.ledger.request_values import Request, RequestState
from gateway.ledger.tables import requests
from gateway.model import Actor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["Request", "RequestState", "add", "done", "get", "of_transfer", "open_for"]

_DONE = (
    sa.update(requests)
    .where(requests.c.id == bindparam("the_id"), requests.c.state == RequestState.OPEN)
    .values(state=RequestState.DONE, done_at=bindparam("done_at"), outcome=bindparam("outcome"))
)


def add(connection: Connection, request: Request) -> None:
    """Write a request down. Raises ReasonMissing if nobody says why."""
    if not request.reason.strip():
        raise ReasonMissing(hint="Say why with `--reason`")
    connection.execute(
        sa.insert(requests),
        {
            "id": request.id,
            "kind": request.kind,
            "route": request.route,
            "transfer": request.transfer,
            "actor": request.actor.name,
            "role": request.actor.role,
            "host": request.actor.host,
            "reason": request.reason,
            "payload": dict(request.payload),
            "state": request.state,
            "created_at": request.created_at,
            "done_at": request.done_at,
            "outcome": request.outcome,
        },
    )


def open_for(connection: Connection, route: str) -> list[Request]:
    """Return the open requests of ``route``, oldest first."""
    statement = select(requests).where(requests.c.state == RequestState.OPEN, requests.c.route == route)
    return _read(connection, statement)


def of_transfer(connection: Connection, transfer: str) -> list[Request]:
    """Return all requests about a transfer, oldest first."""
    return _read(connection, select(requests).where(requests.c.transfer == transfer))


def get(connection: Connection, request_id: str) -> Request | None:
    """Return one request, or None."""
    found = _read(connection, select(requests).where(requests.c.id == request_id))
    return found[0] if found else None


def done(connection: Connection, ids: Iterable[str], now: datetime, outcome: str = "ok") -> None:
    """Close requests with what came of them; those closed before keep their first outcome."""
    rows = [{"the_id": one, "done_at": now, "outcome": outcome} for one in ids]
    if rows:
        connection.execute(_DONE, rows)


def _read(connection: Connection, statement: Select[Any]) -> list[Request]:
    return [_request(row) for row in connection.execute(statement.order_by(requests.c.id))]


def _request(row: Row[Any]) -> Request:
    return Request(
        id=row.id,
        kind=row.kind,
        route=row.route,
        actor=Actor(row.actor, row.role, row.host),
        reason=row.reason,
        created_at=row.created_at,
        transfer=row.transfer,
        payload=row.payload,
        state=row.state,
        done_at=row.done_at,
        outcome=row.outcome,
    )
