"""A ledger on PostgreSQL for tests that are written for any ledger: emptied for each, never made anew."""

from __future__ import annotations

from pathlib import Path

from gateway.ledger.engine import Ledger, open_ledger
from gateway.ledger.tables import metadata, schema_version
from tests.postgres.server import PostgresServer


class EmptiedLedger:
    """One ledger on ``server`` that each test is given empty, as `new_ledger` gives a new file."""

    def __init__(self, server: PostgresServer) -> None:
        """Make the ledger."""
        self.url = server.create_database()
        open_ledger(self.url, create=True).close()
        self._given_to: Path | None = None

    def give(self, site: Path) -> Ledger:
        """Return the ledger; empty, unless the same ``site`` was given it last."""
        ledger = open_ledger(self.url)
        if self._given_to != site:
            self._given_to = site
            tables = ", ".join(name for name in metadata.tables if name != schema_version.name)
            with ledger.write() as connection:
                connection.exec_driver_sql(f"TRUNCATE {tables}")
        return ledger
