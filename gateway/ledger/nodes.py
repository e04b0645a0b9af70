"""The nodes that work on a site, as they say themselves; every time is by the database's clock."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, select

from gateway.ledger.tables import nodes

#: A node that has not been seen for so long is forgotten.
_FORGOTTEN = timedelta(days=1)

#: Nodes of this kind take their share; others come, take what is free, and go.
SERVICE, PASSING = "service", "passing"


@dataclass(frozen=True, slots=True)
class Node:
    """One process that works on the site."""

    node: str  #: its id
    name: str
    kind: str
    host: str
    pid: int
    configuration: str  #: digest
    gateway_version: str
    started_at: datetime
    seen_at: datetime


def database_time(connection: Connection) -> datetime:
    """Return the time by the clock of the database, which is one for all nodes."""
    if connection.dialect.name == "postgresql":
        found = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        return datetime.fromisoformat(str(found))
    text = connection.execute(sa.text("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')")).scalar_one()
    return datetime.fromisoformat(text)


def join(connection: Connection, node: Node) -> None:
    """Note that ``node`` is there, in place of what it said before; forget who is long gone."""
    connection.execute(sa.delete(nodes).where(nodes.c.seen_at < node.seen_at - _FORGOTTEN))
    leave(connection, node.node)
    connection.execute(sa.insert(nodes), asdict(node))


def seen(connection: Connection, node: str, configuration: str, now: datetime) -> bool:
    """Note that the node is there at ``now``; return whether it is still known."""
    statement = sa.update(nodes).where(nodes.c.node == node)
    return connection.execute(statement.values(seen_at=now, configuration=configuration)).rowcount == 1


def leave(connection: Connection, node: str) -> None:
    """Forget the node."""
    connection.execute(sa.delete(nodes).where(nodes.c.node == node))


def forget_all(connection: Connection) -> None:
    """Forget every node: the ledger was put back, and what it says of them is long past."""
    connection.execute(sa.delete(nodes))


def present(connection: Connection, since: datetime) -> list[Node]:
    """Return the nodes that were seen ``since`` that moment, the oldest first."""
    statement = select(nodes).where(nodes.c.seen_at >= since).order_by(nodes.c.started_at, nodes.c.node)
    return [Node(**row._mapping) for row in connection.execute(statement)]  # noqa: SLF001 - SQLAlchemy's own word
