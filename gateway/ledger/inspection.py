"""Looking at a ledger as it lies there: nothing is made, brought up to date or changed."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote_from_bytes

from gateway.errors import LedgerError
from gateway.ledger.database import Inspection
from gateway.ledger.engine import is_shared
from gateway.ledger.failures import explained
from gateway.ledger.sqlite import database_path

_NONE = (
    "`gateway ledger restore FILE` puts a backup there, `gateway ledger rebuild` makes one from the archive"
)

#: Steps of the database after which the time is looked at.
_STEPS = 100_000


def inspect(url: str, *, busy_seconds: float, seconds: float) -> Inspection:
    """Look at the ledger at ``url``; its structure for at most ``seconds``.

    Raises LedgerError where there is none or it cannot be read, LedgerBusy where it stays locked.
    """
    if is_shared(url):
        from gateway.ledger import postgresql_inspection  # its driver is needed there only

        return postgresql_inspection.inspect(url, busy_seconds=busy_seconds)
    path = database_path(url)
    if not os.path.isfile(path):
        raise LedgerError("There is no ledger", where=path, hint=_NONE)
    with _opened(path, busy_seconds) as connection:
        mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
        version = _version(connection)
        problems = _problems(connection, time.monotonic() + seconds)
        size, log_size = (os.path.getsize(one) if os.path.exists(one) else 0 for one in (path, f"{path}-wal"))
    return Inspection(path, size, log_size, version, mode, problems)


def try_write(url: str, *, busy_seconds: float) -> None:
    """Write into the ledger at ``url`` and take it back; raises LedgerError, LedgerBusy or DiskFull."""
    if is_shared(url):
        from gateway.ledger import postgresql_inspection  # as above

        postgresql_inspection.try_write(url, busy_seconds=busy_seconds)
        return
    with _opened(database_path(url), busy_seconds) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute("CREATE TABLE trial_of_the_doctor (text)")
            connection.execute("INSERT INTO trial_of_the_doctor VALUES (?)", ("taken back",))
        finally:
            if connection.in_transaction:  # a full disk ends it by itself
                connection.execute("ROLLBACK")


@contextmanager
def _opened(path: str, busy_seconds: float) -> Iterator[sqlite3.Connection]:
    uri = f"file:{quote_from_bytes(os.fsencode(path))}?mode=rw"  # never made; read only where it must be
    with explained(path):
        connection = sqlite3.connect(uri, uri=True, timeout=busy_seconds, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()


def _version(connection: sqlite3.Connection) -> int:
    tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchall()
    if not tables:
        return 0
    return int(connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] or 0)


def _problems(connection: sqlite3.Connection, deadline: float) -> tuple[str, ...] | None:
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
        broken = connection.execute("PRAGMA foreign_key_check").fetchmany(20)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return (*found, *(f"{row[0]}: row {row[1]} refers to nothing in {row[2]}" for row in broken))
