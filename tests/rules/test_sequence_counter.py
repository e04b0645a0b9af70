"""Counters: order, gaps, holds, wrap, restarts, waivers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import Severity
from gateway.rules import sequence
from gateway.rules.sequence import (
    Decision,
    Expired,
    Fate,
    Kind,
    Late,
    Model,
    Order,
    SequencePolicy,
    StreamState,
)

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
UNSEEN = StreamState()
STRICT = SequencePolicy(Model.COUNTER)
REPORT = SequencePolicy(Model.COUNTER, Order.REPORT)


def feed(policy: SequencePolicy, numbers: list[str], state: StreamState = UNSEEN) -> list[Decision]:
    """Judge ``numbers`` one after the other without a release."""
    decisions = []
    for number in numbers:
        decision = sequence.judge(policy, state, number, None, NOW, transfer=f"t{number}")
        state = decision.state
        decisions.append(decision)
    return decisions


def delivered(policy: SequencePolicy, numbers: list[str]) -> list[str]:
    """Return the numbers in the order in which they are let go, releasing after every file."""
    state = UNSEEN
    out: list[str] = []
    for number in numbers:
        decision = sequence.judge(policy, state, number, None, NOW, transfer=f"t{number}")
        out += [number] if decision.fate is Fate.GO else []
        released = sequence.release(policy, decision.state)
        out += [held.number for held in released.held]
        state = released.state
    return out


def gap_texts(policy: SequencePolicy, state: StreamState) -> list[str]:
    return [str(gap) for gap in sequence.gaps(policy, state)]


def test_in_order_numbers_go_at_once() -> None:
    """Files that come in order shall be delivered without waiting."""
    decisions = feed(STRICT, ["7", "8", "9"])
    assert [(d.kind, d.fate) for d in decisions] == [(Kind.IN_ORDER, Fate.GO)] * 3
    assert sequence.expected(STRICT, decisions[-1].state) == "10"


def test_strict_holds_until_the_gap_is_filled() -> None:
    """A strict stream shall hold 7 while 5 and 6 are missing, and let all go once they came."""
    decisions = feed(STRICT, ["4", "7"])
    held = decisions[-1]
    assert (held.kind, held.fate, held.waiting_for) == (Kind.HOLD, Fate.HOLD, "5 to 6")
    assert sequence.release(STRICT, held.state).held == ()
    after_five = feed(STRICT, ["5"], held.state)[-1]
    assert after_five.fate is Fate.GO
    assert sequence.release(STRICT, after_five.state).held == ()
    after_six = feed(STRICT, ["6"], after_five.state)[-1]
    assert [h.transfer for h in sequence.release(STRICT, after_six.state).held] == ["t7"]
    assert delivered(STRICT, ["4", "7", "6", "5", "8"]) == ["4", "5", "6", "7", "8"]


def test_a_file_never_overtakes_one_that_is_about_to_be_released() -> None:
    """Between a waiver and the release the next number shall queue behind the held one."""
    state = feed(STRICT, ["4", "6"])[-1].state
    state = sequence.waive(STRICT, state, "5", None, NOW).state
    late_comer = feed(STRICT, ["7"], state)[-1]
    assert (late_comer.fate, late_comer.waiting_for) == (Fate.HOLD, "6")
    assert [h.number for h in sequence.release(STRICT, late_comer.state).held] == ["6", "7"]


def test_report_delivers_and_records_the_gap() -> None:
    """A reporting stream shall deliver past a gap with a warning, and keep the gap on record."""
    decision = feed(REPORT, ["0004", "0007"])[-1]
    assert (decision.kind, decision.fate) == (Kind.GAP_REPORTED, Fate.GO)
    assert decision.finding is not None
    assert (decision.finding.code, decision.finding.severity) == ("F805", Severity.WARNING)
    assert decision.finding.message == "0007 was delivered although 0005 to 0006 is missing"
    assert gap_texts(REPORT, decision.state) == ["0005 to 0006"]


@pytest.mark.parametrize(
    ("late", "fate", "open_gaps"), [(Late.FAIL, Fate.FAIL, ["5"]), (Late.ACCEPT, Fate.GO, [])]
)
def test_late_arrival_follows_the_route(late: Late, fate: Fate, open_gaps: list[str]) -> None:
    """A number that was reported missing shall, when it comes, do what the route says of late files."""
    policy = SequencePolicy(Model.COUNTER, Order.REPORT, late=late)
    decision = feed(policy, ["4", "6", "5"])[-1]
    assert (decision.kind, decision.fate) == (Kind.LATE, fate)
    assert decision.finding is not None
    assert decision.finding.code == "F801"
    assert gap_texts(policy, decision.state) == open_gaps


def test_an_operator_may_send_a_late_file_on() -> None:
    """An authorised attempt shall pass where the route would fail a late or repeated number."""
    state = feed(REPORT, ["4", "6"])[-1].state
    late = sequence.judge_authorised(REPORT, state, "5", None, NOW)
    assert (late.kind, late.fate) == (Kind.LATE, Fate.GO)
    repeat = sequence.judge_authorised(REPORT, late.state, "6", None, NOW)
    assert (repeat.kind, repeat.fate) == (Kind.REPEAT, Fate.GO)
    assert repeat.finding is not None
    assert repeat.finding.severity is Severity.WARNING


def test_a_used_number_is_a_repeat() -> None:
    """A second file with a used or a held number shall fail with F807."""
    for decision in (feed(STRICT, ["4", "5", "4"])[-1], feed(STRICT, ["4", "6", "6"])[-1]):
        assert (decision.kind, decision.fate) == (Kind.REPEAT, Fate.FAIL)
        assert decision.finding is not None
        assert decision.finding.code == "F807"


@pytest.mark.parametrize("number", [None, "", " ", "12a", "-3", "1.5", "\u0665", "000", "9" * 31])
def test_invalid_numbers_fail(number: str | None) -> None:
    """A missing, reserved or non-numeric control number shall fail with F802 and change nothing."""
    policy = SequencePolicy(Model.COUNTER, reserved=("00000",))
    state = feed(policy, ["1"])[-1].state
    decision = sequence.judge(policy, state, number, None, NOW)
    assert (decision.kind, decision.fate, decision.state) == (Kind.INVALID, Fate.FAIL, state)
    assert decision.finding is not None
    assert decision.finding.code == "F802"


def test_start_and_step() -> None:
    """A declared start shall make missing first numbers visible; numbers off the step are invalid."""
    policy = SequencePolicy(Model.COUNTER, start=10, step=10)
    first = feed(policy, ["30"])[-1]
    assert (first.fate, first.waiting_for) == (Fate.HOLD, "10 to 20")
    assert feed(policy, ["15"])[-1].kind is Kind.INVALID
    assert delivered(policy, ["30", "10", "20"]) == ["10", "20", "30"]
    assert sequence.expected(policy, StreamState()) == "10"


def test_a_number_below_the_first_one_seen_is_late() -> None:
    """Where no start is declared, a file from before the first one seen shall count as late."""
    decision = feed(STRICT, ["7", "6"])[-1]
    assert decision.kind is Kind.LATE


def test_wrap() -> None:
    """After the last number of the counter the first one shall be in order, also across a hold."""
    policy = SequencePolicy(Model.COUNTER, wrap_after=99999, reserved=("00000",))
    decisions = feed(policy, ["99998", "99999", "00001", "00002"])
    assert [d.kind for d in decisions] == [Kind.IN_ORDER, Kind.IN_ORDER, Kind.WRAP, Kind.IN_ORDER]
    assert delivered(policy, ["99998", "00002", "99999", "00001"]) == ["99998", "99999", "00001", "00002"]
    assert feed(policy, ["99998", "00002"])[-1].waiting_for == "99999 to 00001"
    assert feed(policy, ["5", "100000"])[-1].kind is Kind.INVALID


def test_reserved_numbers_inside_the_counter_leave_no_gap() -> None:
    """A reserved number in the middle of the counter shall be skipped, not missed."""
    policy = SequencePolicy(Model.COUNTER, wrap_after=20, wrap_to=10, reserved=("13", "15"))
    numbers = ["11", "12", "14", "16", "17", "18", "19", "20", "10", "11"]
    assert [d.fate for d in feed(policy, numbers)] == [Fate.GO] * 10
    assert feed(policy, ["12", "16"])[-1].waiting_for == "14"


def test_declared_restart() -> None:
    """A route that declares a reset number shall follow the sender's restart and count on from there."""
    policy = SequencePolicy(Model.COUNTER, reset_to=1)
    decisions = feed(policy, ["905", "906", "1", "2"])
    assert [d.kind for d in decisions] == [Kind.IN_ORDER, Kind.IN_ORDER, Kind.RESET, Kind.IN_ORDER]
    assert feed(STRICT, ["905", "906", "1"])[-1].kind is Kind.LATE


