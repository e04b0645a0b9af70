"""A stream whose route asks for another sequence model than the one it was counted by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.rules import sequence
from gateway.rules.sequence import Fate, Held, Kind, Model, Order, SequencePolicy, StreamState

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
COUNTER = SequencePolicy(Model.COUNTER, start=1)
CHAIN = SequencePolicy(Model.CHAIN)
TIMESTAMP = SequencePolicy(Model.TIMESTAMP)
NOTHING = SequencePolicy()
STRICT = (COUNTER, CHAIN, TIMESTAMP)


def counted(policy: SequencePolicy, *links: tuple[str, str]) -> StreamState:
    """Return the state after files with these numbers and predecessors."""
    state = StreamState()
    for number, previous in links:
        state = sequence.judge(policy, state, number, previous, NOW, f"t{number}").state
    return StreamState.from_dict(state.to_dict())


def numbers(held: tuple[Held, ...]) -> list[str]:
    return [one.number for one in held]


#: Streams with files held that came out of order, and the order in which they have to go.
HOLDING = {
    "counter": (COUNTER, counted(COUNTER, ("1", ""), ("5", ""), ("3", "")), ["3", "5"]),
    "chain": (CHAIN, counted(CHAIN, ("1", "0"), ("7", "9"), ("9", "4")), ["9", "7"]),
}


@pytest.mark.parametrize(("old", "state", "_order"), HOLDING.values(), ids=HOLDING)
@pytest.mark.parametrize("new", STRICT, ids=[policy.model.value for policy in STRICT])
def test_nothing_moves_on_a_stream_that_still_holds_files(
    new: SequencePolicy, old: SequencePolicy, state: StreamState, _order: list[str]
) -> None:
    """The gateway shall neither release held files nor judge new ones because the model was changed."""
    if new.model is old.model:
        assert not sequence.is_changed(new, state)
        return
    assert sequence.is_changed(new, state)
    assert sequence.is_suspended(new, state)
    assert sequence.release(new, state).held == ()
    decision = sequence.judge(new, state, "20261122", "1", NOW, "new")
    assert (decision.fate, decision.state) == (Fate.HOLD, state)
    assert sequence.gaps(new, state) == sequence.gaps(old, state)
    assert sequence.expected(new, state) == sequence.expected(old, state)


@pytest.mark.parametrize(("old", "state", "order"), HOLDING.values(), ids=HOLDING)
@pytest.mark.parametrize("new", STRICT, ids=[policy.model.value for policy in STRICT])
def test_a_reset_lets_the_held_files_go_and_begins_by_the_new_model(
    new: SequencePolicy, old: SequencePolicy, state: StreamState, order: list[str]
) -> None:
    """The gateway shall, at a reset, let go what is held in the old order, then count by the new model."""
    if new.model is old.model:
        return
    reset = sequence.reset(new, state, "20261120")
    assert reset.waived == sequence.gaps(old, state)
    begun = StreamState.from_dict(reset.state.to_dict())
    assert sequence.is_suspended(new, begun)
    assert sequence.free(new, begun, begun.freed[0].transfer).waived == ()
    released = sequence.release(new, begun)
    assert numbers(released.held) == order
    assert not sequence.is_suspended(new, released.state)
    assert released.state.model is new.model
    next_number = "20261120" if new is COUNTER else "20261121"
    decision = sequence.judge(new, released.state, next_number, "20261120", NOW)
    assert (decision.kind, decision.fate) == (Kind.IN_ORDER, Fate.GO)


@pytest.mark.parametrize(("_old", "state", "order"), HOLDING.values(), ids=HOLDING)
@pytest.mark.parametrize("new", STRICT, ids=[policy.model.value for policy in STRICT])
def test_what_waits_can_be_freed_by_the_old_model(
    new: SequencePolicy, _old: SequencePolicy, state: StreamState, order: list[str]
) -> None:
    """The gateway shall let the held files go in their order once an operator gives their gaps up."""
    for gap in sequence.gaps(new, state):
        state = sequence.waive(new, state, gap.first, gap.last, NOW).state
    released = sequence.release(new, state)
    assert numbers(released.held) == order
    assert not sequence.is_suspended(new, released.state)


def test_a_stream_without_anything_open_begins_by_the_new_model() -> None:
    """The gateway shall count by the new model at once where nothing is held or missing."""
    for old in (CHAIN, TIMESTAMP, SequencePolicy(Model.COUNTER)):
        state = counted(old, ("20261119", "20261118"))
        for new in (CHAIN, TIMESTAMP, SequencePolicy(Model.COUNTER)):
            decision = sequence.judge(new, state, "20261120", "20261119", NOW)
            assert (decision.fate, decision.state.model) == (Fate.GO, new.model)


@pytest.mark.parametrize("policy", [COUNTER, CHAIN, TIMESTAMP], ids=lambda one: one.model.value)
def test_held_files_survive_a_change_of_model_on_a_route_that_reports(policy: SequencePolicy) -> None:
    """The gateway shall let every held file go where the route is strict no longer, whatever its model."""
    reporting = SequencePolicy(policy.model, Order.REPORT, start=policy.start)
    for _old, state, order in HOLDING.values():
        decision = sequence.judge(reporting, state, "20261120", "20261119", NOW)
        assert decision.fate is Fate.GO
        assert sorted(numbers(sequence.release(reporting, decision.state).held)) == sorted(order)
        assert sorted(numbers(sequence.release(NOTHING, state).held)) == sorted(order)


def test_a_held_file_of_the_old_model_can_fail() -> None:
    """The gateway shall await the number of a held file again that failed after the model was changed."""
    for _old, state, order in HOLDING.values():
        for new in STRICT:
            after = sequence.withdraw(new, state, f"t{order[0]}", NOW)
            assert numbers(after.held) == order[1:]
            assert sequence.gaps(new, after)
