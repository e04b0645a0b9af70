"""Opening the ledger, and the two ways to use it: `write` for one transaction, `read` for one snapshot.

Which database stands behind it makes no difference to its users: at any time one transaction
writes, over all threads, processes and nodes.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from gateway.ledger import migrations
from gateway.ledger.queue import WriteQueue
from gateway.ledger.sqlite import SqliteFile, default_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.ledger.audit_chain import Head
    from gateway.ledger.database import Database
    from gateway.ledger.seen_bytes import SeenBytes

__all__ = ["Connection", "Ledger", "default_url", "is_shared", "open_ledger"]

#: How long a transaction waits for another process before LedgerBusy, in seconds.
BUSY_SECONDS = 30.0
_POSTGRESQL = ("postgresql://", "postgres://")


def open_ledger(url: str, *, create: bool = False, busy_seconds: float = BUSY_SECONDS) -> Ledger:
    """Open the ledger at ``url`` and bring an older one up to date.

    With ``create`` a ledger that is not there yet is made, its directory or schema too.
    ``busy_seconds`` is how long a transaction waits for another process.

    Raises LedgerError if there is none or it cannot be used, LedgerVersion if a newer gateway
    wrote it, LedgerBusy if another process keeps it locked.
    """
    ledger = Ledger(_database(url, busy_seconds, create=create), busy_seconds)
    try:
        ledger.prepare(create)
    except BaseException:
        ledger.close()
        raise
    return ledger


def is_shared(url: str) -> bool:
    """Return whether the ledger at ``url`` is one that several nodes may work with."""
    return url.startswith(_POSTGRESQL)


def _database(url: str, busy_seconds: float, *, create: bool) -> Database:
    if is_shared(url):
        from gateway.ledger.postgresql import PostgresqlSchema  # its driver is needed there only

        return PostgresqlSchema(url, busy_seconds)
    return SqliteFile(url, busy_seconds, create=create)


class Ledger:
    """An open ledger; safe to share between threads, to be closed at the end."""

    def __init__(self, database: Database, busy_seconds: float) -> None:
        self._database = database
        self.path = database.place  #: where it is, as people are told: a file, or a URL without password
        self.is_shared = database.is_shared  #: whether several nodes may work with it at the same time
        #: whether who used the file last did not close it; its log lay beside it
        self.was_left_open = not self.is_shared and os.path.exists(f"{self.path}-wal")
        #: what tells new bytes from known ones without asking the database; None: it is asked
        self.seen_bytes: SeenBytes | None = None
        self._busy_seconds = busy_seconds
        self._queue = WriteQueue()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give one transaction under the write lock: committed at the end, undone by an exception.

        When the block has ended without an exception, what it wrote is on the disk. Raises
        LedgerBusy, DiskFull or LedgerError. Nothing of the transaction was written then, with one
        exception: if the connection to a server breaks during the commit, nobody can know whether it
        took place. So whoever catches an error of this block takes nothing for undone: the next pass
        reads from the ledger what is so.
        """
        with self._queue.turn(self._busy_seconds, self.path), self._database.writing() as connection:
            yield connection

    @contextmanager
    def note(self) -> Iterator[Connection]:
        """Give one transaction that waits for no writer where the database allows that.

        For rows of which each has one process that changes it: the signs of life of nodes and their leases.
        """
        with self._database.noting() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give one unchanging view of the ledger, as it was when the block began."""
        with self._database.reading() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    @property
    def written(self) -> Head | None:
        """The end of the audit trail as this process committed it, on a server; None before it did."""
        return self._database.written

    def integrity(self) -> list[str]:
        """Return what the database finds wrong with its structure; an empty list if it is sound."""
        with self.read() as connection:
            return self._database.unsound(connection)

    def obstacle(self) -> str | None:
        """Return why nothing can be written, as far as that shows without writing."""
        return self._database.obstacle()

    def prepare(self, create: bool) -> None:
        """Make the database ready and bring the tables to the present version."""
        self._database.make_ready(create=create)
        with self.read() as connection:
            found = migrations.version_of(connection)
        migrations.refuse_newer(found, self.path)
        if found == migrations.VERSION:
            return
        with self.write() as connection:
            self._keep_older(connection)
            migrations.migrate(connection, self.path, create=create)

    def _keep_older(self, connection: Connection) -> None:
        """Make a backup of an older ledger before its tables are changed, and keep it.

        Under the write lock: of two processes that start at once, one does this, and the other finds it done.
        """
        found = migrations.version_of(connection)
        if 0 < found < migrations.VERSION and not self.is_shared:
            from gateway.ledger.backup import write_backup  # needed once in the life of a version
            from gateway.ledger.placing import beside

            now = datetime.now(UTC)
            write_backup(self.read, beside(self.path, f"before-version-{migrations.VERSION}", now))
