"""What becomes of a commit whose sync fails: it is none, and what it wrote is written again."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.faults.shim import Control, Kind, environment, journal

#: Commits once, fails to, tells what a reader sees, commits again, and tells that.
PROGRAM = """
import os, sys
from pathlib import Path
from gateway.errors import LedgerError
from gateway.ledger.engine import default_url, open_ledger
from tests.faults.shim import Action, Control, Fault, Kind

site, control = Path(sys.argv[1]), Path(sys.argv[2])
with Control(control) as told:
    ledger = open_ledger(default_url(site), create=True)
    def write(number):
        with ledger.write() as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS seen (n)")
            connection.exec_driver_sql(f"INSERT INTO seen VALUES ({number})")
    def seen():
        with ledger.read() as connection:
            return [row[0] for row in connection.exec_driver_sql("SELECT n FROM seen ORDER BY n")]
    write(1)
    Path(sys.argv[6]).write_text(str(os.stat(f"{ledger.path}-wal").st_size))
    syncs = {Kind.SYNC, Kind.DATASYNC}
    told.arm(Fault(Action.REFUSE, 1, 0, int(sys.argv[3])), below=site, kinds=syncs, needle="-wal")
    try:
        write(2)
        print("committed")
    except LedgerError as error:
        print(error.code)
    print(seen())
    told.arm(Fault(), below=site, kinds={Kind.WRITE, *syncs}, needle="-wal", journal=sys.argv[4])
    if sys.argv[5] == "go on":
        write(3)
        print(seen())
    sys.stdout.flush()
    os._exit(0)  # killed: nothing is folded away by a close
"""
#: Is started after that, and commits.
AGAIN = """
import os, sys
from pathlib import Path
from gateway.ledger.engine import default_url, open_ledger
from tests.faults.shim import Control, Fault, Kind

site = Path(sys.argv[1])
with Control(Path(sys.argv[2])) as told:
    kinds = {Kind.WRITE, Kind.SYNC, Kind.DATASYNC}
    told.arm(Fault(), below=site, kinds=kinds, needle="-wal", journal=sys.argv[3])
    with open_ledger(default_url(site)).write() as connection:
        connection.exec_driver_sql("INSERT INTO seen VALUES (3)")
    os._exit(0)
"""


def test_a_commit_whose_sync_failed_is_none_and_is_written_anew(tmp_path: Path) -> None:
    """A transaction whose sync failed shall be an error and unseen; the next is written and synced whole."""
    said = failed(tmp_path, "go on")
    assert said == ["ledger", "[1]", "[1, 3]"]
    kinds = [call.kind for call in journal(tmp_path / "journal")]
    assert Kind.WRITE in kinds
    assert kinds[-1] in (Kind.SYNC, Kind.DATASYNC), "the pages are written before the sync that commits them"


def test_what_a_failed_sync_left_behind_takes_nothing_along_in_a_power_cut(tmp_path: Path) -> None:
    """What is committed after a failed sync and a kill shall outlast that the failed pages are lost."""
    failed(tmp_path, "die")
    ledger, lost = tmp_path / "site" / "ledger", tmp_path / "lost"
    shutil.copytree(ledger, lost)
    noted = tmp_path / "again"
    run(tmp_path, AGAIN, noted)
    log = lost / "gateway.db-wal"
    # of the second transaction nothing is on the disk: its first frame stands behind the last good one
    begin = int((tmp_path / "begin").read_text())
    content = bytearray(log.read_bytes())
    content[begin:] = bytes(len(content) - begin)
    calls = list(journal(noted))
    last = max(at for at, call in enumerate(calls) if call.kind in (Kind.SYNC, Kind.DATASYNC))
    for call in calls[:last]:
        if call.kind is Kind.WRITE:
            content[call.offset : call.offset + len(call.data)] = call.data
    log.write_bytes(content)
    (lost / "gateway.db-shm").unlink()
    with sqlite3.connect(lost / "gateway.db") as base:
        assert 3 in [row[0] for row in base.execute("SELECT n FROM seen")]
    base.close()


def failed(place: Path, then: str) -> list[str]:
    """Run the program whose second commit fails, on a site in ``place``; return what it said."""
    (place / "site").mkdir()
    return run(place, PROGRAM, errno.EIO, place / "journal", then, place / "begin")


def run(place: Path, program: str, *arguments: object) -> list[str]:
    """Run a program with the library; return what it said, line by line."""
    control = place / "control"
    with Control(control):
        pass
    done = subprocess.run(
        [sys.executable, "-c", program, str((place / "site").resolve()), str(control), *map(str, arguments)],
        env=environment(control),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
