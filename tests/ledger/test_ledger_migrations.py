"""Versions of the ledger's tables."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect

from gateway.errors import LedgerError, LedgerVersion
from gateway.ledger import migrations
from gateway.ledger.engine import default_url, open_ledger
from tests.ledger.ledger_samples import new_ledger

_FROZEN = Path(__file__).parent / "schema_v1.sql"


def schema(path: Path) -> str:
    """Return what SQLite says the tables and indexes of a file are."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
        return "".join(f"{' '.join(row[0].split())};\n" for row in rows)


def test_an_older_ledger_becomes_what_a_new_one_is(tmp_path: Path) -> None:
    """A ledger of version 1 shall have the very tables of a new one after it was opened."""
    new_ledger(tmp_path / "new").close()
    old = tmp_path / "old" / "ledger" / "gateway.db"
    old.parent.mkdir(parents=True)
    with sqlite3.connect(old) as connection:
        statements = _FROZEN.read_text().split(";\n")
        for statement in sorted(statements, key=lambda one: not one.startswith("CREATE TABLE")):
            connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (1, '2026-11-01T00:00:00.000000Z', '0.1.0')")
    connection.close()
    open_ledger(default_url(tmp_path / "old")).close()
    assert schema(old) == schema(tmp_path / "new" / "ledger" / "gateway.db")


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    """An empty file is made a ledger when asked to, and only then."""
    path = tmp_path / "ledger" / "gateway.db"
    path.parent.mkdir()
    path.touch()
    with pytest.raises(LedgerError, match="The ledger is empty"):
        open_ledger(default_url(tmp_path))
    ledger = open_ledger(default_url(tmp_path), create=True)
    with ledger.read() as connection:
        assert migrations.version_of(connection) == migrations.VERSION


def test_a_strange_database_is_left_alone(tmp_path: Path) -> None:
    """A database of another program is refused and not touched."""
    path = tmp_path / "ledger" / "gateway.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
    connection.close()
    with pytest.raises(LedgerError, match=r"not a ledger.*invoices"):
        open_ledger(default_url(tmp_path), create=True)


def _second(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE transfers ADD COLUMN weight TEXT")


def _third(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE pallets (id TEXT)")


def _failing(connection: Connection) -> None:
    _third(connection)
    raise ZeroDivisionError


def test_steps_are_taken_in_order(tmp_path: Path) -> None:
    """An older ledger goes through every step once, and each is stamped."""
    ledger = new_ledger(tmp_path)
    steps = {3: _second, 4: _third}
    with ledger.write() as connection:
        assert migrations.migrate(connection, "x", create=False, steps=steps, newest=4) == 2
    with ledger.write() as connection:
        assert migrations.migrate(connection, "x", create=False, steps=steps, newest=4) == 4
    with ledger.read() as connection:
        assert inspect(connection).has_table("pallets")
        assert migrations.version_of(connection) == 4
    with pytest.raises(LedgerVersion):
        open_ledger(default_url(tmp_path))


def test_a_failed_step_changes_nothing(tmp_path: Path) -> None:
    """If a step fails, the ledger stays at the version it had, with every table as before."""
    ledger = new_ledger(tmp_path)
    before = schema(tmp_path / "ledger" / "gateway.db")
    with pytest.raises(ZeroDivisionError), ledger.write() as connection:
        migrations.migrate(connection, "x", create=False, steps={3: _second, 4: _failing}, newest=4)
    ledger.close()
    assert schema(tmp_path / "ledger" / "gateway.db") == before
    open_ledger(default_url(tmp_path)).close()
