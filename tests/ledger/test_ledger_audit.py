"""The audit trail: chained, readable, exportable, checked from outside."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from gateway.errors import LedgerError, UsageError
from gateway.ledger import audit, audit_export, checkpoint, checkpoint_trail, transfers
from gateway.ledger.audit import Head
from gateway.ledger.audit_chain import COLUMNS, GENESIS, canonical, chained, digest, members, to_row
from gateway.model import Actor, State
from tests.ledger.ledger_samples import NOW, OPERATOR, entry, new_ledger, sha256, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.ledger.engine import Ledger


@pytest.fixture
def ledger(tmp_path: Path, each_database: str) -> Iterator[Ledger]:
    opened = new_ledger(tmp_path)
    yield opened
    opened.close()


def _append(ledger: Ledger, *numbers: int) -> Head:
    with ledger.write() as connection:
        return audit.append(connection, [entry(number) for number in numbers])


def test_an_empty_trail(ledger: Ledger) -> None:
    """A new trail has no entry, ends in the genesis hash, and verifies."""
    with ledger.read() as connection:
        assert audit.head(connection) == Head(0, GENESIS)
        assert audit.verify(connection).ok
        assert audit.read(connection) == []


def test_entries_are_chained(ledger: Ledger) -> None:
    """Entries count up, each names the hash of the one before, and all come back as written."""
    _append(ledger, 1, 2)
    head = _append(ledger, 3)
    with ledger.read() as connection:
        rows = audit.read(connection)
        report = audit.verify(connection)
    assert [row.entry for row in rows] == [entry(1), entry(2), entry(3)]
    assert [row.sequence for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert report.ok
    assert (report.checked, report.head) == (3, head)
    assert rows[2].to_dict()["hash"] == head.hash
    assert rows[2].to_dict()["at"] == "2026-11-22T16:41:03.123456Z"


def test_no_entry_no_action(ledger: Ledger) -> None:
    """If the audit entry cannot be written, the action of its transaction does not happen."""
    with pytest.raises(TypeError), ledger.write() as connection:  # noqa: PT012 - the block is a transaction
        transfers.insert(connection, [transfer()])
        audit.append(connection, [entry(new={"what": object()})])
    with pytest.raises(ValueError, match="without a zone"), ledger.write() as connection:
        audit.append(connection, [entry(at=datetime(2026, 1, 1))])  # noqa: DTZ001 - the wrong thing on purpose
    with ledger.read() as connection:
        assert audit.head(connection).count == 0
        assert transfers.count_by_state(connection) == {}


def test_any_content(ledger: Ledger) -> None:
    """Names with stray bytes, states, times and empty values are kept, and the trail verifies."""
    strange = entry(
        object_id="b\udcff\0.csv",
        actor=Actor('json:"x', "system", ""),
        old=None,
        new={"name": "b\udcff.csv", "state": State.HELD, "at": NOW, "ü": None},
        reason=None,
        outcome="",
        versions={},
    )
    with ledger.write() as connection:
        audit.append(connection, [strange])
        assert audit.verify(connection).ok
        (row,) = audit.read(connection, object_id="b\udcff\0.csv")
    assert row.entry.object_id == strange.object_id
    assert row.entry.actor == strange.actor
    assert row.entry.new == {
        "name": "b\udcff.csv",
        "state": "held",
        "at": "2026-11-22T16:41:00.123456Z",
        "ü": None,
    }


def test_filters(ledger: Ledger) -> None:
    """The log can be narrowed by object, action, actor and time; a limit takes the newest."""
    with ledger.write() as connection:
        audit.append(connection, [entry(number) for number in range(1, 6)])
        audit.append(connection, [entry(6, object_id="T1", action="waive", actor=Actor("x", "y", "z"))])
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"object_id": "T1"}, [1, 6]),
        ({"action": "waive"}, [6]),
        ({"actor": OPERATOR.name, "limit": 2}, [4, 5]),
        ({"since": NOW + timedelta(seconds=5)}, [5, 6]),
        ({"until": NOW + timedelta(seconds=2)}, [1, 2]),
        ({"object_id": "T1", "action": "claimed"}, [1]),
        ({"action": "nothing"}, []),
    ]
    with ledger.read() as connection:
        for filters, expected in cases:
            assert [row.sequence for row in audit.read(connection, **filters)] == expected, filters


def test_a_batch_costs_two_statements(ledger: Ledger) -> None:
    """Three hundred entries of a batch are written with one look at the end and one insert."""
    ran: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        ran.append(statement.split()[0])

    with ledger.write() as connection:
        event.listen(connection, "before_cursor_execute", count)
        audit.append(connection, [entry(number) for number in range(300)])
    assert ran == ["SELECT", "INSERT"]


def test_progress_is_told(ledger: Ledger) -> None:
    """A long verification says how far it is."""
    _append(ledger, *range(2500))
    told: list[tuple[int, int]] = []
    with ledger.read() as connection:
        audit.verify(connection, lambda done, total: told.append((done, total)))
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]


def test_entries_are_written_as_they_are_defined() -> None:
    """What is hashed and stored of entries that share parts shall be what the definition makes of each."""
    shared = {"gateway": "0.1.0", "odd": "\udcff"}
    entries = [
        entry(1),
        entry(2, old=None, new=None, reason=None),
        entry(
            3,
            actor=Actor("\udcff", 'json:"', "\0"),
            reason="\u20ac \ud83d\ude00",
            object_id='"',
            versions=shared,
        ),
        entry(4, old={}, new=MappingProxyType({"b": [NOW, State.HELD], "a": {"z": 1.5, "\u00e9": None}})),
        entry(5, outcome="a\nb", action="", versions=shared),
    ]
    end = Head(7, sha256("before"))
    previous, defined = end.hash, []
    for number, one in enumerate(entries, start=8):
        values = members(one, number, previous)
        previous = digest(canonical(values))
        defined.append(to_row(values, previous))
    assert [dict(zip(COLUMNS, row, strict=True)) for row in chained(entries, end)] == defined


def _documented(name: str) -> str:
    """Return the program that stands in the docstring of the export."""
    text = audit_export.__doc__ or ""
    blocks = re.split(r"::\n\n", text)[1:]
    chosen = next(block for block in blocks if name in block)
    lines = chosen.split("\n\nand the digest")[0].split("\n\nCompare")[0].splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines)


def _export(ledger: Ledger, path: Path) -> None:
    with ledger.read() as connection, path.open("wb") as file:
        audit.export(connection, file)


def test_an_export_verifies_without_the_gateway(ledger: Ledger, tmp_path: Path) -> None:
    """The documented program, without the gateway, accepts the export and finds a change in it."""
    with ledger.write() as connection:
        audit.append(connection, [entry(n, object_id=f"ü\udcff{n}") for n in range(20)])
        head = audit.head(connection)
    path = tmp_path / "audit.jsonl"
    _export(ledger, path)
    command = [sys.executable, "-I", "-c", _documented("import hashlib"), str(path)]
    good = subprocess.run(command, capture_output=True, text=True)
    assert good.stdout.strip() == f"20 entries, last hash {head.hash}"
    path.write_bytes(path.read_bytes().replace(b'"try":7', b'"try":9'))
    bad = subprocess.run(command, capture_output=True, text=True)
    assert bad.stderr.strip() == "entry 8 is not what was written"


def test_an_export_verifies_with_a_shell(ledger: Ledger, tmp_path: Path) -> None:
    """The documented shell line gives the hash that stands at the beginning of the line."""
    _append(ledger, *range(9))
    _export(ledger, tmp_path / "audit.jsonl")
    shown = subprocess.run(
        ["sh", "-c", _documented("sha256sum").strip()], cwd=tmp_path, capture_output=True, text=True
    )
    with ledger.read() as connection:
        assert shown.stdout.split()[0] == audit.read(connection)[6].hash


def test_an_unknown_export_form(ledger: Ledger) -> None:
    """A form that does not exist is refused with those that do."""
    with pytest.raises(UsageError, match="jsonl"), ledger.read() as connection:
        audit.export(connection, io.BytesIO(), "xlsx")


def test_checkpoints(ledger: Ledger, tmp_path: Path) -> None:
    """Checkpoints written outside the ledger are found again and agree with the trail."""
    path = tmp_path / "audit" / "checkpoints.jsonl"
    assert checkpoint.read(str(path)).listed == ()
    with ledger.read() as connection:
        checkpoint.append(str(path), audit.head(connection), NOW)
    for numbers in ((1, 2, 3), (4,)):
        checkpoint.append(str(path), _append(ledger, *numbers), NOW)
    kept = checkpoint.read(str(path))
    assert [one.count for one in kept.listed] == [0, 3, 4]
    with ledger.read() as connection:
        report = checkpoint_trail.verify_against(kept.listed, connection)
    assert report.ok
    assert report.checked == 3


def test_a_torn_checkpoint_spoils_no_other(ledger: Ledger, tmp_path: Path) -> None:
    """A last line that a crash cut off is replaced; a line damaged in the middle is told by its number."""
    path = tmp_path / "checkpoints.jsonl"
    checkpoint.append(str(path), _append(ledger, 1), NOW)
    path.write_bytes(path.read_bytes() + b'{"at":"2026')
    checkpoint.append(str(path), _append(ledger, 2), NOW)
    kept = checkpoint.read(str(path))
    assert [one.count for one in kept.listed] == [1, 2]
    assert kept.unreadable == ()
    assert checkpoint.last(str(path)) == kept.listed[-1]
    path.write_bytes(b"{}\n" + path.read_bytes())
    assert checkpoint.read(str(path)).unreadable == (1,)


def test_a_checkpoint_that_cannot_be_written(tmp_path: Path) -> None:
    """A checkpoint that cannot be written or read is a clear error."""
    with pytest.raises(LedgerError, match="cannot be written"):
        checkpoint.append(str(tmp_path), Head(1, "x"), NOW)
    with pytest.raises(LedgerError, match="cannot be read"):
        checkpoint.read(str(tmp_path))
