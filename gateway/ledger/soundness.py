"""What a start can afford to ask of the ledger's file: is it whole?

Always its size against its own header. All of its structure where the last process did not close it
(its log still lies beside it) and once a day: that reads the whole file, and so a file of many years is
left to `gateway ledger check`. The check says the same as that one, but for the indexes, whose every entry
only that one compares with its row.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING

from gateway.custody.refusals import refusal, shown
from gateway.errors import LedgerDamaged
from gateway.ledger.failures import explained

if TYPE_CHECKING:
    from gateway.ledger.engine import Ledger

#: After which the structure is looked at again, however the file was closed.
EVERY_SECONDS = 24 * 3600.0
#: A larger file is not read through at a start: from a slow disk that takes many minutes.
MOST_BYTES = 4 * 1024**3
_ADVICE = (
    "Keep a copy of the ledger directory; then `gateway ledger restore FILE` with the newest backup, or "
    "`gateway ledger rebuild` where there is none. Files and manifests are not affected"
)


def demand_sound(ledger: Ledger) -> None:
    """Raise LedgerDamaged where the ledger's file is not whole; a ledger on a server looks after itself."""
    if ledger.is_shared:
        return
    _demand_length(ledger.path)
    stamp = f"{ledger.path}.checked"
    if (ledger.was_left_open or not _is_fresh(stamp)) and _size(ledger.path) <= MOST_BYTES:
        _demand_structure(ledger.path)
        with contextlib.suppress(OSError), open(stamp, "wb"):  # only spares the next start the look
            pass


def _is_fresh(stamp: str) -> bool:
    try:
        age = time.time() - os.stat(stamp).st_mtime
    except OSError:
        return False
    return 0 <= age < EVERY_SECONDS


def _demand_length(path: str) -> None:
    """Compare the file's size with what its first page says; pages may still stand in the log only.

    Asked of SQLite, and never read by opening the file here: to close it again would take away the locks by
    which SQLite knows that this process uses the ledger (POSIX keeps them for the process, not the
    descriptor), and the next command to end would remove the log that this process goes on writing to.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
            page, pages = (
                connection.execute(f"PRAGMA {one}").fetchone()[0] for one in ("page_size", "page_count")
            )
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return  # busy or unreadable: whoever uses it next says so
        is_none = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_NOTADB
        what = "is not a database" if is_none else "is cut off or damaged"
        raise LedgerDamaged(f"The ledger file {what}", where=shown(path), hint=_ADVICE) from error
    size = _size(path)
    if size < page * pages and not _has_log(path):
        missing = page * pages - size
        raise LedgerDamaged(f"The ledger file is cut off: {missing:,} bytes", where=shown(path), hint=_ADVICE)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError as error:
        raise refusal(error, "look at the ledger", path) from error


def _has_log(path: str) -> bool:
    with contextlib.suppress(OSError):
        return os.stat(f"{path}-wal").st_size > 0
    return False


def _demand_structure(path: str) -> None:
    with explained(path), contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("PRAGMA query_only=ON")
        rows = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    if rows != ["ok"]:
        raise LedgerDamaged(f"The ledger file is damaged: {'; '.join(rows)}", where=shown(path), hint=_ADVICE)
