"""Turns what SQLite says into an error that names who must act, and how."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.errors import DiskFull, GatewayError, LedgerBusy, LedgerDamaged, LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUSY_HINT = (
    "Another gateway process holds the ledger. Nothing was changed: wait until it is done and try again; "
    "if none should be running, look for it with `fuser` on the ledger file"
)
_DAMAGED_HINT = (
    "Stop the gateway and keep a copy of the ledger directory; then `gateway ledger restore FILE` with the "
    "newest backup, or `gateway ledger rebuild` where there is none. Files and manifests are not affected"
)
_HINTS = {
    sqlite3.SQLITE_CORRUPT: ("The ledger file is damaged", _DAMAGED_HINT),
    sqlite3.SQLITE_NOTADB: ("The ledger file is not a database", _DAMAGED_HINT),
    sqlite3.SQLITE_READONLY: (
        "The ledger cannot be written",
        "Check owner and permissions of the ledger directory and all files in it",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The ledger cannot be opened",
        "Check that the ledger directory exists and that this user may write in it",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk under the ledger reports an error",
        "Check the file system and the system log before the gateway runs again",
    ),
}


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Raise LedgerBusy, DiskFull or LedgerError for what the database raises in the block."""
    try:
        yield
    except DBAPIError as error:
        raise _explain(error.orig or error, where) from error
    except sqlite3.Error as error:
        raise _explain(error, where) from error
    except PoolTimeout as error:
        raise LedgerBusy(where=where, hint="All connections of this process are in use") from error
    except SQLAlchemyError as error:
        raise LedgerError(where=where, cause=error) from error


def _explain(error: BaseException, where: str) -> GatewayError:
    code = getattr(error, "sqlite_errorcode", 0)
    primary = code & 0xFF  # the upper bits of an extended code only say how it came to it
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LedgerBusy(where=where, hint=_BUSY_HINT)
    # The shared memory file beside the ledger could not grow: the same cause by another name.
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return DiskFull(
            "No space is left for the ledger",
            where=where,
            hint="Free space on the ledger's file system; the transaction was rolled back",
        )
    message, hint = _HINTS.get(primary, (None, None))
    kind = LedgerDamaged if hint is _DAMAGED_HINT else LedgerError
    return kind(message, where=where, cause=error, hint=hint)
