"""The end of the audit trail as this process committed it, asked for again on every new connection.

A server that takes over for another one may lack the last commits (asynchronous replication, a snapshot
that was put back). Whoever went on with it would do again what it does not know of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import AuditBroken
from gateway.ledger import audit
from gateway.ledger.audit_chain import Head

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PROVED = "knows what was committed by"
_HINT = (
    "Stop the gateway on all nodes. If the server before can be brought back, let it take over again; else "
    "`gateway ledger rebuild` takes over from the archive what was lost. Let a standby that may take over be "
    "a synchronous one"
)


class OwnEnd:
    """The last audit entry that this process knows to be committed; safe for many threads."""

    def __init__(self, place: str) -> None:
        """Nothing was committed yet to the ledger at ``place``."""
        self._place = place
        self.head: Head | None = None

    def demand(self, connection: Connection) -> None:
        """Raise AuditBroken where the connection leads to a ledger that lacks what was committed.

        Asked once for each connection: as long as it lasts, it leads to the same server.
        """
        connection.info.pop(audit.APPENDED, None)  # of a transaction that was undone
        head = self.head
        if connection.info.get(_PROVED) is self:
            return
        if head is not None and not audit.has(connection, head):
            raise AuditBroken(
                f"The ledger lacks what was committed to it: entry {head.count} of the audit trail is gone",
                where=self._place,
                hint=_HINT,
            )
        connection.info[_PROVED] = self

    def committed(self, connection: Connection) -> None:
        """Take note of what the transaction that was just committed appended."""
        appended = connection.info.pop(audit.APPENDED, None)
        if appended is not None and (self.head is None or appended.count > self.head.count):
            self.head = appended
