"""Circuits: places that failed, and whether they are asked. The decisions belong to `rules.circuit`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, select

from gateway.ledger.statements import upsert
from gateway.ledger.tables import circuits
from gateway.rules.circuit import Circuit, CircuitState

if TYPE_CHECKING:
    from sqlalchemy import Row

_COLUMNS = tuple(circuits.c[name] for name in Circuit.__slots__)


def load(connection: Connection, place: str) -> Circuit | None:
    """Return the circuit of ``place``, or None where it has not failed since it last answered."""
    row = connection.execute(select(*_COLUMNS).where(circuits.c.place == place)).one_or_none()
    return None if row is None else _circuit(row)


def save(connection: Connection, circuit: Circuit) -> None:
    """Write the circuit of a place, new or changed."""
    upsert(connection, circuits, [{**dataclasses.asdict(circuit), "state": circuit.state.value}])


def remove(connection: Connection, place: str) -> None:
    """Forget that a place ever failed: it answered."""
    connection.execute(delete(circuits).where(circuits.c.place == place))


def every(connection: Connection) -> list[Circuit]:
    """Return the circuit of every place that has not answered since it last failed, by place."""
    rows = connection.execute(select(*_COLUMNS).order_by(circuits.c.place))
    return [_circuit(row) for row in rows]


def _circuit(row: Row[tuple[object, ...]]) -> Circuit:
    return Circuit(**{**row._asdict(), "state": CircuitState(row.state)})
