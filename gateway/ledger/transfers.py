"""Transfers: writing them, finding them by id or state, and counting them.

`find`, `search` and `known` stand in `transfer_search` and are offered here too.
"""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import BindParameter, Connection, bindparam, exists, func, select

from gateway.errors import IllegalTransition, LedgerError
from gateway.ledger.statements import in_lists, read_rows, write_many
from gateway.ledger.tables import deliveries, transfers
from gateway.ledger.transfer_rows import COLUMNS, TRANSFER, columns_of, from_row, written
from gateway.ledger.transfer_search import Known, count, find, known, search
from gateway.model import DeliveryState, State, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Known",
    "count",
    "count_by_state",
    "delivered_everywhere",
    "find",
    "get",
    "get_many",
    "in_states",
    "insert",
    "is_any_delivered_everywhere",
    "known",
    "routes",
    "search",
    "update",
    "withdrawn_before",
]

_KEY = "the_id"
_EXPECTED = "the_state"
_INSERT = sa.insert(transfers)
_SELECT = select(*TRANSFER).order_by(transfers.c.id)
_MANY = _SELECT.where(transfers.c.id.in_(bindparam("ids", expanding=True)))
_IN_STATES = _SELECT.where(
    transfers.c.route == bindparam("route"), transfers.c.state.in_(bindparam("states", expanding=True))
)
_FIRST_IN_STATES = _IN_STATES.limit(bindparam("limit", type_=sa.Integer))
_STILL_OPEN = exists().where(
    deliveries.c.transfer == transfers.c.id,
    deliveries.c.attempt == transfers.c.attempt,
    deliveries.c.state != DeliveryState.DELIVERED,
)
_DELIVERED = _SELECT.where(
    transfers.c.route == bindparam("route"),
    transfers.c.state == State.DELIVERING,
    transfers.c.settle_as.is_(None),
    ~_STILL_OPEN,
)
_ANY_DELIVERED = _DELIVERED.with_only_columns(transfers.c.id).limit(1)
_HELD_STREAMS = (
    select(transfers.c.stream)
    .where(
        transfers.c.route == bindparam("route"),
        transfers.c.state == State.HELD,
        transfers.c.stream.is_not(None),
    )
    .distinct()
    .order_by(transfers.c.stream)
)


def greatest_id(connection: Connection) -> str | None:
    """Return the greatest id of a transfer; None where there is none."""
    return connection.execute(select(sa.func.max(transfers.c.id))).scalar()


def insert(connection: Connection, batch: Sequence[Transfer]) -> None:
    """Write new transfers. Raises LedgerError at the end of the block if an id is there already."""
    if batch:
        columns = written(batch)
        # what no row has a value for is NULL without being named
        named = {name: values for name, values in columns.items() if values.count(None) < len(batch)}
        write_many(connection, _INSERT, named)


def update(connection: Connection, batch: Sequence[Transfer], *, expected: State | None) -> None:
    """Write what was changed of each of ``batch`` since it was read from the ledger.

    The rest stays as it stands there; a transfer that was not read from there is written whole. With
    ``expected`` each must still be in that state. Raises IllegalTransition if one is not, LedgerError if
    one is not in the ledger; the caller's transaction is then undone as a whole.
    """
    alike: dict[frozenset[str] | None, list[Transfer]] = {}
    for one in batch:
        alike.setdefault(one.touched, []).append(one)
    changed = 0
    for touched, ones in alike.items():
        statement, columns = _update(touched, is_expected=expected is not None)
        values = {**written(ones, columns), _KEY: [one.id for one in ones]}
        if expected is not None:
            values[_EXPECTED] = [expected] * len(ones)
        changed += write_many(connection, statement, values)
    if changed != len(batch):
        _refuse(connection, batch, expected)


@functools.lru_cache(maxsize=256)
def _update(touched: frozenset[str] | None, *, is_expected: bool) -> tuple[sa.Update, tuple[str, ...]]:
    """Return the statement that writes these fields, and their columns; it is kept, to be compiled once."""
    columns = set(COLUMNS) if touched is None else columns_of(touched or ("state",))
    names = tuple(sorted(columns - {"id"}))
    values: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in names}
    statement = sa.update(transfers).where(transfers.c.id == bindparam(_KEY)).values(values)
    return statement.where(transfers.c.state == bindparam(_EXPECTED)) if is_expected else statement, names


