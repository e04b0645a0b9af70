"""What the ledger knows of the checkpoints' file, so that a line that is gone or edited there shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from gateway.ledger.statements import insert_missing
from gateway.ledger.tables import checkpoints

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.ledger.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Noted:
    """A line of the checkpoints' file as it was written."""

    number: int
    at: datetime
    count: int
    hash: str
    digest: str


_COLUMNS = tuple(checkpoints.c[name] for name in Noted.__slots__)


def newest(connection: Connection) -> Noted | None:
    """Return the newest line that the ledger knows of; None if it knows of none."""
    row = connection.execute(select(*_COLUMNS).order_by(checkpoints.c.number.desc()).limit(1)).first()
    return Noted(*row) if row else None


def every(connection: Connection) -> dict[int, Noted]:
    """Return every line that the ledger knows of, by its number."""
    found = connection.execute(select(*_COLUMNS).order_by(checkpoints.c.number))
    return {row.number: Noted(*row) for row in found}


def note(connection: Connection, written: Iterable[Checkpoint]) -> None:
    """Note numbered lines that were written; those that are known are left as they are."""
    numbered = [one for one in written if one.number is not None]
    columns = {name: [getattr(one, name) for one in numbered] for name in Noted.__slots__}
    insert_missing(connection, checkpoints, columns)
