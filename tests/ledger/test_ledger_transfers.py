"""Transfers: kept exactly, found again, changed only as expected."""

from __future__ import annotations

import dataclasses
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from gateway.errors import ActionRefused, IllegalTransition, LedgerError
from gateway.ledger import deliveries, transfers
from gateway.model import Companion, DeliveryState, Disposition, Evidence, Identity, State, Transfer
from tests.ledger.ledger_samples import NOW, UndoError, delivery, new_ledger, sha256, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.ledger.engine import Connection, Ledger

NAMES = st.binary(min_size=1, max_size=255).map(os.fsdecode)
TEXTS = st.none() | st.text(max_size=20)


@pytest.fixture
def ledger(tmp_path: Path, each_database: str) -> Iterator[Ledger]:
    opened = new_ledger(tmp_path)
    yield opened
    opened.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    names=st.tuples(NAMES, NAMES, NAMES),
    texts=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS),
    numbers=st.tuples(st.integers(0, 2**63 - 1), st.integers(-(2**70), 2**70), st.integers(0, 2**64 - 1)),
    findings=st.none() | st.dictionaries(st.text(), st.lists(st.integers() | st.text())),
)
def test_every_transfer_comes_back_as_it_was(
    ledger: Ledger, names: Any, texts: Any, numbers: Any, findings: Any
) -> None:
    """Whatever a file is called and says of itself, its transfer comes back exactly."""
    one = transfer(
        names[0],
        source=names[1],
        working_name=names[2],
        settled_path=names[0],
        sender=texts[0],
        message_id=texts[1],
        stream=texts[2],
        reason=texts[3],
        size=numbers[0],
        mtime_ns=numbers[1],
        inode=numbers[2],
        findings=findings,
        evidence=(Evidence("checksum", f"{names[0]}.sha256", {"sha256": sha256("x")}),),
        companions=(Companion(names[1], "done", 0, None),),
        settle_as=Disposition.FAILED,
        held_until=NOW,
    )
    with pytest.raises(UndoError), ledger.write() as connection:  # noqa: PT012 - the block is a transaction
        transfers.insert(connection, [one])
        assert transfers.get(connection, one.id) == one
        assert transfers.find(connection, names[0]) == one
        raise UndoError


def test_every_field_has_its_column() -> None:
    """No field of a transfer is forgotten by the ledger."""
    from gateway.ledger.tables import transfers as table

    assert {one.name for one in dataclasses.fields(Transfer)} <= {column.name for column in table.c}


def _write(ledger: Ledger, *batch: Transfer) -> None:
    with ledger.write() as connection:
        transfers.insert(connection, batch)


def test_a_batch_moves_together(ledger: Ledger) -> None:
    """A batch changes state as a whole; if one transfer is elsewhere by now, none is changed."""
    batch = [transfer(f"{number}.csv") for number in range(5)]
    _write(ledger, *batch)
    with ledger.write() as connection:
        claimed = [one.evolve(state=State.CLAIMED, sha256=sha256(one.name)) for one in batch]
        transfers.update(connection, claimed, expected=State.ARRIVED)
        transfers.update(connection, [claimed[2].evolve(state=State.FAILED)], expected=State.CLAIMED)
    held = [one.evolve(state=State.HELD) for one in claimed]
    with (
        pytest.raises(IllegalTransition, match=f"no longer claimed.*{batch[2].id}"),
        ledger.write() as connection,
    ):
        transfers.update(connection, held, expected=State.CLAIMED)
    with ledger.read() as connection:
        states = [one.state for one in transfers.get_many(connection, [one.id for one in batch]).values()]
    assert states == [State.CLAIMED] * 2 + [State.FAILED] + [State.CLAIMED] * 2


def test_only_what_was_changed_is_written(ledger: Ledger) -> None:
    """What one process changes of a transfer does not take back what another one changed since it looked."""
    one = transfer()
    _write(ledger, one)
    with ledger.read() as connection:
        seen = transfers.get(connection, one.id)
    assert seen is not None
    with ledger.write() as connection:
        transfers.update(connection, [seen.evolve(superseded_by="other")], expected=State.ARRIVED)
    with ledger.write() as connection:
        transfers.update(connection, [seen.evolve(sha256=sha256("x"), reason="because")], expected=None)
        transfers.update(connection, [seen], expected=State.ARRIVED)
    with ledger.read() as connection:
        found = transfers.get(connection, one.id)
    assert found == one.evolve(superseded_by="other", sha256=sha256("x"), reason="because")


