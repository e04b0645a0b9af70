"""The ledger in a file: SQLite, for a site that one node works on.

Write-ahead log, `synchronous=FULL` (a commit that returned survives a power cut), foreign keys
checked, and one writer at a time (`BEGIN IMMEDIATE`: a transaction never finds out halfway that it
may not write).
"""

from __future__ import annotations

import functools
import os
import sqlite3
import time
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, create_pool_from_url, event
from sqlalchemy.util import LRUCache

from gateway.errors import LedgerError
from gateway.ledger.failures import explained
from gateway.ledger.sqlite_log import log_of, write_again

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.pool import ConnectionPoolEntry

_PREFIX = "sqlite:///"
_SETTINGS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    f"PRAGMA cache_size=-{64 * 1024}",  # KiB
    f"PRAGMA journal_size_limit={64 * 1024 * 1024}",
)

#: Statements as they were compiled: reader and writer, and all ledgers of a process, say the same ones.
_COMPILED: LRUCache[Any, Any] = LRUCache(1000)


def default_url(site_directory: Path) -> str:
    """Return the URL of a site's own ledger, the SQLite file ``ledger/gateway.db``."""
    path = os.path.join(site_directory, "ledger", "gateway.db")
    return _PREFIX + quote_from_bytes(os.fsencode(path))


def database_path(url: str) -> str:
    """Return the file behind ``url``; names that are not UTF-8 are percent-encoded bytes in it.

    Raises LedgerError for any other kind of ledger.
    """
    if not url.startswith(_PREFIX) or len(url) == len(_PREFIX):
        raise LedgerError(
            "This kind of ledger is not supported",
            where=url.partition(":")[0],  # never the rest: it may carry a password
            hint=f"Write {_PREFIX}/absolute/path/gateway.db or postgresql://user@host/database",
        )
    return os.path.abspath(os.fsdecode(unquote_to_bytes(os.fsencode(url[len(_PREFIX) :]))))


class SqliteFile:
    """One SQLite file; see `database.Database`."""

    is_shared = False
    written = None  # it is one file: nothing takes over for it

    def __init__(self, url: str, busy_seconds: float, *, create: bool) -> None:
        """Find the file behind ``url``; with ``create`` its directory is made.

        Raises LedgerError where there is none.
        """
        self.place = database_path(url)
        if create:
            _make_directory(self.place)
        elif not os.path.isfile(self.place):
            raise LedgerError(
                "There is no ledger",
                where=self.place,
                hint="`gateway ledger restore FILE` puts a backup there, `gateway ledger rebuild` makes one "
                "from the archive; a new site is made with `gateway init`",
            )
        self._busy_seconds = busy_seconds
        self._file: tuple[int, int] | None = None  #: which file it is, once it is ready
        #: whether pages may stand in the log that are not on the disk; to be asked before a connection
        self._is_doubtful = os.path.exists(log_of(self.place))
        self._writer = _engine_of(self.place, busy_seconds, "BEGIN IMMEDIATE", _SETTINGS)
        # A reader that tries to write is a mistake in the program: the database refuses it.
        reader = (*_SETTINGS, "PRAGMA query_only=ON")
        self._reader = _engine_of(self.place, busy_seconds, "BEGIN", reader)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction under the file's write lock."""
        with explained(self.place), self._writer.begin() as connection:
            self._demand_same_file()
            if self._is_doubtful:
                write_again(log_of(self.place))
                self._is_doubtful = False
            yield connection
            if not _driver(connection).in_transaction:
                # SQLite gave the transaction up (a full disk) and the block went on regardless.
                raise LedgerError("The transaction was lost before its end", where=self.place)

    def _demand_same_file(self) -> None:
        """Raise LedgerError where the file that is open stands at its place no more.

        SQLite would go on writing to it, and nobody would ever find there what was done meanwhile.
        """
        if self._file is not None and _identity(self.place) != self._file:
            raise LedgerError(
                "The ledger's file was removed or replaced while it was in use",
                where=self.place,
                hint="Stop the gateway. Put the file back with its log, or call `gateway ledger restore FILE`"
                " or `gateway ledger rebuild`: what was delivered since is taken over from the archive",
            )

    def noting(self) -> AbstractContextManager[Connection]:
        """Give a transaction like every other that writes: here there is but one writer."""
        return self.writing()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one view of the file."""
        with explained(self.place), self._reader.begin() as connection:
            # SQLite takes the snapshot at the first read, not at BEGIN.
            _driver(connection).execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
            yield connection

    def make_ready(self, *, create: bool) -> None:  # noqa: ARG002 - the directory was made before the engine
        """Set the journal mode."""
        with explained(self.place):
            _write_ahead(self._writer, self.place, self._busy_seconds)
        self._file = _identity(self.place)

    def unsound(self, connection: Connection) -> list[str]:
        """Return what SQLite finds wrong with the file's structure."""
        rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        found = [str(row) for row in rows if row != "ok"]
        return found + [f"{row[0]}: row {row[1]} refers to nothing in {row[2]}" for row in broken]

    def obstacle(self) -> str | None:
        """Return whether this account may not write the file or beside it."""
        may = os.access(self.place, os.W_OK) and os.access(os.path.dirname(self.place), os.W_OK)
        return None if may else f"{self.place} is not writable for this account"

    def close(self) -> None:
        """Close every connection; the last one to close folds the write-ahead log into the file."""
        self._reader.dispose()
        self._writer.dispose()


