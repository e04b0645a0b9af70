"""Deliveries: what is due, in which order, and what must wait for its predecessor."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gateway.errors import LedgerError
from gateway.ledger import deliveries, transfers
from gateway.model import Delivery, DeliveryState, State, Transfer
from tests.ledger.ledger_samples import NOW, delivery, new_ledger, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.ledger.engine import Connection, Ledger

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def connection(tmp_path: Path, each_database: str) -> Iterator[Connection]:
    ledger: Ledger = new_ledger(tmp_path)
    with ledger.write() as opened:
        yield opened
    ledger.close()


def _accept(connection: Connection, name: str, *destinations: str, **values: Any) -> Transfer:
    """Accept a file for ``destinations``, after all accepted before."""
    one = transfer(name, **{"state": State.DELIVERING, "stream": "mes-1/confirmations", **values})
    transfers.insert(connection, [one])
    deliveries.insert(connection, [delivery(one, name) for name in destinations or ("erp",)])
    return one


def _names(connection: Connection, found: list[Delivery]) -> list[str]:
    owners = transfers.get_many(connection, [one.transfer for one in found])
    return [owners[one.transfer].name for one in found]


def _postpone(connection: Connection, one: Transfer, destination: str = "erp") -> None:
    failed = delivery(one, destination, tries=1, next_try_at=LATER, last_error="no space at \udcff")
    deliveries.update(connection, [failed])


def test_inserted_once(connection: Connection) -> None:
    """A delivery that is planned again, as after a crash, stays as far as it had come."""
    one = _accept(connection, "a", "erp", "mes")
    confirmed = delivery(one, state=DeliveryState.DELIVERED, tries=1, target="a\udcff.csv", delivered_at=NOW)
    deliveries.update(connection, [confirmed])
    deliveries.insert(connection, [delivery(one), delivery(one, "mes")])
    assert deliveries.of(connection, [one.id]) == {one.id: [confirmed, delivery(one, "mes")]}


def test_unknown_deliveries_are_not_updated(connection: Connection) -> None:
    """A change of a delivery that was never planned is refused."""
    one = _accept(connection, "a")
    with pytest.raises(LedgerError, match="delivery is not in the ledger"):
        deliveries.update(connection, [delivery(one, "nowhere")])


def test_due_in_the_order_of_acceptance(connection: Connection) -> None:
    """Deliveries come in the order in which files were accepted, whenever these arrived."""
    early, late = transfer("early", state=State.HELD), transfer("late", state=State.DELIVERING)
    transfers.insert(connection, [early, late])
    deliveries.insert(connection, [delivery(late)])
    transfers.update(connection, [early.evolve(state=State.DELIVERING)], expected=State.HELD)
    deliveries.insert(connection, [delivery(early)])
    found = deliveries.due(connection, "confirmations", "erp", NOW)
    assert _names(connection, found) == ["late", "early"]


def test_what_is_due(connection: Connection) -> None:
    """Due is what is not confirmed, not put off, of a delivering transfer, route and destination."""
    waiting = _accept(connection, "waiting")
    _postpone(connection, waiting)
    _accept(connection, "failed", state=State.FAILED)
    _accept(connection, "elsewhere", route="other")
    staged = _accept(connection, "staged", "erp", "mes")
    deliveries.update(connection, [delivery(staged, state=DeliveryState.STAGED)])
    done = _accept(connection, "done")
    deliveries.update(connection, [delivery(done, state=DeliveryState.DELIVERED, delivered_at=NOW)])
    again = _accept(connection, "again")
    transfers.update(connection, [again.evolve(attempt=2)], expected=None)

    def at(moment: Any, destination: str = "erp") -> list[str]:
        return _names(connection, deliveries.due(connection, "confirmations", destination, moment))

    assert at(NOW) == ["staged"]
    assert at(NOW, "mes") == ["staged"]
    assert at(LATER) == ["waiting", "staged"]
    assert deliveries.destinations_due(connection, "confirmations", NOW) == ["erp", "mes"]
    assert deliveries.destinations_due(connection, "nothing", NOW) == []
    assert _names(connection, deliveries.undelivered(connection)) == [
        "waiting",
        "elsewhere",
        "staged",
        "staged",
    ]


def test_the_limit_takes_the_first(connection: Connection) -> None:
    """With a limit the oldest deliveries come first."""
    for name in "abc":
        _accept(connection, name)
    assert _names(connection, deliveries.due(connection, "confirmations", "erp", NOW, 2)) == ["a", "b"]


def test_nothing_overtakes_on_a_strict_stream(connection: Connection) -> None:
    """While a file waits for its next try, later files of its stream are not due there; others are."""
    _accept(connection, "1")
    stuck = _accept(connection, "2", "erp", "mes")
    _accept(connection, "3", "erp", "mes")
    _accept(connection, "x", stream="mes-2/confirmations")
    _accept(connection, "y", stream=None)
    _postpone(connection, stuck)

    def due(destination: str, moment: Any = NOW) -> list[str]:
        found = deliveries.due_in_order(connection, "confirmations", destination, moment)
        return _names(connection, found)

    assert due("erp") == ["1", "x", "y"]
    assert due("mes") == ["2", "3"]
    assert due("erp", LATER) == ["1", "2", "3", "x", "y"]
    assert _names(connection, deliveries.due(connection, "confirmations", "erp", NOW)) == ["1", "3", "x", "y"]
