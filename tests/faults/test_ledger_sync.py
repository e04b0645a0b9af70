"""What the ledger's database makes of a sync that fails: no commit, and the same pages written again."""

from __future__ import annotations

import errno
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
    syncs = {Kind.SYNC, Kind.DATASYNC}
    told.arm(Fault(Action.REFUSE, 1, 0, int(sys.argv[3])), below=site, kinds=syncs, needle="-wal")
    try:
        write(2)
        print("committed")
    except LedgerError as error:
        print(error.code)
    print(seen())
    told.arm(Fault(), below=site, kinds={Kind.WRITE, *syncs}, needle="-wal", journal=sys.argv[4])
    write(3)
    print(seen())
    os._exit(0)  # killed: nothing is folded away by a close
"""


def test_a_commit_whose_sync_failed_is_none_and_is_written_anew(tmp_path: Path) -> None:
    """A transaction whose sync failed shall be an error and unseen; the next is written and synced whole."""
    control, noted = tmp_path / "control", tmp_path / "journal"
    site = (tmp_path / "site").resolve()
    site.mkdir()
    with Control(control):
        pass
    arguments = [str(site), str(control), str(errno.EIO), str(noted)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=environment(control),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["ledger", "[1]", "[1, 3]"]
    kinds = [call.kind for call in journal(noted)]
    assert Kind.WRITE in kinds
    assert kinds[-1] in (Kind.SYNC, Kind.DATASYNC), "the pages are written before the sync that commits them"
