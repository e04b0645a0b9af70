"""Copying a whole ledger into an empty SQLite file, from one snapshot and while others write.

From SQLite its own online backup copies the pages as they are. From any other database the rows go
over table by table, inside one transaction that sees one state.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import quote_from_bytes

from sqlalchemy import Connection, create_engine, delete, event, func, insert, select

from gateway.errors import LedgerError
from gateway.ledger.failures import explained
from gateway.ledger.tables import metadata

#: What gives one unchanging view of a ledger: `Ledger.read`.
Snapshot = Callable[[], AbstractContextManager[Connection]]

#: Told how much is done, and of how much: pages or rows.
Progress = Callable[[int, int], None]

_PAGES = 4096
_ROWS = 5000


def sqlite_url(path: str) -> str:
    """Return the URL of the SQLite ledger in the file ``path``, whatever bytes its name has."""
    return "sqlite:///" + quote_from_bytes(os.fsencode(os.path.abspath(path)))


def copy_into(snapshot: Snapshot, path: str, progress: Progress | None = None) -> None:
    """Copy everything that ``snapshot`` shows into the new file ``path``; it is not synced yet.

    Raises LedgerError where the ledger cannot be read or the file cannot be written; what was written
    is left for the caller to remove.
    """
    with snapshot() as source:
        driver = source.connection.dbapi_connection
        if isinstance(driver, sqlite3.Connection):
            _copy_pages(driver, path, progress)
        else:
            with _new_file(path) as target:
                metadata.create_all(target)
                copy_rows(source, target, progress)


def _copy_pages(source: sqlite3.Connection, path: str, progress: Progress | None) -> None:
    def tell(_status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    with explained(path), contextlib.closing(sqlite3.connect(path)) as target:
        # the snapshot of `source` is open: however long this takes, what others write is not in it
        source.backup(target, pages=_PAGES, progress=tell)
        # one file alone: nothing of a backup may stand in a log beside it
        mode = target.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    if mode != "delete":
        raise LedgerError(f"The copy stays in journal mode {mode}", where=path)


@contextlib.contextmanager
def _new_file(path: str) -> Iterator[Connection]:
    """Give one transaction on the new SQLite file ``path``."""
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(path, isolation_level=None))

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with explained(path), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def copy_rows(source: Connection, target: Connection, progress: Progress | None = None) -> None:
    """Copy the rows of every table into the same, empty tables of ``target``, in its transaction."""
    tables = metadata.sorted_tables
    total = sum(source.execute(select(func.count()).select_from(table)).scalar() or 0 for table in tables)
    done = 0
    for table in tables:
        rows = (
            source.execution_options(stream_results=True, yield_per=_ROWS).execute(select(table)).mappings()
        )
        for part in rows.partitions(_ROWS):
            target.execute(insert(table), [dict(row) for row in part])
            done += len(part)
            if progress is not None:
                progress(done, total)


def replace_rows(source: Connection, target: Connection, progress: Progress | None = None) -> None:
    """Put the rows of ``source`` in place of all that ``target`` has, in its transaction."""
    for table in reversed(metadata.sorted_tables):
        target.execute(delete(table))
    copy_rows(source, target, progress)
