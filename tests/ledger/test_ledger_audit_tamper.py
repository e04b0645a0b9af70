"""Someone who may write the ledger file changes the audit trail: each way is found and named."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import AuditBroken
from gateway.ledger import audit, checkpoint, checkpoint_trail
from gateway.ledger.audit_chain import canonical, digest, members, stored_members, to_row
from gateway.ledger.audit_check import AuditFault
from gateway.ledger.tables import audit as table
from gateway.model import Actor, AuditEntry
from tests.ledger.ledger_samples import NOW, UndoError, entry, new_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.ledger.engine import Connection, Ledger

ENTRIES = 12


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = new_ledger(tmp_path)
    with opened.write() as connection:
        audit.append(connection, [entry(number) for number in range(1, ENTRIES + 1)])
    yield opened
    opened.close()


def _sql(ledger: Ledger, *statements: str) -> None:
    """Change the file behind the gateway's back."""
    with sqlite3.connect(ledger.path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def _found(ledger: Ledger) -> tuple[AuditFault, int]:
    with ledger.read() as connection:
        report = audit.verify(connection)
    assert report.problem is not None
    assert str(report.problem.sequence) in report.problem.message
    assert report.problem.code == report.problem.fault.value
    return report.problem.fault, report.problem.sequence


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'someone.else'",
        "reason = NULL",
        "old = NULL",
        "old = 'null'",
        'old = \'{"state": "arrived"}\'',
        "new = 'no json'",
        "versions = '[]'",
        "at = '2020-01-01T00:00:00.000000Z'",
        "at = 'yesterday'",
        "hash = previous",
        "hash = upper(hash)",
        "hash = x'00'",
        "previous = hash",
        "outcome = CAST(x'FF' AS TEXT)",
        "outcome = CAST(outcome AS BLOB)",
        "outcome = 'json:\"ok\"'",
        "outcome = 'json:'",
    ],
)
def test_a_changed_column(ledger: Ledger, change: str) -> None:
    """A changed column of an entry is found, whatever is written into it."""
    _sql(ledger, f"UPDATE audit SET {change} WHERE sequence = 5")  # noqa: S608 - the attack, not an input
    assert _found(ledger) == (AuditFault.ALTERED, 5)


def test_an_unreadable_entry_is_an_error_to_readers(ledger: Ledger) -> None:
    """Reading or exporting an entry that cannot be read says so with a code."""
    import io

    _sql(ledger, "UPDATE audit SET new = 'no json' WHERE sequence = 5")
    with pytest.raises(AuditBroken, match="gateway audit verify"), ledger.read() as connection:
        audit.read(connection)
    with pytest.raises(AuditBroken, match="entry 5"), ledger.read() as connection:
        audit.export(connection, io.BytesIO())


def test_a_deleted_entry(ledger: Ledger) -> None:
    """An entry that was removed from the middle is named as missing."""
    _sql(ledger, "DELETE FROM audit WHERE sequence = 5")
    assert _found(ledger) == (AuditFault.MISSING, 5)


def test_a_deleted_beginning(ledger: Ledger) -> None:
    """A removed beginning is named as missing."""
    _sql(ledger, "DELETE FROM audit WHERE sequence <= 3")
    assert _found(ledger) == (AuditFault.MISSING, 1)


def test_deleted_and_closed_up(ledger: Ledger) -> None:
    """An entry that was removed is missing even if the later ones were numbered anew."""
    _sql(ledger, "DELETE FROM audit WHERE sequence = 5", *_renumber(range(6, ENTRIES + 1), -1))
    assert _found(ledger) == (AuditFault.MISSING, 5)


def _renumber(numbers: range, by: int) -> list[str]:
    return [f"UPDATE audit SET sequence = {n + by} WHERE sequence = {n}" for n in numbers]  # noqa: S608 - the attack, not an input


@pytest.mark.parametrize(("one", "other"), [(5, 6), (1, 2), (3, 9), (11, 12)])
def test_two_entries_in_another_order(ledger: Ledger, one: int, other: int) -> None:
    """Two entries whose places were changed are named as reordered."""
    _sql(
        ledger,
        f"UPDATE audit SET sequence = 99 WHERE sequence = {one}",  # noqa: S608 - the attack, not an input
        f"UPDATE audit SET sequence = {one} WHERE sequence = {other}",  # noqa: S608 - the attack, not an input
        f"UPDATE audit SET sequence = {other} WHERE sequence = 99",  # noqa: S608 - the attack, not an input
    )
    assert _found(ledger) == (AuditFault.REORDERED, other)


def test_an_entry_moved_to_the_end(ledger: Ledger) -> None:
    """An entry with a number far away is named as reordered."""
    _sql(ledger, "UPDATE audit SET sequence = 999 WHERE sequence = 5")
    assert _found(ledger) == (AuditFault.REORDERED, 999)


def _forge(connection: Connection, sequence: int, previous: str) -> None:
    values = members(entry(77, reason="forged"), sequence, previous)
    connection.execute(table.insert(), to_row(values, digest(canonical(values))))


def _hash(connection: Connection, sequence: int) -> str:
    rows = {row.sequence: row.hash for row in audit.read(connection)}
    return rows[sequence]


def test_an_inserted_entry(ledger: Ledger) -> None:
    """An entry put in between, with a right hash of its own, is named as inserted."""
    _sql(ledger, *_renumber(range(ENTRIES, 4, -1), 1))
    with ledger.write() as connection:
        last = connection.execute(table.select().where(table.c.sequence == 4)).one().hash
        _forge(connection, 5, last)
    assert _found(ledger) == (AuditFault.INSERTED, 5)


