"""Attempts, arrivals, streams and record keys."""

from __future__ import annotations

import dataclasses
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from gateway.errors import LedgerError
from gateway.ledger import arrivals, attempts, record_keys, streams, transfers
from gateway.ledger.record_keys import FirstSeen
from gateway.model import Arrival, Attempt
from tests.ledger.ledger_samples import NOW, new_ledger, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.ledger.engine import Connection, Ledger

ODD = os.fsdecode(b"odd\xff\n name.csv")


@pytest.fixture
def connection(tmp_path: Path, each_database: str) -> Iterator[Connection]:
    ledger: Ledger = new_ledger(tmp_path)
    with ledger.write() as opened:
        yield opened
    ledger.close()


def test_attempts(connection: Connection) -> None:
    """Each try keeps who asked for it and why, and how it ended."""
    one = transfer()
    transfers.insert(connection, [one])
    first = Attempt(one.id, 1, "gateway", "arrived", NOW)
    second = Attempt(one.id, 2, "m.keller", "corrected order number", NOW)
    attempts.insert(connection, [first, second])
    ended = dataclasses.replace(first, ended_at=NOW, outcome="failed", detail=f"F302 in {ODD}")
    attempts.end(connection, [ended])
    assert attempts.of(connection, [one.id, "unknown"]) == {one.id: [ended, second]}
    with pytest.raises(LedgerError, match="attempt is not in the ledger"):
        attempts.end(connection, [dataclasses.replace(ended, number=3)])


def _arrival(name: str, **values: Any) -> Arrival:
    plain = Arrival("r", name, NOW, NOW, 10, -1, 2**64 - 1, 1, 12.25, "boot", "F903", "no done marker yet")
    return dataclasses.replace(plain, **values)


def test_arrivals_stay_visible(connection: Connection) -> None:
    """A file that waits is remembered with reason and age, brought up to date, and forgotten when taken."""
    old, new = _arrival(ODD), _arrival("b.csv", first_seen_at=NOW + timedelta(seconds=1))
    other = _arrival("b.csv", route="s", first_seen_at=NOW - timedelta(days=1))
    arrivals.save(connection, [new, old, other])
    changed = dataclasses.replace(old, looks=2, size=11, last_seen_at=NOW + timedelta(seconds=5))
    arrivals.save(connection, [changed])
    assert arrivals.waiting(connection, "r") == [changed, new]
    assert arrivals.waiting(connection, limit=1) == [other]
    assert arrivals.count(connection) == {"r": 2, "s": 1}
    arrivals.remove(connection, "r", [ODD, "never seen"])
    assert arrivals.waiting(connection) == [other, new]


def test_streams(connection: Connection) -> None:
    """The state of a stream comes back as it was saved, and never ages out."""
    where = {"route": "r", "sender": "mes-1"}
    assert streams.load(connection, "mes-1/r") is None
    streams.save(connection, "mes-1/r", {"last": "00041"}, **where, now=NOW)
    state = {"last": "00042", "gaps": [{"from": 40, "to": 40}], "held": {}}
    streams.save(connection, "mes-1/r", state, **where, now=NOW + timedelta(days=4000))
    assert streams.load(connection, "mes-1/r") == state
    assert streams.load_many(connection, ["mes-1/r", "x"]) == {"mes-1/r": state}
    row = streams.StreamRow("mes-1/r", "r", "mes-1", state, NOW + timedelta(days=4000))
    assert streams.every(connection) == streams.every(connection, "r") == [row]
    assert streams.every(connection, "s") == []


def test_record_keys_tell_the_first_place(connection: Connection) -> None:
    """A record key seen before names the file and row where it was first accepted."""
    first, second = transfer("a.csv"), transfer("b.csv")
    transfers.insert(connection, [first, second])
    record_keys.add(
        connection, "confirmation", first.id, [("100|10|1", "item", 1, 2), ("x\udcff", "item", 2, None)]
    )
    record_keys.add(connection, "confirmation", second.id, [("100|10|1", "item", 9, 9)])
    asked = ["100|10|1", "x\udcff", "new"]
    assert record_keys.seen(connection, "confirmation", asked) == {
        "100|10|1": FirstSeen(first.id, "item", 1, 2),
        "x\udcff": FirstSeen(first.id, "item", 2, None),
    }
    assert record_keys.seen(connection, "consumption", asked) == {}
    assert record_keys.remove(connection, first.id) == 2
    assert record_keys.seen(connection, "confirmation", asked) == {
        "100|10|1": FirstSeen(second.id, "item", 9, 9)
    }


def test_record_keys_of_any_length_are_told_apart(connection: Connection) -> None:
    """Keys shall be compared as a whole, however long they are and wherever they differ."""
    one = transfer()
    transfers.insert(connection, [one])
    long = "0123456789" * 2_000
    record_keys.add(connection, "s", one.id, [(f"{long}a", "item", 1, 1), ("", "item", 2, 2)])
    assert set(record_keys.seen(connection, "s", [f"{long}a", f"{long}b", long, "", " "])) == {f"{long}a", ""}


def test_many_record_keys_cost_few_statements(connection: Connection) -> None:
    """A hundred thousand keys are written with a handful of statements and read 500 at a time."""
    one = transfer()
    transfers.insert(connection, [one])
    rows = [(f"{number}", "item", number, number) for number in range(100_000)]
    ran: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        ran.append(statement)

    event.listen(connection, "before_cursor_execute", count)
    record_keys.add(connection, "s", one.id, rows)
    assert len(ran) <= 5
    ran.clear()
    found = record_keys.seen(connection, "s", [row[0] for row in rows[:2_000]])
    assert (len(ran), len(found)) == (4, 2_000)
