"""Opening the ledger, transactions, and what an operator reads when it cannot be used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.errors import DiskFull, GatewayError, LedgerBusy, LedgerError, LedgerVersion
from gateway.ledger import transfers
from gateway.ledger.engine import default_url, open_ledger
from gateway.model import State
from tests.ledger.ledger_samples import new_ledger, transfer

if TYPE_CHECKING:
    from pathlib import Path

_PRELUDE = """
import sys
from datetime import UTC, datetime
from gateway.ledger import ids, transfers
from gateway.ledger.engine import open_ledger
from gateway.model import State, Transfer
def make(name):
    now = datetime.now(UTC)
    return Transfer(ids.new_id(now), "r", "p", "m", name, State.ARRIVED, 1, 1, now, "s", "w")
ledger = open_ledger(sys.argv[1], create=True)
"""


def _process(script: str, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PRELUDE + script, url]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _end(process: subprocess.Popen[str]) -> None:
    process.communicate()


def test_committed_is_there_and_undone_is_not(tmp_path: Path) -> None:
    """What a block wrote is there after its end; what a failed block wrote is not."""
    ledger = new_ledger(tmp_path)
    kept, lost = transfer("kept.csv"), transfer("lost.csv")
    with ledger.write() as connection:
        transfers.insert(connection, [kept])
    with pytest.raises(ZeroDivisionError), ledger.write() as connection:  # noqa: PT012 - the block is a transaction
        transfers.insert(connection, [lost])
        raise ZeroDivisionError
    ledger.close()
    again = open_ledger(default_url(tmp_path))
    with again.read() as connection:
        assert transfers.get(connection, kept.id) == kept
        assert transfers.get(connection, lost.id) is None


def test_a_reader_sees_one_moment(tmp_path: Path) -> None:
    """A read block shows the ledger as it was when it began, whatever is written meanwhile."""
    ledger = new_ledger(tmp_path)
    one = transfer()
    with ledger.read() as before:
        with ledger.write() as connection:
            transfers.insert(connection, [one])
        assert transfers.get(before, one.id) is None
    with ledger.read() as after:
        assert transfers.get(after, one.id) == one


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """A read block that tries to write is refused and changes nothing."""
    ledger = new_ledger(tmp_path)
    with pytest.raises(LedgerError, match="cannot be written"), ledger.read() as connection:
        transfers.insert(connection, [transfer()])


def test_durability_settings(tmp_path: Path) -> None:
    """Every connection logs ahead, syncs fully and checks foreign keys."""
    ledger = new_ledger(tmp_path)
    for block in (ledger.write(), ledger.read()):
        with block as connection:
            settings = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "cache_size")
            ]
        assert settings == ["wal", 2, 1, -65536]


def test_another_process_holds_the_ledger(tmp_path: Path) -> None:
    """While another process writes, LedgerBusy says so with a hint; readers go on; then it works."""
    url = default_url(tmp_path)
    other = _process("with ledger.write():\n    print('locked', flush=True)\n    sys.stdin.readline()", url)
    assert _said(other) == "locked"
    ledger = open_ledger(url, busy_seconds=0.1)
    with pytest.raises(LedgerBusy, match=r"locked by another process.*wait until it is done"), ledger.write():
        pass
    with ledger.read() as connection:
        assert transfers.count_by_state(connection) == {}
    _end(other)
    with ledger.write() as connection:
        transfers.insert(connection, [transfer()])


def test_a_short_lock_is_waited_for(tmp_path: Path) -> None:
    """A writer waits for another process that holds the lock for a moment, and then writes."""
    ledger = new_ledger(tmp_path)
    script = """
print("trying", flush=True)
with ledger.write() as connection:
    transfers.insert(connection, [make("late.csv")])
print("written", flush=True)
"""
    with ledger.write() as connection:
        other = _process(script, default_url(tmp_path))
        assert _said(other) == "trying"
        transfers.insert(connection, [transfer()])
    assert _said(other) == "written"
    _end(other)


def test_a_killed_writer_leaves_whole_transactions(tmp_path: Path) -> None:
    """After kill -9 in the middle of a write the ledger is sound and has whole transactions only."""
    url = default_url(tmp_path)
    writer = _process(
        """
for number in range(10_000):
    with ledger.write() as connection:
        for part in range(10):
            transfers.insert(connection, [make(f"{number}-{part}-{row}") for row in range(5)])
            if number == 3 and part == 5:
                print("now", flush=True)
                sys.stdin.readline()
""",
        url,
    )
    assert _said(writer) == "now"
    os.kill(writer.pid, signal.SIGKILL)
    _end(writer)
    ledger = open_ledger(url, busy_seconds=1)
    assert ledger.integrity() == []
    with ledger.read() as connection:
        assert transfers.count_by_state(connection) == {("r", State.ARRIVED): 150}
    with ledger.write() as connection:
        transfers.insert(connection, [transfer()])


def test_writers_killed_anywhere(tmp_path: Path) -> None:
    """A writer that is killed at any moment leaves a sound ledger with whole batches."""
    url = default_url(tmp_path)
    script = """
