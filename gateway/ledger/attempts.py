"""Attempts: each try at a transfer, who asked for it, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, select

from gateway.errors import LedgerError
from gateway.ledger.statements import in_lists, read_rows, write_many
from gateway.ledger.tables import attempts
from gateway.model import Attempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FIELDS = Attempt.__slots__
_INSERT = sa.insert(attempts)
_END = (
    sa.update(attempts)
    .where(attempts.c.transfer == bindparam("the_transfer"), attempts.c.number == bindparam("the_number"))
    .values(ended_at=bindparam("ended_at"), outcome=bindparam("outcome"), detail=bindparam("detail"))
)

_OF = (
    select(*(attempts.c[name] for name in _FIELDS))
    .where(attempts.c.transfer.in_(bindparam("ids", expanding=True)))
    .order_by(attempts.c.number)
)


def insert(connection: Connection, begun: Sequence[Attempt]) -> None:
    """Write attempts that begin."""
    if begun:
        write_many(connection, _INSERT, {name: [getattr(one, name) for one in begun] for name in _FIELDS})


def end(connection: Connection, ended: Sequence[Attempt]) -> None:
    """Write when and how attempts ended; LedgerError if one never began."""
    if not ended:
        return
    columns: dict[str, list[Any]] = {
        "the_transfer": [one.transfer for one in ended],
        "the_number": [one.number for one in ended],
        "ended_at": [one.ended_at for one in ended],
        "outcome": [one.outcome for one in ended],
        "detail": [one.detail for one in ended],
    }
    if write_many(connection, _END, columns) != len(ended):
        raise LedgerError("An attempt is not in the ledger", where=ended[0].transfer)


def of(connection: Connection, transfer_ids: Iterable[str]) -> dict[str, list[Attempt]]:
    """Return the attempts of each transfer in their order; transfers without any are left out."""
    found: dict[str, list[Attempt]] = {}
    for part in in_lists(sorted(set(transfer_ids))):
        for row in read_rows(connection, _OF, ids=part):
            one = Attempt(*row)
            found.setdefault(one.transfer, []).append(one)
    return found
