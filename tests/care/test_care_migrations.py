"""A ledger of version 1, with rows, becomes one of the present version: whole, or not at all."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection

from gateway.errors import DiskFull
from gateway.ledger import attempts, audit, deliveries, migrations, record_keys, streams, transfers
from gateway.ledger.backup import inspect
from gateway.ledger.copying import sqlite_url
from gateway.ledger.engine import open_ledger
from gateway.model import State
from tests.care.old_ledger import old_ledger
from tests.ledger.test_ledger_migrations import schema

#: Opens a ledger, and is killed as a step is through and not yet committed.
_KILLED = """
import os, signal, sys
from gateway.ledger import engine, migrations
from gateway.ledger.copying import sqlite_url
def last(connection, where, **options):
    migrate(connection, where, **options)
    os.kill(os.getpid(), signal.SIGKILL)
migrate, migrations.migrate = migrations.migrate, last
engine.open_ledger(sqlite_url(sys.argv[1]))
"""
_OPENS = """
import sys
from gateway.ledger.copying import sqlite_url
from gateway.ledger.engine import open_ledger
open_ledger(sqlite_url(sys.argv[1])).close()
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a ledger of version 1 with five transfers in all that belongs to them."""
    path = tmp_path / "ledger" / "gateway.db"
    path.parent.mkdir()
    old_ledger(path)
    return path


def _version(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT max(version) FROM schema_version").fetchone()[0]
    connection.close()
    return int(found)


def _backups(path: Path) -> list[Path]:
    return sorted(one for one in path.parent.glob("gateway.db.before-version-*") if one.suffix != ".sha256")


def test_the_rows_of_version_1_are_those_of_the_present_version(old: Path) -> None:
    """After an upgrade every transfer, attempt, delivery, key, stream and audit entry shall be there."""
    ledger = open_ledger(sqlite_url(str(old)))
    with ledger.read() as connection:
        assert migrations.version_of(connection) == migrations.VERSION
        rows = transfers.search(connection, limit=None)
        states = sorted(row.state.value for row in rows)
        assert states == ["duplicate", "failed", "held", "processed", "processed"]
        done = [row for row in rows if row.state is State.PROCESSED]
        assert len(attempts.of(connection, [row.id for row in rows])) == 5
        assert len(deliveries.of(connection, [row.id for row in done])) == 2
        assert streams.every(connection)[0].state["missing"]
        assert audit.verify(connection).ok
        kept = [str(key) for (key,) in connection.exec_driver_sql("SELECT key FROM record_keys")]
        assert len(record_keys.seen(connection, "confirmations", kept)) == 6
    assert ledger.integrity() == []
    ledger.close()


def test_the_old_ledger_is_kept_before_its_tables_are_changed(old: Path) -> None:
    """An upgrade shall leave a backup of the old version, and say in its name before which one it was."""
    before = schema(old)
    open_ledger(sqlite_url(str(old))).close()
    open_ledger(sqlite_url(str(old))).close()
    (backup,) = _backups(old)
    assert backup.name.startswith(f"gateway.db.before-version-{migrations.VERSION}-")
    assert (inspect(str(backup)).version, inspect(str(backup)).transfers) == (1, 5)
    assert schema(backup) == before


@pytest.mark.slow
def test_a_killed_upgrade_is_made_once_more(old: Path) -> None:
    """A process that is killed in the middle of an upgrade shall leave the old version, whole."""
    done = subprocess.run([sys.executable, "-c", _KILLED, str(old)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert _version(old) == 1
    open_ledger(sqlite_url(str(old))).close()
    assert _version(old) == migrations.VERSION
    assert len(_backups(old)) == 2


@pytest.mark.slow
def test_two_processes_upgrade_once(old: Path) -> None:
    """Of two processes that open an old ledger at once one shall upgrade it, and both shall go on."""
    both = [subprocess.Popen([sys.executable, "-c", _OPENS, str(old)]) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert _version(old) == migrations.VERSION
    assert len(_backups(old)) == 1


def test_an_upgrade_without_room_leaves_the_old_version(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk fills up in the middle, the ledger shall stay what it was, and say so."""
    limited = migrations.STEPS[2]

    def full(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")
        limited(connection)

    defaults = migrations.migrate.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "steps", {2: full})
    with pytest.raises(DiskFull):
        open_ledger(sqlite_url(str(old)))
    monkeypatch.undo()
    assert _version(old) == 1
    open_ledger(sqlite_url(str(old))).close()
    assert _version(old) == migrations.VERSION
