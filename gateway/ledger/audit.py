"""The audit trail: who did what, when, to what, old value, new value, why; tamper-evident.

Entries are appended in the transaction of the action itself: if the entry cannot be written, the
action does not happen. Nothing here changes or removes an entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from gateway.errors import AuditBroken
from gateway.ledger.audit_chain import (
    COLUMNS,
    GENESIS,
    ChainedEntry,
    Head,
    chained,
    from_row,
    stored_members,
)
from gateway.ledger.audit_check import AuditProblem, AuditReport, Unreadable, rows, verify
from gateway.ledger.audit_export import export
from gateway.ledger.encoding import exact_text, original_text, time_text
from gateway.ledger.statements import read_rows, write_many
from gateway.ledger.tables import ABOUT_THE_SITE, audit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from gateway.model import AuditEntry

#: Where a connection tells what end of the trail its transaction makes.
APPENDED = "audit trail ends with"

__all__ = [
    "APPENDED",
    "AuditProblem",
    "AuditReport",
    "ChainedEntry",
    "Head",
    "append",
    "export",
    "has",
    "head",
    "newest",
    "objects",
    "read",
    "stored",
    "verify",
]

_INSERT = sa.insert(audit)
_HEAD = select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)


def append(connection: Connection, entries: Sequence[AuditEntry]) -> Head:
    """Chain ``entries`` to the trail in the caller's transaction; return its new end.

    Raises ValueError or TypeError, before anything is written, for a naive time or values that
    JSON cannot say.
    """
    end = head(connection)
    rows = chained(entries, end)
    if not rows:
        return end
    write_many(connection, _INSERT, dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)))
    end = Head(end.count + len(rows), rows[-1][-1])
    connection.info[APPENDED] = end
    return end


def head(connection: Connection) -> Head:
    """Return the end of the trail; of an empty one the count 0 and the genesis hash."""
    return next((Head(*row) for row in read_rows(connection, _HEAD)), Head(0, GENESIS))


def has(connection: Connection, end: Head) -> bool:
    """Return whether the trail once ended with ``end``, and goes on from there."""
    statement = select(audit.c.hash).where(audit.c.sequence == end.count)
    return bool(connection.execute(statement).scalar() == end.hash)


def newest(connection: Connection, action: str) -> ChainedEntry | None:
    """Return the newest entry with ``action`` that is about the site and no transfer; None if there is none.

    However long the trail is, few entries are looked at. Raises AuditBroken for one that cannot be read.
    """
    statement = (
        select(audit)
        .where(ABOUT_THE_SITE, audit.c.action == exact_text(action))
        .order_by(audit.c.sequence.desc())
        .limit(1)
    )
    try:
        return next((from_row(row) for row in connection.execute(statement)), None)
    except ValueError as error:
        raise AuditBroken(cause=error, hint="`gateway audit verify` names the first broken entry") from error


def read(
    connection: Connection,
    *,
    object_id: str | None = None,
    action: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> list[ChainedEntry]:
    """Return the newest ``limit`` entries that meet all filters, oldest of them first.

    ``since`` and ``until`` are both included. Raises AuditBroken for an entry that cannot be read.
    """
    statement = select(audit).order_by(audit.c.sequence.desc()).limit(limit)
    for column, text in ((audit.c.object_id, object_id), (audit.c.action, action), (audit.c.actor, actor)):
        if text is not None:
            statement = statement.where(column == exact_text(text))
    if since is not None:
        statement = statement.where(audit.c.at >= time_text(since))
    if until is not None:
        statement = statement.where(audit.c.at <= time_text(until))
    try:
        return [from_row(row) for row in reversed(connection.execute(statement).all())]
    except ValueError as error:
        raise AuditBroken(cause=error, hint="`gateway audit verify` names the first broken entry") from error


def stored(connection: Connection) -> Iterator[dict[str, Any]]:
    """Yield the members of every entry in order; of one that cannot be read its number alone."""
    for row in rows(connection):
        try:
            yield {"sequence": row.sequence} if isinstance(row, Unreadable) else stored_members(row)
        except ValueError:
            yield {"sequence": row.sequence}


def objects(connection: Connection, action: str) -> list[str]:
    """Return what was ever the object of ``action``, by name; reads the whole trail."""
    statement = select(audit.c.object_id).where(audit.c.action == action).distinct()
    return sorted(original_text(one) for one in connection.execute(statement).scalars())
