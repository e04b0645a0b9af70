"""A damaged ledger is found at the start, before anything is done by it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import AuditBroken, GatewayError, LedgerDamaged, LedgerError
from gateway.operations.ledger_care.rebuilding import rebuild
from gateway.pipeline import run_routes
from tests.care.sites import copied, twenty_files
from tests.pipeline.plant import Plant

#: Writes into the ledger, and is killed before it is closed: its log stays.
_KILLED = """
import os, signal, sys
from gateway.ledger.copying import sqlite_url
from gateway.ledger.engine import open_ledger
ledger = open_ledger(sqlite_url(sys.argv[1]))
with ledger.write() as connection:
    connection.exec_driver_sql("UPDATE transfers SET reason = 'written last'")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a site that has processed enough for a ledger of many pages."""
    return copied(twenty_files, tmp_path)


def _ledger(plant: Plant) -> Path:
    return plant.directory / "ledger" / "gateway.db"


def _killed(plant: Plant) -> None:
    """Leave the ledger as a killed process does."""
    done = subprocess.run([sys.executable, "-c", _KILLED, str(_ledger(plant))], check=False)
    assert done.returncode == -signal.SIGKILL
    assert Path(f"{_ledger(plant)}-wal").stat().st_size > 0


def _refused(plant: Plant, *kinds: type[GatewayError]) -> None:
    """Assert that nothing is done by this ledger."""
    plant.drop_confirmation(21)
    with pytest.raises(kinds):
        plant.run()
    assert len(plant.delivered()) == 20


def test_a_page_that_was_overwritten_is_found(plant: Plant) -> None:
    """A ledger with a broken page shall not be started with, once its daily look is due; a rebuild helps."""
    size = _ledger(plant).stat().st_size // 4096
    with open(_ledger(plant), "r+b") as file:
        for page in range(2, size, 5):
            file.seek(page * 4096)
            file.write(os.urandom(4096))
    Path(f"{_ledger(plant)}.checked").unlink()
    _refused(plant, LedgerDamaged)
    rebuild(plant.directory, "its disk broke")
    plant.run()
    assert len(plant.delivered()) == 21
    plant.demand_proof()


def test_a_file_that_was_cut_off_is_found(plant: Plant) -> None:
    """A ledger that lacks its end shall not be started with, however lately it was looked at."""
    os.truncate(_ledger(plant), _ledger(plant).stat().st_size // 2)
    _refused(plant, LedgerDamaged)


def test_a_file_that_is_no_ledger_is_found(plant: Plant) -> None:
    """A ledger whose beginning is gone shall be called damaged."""
    with open(_ledger(plant), "r+b") as file:
        file.write(bytes(4096))
    _refused(plant, LedgerDamaged)


def test_a_ledger_that_is_removed_in_use_is_written_no_more(plant: Plant) -> None:
    """Where its file is gone or another one, nothing shall be taken by a ledger that is still open."""
    with plant.working() as context:
        _ledger(plant).rename(_ledger(plant).with_name("moved"))
        plant.drop_confirmation(21)
        (report,) = run_routes(context)
        assert [problem.error.code for problem in report.problems] == ["ledger"]
    assert len(plant.delivered()) == 20
    _ledger(plant).with_name("moved").rename(_ledger(plant))
    plant.run()
    assert len(plant.delivered()) == 21
    plant.demand_proof()


def test_a_killed_process_costs_nothing(plant: Plant) -> None:
    """What was committed before a kill shall be there at the next start, and the ledger be sound."""
    _killed(plant)
    plant.run()
    assert {row.reason for row in plant.transfers()} == {"written last"}


@pytest.mark.slow
def test_a_log_of_another_ledger_is_found(plant: Plant, tmp_path: Path) -> None:
    """The log of a newer ledger beside an older copy shall not pass for this site's history."""
    old = tmp_path / "old.db"
    shutil.copy(_ledger(plant), old)
    for control in range(30, 40):
        plant.drop_confirmation(control, sender="MES02")
    plant.run()
    _killed(plant)
    shutil.copy(old, _ledger(plant))
    plant.drop_confirmation(21)
    with pytest.raises((LedgerDamaged, AuditBroken, LedgerError)):
        plant.run()


def test_a_log_that_is_gone_is_found(plant: Plant) -> None:
    """A ledger whose log was removed after a crash shall not deliver again what the log knew."""
    before = _ledger(plant).read_bytes()
    reader = sqlite3.connect(_ledger(plant))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM transfers").fetchall()
    plant.drop_confirmation(21)
    plant.run()  # the reader keeps what this writes in the log
    (plant.directory / "audit" / "checkpoints.jsonl").unlink()
    reader.close()
    _ledger(plant).write_bytes(before)
    for suffix in ("-wal", "-shm"):
        Path(f"{_ledger(plant)}{suffix}").unlink(missing_ok=True)
    plant.drop_confirmation(22)
    with pytest.raises(AuditBroken, match="older than the archive"):
        plant.run()
    assert len(plant.delivered()) == 21
