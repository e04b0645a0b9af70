"""Streams: where each sender's control numbers stand. The state belongs to `rules.sequence`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, select

from gateway.ledger.statements import in_lists, read_rows, upsert
from gateway.ledger.tables import streams

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One stream as the ledger keeps it; ``state`` is JSON data that the ledger does not read."""

    stream: str
    route: str
    sender: str
    state: Mapping[str, Any]
    changed_at: datetime


_STATES = select(streams.c.stream, streams.c.state).where(
    streams.c.stream.in_(bindparam("names", expanding=True))
)
_COLUMNS = tuple(streams.c[name] for name in StreamRow.__slots__)


def load(connection: Connection, stream: str) -> dict[str, Any] | None:
    """Return the state of ``stream``, or None if nothing of it was ever saved."""
    return load_many(connection, [stream]).get(stream)


def load_many(connection: Connection, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the states of several streams by name; those never saved are left out."""
    found: dict[str, dict[str, Any]] = {}
    for part in in_lists(sorted(set(names))):
        found.update((name, state) for name, state in read_rows(connection, _STATES, names=part))
    return found


def save(
    connection: Connection,
    stream: str,
    state: Mapping[str, Any],
    *,
    route: str,
    sender: str,
    now: datetime,
) -> None:
    """Write the state of ``stream``, new or changed."""
    row = {"stream": stream, "route": route, "sender": sender, "state": dict(state), "changed_at": now}
    upsert(connection, streams, [row])


def every(connection: Connection, route: str | None = None) -> list[StreamRow]:
    """Return all streams, or those of ``route``, by route and name."""
    statement = select(*_COLUMNS).order_by(streams.c.route, streams.c.stream)
    if route is not None:
        statement = statement.where(streams.c.route == route)
    return [StreamRow(*row) for row in connection.execute(statement)]
