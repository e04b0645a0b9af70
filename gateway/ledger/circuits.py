"""Circuits: places that failed, and whether they are asked. The decisions belong to `rules.circuit`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, delete, select

from gateway.ledger.statements import read_rows, upsert
from gateway.ledger.tables import circuits
from gateway.rules.circuit import Circuit, CircuitState

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = tuple(circuits.c[name] for name in Circuit.__slots__)
_AT = select(*_COLUMNS).where(circuits.c.place == bindparam("place"))


def load(connection: Connection, place: str) -> Circuit | None:
    """Return the circuit of ``place``, or None where it has not failed since it last answered."""
    return next(map(_circuit, read_rows(connection, _AT, place=place)), None)


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


def _circuit(row: Sequence[Any]) -> Circuit:
    values = dict(zip(Circuit.__slots__, row, strict=True))
    return Circuit(**{**values, "state": CircuitState(values["state"])})