def test_a_field_that_is_none_is_refused() -> None:
    """A change of something that no transfer has is a mistake, and not forgotten."""
    with pytest.raises(TypeError, match="colour"):
        transfer().evolve(colour="red")


def test_unknown_transfers_are_not_updated(ledger: Ledger) -> None:
    """A change of a transfer that the ledger does not have is refused and named."""
    ghost = transfer()
    with pytest.raises(LedgerError, match=ghost.id), ledger.write() as connection:
        transfers.update(connection, [ghost], expected=None)


def test_the_same_id_twice(ledger: Ledger) -> None:
    """An id can be given once only."""
    one = transfer()
    with pytest.raises(LedgerError), ledger.write() as connection:
        transfers.insert(connection, [one, one])


def test_batches_cost_one_statement(ledger: Ledger) -> None:
    """Writing and changing a hundred transfers takes one statement each, as one does."""
    batch = [transfer(f"{number}.csv") for number in range(100)]
    seen: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement.split()[0])

    with ledger.write() as connection:
        event.listen(connection, "before_cursor_execute", count)
        transfers.insert(connection, batch)
        transfers.update(connection, batch, expected=State.ARRIVED)
        transfers.known(connection, "r", [Identity(sha256(one.name), one.name) for one in batch])
    assert seen == ["INSERT", "UPDATE", "SELECT"]


def test_in_states_is_arrival_order(ledger: Ledger) -> None:
    """A route's transfers come in the order of their arrival, other routes and states left out."""
    mine = [transfer(name) for name in ("b", "a", "c")]
    _write(ledger, *reversed(mine), transfer("x", route="other"), transfer("y", state=State.HELD))
    with ledger.read() as connection:
        found = transfers.in_states(connection, "confirmations", [State.ARRIVED, State.CLAIMED])
        first = transfers.in_states(connection, "confirmations", [State.ARRIVED], limit=1)
        counts = transfers.count_by_state(connection)
    assert found == mine
    assert first == mine[:1]
    assert counts == {
        ("confirmations", State.ARRIVED): 3,
        ("confirmations", State.HELD): 1,
        ("other", State.ARRIVED): 1,
    }


def test_find_what_a_person_types(ledger: Ledger) -> None:
    """An id in any case, its unique end or beginning, or a file name is enough."""
    odd = os.fsdecode(b"b\xff.csv")
    older, newer, other = transfer("a.csv"), transfer("a.csv"), transfer(odd)
    _write(ledger, older, newer, other)
    with ledger.read() as connection:
        assert transfers.find(connection, older.id.lower()) == older
        assert transfers.find(connection, older.id[-8:].lower()) == older
        assert transfers.find(connection, "a.csv") == newer
        assert transfers.find(connection, odd) == other


@pytest.mark.parametrize(
    "text", ["", "%", "_____", "no such file", "0ULZ", "'; DROP TABLE transfers", "\udcff\0"]
)
def test_find_nothing(ledger: Ledger, text: str) -> None:
    """A text that fits nothing is refused with what can be given instead."""
    _write(ledger, transfer())
    with pytest.raises(ActionRefused, match=r"no transfer.*Give an id"), ledger.read() as connection:
        transfers.find(connection, text)


def test_find_is_not_a_guess(ledger: Ledger) -> None:
    """A part that fits several ids is refused and the candidates are listed."""
    one, two = transfer("a.csv"), transfer("b.csv")
    _write(ledger, one, two)
    with pytest.raises(ActionRefused, match="fits") as refused, ledger.read() as connection:
        transfers.find(connection, one.id[:8])
    assert all(text in str(refused.value) for text in (one.id, two.id, "a.csv", "b.csv"))


def test_search_by_every_filter(ledger: Ledger) -> None:
    """Each filter alone and all together choose the right transfers, newest first."""
    summary = {"totals": [{"code": "F302", "count": 3}]}
    wanted = transfer("100%_x.csv", state=State.FAILED, findings=summary, reason_code="F302")
    noted = transfer("b.csv", findings=summary, arrived_at=NOW + timedelta(hours=1))
    late = transfer("c.csv", route="other", arrived_at=NOW + timedelta(hours=2))
    _write(ledger, wanted, noted, late)
    later = NOW + timedelta(hours=1)
    cases: list[tuple[dict[str, Any], list[Transfer]]] = [
        ({}, [late, noted, wanted]),
        ({"limit": 2}, [late, noted]),
        ({"route": "other"}, [late]),
        ({"states": [State.FAILED]}, [wanted]),
        ({"code": "F302"}, [noted, wanted]),
        ({"code": "F3"}, []),
        ({"since": later}, [late, noted]),
        ({"until": later}, [noted, wanted]),
        ({"name": "%_"}, [wanted]),
        ({"route": "confirmations", "code": "F302", "since": NOW, "until": NOW, "name": "x"}, [wanted]),
    ]
    with ledger.read() as connection:
        for filters, expected in cases:
            assert transfers.search(connection, **filters) == expected, filters