def test_a_restart_waits_for_the_gaps_before_it() -> None:
    """On a strict stream a restart shall wait for what is still missing from before."""
    policy = SequencePolicy(Model.COUNTER, reset_to=1)
    decisions = feed(policy, ["905", "907", "1", "2"])
    assert [d.fate for d in decisions] == [Fate.GO, Fate.HOLD, Fate.HOLD, Fate.HOLD]
    assert delivered(policy, ["905", "907", "1", "2", "906", "3"]) == ["905", "906", "907", "1", "2", "3"]
    missing_after = feed(policy, ["905", "907", "1", "3"])[-1]
    assert gap_texts(policy, missing_after.state) == ["906", "2"]


def test_numbers_waived_in_advance_end_with_the_count() -> None:
    """A waiver of numbers to come shall not swallow numbers of a restarted counter."""
    policy = SequencePolicy(Model.COUNTER, reset_to=1)
    state = feed(policy, ["1", "2"])[-1].state
    state = sequence.waive(policy, state, "4", "5", NOW).state
    decisions = feed(policy, ["1", "2", "3"], state)
    assert [d.kind for d in decisions] == [Kind.RESET, Kind.IN_ORDER, Kind.IN_ORDER]
    assert sequence.expected(policy, decisions[-1].state) == "4"


