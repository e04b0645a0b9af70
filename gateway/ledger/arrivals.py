"""Arrivals: files seen at a source and not yet proved complete, with reason and age."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, func, select

from gateway.ledger.statements import upsert, write_many
from gateway.ledger.tables import arrivals
from gateway.model import Arrival
from gateway.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COLUMNS = tuple(arrivals.c[name] for name in Arrival.__slots__)
_REMOVE = delete(arrivals).where(
    arrivals.c.route == bindparam("of_route"), arrivals.c.name == bindparam("of_name")
)


def save(connection: Connection, seen: Sequence[Arrival]) -> None:
    """Write arrivals, new ones and those seen before."""
    rows = [
        {**{name: getattr(one, name) for name in Arrival.__slots__}, "name_text": printable(one.name)}
        for one in seen
    ]
    upsert(connection, arrivals, rows)


def remove(connection: Connection, route: str, names: Iterable[str]) -> None:
    """Forget arrivals of ``route`` that were taken or are gone; unknown names do not matter."""
    each = sorted(set(names))
    write_many(connection, _REMOVE, {"of_route": [route] * len(each), "of_name": each})


def waiting(connection: Connection, route: str | None = None, limit: int | None = None) -> list[Arrival]:
    """Return the files that wait, on ``route`` or everywhere, longest waiting first."""
    statement = select(*_COLUMNS).order_by(arrivals.c.first_seen_at, arrivals.c.name).limit(limit)
    if route is not None:
        statement = statement.where(arrivals.c.route == route)
    return [Arrival(*row) for row in connection.execute(statement)]


def count(connection: Connection) -> dict[str, int]:
    """Return how many files wait on each route; routes without any are left out."""
    statement = select(arrivals.c.route, func.count()).group_by(arrivals.c.route)
    return {row.route: row[1] for row in connection.execute(statement)}
