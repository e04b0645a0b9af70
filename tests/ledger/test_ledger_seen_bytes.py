"""What stands in memory of all bytes that ever came lacks nothing that the ledger has."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.ledger import audit, seen_bytes, transfers
from gateway.ledger.engine import Connection, Ledger, default_url, open_ledger
from gateway.ledger.seen_bytes import PARTS, SeenBytes
from gateway.model import Identity, State, Transfer
from tests.ledger.ledger_samples import UndoError, entry, sha256, transfer


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger."""
    made = open_ledger(default_url(tmp_path), create=True)
    yield made
    made.close()


@pytest.fixture
def other(ledger: Ledger, tmp_path: Path) -> Iterator[Ledger]:
    """Return the same ledger as another process has it."""
    opened = open_ledger(default_url(tmp_path))
    yield opened
    opened.close()


def recalled(ledger: Ledger) -> SeenBytes:
    """Return the memory of ``ledger``, as the service makes it."""
    seen = SeenBytes(ledger.read)
    seen.begin()
    for part in range(PARTS):
        seen.read_part(part)
    return seen


def accept(connection: Connection, of: str) -> Transfer:
    """Write a processed transfer whose bytes are ``of``, and the entry of the trail that says so."""
    row = transfer(f"{of}.csv", state=State.PROCESSED, sha256=sha256(of))
    transfers.insert(connection, [row])
    audit.append(connection, [entry(object_id=row.id)])
    return row


def possible(seen: SeenBytes, ledger: Ledger, *texts: str) -> list[str]:
    """Return which of ``texts`` may have come before."""
    with ledger.read() as connection:
        found = seen.possible(connection, [sha256(one) for one in texts])
    return [one for one in texts if sha256(one) in found]


def test_what_is_there_is_recalled_and_what_is_new_is_new(ledger: Ledger) -> None:
    """Of many bytes exactly those that came before shall be looked for in the ledger."""
    with ledger.write() as connection:
        for number in range(3000):
            accept(connection, f"{number}")
    seen = recalled(ledger)
    assert possible(seen, ledger, *(f"{number}" for number in range(6000))) == [f"{n}" for n in range(3000)]


def test_every_sha256_belongs_to_one_part(ledger: Ledger) -> None:
    """The first and the last SHA-256 of all, and those on both sides of zero, shall be found like any."""
    ends = ["0" * 64, "0" * 63 + "1", "7f" + "f" * 62, "80" + "0" * 62, "f" * 64]
    with ledger.write() as connection:
        rows = [transfer(f"{n}", state=State.PROCESSED, sha256=end) for n, end in enumerate(ends)]
        transfers.insert(connection, rows)
    seen = SeenBytes(ledger.read)
    seen.begin()
    assert sum(seen.read_part(part) for part in range(PARTS)) == len(ends)
    with ledger.read() as connection:
        assert seen.possible(connection, ends) == ends


def test_what_another_process_accepts_is_known_at_once(ledger: Ledger, other: Ledger) -> None:
    """A file that another process accepted, before or after the memory was complete, shall be known."""
    seen = SeenBytes(ledger.read)
    seen.begin()
    for part in range(PARTS):
        seen.read_part(part)
        if part == PARTS // 2:
            with other.write() as connection:
                for number in range(50):
                    accept(connection, f"meanwhile {number}")
    meanwhile = [f"meanwhile {number}" for number in range(50)]
    assert possible(seen, ledger, "a", *meanwhile) == meanwhile
    with other.write() as connection:
        accept(connection, "a")
    assert possible(seen, ledger, "a", "b") == ["a"]


def test_what_gets_its_bytes_late_is_known_when_it_is_accepted(ledger: Ledger, other: Ledger) -> None:
    """A transfer of before whose file is read now, or read again, shall be known by what was read last."""
    row = transfer("late.csv")
    with other.write() as connection:
        transfers.insert(connection, [row])
    seen = recalled(ledger)
    for content in ("first", "second"):
        with other.write() as connection:
            later = row.evolve(sha256=sha256(content))
            transfers.update(connection, [later], expected=None)
            audit.append(connection, [entry(object_id=row.id)])
        assert possible(seen, ledger, content) == [content]


def test_what_is_undone_is_not_relied_on(ledger: Ledger) -> None:
    """Entries that were undone leave their numbers to others: what those name shall be known as well."""
    seen = recalled(ledger)
    with contextlib.suppress(UndoError), ledger.write() as connection:
        accept(connection, "undone")
        assert seen.possible(connection, [sha256("undone"), sha256("new")]) == [sha256("undone")]
        raise UndoError
    with ledger.write() as connection:
        accept(connection, "instead")
    assert "instead" in possible(seen, ledger, "instead", "new")


def test_behind_another_trail_everything_is_possible(ledger: Ledger, tmp_path: Path) -> None:
    """Where the trail is not the one that was known, the ledger itself shall be asked about all bytes."""
    with ledger.write() as connection:
        accept(connection, "a")
        accept(connection, "b")
    seen = recalled(ledger)
    assert possible(seen, ledger, "a", "c") == ["a"]
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("DELETE FROM audit WHERE sequence = 2")
    with ledger.write() as connection:
        accept(connection, "c")  # its entry has the number that is known
    assert possible(seen, ledger, "a", "c", "d") == ["a", "c", "d"]
    with ledger.write() as connection:
        accept(connection, "e")
    assert possible(seen, ledger, "f") == ["f"]


@pytest.mark.parametrize("recent", [0, 7, 10_000])
@pytest.mark.parametrize("seed", range(3))
def test_memory_and_ledger_agree_whatever_two_processes_do(
    ledger: Ledger, other: Ledger, seed: int, recent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any work of two processes, undone or not, duplicates shall be those that the ledger tells."""
    monkeypatch.setattr(seen_bytes, "_RECENT", recent)
    chance = random.Random(seed)  # noqa: S311 - a test
    names = [f"{number}" for number in range(60)]
    seen = recalled(ledger)
    for _ in range(60):
        who = chance.choice((ledger, other))
        with contextlib.suppress(UndoError), who.write() as connection:
            for name in chance.sample(names, chance.randrange(3)):
                accept(connection, name)
            if chance.random() < 0.3:
                asked = [Identity(sha256(name), name) for name in names]
                told = transfers.known(connection, "confirmations", asked, seen=seen)
                assert told == transfers.known(connection, "confirmations", asked)
            if chance.random() < 0.3:
                raise UndoError
        asked = [Identity(sha256(name), name) for name in chance.sample(names, 20)]
        with ledger.read() as connection:
            told = transfers.known(connection, "confirmations", asked, seen=seen)
            assert told == transfers.known(connection, "confirmations", asked)


def test_neither_reading_nor_catching_up_looks_at_the_history(ledger: Ledger) -> None:
    """The index alone shall be read at first, and later what new entries of the trail name."""
    asked: list[str] = []
    seen = SeenBytes(ledger.read)
    with ledger.read() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_trace_callback(asked.append)
    seen.read_part(0)
    possible(seen, ledger, "a")
    with ledger.read() as connection:
        plans = [
            row[-1]
            for question in asked
            if "FROM transfers" in question or "FROM audit" in question
            for row in connection.execute(text(f"EXPLAIN QUERY PLAN {question.replace(':', chr(92) + ':')}"))
        ]
    assert any("USING COVERING INDEX transfers_by_bytes" in plan for plan in plans)
    assert not [plan for plan in plans if plan.startswith("SCAN")]