def _make_directory(path: str) -> None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise LedgerError("The ledger's directory cannot be made", where=path, cause=error) from error


def _engine_of(path: str, busy_seconds: float, begin: str, settings: tuple[str, ...]) -> Engine:
    """Return the engine of a file: the same one in a process, as it remembers how statements are compiled.

    A file that was put in place of another one is another file, and gets no connection to the old one.
    """
    identity = _identity(path)
    if identity is None:
        return _engine(path, busy_seconds, begin, settings)
    return _engine_again(path, identity, busy_seconds, begin, settings)


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells the file at ``path`` from any other; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


@functools.lru_cache(maxsize=32)
def _engine_again(
    path: str,
    _file: tuple[int, int],
    busy_seconds: float,
    begin: str,
    settings: tuple[str, ...],
) -> Engine:
    return _engine(path, busy_seconds, begin, settings)


def _engine(path: str, busy_seconds: float, begin: str, settings: tuple[str, ...]) -> Engine:
    def connect() -> sqlite3.Connection:
        # The driver must not open transactions by itself: the ledger says how each one begins.
        return sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)

    url = URL.create("sqlite", database=path)
    # threads are bounded by routes and destinations: none of them waits for a reader
    pool = create_pool_from_url(url, creator=connect, max_overflow=-1)
    engine = Engine(pool, _dialect(), url)
    engine.update_execution_options(compiled_cache=_COMPILED)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        for statement in settings:
            connection.execute(statement)

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        # of the driver itself: what is asked of the library takes longer than most transactions
        _driver(connection).execute(begin)

    return engine


@functools.cache
def _dialect() -> Dialect:
    """Return the one dialect of this process: statements are compiled for it once, whatever the file."""
    engine = create_engine("sqlite://")
    with engine.connect():
        return engine.dialect


def _write_ahead(engine: Engine, path: str, busy_seconds: float) -> None:
    """Switch the file to write-ahead logging, which it then remembers."""
    deadline = time.monotonic() + busy_seconds
    raw = engine.raw_connection()
    driver = raw.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - narrows the type for the checker
    try:
        while (mode := _journal_mode(driver, deadline)) == "retry":
            time.sleep(0.01)
    finally:
        raw.close()
    if mode != "wal":
        raise LedgerError(
            f"The ledger's file system does not allow write-ahead logging (journal mode {mode})",
            where=path,
            hint="Put the ledger on a local disk, not on a network share",
        )


def _journal_mode(driver: sqlite3.Connection, deadline: float) -> str:
    try:
        mode = driver.execute("PRAGMA journal_mode").fetchone()[0]
        return str(mode if mode == "wal" else driver.execute("PRAGMA journal_mode=WAL").fetchone()[0])
    except sqlite3.OperationalError as error:
        # Two processes that create the ledger at once: SQLite does not wait here by itself.
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY and time.monotonic() < deadline:
            return "retry"
        raise


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - narrows the type for the checker
    return driver
