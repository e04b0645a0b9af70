"""Bringing a ledger to the present version, step by step, in one transaction under the write lock.

A new ledger gets the tables of `tables.py` at once. An older one goes through `STEPS`, each of
which leads from the version before it; a released step never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, inspect, select

from gateway import __version__
from gateway.errors import LedgerError, LedgerVersion
from gateway.ledger.tables import metadata, schema_version
from gateway.ledger.version_2 import to_version_2

#: The version this gateway writes.
VERSION = 2

Step = Callable[[Connection], None]

#: What to do to get from the version before to the version of the key.
STEPS: Mapping[int, Step] = {2: to_version_2}


def version_of(connection: Connection) -> int:
    """Return the version of the ledger behind ``connection``; 0 if it has no tables of ours."""
    if not inspect(connection).has_table(schema_version.name):
        return 0
    return connection.execute(select(func.max(schema_version.c.version))).scalar() or 0


def refuse_newer(found: int, where: str, newest: int = VERSION) -> None:
    """Raise LedgerVersion if the ledger was ``found`` at a version that this gateway does not know."""
    if found > newest:
        raise LedgerVersion(
            f"The ledger has version {found}; this gateway knows versions up to {newest}",
            where=where,
            hint="Install the gateway version that wrote it, or a newer one; never go back to an older one",
        )


def migrate(
    connection: Connection,
    where: str,
    *,
    create: bool,
    steps: Mapping[int, Step] = STEPS,
    newest: int = VERSION,
) -> int:
    """Bring the ledger to version ``newest`` and return the version it had.

    An empty file becomes a ledger only with ``create``. The caller's transaction makes it all or
    nothing. Raises LedgerError for a file that is empty or not a ledger, LedgerVersion for a newer one.
    """
    # Read again under the write lock: another process may have done it meanwhile.
    found = version_of(connection)
    refuse_newer(found, where, newest)
    if found == 0:
        _create(connection, where, create)
        _stamp(connection, newest)
    for version in range(found + 1, newest + 1) if found else ():
        steps[version](connection)
        _stamp(connection, version)
    return found


def _create(connection: Connection, where: str, allowed: bool) -> None:
    strangers = inspect(connection).get_table_names()
    if strangers:
        raise LedgerError(
            "This is a database, but not a ledger",
            where=where,
            hint=f"It holds {', '.join(sorted(strangers)[:5])}; name another file or schema in `ledger`",
        )
    if not allowed:
        raise LedgerError("The ledger is empty", where=where, hint="Make the site with `gateway init`")
    metadata.create_all(connection)


def _stamp(connection: Connection, version: int) -> None:
    row = {"version": version, "applied_at": datetime.now(UTC), "gateway_version": __version__}
    connection.execute(insert(schema_version), row)
