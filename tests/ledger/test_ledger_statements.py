"""The short way to the database for what is done for every file: it does what the library's own way does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import BindParameter, Connection, bindparam, or_, select, update

from gateway.ledger import deliveries, record_keys, transfers
from gateway.ledger.statements import IN_LIST, read_rows, write_many
from gateway.ledger.tables import transfers as table
from gateway.ledger.transfer_rows import TRANSFER, from_row
from gateway.model import Companion, Delivery, DeliveryState, Disposition, Evidence, Output, State
from tests.ledger.ledger_samples import NOW, new_ledger, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD: dict[str, Any] = {
    "name": "\udcff\u20ac.csv",
    "reason": "NUL \0 and \udc00",
    "inode": 2**64 + 1,
    "mtime_ns": -1,
    "evidence": (Evidence("control-file", "states its size", {"size": "12"}),),
    "companions": (Companion("\udcff.ok", "marker", 3, "ab" * 32, 5, 2**64), Companion("b.ok", "marker")),
    "output": Output("a.xml", ".xml", 7, "cd" * 32, "order 2.0.0", "ef" * 32, "order m.yaml", "01" * 32),
    "findings": {"errors": 1, "totals": [{"code": "F101", "count": 1}], "listed": []},
    "settle_as": Disposition.FAILED,
    "held_until": NOW + timedelta(days=1),
    "sha256": "fe" * 32,
}
_SOME = select(*TRANSFER).where(table.c.id.in_(bindparam("ids", expanding=True))).order_by(table.c.id)


@pytest.fixture
def connection(tmp_path: Path, each_database: str) -> Iterator[Connection]:
    opened = new_ledger(tmp_path)
    with opened.write() as connection:
        yield connection
    opened.close()


@pytest.mark.parametrize("count", [0, 1, 2, 10, 11, 100, 101, IN_LIST])
def test_a_list_of_any_length_finds_each_row_once(connection: Connection, count: int) -> None:
    """However long the list of an IN is, each of its rows shall be found once and no other."""
    written = [transfer(f"{number}.csv") for number in range(count + 1)]
    transfers.insert(connection, written)
    found = read_rows(connection, _SOME, ids=[one.id for one in written[:count]])
    assert [from_row(row) for row in found] == written[:count]


def test_values_are_read_as_the_library_reads_them(connection: Connection) -> None:
    """Values of every kind, and NULL, shall come back as the library's own way returns them."""
    written = [transfer("plain.csv"), transfer(**ODD)]
    transfers.insert(connection, written)
    ids = [one.id for one in written]
    short = read_rows(connection, _SOME, ids=ids)
    assert [list(row) for row in short] == [list(row) for row in connection.execute(_SOME, {"ids": ids})]
    assert [from_row(row) for row in short] == written


def test_values_may_stand_in_several_places(connection: Connection) -> None:
    """A value that is asked for twice, and values of the query's own, shall each stand where they belong."""
    rows = [transfer("a", size=1), transfer("b", size=2), transfer("c", size=2, state=State.HELD)]
    transfers.insert(connection, rows)
    same: BindParameter[int] = bindparam("size")
    query = (
        select(table.c.name, table.c.state)
        .where(
            or_(table.c.attempt == same, table.c.size == same), table.c.state.in_([State.HELD, State.ARRIVED])
        )
        .where(table.c.id.in_(bindparam("ids", expanding=True)), table.c.route == "confirmations")
        .order_by(table.c.name)
        .limit(bindparam("limit"))
    )
    ids = [one.id for one in rows]
    found = [tuple(row) for row in read_rows(connection, query, size=2, ids=ids, limit=5)]
    assert found == [("b", State.ARRIVED), ("c", State.HELD)]
    found = [tuple(row) for row in read_rows(connection, query, size=1, ids=ids, limit=2)]
    assert found == [("a", State.ARRIVED), ("b", State.ARRIVED)]


def test_a_change_tells_how_many_rows_it_met(connection: Connection) -> None:
    """Of rows that are changed together those that are there shall be counted, and no rows are no change."""
    one = transfer()
    transfers.insert(connection, [one])
    change = update(table).where(table.c.id == bindparam("of")).values(reason=bindparam("why"))
    assert write_many(connection, change, {"of": [one.id, "none"], "why": ["\0", None]}) == 1
    assert write_many(connection, change, {"of": [], "why": []}) == 0
    assert transfers.get_many(connection, [one.id])[one.id].reason == "\0"


@pytest.mark.parametrize("count", [1, 49, 50, 51, 100, 123])
def test_any_number_of_record_keys_is_written(connection: Connection, count: int) -> None:
    """Record keys that are written together shall each stand in the ledger, however many they are."""
    one = transfer()
    transfers.insert(connection, [one])
    record_keys.add(connection, "s", one.id, [(f"{number}", "item", number, None) for number in range(count)])
    found = record_keys.seen(connection, "s", [f"{number}" for number in range(count + 1)])
    assert {key: (place.transfer, place.record) for key, place in found.items()} == {
        f"{number}": (one.id, number) for number in range(count)
    }
    assert record_keys.remove(connection, one.id) == count


def test_whether_any_is_delivered_everywhere(connection: Connection) -> None:
    """That something is delivered everywhere shall be told exactly when something is returned."""
    one = transfer(state=State.DELIVERING)
    transfers.insert(connection, [one])
    sent: dict[str, Any] = {"transfer": one.id, "attempt": 1, "key": "k"}
    open_ = [Delivery(**sent, destination=name, state=DeliveryState.PENDING) for name in ("erp", "mes")]
    deliveries.insert(connection, open_)
    told = []
    for delivery in open_:
        told.append(transfers.is_any_delivered_everywhere(connection, one.route))
        assert bool(transfers.delivered_everywhere(connection, one.route)) is told[-1]
        deliveries.update(connection, [delivery.evolve(state=DeliveryState.DELIVERED)])
    assert told == [False, False]
    assert transfers.is_any_delivered_everywhere(connection, one.route)
    assert transfers.delivered_everywhere(connection, one.route) == [one]