def _known(connection: Connection, route: str, *asked: Identity) -> dict[int, list[str]]:
    found = transfers.known(connection, route, asked)
    return {index: [one.id for one in earlier] for index, earlier in found.items()}


def test_known_by_bytes_and_by_key(ledger: Ledger) -> None:
    """The same bytes are known on every route, the same interchange key on its own route only."""
    first = transfer("a.csv", state=State.PROCESSED, sha256=sha256("1"), interchange_key="mes|1")
    other = transfer("b.csv", route="other", state=State.HELD, sha256=sha256("2"), interchange_key="mes|1")
    _write(ledger, first, other)
    with ledger.read() as connection:
        found = _known(
            connection,
            "confirmations",
            Identity(sha256("1"), "a.csv", interchange_key="mes|1"),
            Identity(sha256("9"), "n.csv", interchange_key="mes|9"),
            Identity(sha256("2"), "c.csv"),
            Identity(sha256("2"), "c.csv", interchange_key="mes|1"),
        )
    assert found == {0: [first.id], 2: [other.id], 3: [first.id, other.id]}


def test_a_shared_beginning_is_not_the_same_bytes(ledger: Ledger) -> None:
    """Two digests with the same first 8 bytes are told apart."""
    digest = sha256("1")
    _write(ledger, transfer(state=State.PROCESSED, sha256=digest))
    with ledger.read() as connection:
        assert _known(connection, "r", Identity(digest[:16] + "0" * 48, "x")) == {}
        assert len(_known(connection, "r", Identity(digest, "x"))) == 1


@pytest.mark.parametrize(
    ("state", "authorised", "delivered", "counts"),
    [
        (State.ARRIVED, None, False, False),
        (State.CLAIMED, None, False, False),
        (State.HELD, None, False, True),
        (State.DELIVERING, None, False, True),
        (State.PROCESSED, None, False, True),
        (State.FAILED, None, False, False),
        (State.FAILED, None, True, True),
        (State.CLAIMED, "replay", True, True),
        (State.DUPLICATE, None, False, False),
        (State.WITHDRAWN, None, False, False),
        (State.REPLAY, "replay", False, True),
        (State.REPLAY, "reprocess", False, False),
    ],
)
def test_only_accepted_files_make_duplicates(
    ledger: Ledger, state: State, authorised: str | None, delivered: bool, counts: bool
) -> None:
    """A file repeats only what was accepted, or what some destination has already received."""
    one = transfer(state=state, authorised=authorised, sha256=sha256("1"))
    with ledger.write() as connection:
        transfers.insert(connection, [one])
        if delivered:
            deliveries.insert(connection, [delivery(one, state=DeliveryState.DELIVERED)])
        assert bool(_known(connection, "r", Identity(sha256("1"), "x"))) is counts


def test_many_copies_are_listed_in_part(ledger: Ledger) -> None:
    """Of many files with the same bytes the first ten are told, the first one first."""
    many = [transfer(f"{n}", state=State.PROCESSED, sha256=sha256("same")) for n in range(40)]
    _write(ledger, *many)
    with ledger.read() as connection:
        found = _known(connection, "r", Identity(sha256("same"), "x"))
    assert found == {0: [one.id for one in many[:10]]}


def test_delivered_everywhere(ledger: Ledger) -> None:
    """A transfer is ready for the archive when all destinations of its present attempt confirmed."""
    done = transfer("done", state=State.DELIVERING)
    half = transfer("half", state=State.DELIVERING)
    planned = transfer("planned", state=State.DELIVERING, settle_as=Disposition.PROCESSED)
    again = transfer("again", state=State.DELIVERING, attempt=2)
    _write(ledger, done, half, planned, again)
    confirmed = [delivery(one, state=DeliveryState.DELIVERED) for one in (done, half, planned, again)]
    with ledger.write() as connection:
        deliveries.insert(connection, confirmed)
        deliveries.insert(connection, [delivery(half, "archive"), delivery(again, attempt=1)])
        assert transfers.delivered_everywhere(connection, "confirmations") == [done, again]
