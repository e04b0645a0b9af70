"""Leases: one node's right to work on one thing, with a token that fences off the owner before.

Whoever takes a lease does so in a transaction under the ledger's write lock, and so does whoever writes
under a lease (`demand`): between the look at the token and the commit nobody can take the lease over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, select

from gateway.errors import LeaseLost
from gateway.ledger.migrations import refuse_newer
from gateway.ledger.tables import leases, schema_version
from gateway.rules.leases import Lease


def every(connection: Connection) -> dict[str, Lease]:
    """Return every lease by its name."""
    rows = connection.execute(select(leases)).all()
    return {row.name: Lease(row.name, row.node, row.token, row.expires_at) for row in rows}


def take(
    connection: Connection, node: str, names: Collection[str], now: datetime, until: datetime
) -> dict[str, int]:
    """Take those of ``names`` that are free at ``now``; return the token of each one taken.

    To be called under the write lock: of several nodes one gets it.
    """
    known = every(connection)
    taken = {}
    for name in sorted(names):
        before = known.get(name)
        if before is not None and not before.is_free(now):
            continue
        taken[name] = token = 1 if before is None else before.token + 1
        values = {"node": node, "token": token, "expires_at": until, "taken_at": now}
        if before is None:
            connection.execute(sa.insert(leases), {"name": name, **values})
        else:
            connection.execute(sa.update(leases).where(leases.c.name == name).values(values))
    return taken


def renew(connection: Connection, node: str, tokens: Mapping[str, int], until: datetime) -> set[str]:
    """Let the leases with these ``tokens`` last ``until`` then; return the names of those that do.

    One whose time was over is renewed, too, as long as nobody else has taken it: nobody worked there since.
    """
    statement = sa.update(leases).where((leases.c.node == node) & leases.c.name.in_(sorted(tokens)))
    found = connection.execute(statement.values(expires_at=until).returning(leases.c.name, leases.c.token))
    return {row.name for row in found if tokens[row.name] == row.token}


def give_back(connection: Connection, node: str, tokens: Mapping[str, int], now: datetime) -> None:
    """Let anybody take the leases with these ``tokens`` from ``now`` on."""
    for name, token in sorted(tokens.items()):
        free = {"node": None, "expires_at": now}
        connection.execute(sa.update(leases).where(_is_mine(name, node, token)).values(free))


def demand(connection: Connection, node: str, name: str, token: int) -> None:
    """Raise LeaseLost unless ``node`` is still the owner; to be called under the write lock.

    Raises LedgerVersion where a newer gateway has changed the ledger meanwhile: what this one would write
    is not what the tables hold now.

    The token alone decides. A lease whose time is over, and that nobody has taken, is as good as ever:
    nobody can take it before this transaction ends.
    """
    version = select(sa.func.max(schema_version.c.version)).scalar_subquery()
    statement = select(leases.c.node, leases.c.token, version.label("version")).where(leases.c.name == name)
    found = connection.execute(statement).first()
    if found is not None:
        refuse_newer(found.version, "ledger")
    if found is None or (found.node, found.token) != (node, token):
        raise lost(name)


def begin_anew(connection: Connection, names: Collection[str], token: int, now: datetime) -> None:
    """Let nobody own anything; whoever takes one of ``names``, or one that is known, gets a token above."""
    known = every(connection)
    connection.execute(sa.delete(leases))
    rows = [
        {"name": name, "node": None, "token": token, "expires_at": now, "taken_at": None}
        for name in sorted({*names, *known})
    ]
    connection.execute(sa.insert(leases), rows)


def lost(name: str) -> LeaseLost:
    """Return the error of somebody who works on ``name`` and must not any more."""
    hint = "Nothing is to be done: whoever works on it now carries on what was begun here"
    return LeaseLost("Another node may work on it now; nothing was written", where=name, hint=hint)


def _is_mine(name: str, node: str, token: int) -> sa.ColumnElement[bool]:
    return (leases.c.name == name) & (leases.c.node == node) & (leases.c.token == token)