def test_a_waived_number_that_comes_after_all_does_not_overtake_what_still_waits() -> None:
    """A number that was given up shall, once it may go, wait for those before it that are missing or held."""
    state = feed(STRICT, ["1", "3", "5"])[-1].state
    state = sequence.waive(STRICT, state, "4", None, NOW).state
    late = sequence.judge_authorised(STRICT, state, "4", None, NOW, "t4")
    assert (late.fate, late.waiting_for) == (Fate.HOLD, "2")
    assert late.finding is not None
    assert late.finding.code == "F801"
    found = feed(STRICT, ["2"], late.state)[-1]
    assert found.fate is Fate.GO
    assert [held.number for held in sequence.release(STRICT, found.state).held] == ["3", "4", "5"]


def test_waiver_of_a_gap_and_of_numbers_to_come() -> None:
    """A waiver shall free what waits for it, now or when the numbers would have been due."""
    state = feed(STRICT, ["004", "008"])[-1].state
    part = sequence.waive(STRICT, state, "5", "6", NOW)
    assert [str(gap) for gap in part.waived] == ["005 to 006"]
    assert gap_texts(STRICT, part.state) == ["007"]
    assert sequence.waive(STRICT, part.state, "4", None, NOW).waived == ()
    future = sequence.waive(STRICT, feed(STRICT, ["4"])[-1].state, "5", "6", NOW)
    assert sequence.expected(STRICT, future.state) == "7"
    assert feed(STRICT, ["7"], future.state)[-1].fate is Fate.GO
    assert feed(STRICT, ["5"], future.state)[-1].kind is Kind.LATE


def test_waiver_across_a_wrap() -> None:
    """A waiver from the last numbers of a round into the next one shall waive both ends."""
    policy = SequencePolicy(Model.COUNTER, wrap_after=999)
    state = feed(policy, ["998", "003"])[-1].state
    waived = sequence.waive(policy, state, "999", "002", NOW)
    assert [str(gap) for gap in waived.waived] == ["999 to 002"]
    assert [h.number for h in sequence.release(policy, waived.state).held] == ["003"]
    passed = sequence.waive(policy, feed(policy, ["7"])[-1].state, "3", "5", NOW)
    assert passed.waived == ()