def _refuse(connection: Connection, batch: Sequence[Transfer], expected: State | None) -> None:
    """Say which transfer was missing or in another state; the rows changed so far are undone."""
    present = get_many(connection, [one.id for one in batch])
    missing = [one.id for one in batch if one.id not in present]
    if missing:
        raise LedgerError("A transfer is not in the ledger", where=", ".join(missing[:5]))
    # Those that were changed show the new state, so at most the others can be named.
    changed = {one.id: one.state for one in batch}
    moved = [key for key, one in present.items() if one.state not in (expected, changed[key])] or list(
        present
    )
    raise IllegalTransition(
        f"A transfer is no longer {expected.value if expected else 'alone'}",
        where=", ".join(moved[:5]),
        hint="Another process has changed it meanwhile; the next pass sees its present state",
    )


def get(connection: Connection, transfer_id: str) -> Transfer | None:
    """Return the transfer with exactly this id, or None."""
    return get_many(connection, [transfer_id]).get(transfer_id)


def get_many(connection: Connection, ids: Iterable[str]) -> dict[str, Transfer]:
    """Return the transfers of ``ids`` by id, in id order; unknown ids are left out."""
    found: dict[str, Transfer] = {}
    for part in in_lists(sorted(set(ids))):
        found.update((one.id, one) for one in map(from_row, read_rows(connection, _MANY, ids=part)))
    return found


def in_states(
    connection: Connection, route: str, states: Iterable[State], limit: int | None = None
) -> list[Transfer]:
    """Return the route's transfers in any of ``states``, in arrival order, at most ``limit``."""
    asked: dict[str, Any] = {"route": route, "states": list(states)}
    if limit is None:
        return [from_row(row) for row in read_rows(connection, _IN_STATES, **asked)]
    return [from_row(row) for row in read_rows(connection, _FIRST_IN_STATES, **asked, limit=limit)]


def withdrawn_before(connection: Connection, rows: Sequence[Transfer]) -> dict[str, int]:
    """Return, by id of each of ``rows``, how many transfers of the very same entry were WITHDRAWN.

    The same entry: route, place, size and time stamp. Those with none are left out.
    """
    counts: Counter[tuple[str, str, int, int]] = Counter()
    for part in in_lists(sorted({row.name for row in rows})):
        statement = select(
            transfers.c.route, transfers.c.source, transfers.c.size, transfers.c.mtime_ns
        ).where(transfers.c.name.in_(part), transfers.c.state == State.WITHDRAWN)
        counts.update(tuple(found) for found in connection.execute(statement))
    known = {row.id: counts[row.route, row.source, row.size, row.mtime_ns] for row in rows}
    return {key: count for key, count in known.items() if count}


def streams_held(connection: Connection, route: str) -> list[str]:
    """Return the names of the route's streams that have a HELD transfer, by name."""
    return [stream for (stream,) in read_rows(connection, _HELD_STREAMS, route=route)]


def delivered_everywhere(connection: Connection, route: str) -> list[Transfer]:
    """Return DELIVERING transfers whose deliveries are all confirmed and whose archiving is not yet planned.

    In arrival order. Only the deliveries of the present attempt count.
    """
    return [from_row(row) for row in read_rows(connection, _DELIVERED, route=route)]


def is_any_delivered_everywhere(connection: Connection, route: str) -> bool:
    """Return whether there is any that `delivered_everywhere` would return."""
    return bool(read_rows(connection, _ANY_DELIVERED, route=route))


def routes(connection: Connection) -> list[str]:
    """Return every route that ever had a transfer, by name; costs one look into an index for each."""
    found: list[str] = []
    statement = select(func.min(transfers.c.route, type_=transfers.c.route.type))
    name = connection.execute(statement).scalar()
    while name is not None:
        found.append(name)
        name = connection.execute(statement.where(transfers.c.route > name)).scalar()
    return found


def count_by_state(connection: Connection) -> dict[tuple[str, State], int]:
    """Return how many transfers each route has in each state; pairs without any are left out."""
    statement = select(transfers.c.route, transfers.c.state, func.count()).group_by(
        transfers.c.route, transfers.c.state
    )
    return {(route, state): count for route, state, count in connection.execute(statement)}
