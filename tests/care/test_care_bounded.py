"""What a rebuild remembers of each transfer is on the disk, and says the same as if it were in memory."""

from __future__ import annotations

import contextlib
import tracemalloc
from pathlib import Path

from sqlalchemy import select

from gateway.ledger import rebuilding
from gateway.ledger.former import Former
from gateway.ledger.tables import deliveries
from tests.ledger.ledger_samples import delivery, new_ledger, transfer

_MANY = 50_000


def _filled(count: int) -> int:
    """Return the most bytes of Python's that ``count`` transfers took at once."""
    with contextlib.closing(Former()) as former:
        tracemalloc.start()
        try:
            for number in range(count):
                former.note(f"{number:026}", None)
            assert sum(map(len, former.cut((f"{number:026}" for number in range(count)), 100))) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_many_transfers_take_no_more_memory_than_few() -> None:
    """A hundred times as many transfers shall take the same memory, and less than a byte for each."""
    assert _filled(_MANY) < _filled(_MANY // 100) + _MANY


def test_notes_say_how_transfers_were() -> None:
    """The first note of a transfer shall count; what was never noted was not written."""
    with contextlib.closing(Former()) as former:
        for one, state in (("b", "held"), ("a", None), ("b", None), ("c", "delivering"), ("0", "held")):
            former.note(one, state)
        assert ["a" in former, "x" in former, former.in_state("held")] == [True, False, ["0", "b"]]
        told = [former.is_noted_as_none_of(one, ("delivering",)) for one in ("a", "b", "c", "x")]
        assert told == [True, True, False, False]
        assert list(former.cut(iter("zyxwv"), 2)) == [["z", "y"], ["x", "w"], ["v"]]
        assert list(former.cut(iter(()), 2)) == []


def test_deliveries_without_a_place_are_ordered_in_the_ledger(tmp_path: Path) -> None:
    """Those that no manifest gives a place shall stand in the order of arrival, before all that have one."""
    rows = sorted((transfer(f"{number}.csv") for number in range(5)), key=lambda row: row.id)
    with contextlib.closing(new_ledger(tmp_path)) as ledger, ledger.write() as connection:
        rebuilding.order_unplaced(connection)  # of none
        sent = [[delivery(row, one) for one in ("mes", "erp")] for row in rows]
        sent[3] = [one.evolve(place=7 + number) for number, one in enumerate(sent[3])]
        rebuilding.put(connection, [(rows[at], [], sent[at]) for at in (4, 1, 3, 0, 2)])
        rebuilding.order_unplaced(connection)
        statement = select(deliveries.c.transfer, deliveries.c.destination).order_by(deliveries.c.place)
        found = [(one.transfer, one.destination) for one in connection.execute(statement)]
    unplaced = [(rows[at].id, one) for at in (0, 1, 2, 4) for one in ("erp", "mes")]
    assert found == [*unplaced, (rows[3].id, "mes"), (rows[3].id, "erp")]
