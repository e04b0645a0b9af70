"""Arrivals: files seen at a source and not yet proved complete, with reason and age.

One that stands (see `gateway.rules.standing`) is not written again with every look: when it was seen last is
when its source was looked at last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select

from gateway.ledger.statements import read_rows, upsert, write_many
from gateway.ledger.tables import arrivals, looks
from gateway.model import Arrival
from gateway.printable import printable
from gateway.rules.ages import seen_again

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from gateway.rules.standing import Mark

#: Names that are asked for together, and rows that are written together.
_NAMES, _ROWS = 500, 2_000
_COLUMNS = tuple(arrivals.c[name] for name in Arrival.__slots__)
_REMOVE = delete(arrivals).where(
    arrivals.c.route == bindparam("of_route"), arrivals.c.name == bindparam("of_name")
)
_STANDS = (arrivals.c.stands == bindparam("under")) & (arrivals.c.first_seen_at > bindparam("after"))
_OF_ROUTE = arrivals.c.route == bindparam("route")
_STANDING = select(arrivals.c.name, arrivals.c.size, arrivals.c.mtime_ns, arrivals.c.inode).where(
    _OF_ROUTE, _STANDS
)
_SEEN = select(*_COLUMNS, arrivals.c.stands, looks.c.at).outerjoin(looks, looks.c.route == arrivals.c.route)
_MOVING = _SEEN.where(_OF_ROUTE, or_(arrivals.c.stands.is_(None), ~_STANDS))
_NAMED = _SEEN.where(_OF_ROUTE, arrivals.c.name.in_(bindparam("names", expanding=True)))


def save(
    connection: Connection, seen: Sequence[Arrival], standing: Collection[str] = (), under: str | None = None
) -> None:
    """Write arrivals, new ones and those seen before.

    Those named in ``standing`` stand as long as the configuration has the digest ``under``.
    """
    for start in range(0, len(seen), _ROWS):
        rows = [
            {
                **{name: getattr(one, name) for name in Arrival.__slots__},
                "name_text": printable(one.name),
                "stands": under if one.name in standing else None,
            }
            for one in seen[start : start + _ROWS]
        ]
        upsert(connection, arrivals, rows)


def note_look(connection: Connection, route: str, at: datetime) -> None:
    """Note that the source of ``route`` was looked at, and all was seen there that stands."""
    upsert(connection, looks, [{"route": route, "at": at}])


def remove(connection: Connection, route: str, names: Iterable[str]) -> None:
    """Forget arrivals of ``route`` that were taken or are gone; unknown names do not matter."""
    each = sorted(set(names))
    write_many(connection, _REMOVE, {"of_route": [route] * len(each), "of_name": each})


def waiting(connection: Connection, route: str | None = None, limit: int | None = None) -> list[Arrival]:
    """Return the files that wait, on ``route`` or everywhere, longest waiting first."""
    statement = _SEEN.order_by(arrivals.c.first_seen_at, arrivals.c.name).limit(limit)
    if route is not None:
        statement = statement.where(arrivals.c.route == route)
    return [_arrival(row) for row in connection.execute(statement)]


def standing(connection: Connection, route: str, under: str, after: datetime) -> dict[str, Mark]:
    """Return by name what tells whether a file of ``route`` that stands is as it was.

    Only those judged under the configuration with the digest ``under``, and first seen ``after`` a moment.
    """
    rows = read_rows(connection, _STANDING, route=route, under=under, after=after)
    return {name: (size, mtime_ns, inode) for name, size, mtime_ns, inode in rows}


def moving(connection: Connection, route: str, under: str, after: datetime) -> list[Arrival]:
    """Return the files of ``route`` that `standing` leaves out."""
    return _arrivals(connection, _MOVING, route=route, under=under, after=after)


def named(connection: Connection, route: str, names: Iterable[str]) -> list[Arrival]:
    """Return those of the files ``names`` of ``route`` that wait."""
    each, found = list(names), list[Arrival]()
    for start in range(0, len(each), _NAMES):
        found += _arrivals(connection, _NAMED, route=route, names=each[start : start + _NAMES])
    return found


def count(connection: Connection) -> dict[str, int]:
    """Return how many files wait on each route; routes without any are left out."""
    statement = select(arrivals.c.route, func.count()).group_by(arrivals.c.route)
    return {row.route: row[1] for row in connection.execute(statement)}


def _arrivals(connection: Connection, statement: Select[Any], **values: Any) -> list[Arrival]:
    return [_arrival(row) for row in read_rows(connection, statement, **values)]


def _arrival(row: Sequence[Any]) -> Arrival:
    *values, stands, at = row
    found = Arrival(*values)
    return found if stands is None or at is None or at <= found.last_seen_at else seen_again(found, at)
