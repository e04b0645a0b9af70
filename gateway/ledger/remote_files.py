"""Files in custody that still stand where they came from: acknowledgement is owed, or they are left."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from gateway.ledger.statements import read_rows, upsert
from gateway.ledger.tables import remote_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OWED = "owed"  #: the sender's side is still to be told that the file was taken
LEFT = "left"  #: it stays there for good, and is remembered

#: What tells one file of a directory from every other: name, size, mtime in nanoseconds.
Mark = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file that was taken and still stands, or may still stand, at its source."""

    route: str
    location: str  #: of its directory, as the source names itself
    name: str
    size: int
    mtime_ns: int
    transfer: str
    state: str
    taken_at: datetime
    tries: int = 0
    next_try_at: datetime | None = None
    last_error: str | None = None
    missing_since: datetime | None = None  #: for a file that is left: since when it has not been seen

    @property
    def mark(self) -> Mark:
        """What tells the file from every other one in its directory."""
        return self.name, self.size, self.mtime_ns


class Known(NamedTuple):
    """What a look at a directory needs to know of a file that was taken."""

    mark: Mark
    state: str
    transfer: str
    missing_since: datetime | None  #: for a file that is left: since when it has not been seen


@dataclass(frozen=True, slots=True)
class Debt:
    """How many files of a route are taken and not acknowledged, and since when."""

    route: str
    count: int
    since: datetime
    last_error: str | None


_COLUMNS = tuple(remote_files.c[name] for name in RemoteFile.__slots__)


def save(connection: Connection, rows: Sequence[RemoteFile]) -> None:
    """Write rows, new ones and those that are there already."""
    upsert(connection, remote_files, [dataclasses.asdict(row) for row in rows])


def forget(connection: Connection, route: str, location: str, marks: Iterable[Mark]) -> None:
    """Remove rows: their files are acknowledged, or stand there no more."""
    values = [{"of_name": name, "of_size": size, "of_mtime": mtime} for name, size, mtime in marks]
    if values:
        connection.execute(delete(remote_files).where(_of(route, location)), values)


def known(connection: Connection, route: str, location: str) -> list[Known]:
    """Return every file of that directory that the route has taken; there may be very many."""
    columns = remote_files.c
    statement = select(
        columns.name,
        columns.size,
        columns.mtime_ns,
        columns.state,
        columns.transfer,
        columns.missing_since,
    ).where(columns.route == route, columns.location == location)
    return [
        Known((name, size, mtime_ns), state, transfer, missing_since)
        for name, size, mtime_ns, state, transfer, missing_since in connection.execute(statement)
    ]


def due(
    connection: Connection, route: str, now: datetime, limit: int, latest: datetime | None = None
) -> list[RemoteFile]:
    """Return owed files that are to be tried at ``now``, fewest tries first, at most ``limit``.

    One whose next try lies after ``latest`` is due too: the clock was set back since.
    """
    asked: dict[str, Any] = {"route": route, "now": now, "limit": limit}
    if latest is not None:
        asked["latest"] = latest
    return [RemoteFile(*row) for row in read_rows(connection, _due(is_bounded=latest is not None), **asked)]


@functools.cache
def _due(*, is_bounded: bool) -> Select[Any]:
    """Return the query of `due`: it is asked for every batch, and made once."""
    moment = remote_files.c.next_try_at
    come = or_(moment.is_(None), moment <= bindparam("now"))
    return (
        select(*_COLUMNS)
        .where(remote_files.c.route == bindparam("route"), remote_files.c.state == OWED)
        .where(or_(come, moment > bindparam("latest")) if is_bounded else come)
        .order_by(remote_files.c.tries, remote_files.c.transfer, remote_files.c.name)
        .limit(bindparam("limit", type_=Integer))
    )


def owed(connection: Connection, route: str) -> list[RemoteFile]:
    """Return every file of ``route`` that is still to be acknowledged, in order of arrival."""
    statement = (
        select(*_COLUMNS)
        .where(remote_files.c.route == route, remote_files.c.state == OWED)
        .order_by(remote_files.c.transfer, remote_files.c.name)
    )
    return [RemoteFile(*row) for row in connection.execute(statement)]


def note_missing(
    connection: Connection, route: str, location: str, marks: Iterable[Mark], since: datetime | None
) -> None:
    """Note since when files that are left have not been seen; None where they are seen again."""
    values = [{"of_name": name, "of_size": size, "of_mtime": mtime} for name, size, mtime in marks]
    if values:
        statement = update(remote_files).where(_of(route, location)).values(missing_since=since)
        connection.execute(statement, values)


def debts(connection: Connection) -> list[Debt]:
    """Return what is owed on each route, for people; routes that owe nothing are left out."""
    columns = remote_files.c
    statement = (
        select(columns.route, func.count(), func.min(columns.taken_at), func.max(columns.last_error))
        .where(columns.state == OWED)
        .group_by(columns.route)
        .order_by(columns.route)
    )
    return [Debt(*row) for row in connection.execute(statement)]


def failing(connection: Connection, route: str) -> bool:
    """Return whether a file of ``route`` could not be acknowledged and still is to be."""
    columns = remote_files.c
    statement = select(columns.name).where(
        columns.route == route, columns.state == OWED, columns.last_error.is_not(None)
    )
    return connection.execute(statement.limit(1)).first() is not None


def _of(route: str, location: str) -> ColumnElement[bool]:
    """Return what finds the row of one mark, whose values are bound for each."""
    columns = remote_files.c
    return and_(
        columns.route == route,
        columns.location == location,
        columns.name == bindparam("of_name", type_=columns.name.type),
        columns.size == bindparam("of_size", type_=columns.size.type),
        columns.mtime_ns == bindparam("of_mtime", type_=columns.mtime_ns.type),
    )