print("go", flush=True)
for number in range(10_000):
    with ledger.write() as connection:
        transfers.insert(connection, [make(f"{number}-{row}") for row in range(7)])
    print(number, flush=True)
"""
    for lines in (1, 4):
        writer = _process(script, url)
        for _ in range(lines):
            _said(writer)
        writer.kill()
        _end(writer)
        ledger = open_ledger(url, busy_seconds=1)
        assert ledger.integrity() == []
        with ledger.read() as connection:
            assert sum(transfers.count_by_state(connection).values()) % 7 == 0
        ledger.close()


def test_processes_that_create_the_ledger_at_once(tmp_path: Path) -> None:
    """Several processes may start on a new site at the same time: one makes the ledger, all use it."""
    script = "\nwith ledger.write() as c:\n    transfers.insert(c, [make('x')])\nprint('done', flush=True)"
    crowd = [_process(script, default_url(tmp_path)) for _ in range(4)]
    assert [_said(one) for one in crowd] == ["done"] * 4
    for one in crowd:
        _end(one)
    with new_ledger(tmp_path).read() as connection:
        assert transfers.count_by_state(connection) == {("r", State.ARRIVED): 4}


def _fill(ledger_path: Path, *, swallow: bool) -> None:
    ledger = open_ledger(default_url(ledger_path))
    with ledger.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        try:
            transfers.insert(connection, [transfer("x" * 200) for _ in range(2000)])
        except Exception:
            if not swallow:
                raise


def test_a_full_disk(tmp_path: Path) -> None:
    """When no space is left the error says so, and nothing of the transaction was written."""
    new_ledger(tmp_path).close()
    with pytest.raises(DiskFull, match=r"No space is left for the ledger.*Free space"):
        _fill(tmp_path, swallow=False)
    ledger = open_ledger(default_url(tmp_path))
    assert ledger.integrity() == []
    with ledger.read() as connection:
        assert transfers.count_by_state(connection) == {}


def test_a_lost_transaction_is_never_taken_for_committed(tmp_path: Path) -> None:
    """A block that goes on although its transaction broke down fails at its end."""
    new_ledger(tmp_path).close()
    with pytest.raises(LedgerError, match="lost before its end"):
        _fill(tmp_path, swallow=True)
    with open_ledger(default_url(tmp_path)).read() as connection:
        assert sum(transfers.count_by_state(connection).values()) == 0


@pytest.mark.parametrize("damage", ["header", "pages"])
def test_a_damaged_file(tmp_path: Path, damage: str) -> None:
    """A damaged ledger is reported as such, with what to do; it is never a traceback."""
    ledger = new_ledger(tmp_path)
    with ledger.write() as connection:
        transfers.insert(connection, [transfer(f"{number}.csv") for number in range(300)])
    ledger.close()
    path = tmp_path / "ledger" / "gateway.db"
    raw = bytearray(path.read_bytes())
    damaged = slice(0, 16) if damage == "header" else slice(8192, None)
    raw[damaged] = b"\x55" * len(raw[damaged])
    path.write_bytes(raw)
    with pytest.raises(LedgerError, match="gateway ledger restore FILE"):  # noqa: PT012 - the block is a transaction
        broken = open_ledger(default_url(tmp_path))
        with broken.write() as connection:
            transfers.insert(connection, [transfer()])
            transfers.count_by_state(connection)


def test_no_ledger(tmp_path: Path) -> None:
    """Without a ledger the error names the place and the command; nothing is created by looking."""
    with pytest.raises(LedgerError, match=r"There is no ledger.*gateway init"):
        open_ledger(default_url(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_unsupported_ledger_url() -> None:
    """Another kind of ledger is refused, and its password is not shown."""
    with pytest.raises(LedgerError, match="not supported") as refused:
        open_ledger("mysql://gateway:secret@db/ledger")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["with space?and#more%41", "über", os.fsdecode(b"not-utf8-\xff")])
def test_any_site_directory(tmp_path: Path, name: str) -> None:
    """The site's directory may have any name, bytes that are not UTF-8 included."""
    site = tmp_path / name
    new_ledger(site).close()
    assert (site / "ledger" / "gateway.db").is_file()
    open_ledger(default_url(site)).close()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """A ledger directory that cannot be made is a clear error."""
    (tmp_path / "ledger").write_text("a file stands here")
    with pytest.raises(GatewayError, match="directory cannot be made"):
        new_ledger(tmp_path)


def test_a_newer_ledger(tmp_path: Path) -> None:
    """A ledger that a newer gateway wrote is left alone."""
    ledger = new_ledger(tmp_path)
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version = 99")
    ledger.close()
    with pytest.raises(LedgerVersion, match="version 99; this gateway knows versions up to 2"):
        open_ledger(default_url(tmp_path))