def test_operator_reset() -> None:
    """A reset by an operator shall give up open gaps and expect the given number next."""
    state = feed(STRICT, ["905", "907"])[-1].state
    reset = sequence.reset(STRICT, state, "1")
    assert [str(gap) for gap in reset.waived] == ["906"]
    assert [h.number for h in sequence.release(STRICT, reset.state).held] == ["907"]
    assert sequence.expected(STRICT, reset.state) == "1"
    fresh = sequence.reset(STRICT, StreamState(), "50").state
    assert feed(STRICT, ["51"], fresh)[-1].waiting_for == "50"


def test_hold_release_by_an_operator_frees_what_stands_before_too() -> None:
    """Freeing one held file shall give up only the gaps before it and keep the order."""
    state = feed(STRICT, ["1", "3", "5", "7"])[-1].state
    freed = sequence.free(STRICT, state, "t5")
    assert [str(gap) for gap in freed.waived] == ["2", "4"]
    assert [h.number for h in sequence.release(STRICT, freed.state).held] == ["3", "5"]
    with pytest.raises(KeyError):
        sequence.free(STRICT, state, "unknown")


def test_a_held_file_that_fails_is_awaited_again() -> None:
    """When a held file is given up, its successors shall wait for a corrected one."""
    state = feed(STRICT, ["1", "3", "4"])[-1].state
    state = sequence.withdraw(STRICT, state, "t3", NOW)
    state = feed(STRICT, ["2"], state)[-1].state
    assert sequence.release(STRICT, state).held == ()
    state = feed(STRICT, ["3"], state)[-1].state
    assert [h.number for h in sequence.release(STRICT, state).held] == ["4"]


def test_deadline_of_a_hold() -> None:
    """A hold shall alert or fail when its deadline passes, and not before."""
    fail = SequencePolicy(Model.COUNTER, hold_seconds=60, expired=Expired.FAIL)
    assert sequence.expired(fail, NOW, NOW + timedelta(seconds=59)) is None
    assert sequence.expired(fail, NOW, NOW + timedelta(seconds=60)) is Expired.FAIL
    assert sequence.expired(STRICT, NOW, NOW + timedelta(days=2)) is Expired.ALERT


def test_a_gap_of_a_billion_is_one_range() -> None:
    """A wild jump shall cost one range, and be refused where the route bounds jumps."""
    decision = feed(REPORT, ["1", "1000000001"])[-1]
    assert [gap.count for gap in sequence.gaps(REPORT, decision.state)] == [999_999_999]
    bounded = SequencePolicy(Model.COUNTER, Order.REPORT, largest_jump=100)
    assert feed(bounded, ["1", "1000000001"])[-1].kind is Kind.INVALID
    assert feed(bounded, ["1", "102"])[-1].kind is Kind.GAP_REPORTED


def test_no_model_lets_everything_go() -> None:
    """A route without a sequence shall never hold a file."""
    assert sequence.judge(SequencePolicy(), StreamState(), None, None, NOW).fate is Fate.GO


def test_text_that_is_no_number_is_refused_by_operators_commands() -> None:
    """A waiver or reset with something that is no number shall say so."""
    with pytest.raises(ValueError, match="is not a number"):
        sequence.waive(STRICT, UNSEEN, "x", None, NOW)
    with pytest.raises(ValueError, match="is not a number"):
        sequence.reset(STRICT, UNSEEN, "-1")


COUNTERS = st.sampled_from(
    [
        (SequencePolicy(Model.COUNTER, start=1), 1),
        (SequencePolicy(Model.COUNTER, start=5, step=3), 5),
        (SequencePolicy(Model.COUNTER, start=96, wrap_after=99), 96),
        (SequencePolicy(Model.COUNTER, start=90, wrap_after=99, reserved=("94", "95", "3")), 90),
    ]
)


