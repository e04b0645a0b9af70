"""`gateway ledger backup` and `check`: one whole file from a ledger at work."""

from __future__ import annotations

import hashlib
import subprocess
import threading
from pathlib import Path

import pytest

from gateway.errors import BackupInvalid, CustodyError, DiskFull, FileMissing, NameTaken
from gateway.ledger import audit, transfers
from gateway.ledger.backup import inspect, write_backup
from gateway.operations.ledger_care.backing_up import back_up, broken_trail
from gateway.operations.ledger_care.checking import check_ledger
from tests.care.sites import copied, three_files
from tests.pipeline.plant import Plant


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a site that has processed three files."""
    made = copied(three_files, tmp_path)
    for file in tmp_path.glob("backup.db*"):
        file.unlink()
    return made


def test_a_backup_holds_all_that_the_ledger_holds(plant: Plant, tmp_path: Path) -> None:
    """A backup shall be one file with every transfer and audit entry, and its digest beside it."""
    target = tmp_path / "läger \udcff backup.db"
    with plant.opened() as context:
        made = back_up(context, target)
        with context.ledger.read() as connection:
            newest = audit.read(connection, limit=1)[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, f"{target.name}.sha256", "site"]
    subprocess.run(["sha256sum", "-c", "--strict", f"{target.name}.sha256"], cwd=tmp_path, check=True)
    again = inspect(str(target))
    assert again == made
    assert (again.transfers, again.head.count) == (3, newest.sequence - 1)
    assert newest.entry.action == "ledger-backed-up"
    assert newest.entry.new is not None
    assert newest.entry.new["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    plant.demand_proof()


def test_a_backup_that_cannot_be_restored_is_told(plant: Plant, tmp_path: Path) -> None:
    """A backup of a ledger whose audit trail is broken shall be written, and what is broken be told."""
    with plant.opened() as context:
        whole = back_up(context, tmp_path / "whole.db")
        with context.ledger.write() as connection:
            connection.exec_driver_sql("UPDATE audit SET actor = 'x' WHERE sequence = 2")
        broken = back_up(context, tmp_path / "broken.db")
    assert broken_trail(whole.path) is None
    assert (broken_trail(broken.path) or "").startswith("audit-altered: ")


def test_a_backup_replaces_nothing(plant: Plant, tmp_path: Path) -> None:
    """A backup shall never overwrite a file, and a refused one shall leave nothing."""
    target = tmp_path / "backup.db"
    target.write_text("precious")
    with plant.opened() as context:
        with pytest.raises(NameTaken):
            back_up(context, target)
        with pytest.raises(FileMissing):
            back_up(context, tmp_path / "nowhere" / "backup.db")
    assert target.read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir() if path.name != "site"] == ["backup.db"]


def test_a_backup_that_is_not_put_on_record_is_none(plant: Plant, tmp_path: Path) -> None:
    """Where its audit entry cannot be written, no file with the name of a backup shall stand."""

    def refuse(_made: object) -> None:
        raise DiskFull("no room for the entry")

    with plant.opened() as context, pytest.raises(CustodyError):
        write_backup(context.ledger.read, str(tmp_path / "backup.db"), None, refuse)
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_backup_is_one_state_whatever_is_written_meanwhile(plant: Plant, tmp_path: Path) -> None:
    """A backup taken while passes go on shall hold a whole trail and the transfers of one moment."""
    stop = threading.Event()

    def work() -> None:
        control = 10
        while not stop.is_set():
            plant.drop_confirmation(control)
            plant.run()
            control += 1

    worker = threading.Thread(target=work)
    worker.start()
    try:
        with plant.opened() as context:
            backups = [back_up(context, tmp_path / f"backup-{number}.db") for number in range(3)]
    finally:
        stop.set()
        worker.join()
    for made in backups:
        assert inspect(made.path) == made
    assert [one.head.count for one in backups] == sorted(one.head.count for one in backups)


@pytest.mark.parametrize("harm", ["cut", "page", "digest", "text", "empty"])
def test_a_damaged_backup_is_refused(plant: Plant, tmp_path: Path, harm: str) -> None:
    """A backup that is not whole and sound shall be called so, whatever became of it."""
    target = tmp_path / "backup.db"
    with plant.opened() as context:
        back_up(context, target)
    data = bytearray(target.read_bytes())
    if harm == "cut":
        del data[len(data) // 2 :]
    elif harm == "page":
        data[4096 * 2 + 5 : 4096 * 2 + 3000] = b"\xff" * 2995
    elif harm == "text":
        data[:] = b"no ledger at all, but a text of some length" * 100
    elif harm == "empty":
        data.clear()
    else:
        data[-1] ^= 1
    target.write_bytes(data)
    if harm != "digest":
        target.with_name("backup.db.sha256").unlink()
    with pytest.raises(BackupInvalid):
        inspect(str(target))


def test_check_says_what_is_damaged(plant: Plant) -> None:
    """The check shall find nothing in a sound ledger, and name the damage in one that is not."""
    assert check_ledger(plant.directory).problems == ()
    with plant.opened() as context, context.ledger.read() as connection:
        assert transfers.count(connection) == 3
    file = plant.directory / "ledger" / "gateway.db"
    data = bytearray(file.read_bytes())
    data[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    file.write_bytes(data)
    assert check_ledger(plant.directory).problems
