"""What a pass and an alert round ask of the ledger does not grow with its history."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.pool import Pool

from gateway.alerts.conditions import of_site
from gateway.ledger import transfers
from gateway.model import Identity
from gateway.operations.opening import working_on
from gateway.pipeline import run_routes
from tests.benchmarks.generate import write_small_files
from tests.benchmarks.history import ROUTE, make

_PAST = 4_000
#: Steps of the database's machine after which it says that it is at work.
_STEPS = 100


@contextmanager
def counted(total: list[int]) -> Iterator[None]:
    """Count the steps that SQLite takes on every connection made in the block."""

    def step() -> int:
        total[0] += _STEPS
        return 0

    def connected(connection: sqlite3.Connection, _entry: object) -> None:
        connection.set_progress_handler(step, _STEPS)

    event.listen(Pool, "connect", connected)
    try:
        yield
    finally:
        event.remove(Pool, "connect", connected)


def steps_of_a_pass(directory: Path, past: int) -> int:
    """Return how many steps SQLite takes for a pass over five files behind ``past`` transfers."""
    site = make(directory, past).directory
    total = [0]
    with counted(total), working_on(site) as context:
        write_small_files(site / "inbox" / ROUTE, 5, rows=3)
        run_routes(context)
        with context.ledger.read() as connection:
            of_site(context.site, connection, context.clock.now())
    return total[0]


def test_a_pass_costs_the_same_whatever_came_before(tmp_path: Path) -> None:
    """A pass and its alerts shall ask no more of a ledger with a history than of an empty one."""
    empty, full = steps_of_a_pass(tmp_path / "empty", 0), steps_of_a_pass(tmp_path / "full", _PAST)
    assert empty > 5_000
    # a scan of the history would be three steps or more for each of its rows
    assert full < empty + _PAST


def test_looking_for_a_repetition_costs_the_same_whatever_came_before(tmp_path: Path) -> None:
    """A file with the key of one that failed shall be told apart without reading the history."""
    site = make(tmp_path / "site", _PAST).directory
    failed = Identity("0" * 64, "CNF-PAST-0000200", "PAST", "PAST|0000200", control_number="0000200")
    total = [0]
    with counted(total), working_on(site) as context, context.ledger.read() as connection:
        before = total[0]
        assert transfers.known(connection, ROUTE, [failed]) == {}
    assert total[0] - before < _PAST