def counted(policy: SequencePolicy, start: int, count: int) -> list[str]:
    """Return the first ``count`` numbers as a sender would write them."""
    numbers: list[str] = []
    number = start
    reserved = {int(text) for text in policy.reserved}
    while len(numbers) < count:
        if number not in reserved:
            numbers.append(f"{number:05}")
        number = policy.wrap_to if number == policy.wrap_after else number + policy.step
    return numbers


@settings(max_examples=150, deadline=None)
@given(data=st.data(), case=COUNTERS, count=st.integers(1, 20))
def test_law_strict_streams_deliver_in_order_without_gaps(
    data: st.DataObject, case: tuple[SequencePolicy, int], count: int
) -> None:
    """Whatever the arrival order and the waivers, a strict stream shall deliver in order, and all."""
    policy, start = case
    numbers = counted(policy, start, count)
    waived = data.draw(st.sets(st.sampled_from(numbers)), "waived")
    arrivals = data.draw(st.permutations([n for n in numbers if n not in waived]), "arrivals")
    waivers = data.draw(st.permutations([(number,) for number in sorted(waived)]), "waivers")
    mixed: list[str | tuple[str]] = [*arrivals, *waivers]
    events = data.draw(st.permutations(mixed), "events")
    state = UNSEEN
    out: list[str] = []
    given_up: set[str] = set()
    for event in events:
        if isinstance(event, tuple):
            given_up.add(event[0])
        elif isinstance(event, str):
            decision = sequence.judge(policy, state, event, None, NOW, transfer=event)
            state = decision.state
            out += [event] if decision.fate is Fate.GO else []
        for number in given_up:
            state = sequence.waive(policy, state, number, None, NOW).state
        state = StreamState.from_dict(state.to_dict())
        released = sequence.release(policy, state)
        state = released.state
        out += [held.number for held in released.held]
        done = set(out) | given_up
        assert all(set(numbers[: numbers.index(number)]) <= done for number in out)
    assert out == [number for number in numbers if number not in waived]
    assert state.held == ()


@settings(max_examples=100, deadline=None)
@given(arrivals=st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_law_report_streams_never_hold_and_know_every_gap(arrivals: list[int]) -> None:
    """A reporting stream shall hold nothing, and its gaps are exactly the numbers that did not come."""
    policy = SequencePolicy(Model.COUNTER, Order.REPORT, start=1, late=Late.ACCEPT)
    decisions = feed(policy, [str(number) for number in arrivals])
    assert all(decision.fate is not Fate.HOLD for decision in decisions)
    missing = {
        number
        for gap in sequence.gaps(policy, decisions[-1].state)
        for number in range(int(gap.first), int(gap.last) + 1)
    }
    assert missing == set(range(1, max(arrivals))) - set(arrivals)


@pytest.mark.parametrize("policy", [STRICT, REPORT], ids=["strict", "report"])
def test_the_longest_numbers_are_counted(policy: SequencePolicy) -> None:
    """The gateway shall show gaps between numbers of 30 digits, which no machine word holds."""
    state = feed(policy, ["1", "9" * 30])[-1].state
    assert gap_texts(policy, state) == [f"2 to {'9' * 29}8"]
    assert sequence.gaps(policy, state)[0].count == 10**30 - 3
    rest = sequence.waive(policy, state, "2", "9" * 29 + "8", NOW)
    assert [str(gap) for gap in rest.waived] == [f"2 to {'9' * 29}8"]
    assert StreamState.from_dict(rest.state.to_dict()) == rest.state


def test_a_number_just_ahead_of_a_wrapping_counter_is_no_restart() -> None:
    """The gateway shall hold the reset number where the counter reaches it soon: others are missing."""
    policy = SequencePolicy(Model.COUNTER, start=9998, wrap_after=9999, wrap_to=1, reset_to=3)
    ahead = feed(policy, ["9998", "3"])[-1]
    assert (ahead.fate, gap_texts(policy, ahead.state)) == (Fate.HOLD, ["9999 to 2"])
    assert delivered(policy, ["9998", "3", "9999", "1", "2", "4"]) == ["9998", "9999", "1", "2", "3", "4"]
    assert feed(policy, ["9998", "9999", "1", "2", "3", "4", "3"])[-1].kind is Kind.RESET
