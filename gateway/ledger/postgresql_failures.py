"""Turns what PostgreSQL says, by its SQLSTATE, into an error that says what to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.errors import DiskFull, GatewayError, LedgerBusy, LedgerDamaged, LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

_AGAIN = "It is tried again with the next pass"
_AWAY = (
    "The ledger's server cannot be reached",
    "Check that PostgreSQL runs and that this machine reaches it; the gateway goes on when it is back",
)
_LOGIN = (
    "The ledger's server does not let the gateway in",
    "Check user, password and pg_hba.conf; `psql` with the same address shows the same error",
)
_DAMAGED_HINT = (
    "Stop the gateway on all nodes, keep a copy of the server's data, and restore the last backup; "
    "files and manifests on disk are not affected"
)
_UNKNOWN_HINT = (
    "Nothing is lost: the next pass reads from the ledger what is so, and goes on from there. "
    "If this comes often, look at the network and at the server's log"
)

#: By SQLSTATE or its class (the first two characters): error, message, what to do.
_KNOWN: dict[str, tuple[type[LedgerError | DiskFull], str, str]] = {
    "55P03": (
        LedgerBusy,
        "Another node or command has been writing to the ledger for too long",
        f"Nothing was changed. {_AGAIN}; on the server, pg_stat_activity shows who it is",
    ),
    "40": (LedgerBusy, "The ledger's server undid the transaction for another one", _AGAIN),
    "57014": (LedgerBusy, "The ledger's server stopped a statement", f"Look at the server's log. {_AGAIN}"),
    "53100": (
        DiskFull,
        "No space is left for the ledger on its server",
        "Free space on the server's file system; the transaction was rolled back",
    ),
    "53300": (
        LedgerBusy,
        "The ledger's server has no connection left",
        f"Raise max_connections on the server, or stop what else uses them. {_AGAIN}",
    ),
    "53": (LedgerError, "The ledger's server lacks what it needs", "Look at the server's log"),
    "25006": (
        LedgerError,
        "The ledger cannot be written: its server, or this connection, is read-only",
        "After a failover name the new primary, or all servers with ?target_session_attrs=read-write",
    ),
    "25P02": (LedgerError, "The transaction was lost before its end", _AGAIN),
    "25P03": (
        LedgerError,
        "This gateway stood still for so long that the server ended its transaction",
        f"Nothing of it was written. {_AGAIN}",
    ),
    "28": (LedgerError, *_LOGIN),
    "3D000": (
        LedgerError,
        "The ledger's database, or the account for it, does not exist",
        "Make what is missing: `createuser NAME`, `createdb --encoding=UTF8 --template=template0 NAME`",
    ),
    "3F000": (LedgerError, "The ledger's schema does not exist", "Check `search_path` in the ledger's URL"),
    "42501": (
        LedgerError,
        "The gateway's account may not do this in the ledger's database",
        "The account needs to own the schema: `CREATE SCHEMA ... AUTHORIZATION ...`",
    ),
    "54": (LedgerError, "A value is too large for the ledger's server", "Report it with the log"),
    "08": (LedgerError, *_AWAY),
    "57P": (LedgerError, *_AWAY),
    "XX001": (LedgerDamaged, "The ledger's server reports damaged data", _DAMAGED_HINT),
    "XX002": (LedgerDamaged, "The ledger's server reports a damaged index", _DAMAGED_HINT),
    "58": (
        LedgerError,
        "The disk under the ledger's server reports an error",
        "Check the server's file system and its log before the gateway runs again",
    ),
}

#: What a server says when it lets nobody in; in another language it counts as away.
_REFUSALS = (
    ("authentication failed", "28"),
    ("no password supplied", "28"),
    ("pg_hba.conf", "28"),
    ("is not permitted to log in", "28"),
    ("permission denied for database", "28"),
    ("too many clients", "53300"),
    ("too many connections", "53300"),
    ("remaining connection slots", "53300"),
    ('" does not exist', "3D000"),
)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Raise LedgerBusy, DiskFull or LedgerError for what the driver raises in the block."""
    try:
        yield
    except DBAPIError as error:
        raise explanation(error.orig or error, where) from error
    except PoolTimeout as error:
        raise LedgerBusy(where=where, hint="All connections of this process are in use") from error
    except SQLAlchemyError as error:
        raise LedgerError(where=where, cause=error) from error


@contextmanager
def committing(where: str) -> Iterator[None]:
    """Say of a connection that breaks in the block that the transaction's end is not known."""
    try:
        yield
    except DBAPIError as error:
        if not _is_broken(error.orig or error):
            raise
        raise LedgerError(
            "The connection to the ledger's server broke during a commit: whether it took place is not known",
            where=where,
            cause=_Said(error.orig or error),
            hint=_UNKNOWN_HINT,
        ) from error


def explanation(error: BaseException, where: str) -> GatewayError:
    """Return the error that tells a person what the driver's ``error`` means."""
    state = getattr(error, "sqlstate", None) or _state_by_words(error)
    for key in (state, state[:3], state[:2]):
        if key in _KNOWN:
            kind, message, hint = _KNOWN[key]
            return kind(message, where=where, cause=_Said(error), hint=hint)
    return LedgerError(where=where, cause=_Said(error))


def _state_by_words(error: BaseException) -> str:
    """Return the SQLSTATE of a connection that was refused or broke: libpq tells it in words only."""
    said = str(error)
    found = next((state for words, state in _REFUSALS if words in said), "08")
    return found if _is_broken(error) else ""


class _Said(Exception):
    """What the driver said, on one line."""

    def __init__(self, error: BaseException) -> None:
        super().__init__("; ".join(line.strip() for line in str(error).splitlines() if line.strip()))


def _is_broken(error: BaseException) -> bool:
    """Return whether the connection is gone; then the driver has no SQLSTATE, or the server's farewell."""
    state = getattr(error, "sqlstate", None) or ""
    if state:
        return state[:2] == "08" or state[:3] == "57P" or state == "25P03"
    # By name, so that the driver need not be imported to read what it said.
    return type(error).__name__ in ("OperationalError", "ConnectionTimeout", "InterfaceError")
