"""Measures writing transactions a second: a ledger in a file and on a server, one writer and several.

    python -m tests.postgres --seconds 5

The server is a real one with `fsync` on, on this machine, over TCP on the loopback. A transaction inserts
rows of transfers, as the stage of arrival does.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gateway.ledger import transfers
from gateway.ledger.engine import Ledger, default_url, open_ledger
from tests.ledger.ledger_samples import transfer
from tests.postgres.server import PostgresServer

_WRITERS = (1, 2, 4)
_ROWS = (1, 100)


def _write(url: str, rows: int, seconds: float, start: threading.Barrier) -> int:
    """Write transactions for so long; return how many."""
    ledger = open_ledger(url)
    _one(ledger, rows)
    start.wait()
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        _one(ledger, rows)
        done += 1
    ledger.close()
    return done


def _one(ledger: Ledger, rows: int) -> None:
    with ledger.write() as connection:
        transfers.insert(connection, [transfer() for _ in range(rows)])


def _rate(url: str, writers: int, rows: int, seconds: float) -> float:
    """Return transactions a second of so many processes."""
    forking = multiprocessing.get_context("fork")
    with forking.Manager() as manager, forking.Pool(writers) as pool:
        start = manager.Barrier(writers)
        counts = pool.starmap(_write, [(url, rows, seconds, start)] * writers)
    return sum(counts) / seconds


def _row(name: str, make: Callable[[], str], seconds: float) -> str:
    """Return one row of the table."""
    cells = []
    for rows in _ROWS:
        for writers in _WRITERS:
            url = make()
            open_ledger(url, create=True).close()
            cells.append(f"{_rate(url, writers, rows, seconds):,.0f}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Writing transactions a second, by database and writers")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each cell")
    seconds = parser.parse_args().seconds
    say = sys.stdout.write
    heads = [f"{rows} rows, {writers} writers" for rows in _ROWS for writers in _WRITERS]
    say(f"| transactions a second | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}\n")
    with tempfile.TemporaryDirectory() as home, PostgresServer() as server:
        numbers = iter(range(100))
        say(_row("SQLite", lambda: default_url(Path(home, str(next(numbers)))), seconds) + "\n")
        say(_row("PostgreSQL", server.create_database, seconds) + "\n")


if __name__ == "__main__":
    main()
