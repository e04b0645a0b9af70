"""The short way through a trail that is whole: it is taken, and it lets nothing pass."""

from __future__ import annotations

import hashlib
import json
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.ledger import audit, audit_check
from gateway.ledger.audit_chain import COLUMNS, canonical, digest, is_whole, stored_members
from gateway.ledger.tables import audit as table
from tests.ledger.ledger_samples import entry, new_ledger

#: By column: what may stand there instead, the same value in another form too.
FALSIFIED: dict[str, tuple[Any, ...]] = {
    "sequence": (2, 0, "3", True),
    "at": ("2026-11-22T24:00:00.000000Z", "2026-11-22T12:00:00.000000+00:00", "", "yesterday", None),
    "actor": ("evil", "", 'json:"x"', "json:", "ä", '"', "a\\", "\ud800", b"bytes", 5, None),
    "role": ("evil", 'json:"operator"'),
    "host": ("evil",),
    "action": ("evil", "\0"),
    "object_type": ("evil",),
    "object_id": ("evil", "é", 7),
    "old": (
        None,
        "{}",
        "null",
        "[]",
        "{",
        '{"a": 1}',
        '{"b":1,"a":1}',
        '{"a":1,"a":1}',
        '{"a":1.50}',
        "1",
        5,
    ),
    "new": (None, "{}", '{"size":2}', '{ "size":1}', '{"a":"\\u00e4"}', '{"a":"ä"}', "NaN", '{"a":NaN}'),
    "reason": (None, "", "null", "evil"),
    "outcome": ("evil", "", None),
    "versions": ("{}", "null", '{"gateway":"9"}', "", None),
    "previous": ("0" * 64, "", "ABC", '"', "f" * 63 + "F", None),
    "hash": ("0" * 64, "", None),
}
CASES = [(column, value) for column, values in FALSIFIED.items() for value in values]

#: Stands for a row of the table: a tuple with names.
Row = namedtuple("Row", COLUMNS)  # type: ignore[misc] # the names are not written here


@pytest.fixture
def row(tmp_path: Path) -> Any:
    """The last of three entries."""
    ledger = new_ledger(tmp_path)
    with ledger.write() as connection:
        audit.append(connection, [entry(number) for number in range(1, 4)])
    with ledger.read() as connection:
        found = connection.execute(select(table).order_by(table.c.sequence.desc()).limit(1)).one()
    ledger.close()
    return Row(*found)


def _the_long_way(row: Any) -> bool:
    try:
        return bool(digest(canonical(stored_members(row))) == row.hash)
    except ValueError:
        return False


def _hash_of_what_stands_there(row: Any) -> str:
    """Return the hash that somebody would write who puts the columns together as they are."""
    members = {name: json.dumps(value, ensure_ascii=False) for name, value in row._asdict().items()}
    members |= {
        name: "null" if (value := getattr(row, name)) is None else value
        for name in ("old", "new", "versions")
    }
    joined = ",".join(f'"{name}":{members[name]}' for name in sorted(members) if name != "hash")
    return hashlib.sha256(f"{{{joined}}}".encode("utf-8", "surrogatepass")).hexdigest()


def test_columns_come_in_their_order() -> None:
    """Entries shall be read in the order of columns that the short way knows."""
    assert tuple(table.c.keys()) == COLUMNS


def test_a_whole_trail_is_gone_through_the_short_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a trail that is whole no entry shall be taken apart."""
    ledger = new_ledger(tmp_path)
    with ledger.write() as connection:
        audit.append(connection, [entry(number) for number in range(1, 4)])
    monkeypatch.setattr(audit_check, "stored_members", None)
    with ledger.read() as connection:
        assert audit.verify(connection).checked == 3
    ledger.close()


@pytest.mark.parametrize(("column", "value"), CASES)
def test_the_short_way_lets_no_other_value_pass(row: Any, column: str, value: Any) -> None:
    """Whatever stands in a column instead, the short way shall not take it for what was written."""
    assert is_whole(row)
    altered = row._replace(**{column: value})
    assert is_whole(altered) == _the_long_way(altered) == (value == getattr(row, column))


@pytest.mark.parametrize(
    ("column", "value"), [case for case in CASES if not isinstance(case[1], bytes | int)]
)
def test_a_hash_that_fits_does_not_make_another_form_the_written_one(
    row: Any, column: str, value: Any
) -> None:
    """An entry whose hash was made for what stands there shall pass only if the long way lets it pass."""
    altered = row._replace(**{column: value})
    altered = altered._replace(hash=_hash_of_what_stands_there(altered))
    assert not is_whole(altered) or _the_long_way(altered)
