"""A process that works with the ledger keeps the locks by which every other one knows that it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gateway.pipeline import run_routes
from tests.pipeline.plant import Plant

#: What any command does: it looks, and the last one to close the file removes its log.
_LOOK = """\
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM audit WHERE action = 'processed'").fetchone()[0])
connection.close()
"""


def _seen_from_outside(ledger: Path) -> int:
    command = [sys.executable, "-c", _LOOK, str(ledger)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_a_command_that_ends_leaves_the_log_of_a_working_gateway_alone(tmp_path: Path) -> None:
    """The gateway shall keep what it committed although another process looked at the ledger meanwhile."""
    plant = Plant.build(tmp_path / "site")
    ledger = plant.directory / "ledger" / "gateway.db"
    with plant.working() as context:
        assert _seen_from_outside(ledger) == 0
        assert ledger.with_name("gateway.db-wal").exists(), "the log was removed under a working gateway"
        plant.drop_confirmation(1)
        run_routes(context)
        assert _seen_from_outside(ledger) == 1
