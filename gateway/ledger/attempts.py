"""Attempts: each try at a transfer, who asked for it, and how it ended."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, select

from gateway.errors import LedgerError
from gateway.ledger.statements import in_lists, write_many
from gateway.ledger.tables import attempts
from gateway.model import Attempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_INSERT = sa.insert(attempts)
_END = (
    sa.update(attempts)
    .where(attempts.c.transfer == bindparam("the_transfer"), attempts.c.number == bindparam("the_number"))
    .values(ended_at=bindparam("ended_at"), outcome=bindparam("outcome"), detail=bindparam("detail"))
)


def insert(connection: Connection, begun: Sequence[Attempt]) -> None:
    """Write attempts that begin."""
    if begun:
        write_many(connection, _INSERT, [dataclasses.asdict(one) for one in begun])


def end(connection: Connection, ended: Sequence[Attempt]) -> None:
    """Write when and how attempts ended; LedgerError if one never began."""
    if not ended:
        return
    rows = [
        {
            "the_transfer": one.transfer,
            "the_number": one.number,
            "ended_at": one.ended_at,
            "outcome": one.outcome,
            "detail": one.detail,
        }
        for one in ended
    ]
    if write_many(connection, _END, rows) != len(ended):
        raise LedgerError("An attempt is not in the ledger", where=ended[0].transfer)


def of(connection: Connection, transfer_ids: Iterable[str]) -> dict[str, list[Attempt]]:
    """Return the attempts of each transfer in their order; transfers without any are left out."""
    found: dict[str, list[Attempt]] = {}
    for part in in_lists(sorted(set(transfer_ids))):
        statement = select(attempts).where(attempts.c.transfer.in_(part)).order_by(attempts.c.number)
        for row in connection.execute(statement):
            found.setdefault(row.transfer, []).append(Attempt(**row._asdict()))
    return found