@pytest.mark.parametrize("number", [0, -5])
def test_an_entry_before_the_first(ledger: Ledger, number: int) -> None:
    """An entry numbered before the first one does not belong to the trail."""
    with ledger.write() as connection:
        _forge(connection, number, "0" * 64)
    assert _found(ledger) == (AuditFault.INSERTED, number)


def test_a_replaced_entry(ledger: Ledger) -> None:
    """An entry that was replaced by another one with a right hash is found by the next one."""
    with ledger.write() as connection:
        last = _hash(connection, 4)
        connection.execute(table.delete().where(table.c.sequence == 5))
        _forge(connection, 5, last)
    assert _found(ledger) == (AuditFault.REWRITTEN, 5)


def _checkpoints(ledger: Ledger, path: Path) -> None:
    with ledger.read() as connection:
        checkpoint.append(str(path), audit.head(connection), NOW)


def _against(ledger: Ledger, path: Path) -> tuple[AuditFault, int]:
    with ledger.read() as connection:
        assert audit.verify(connection).ok
        report = checkpoint_trail.verify_against(checkpoint.read(str(path)).listed, connection)
    assert report.problem is not None
    return report.problem.fault, report.problem.sequence


def test_a_cut_off_end(ledger: Ledger, tmp_path: Path) -> None:
    """A trail whose end was cut off verifies by itself; the checkpoint outside shows it."""
    path = tmp_path / "checkpoints.jsonl"
    _checkpoints(ledger, path)
    _sql(ledger, "DELETE FROM audit WHERE sequence > 9")
    assert _against(ledger, path) == (AuditFault.TRUNCATED, ENTRIES)


def test_an_emptied_trail(ledger: Ledger, tmp_path: Path) -> None:
    """A trail that was emptied is shown by the checkpoint."""
    path = tmp_path / "checkpoints.jsonl"
    _checkpoints(ledger, path)
    _sql(ledger, "DELETE FROM audit")
    assert _against(ledger, path) == (AuditFault.TRUNCATED, ENTRIES)


def test_a_history_written_anew(ledger: Ledger, tmp_path: Path) -> None:
    """A history that was written again with right hashes throughout is shown by the checkpoint."""
    path = tmp_path / "checkpoints.jsonl"
    _checkpoints(ledger, path)
    _sql(ledger, "DELETE FROM audit WHERE sequence > 9")
    with ledger.write() as connection:
        audit.append(connection, [entry(number, reason="nothing happened") for number in range(10, 20)])
    assert _against(ledger, path) == (AuditFault.REWRITTEN, ENTRIES)


TEXT = st.text(st.characters(codec=None), max_size=12)
PLAIN = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT, max_size=2), max_size=3
)
AUDIT_ENTRIES = st.builds(
    AuditEntry,
    at=st.just(NOW),
    actor=st.builds(Actor, name=TEXT, role=TEXT, host=TEXT),
    action=TEXT,
    object_type=TEXT,
    object_id=TEXT,
    old=st.none() | PLAIN,
    new=st.none() | PLAIN,
    reason=st.none() | TEXT,
    outcome=TEXT,
    versions=st.dictionaries(TEXT, TEXT, max_size=2),
)
COLUMNS = sorted(column.name for column in table.c if column.name != "sequence")


def _change_a_byte(data: Any, connection: Connection, count: int) -> bool:
    """Change one byte of one stored column; return False if that column of the entry is empty."""
    sequence = data.draw(st.integers(1, count))
    column = data.draw(st.sampled_from(COLUMNS))
    query = f"SELECT CAST({column} AS BLOB) FROM audit WHERE sequence = {sequence}"  # noqa: S608 - the attack, not an input
    stored = connection.exec_driver_sql(query).scalar()
    if not stored:
        return False
    raw = bytearray(stored)
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    change = f"UPDATE audit SET {column} = CAST(? AS TEXT) WHERE sequence = {sequence}"  # noqa: S608 - the attack, not an input
    connection.exec_driver_sql(change, (bytes(raw),))
    return True


@settings(suppress_health_check=list(HealthCheck), max_examples=150, deadline=None)
@given(data=st.data(), batches=st.lists(st.lists(AUDIT_ENTRIES, max_size=4), max_size=3))
def test_any_trail_verifies_and_any_byte_counts(
    ledger: Ledger, data: Any, batches: list[list[AuditEntry]]
) -> None:
    """Whatever is appended verifies; a single changed byte of any stored column is found."""
    with pytest.raises(UndoError), ledger.write() as connection:  # noqa: PT012 - the block is a transaction
        for batch in batches:
            audit.append(connection, batch)
        count = ENTRIES + sum(map(len, batches))
        report = audit.verify(connection)
        assert report.ok
        assert report.checked == count
        if _change_a_byte(data, connection, count):
            assert not audit.verify(connection).ok
        raise UndoError


def test_the_canonical_bytes_are_as_documented(ledger: Ledger) -> None:
    """The hashed bytes are those of the documentation: a change of them would break every old trail."""
    with ledger.read() as connection:
        row = connection.execute(table.select().where(table.c.sequence == 1)).one()
    assert canonical(stored_members(row)).decode() == (
        '{"action":"claimed","actor":"m.keller","at":"2026-11-22T16:41:01.123456Z","host":"plant-7",'
        '"new":{"state":"claimed","try":1},"object_id":"T1","object_type":"transfer","old":{"state":"arrived"},'
        '"outcome":"ok","previous":"4300f51a9fa36ecfe3197f1275c38c8cb7da7ab244bc12a50da8d8d51ea528e9",'
        '"reason":"asked by the plant","role":"operator","sequence":1,"versions":{"gateway":"0.1.0"}}'
    )
