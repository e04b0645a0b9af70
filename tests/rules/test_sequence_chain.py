"""Chains of interchanges and streams of timestamps."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import Severity
from gateway.rules import chains, sequence
from gateway.rules.sequence import (
    Decision,
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
VDA = SequencePolicy(Model.CHAIN, reserved=("00000",))
VDA_REPORT = SequencePolicy(Model.CHAIN, Order.REPORT, reserved=("00000",))

Link = tuple[str, str]  # new transmission number, previous one


def feed(policy: SequencePolicy, links: list[Link], state: StreamState = UNSEEN) -> list[Decision]:
    """Judge ``links`` one after the other without a release."""
    decisions = []
    for number, previous in links:
        decision = sequence.judge(policy, state, number, previous, NOW, transfer=f"t{number}")
        state = decision.state
        decisions.append(decision)
    return decisions


def freed(policy: SequencePolicy, state: StreamState) -> list[str]:
    return [held.number for held in sequence.release(policy, state).held]


def test_a_chain_is_followed_over_jumps_and_wrap() -> None:
    """Transmission numbers that jump, descend or wrap shall be in order as long as each names the last."""
    links = [("00017", "00000"), ("00042", "00017"), ("99999", "00042"), ("00001", "99999"), ("00007", "1")]
    assert [d.kind for d in feed(VDA, links)] == [Kind.IN_ORDER] * 5


def test_a_file_waits_for_the_one_it_names() -> None:
    """A strict chain shall hold files until their predecessor has gone, then free the whole chain."""
    decisions = feed(VDA, [("00017", "00000"), ("00050", "00042"), ("00051", "00050")])
    assert [d.waiting_for for d in decisions] == [None, "00042", "00050"]
    state = decisions[-1].state
    assert [str(gap) for gap in sequence.gaps(VDA, state)] == ["00042"]
    assert sequence.expected(VDA, state) == "00017"
    arrived = feed(VDA, [("00042", "00017")], state)[-1]
    assert arrived.fate is Fate.GO
    assert freed(VDA, arrived.state) == ["00050", "00051"]


def test_report_delivers_a_broken_chain_with_a_warning() -> None:
    """A reporting chain shall deliver past a missing interchange and record its number."""
    decision = feed(VDA_REPORT, [("00017", "00000"), ("00050", "00042")])[-1]
    assert (decision.kind, decision.fate) == (Kind.GAP_REPORTED, Fate.GO)
    assert decision.finding is not None
    assert (decision.finding.code, decision.finding.severity) == ("F806", Severity.WARNING)
    late = feed(VDA_REPORT, [("00042", "00017")], decision.state)[-1]
    assert (late.kind, late.fate) == (Kind.LATE, Fate.FAIL)
    authorised = sequence.judge_authorised(VDA_REPORT, decision.state, "00042", "00017", NOW)
    assert authorised.fate is Fate.GO
    assert sequence.gaps(VDA_REPORT, authorised.state) == ()
    assert feed(VDA_REPORT, [("00051", "00050")], authorised.state)[-1].kind is Kind.IN_ORDER


def test_reserved_predecessor_begins_anew() -> None:
    """An interchange without a predecessor shall start a new chain, behind everything that is held."""
    assert feed(VDA, [("00017", "00000"), ("00001", "00000")])[-1].kind is Kind.RESET
    held = feed(VDA, [("00017", "00000"), ("00050", "00042"), ("00001", "00000"), ("00002", "00001")])
    assert [d.fate for d in held] == [Fate.GO, Fate.HOLD, Fate.HOLD, Fate.HOLD]
    arrived = feed(VDA, [("00042", "00017")], held[-1].state)[-1]
    assert freed(VDA, arrived.state) == ["00050", "00001", "00002"]


@pytest.mark.parametrize(
    "link", [("00000", "00001"), ("", "00001"), ("abc", "1"), ("5", ""), ("5", "x"), ("5", "00005")]
)
def test_impossible_links_are_invalid(link: Link) -> None:
    """A reserved, missing or self-naming transmission number shall fail with F802."""
    decision = feed(VDA, [link])[-1]
    assert (decision.kind, decision.fate) == (Kind.INVALID, Fate.FAIL)
    assert decision.finding is not None
    assert decision.finding.code == "F802"


def test_repeats_and_forks_fail() -> None:
    """A used number shall be a repeat, and a second successor a broken chain; neither is held for ever."""
    start = [("17", "0"), ("18", "17")]
    assert feed(VDA, [*start, ("18", "17")])[-1].kind is Kind.REPEAT
    fork = feed(VDA, [*start, ("19", "17")])[-1]
    assert (fork.kind, fork.fate) == (Kind.BROKEN, Fate.FAIL)
    assert fork.finding is not None
    assert fork.finding.code == "F806"
    held_fork = feed(VDA, [*start, ("30", "29"), ("31", "29")])[-1]
    assert held_fork.kind is Kind.BROKEN
    circle = feed(VDA, [*start, ("30", "31"), ("31", "30")])[-1]
    assert circle.kind is Kind.BROKEN
    lenient = SequencePolicy(Model.CHAIN, reserved=("00000",), late=Late.ACCEPT)
    assert feed(lenient, [*start, ("19", "17")])[-1].fate is Fate.GO


def test_waiver_and_free_let_successors_go() -> None:
    """Waiving the missing interchange, or freeing a held file, shall let its successors go."""
    state = feed(VDA, [("17", "0"), ("50", "42"), ("51", "50")])[-1].state
    assert freed(VDA, sequence.waive(VDA, state, "42", None, NOW).state) == ["50", "51"]
    by_file = sequence.free(VDA, state, "t51")
    assert [str(gap) for gap in by_file.waived] == ["42"]
    released = sequence.release(VDA, by_file.state)
    assert [held.number for held in released.held] == ["50", "51"]
    late = feed(VDA, [("42", "17")], released.state)[-1]
    assert late.kind is Kind.LATE


def test_a_number_waived_a_round_ago_is_not_late() -> None:
    """After a wrap a transmission number that was once waived shall be in order again."""
    state = feed(VDA, [("17", "0"), ("50", "42")])[-1].state
    state = sequence.release(VDA, sequence.waive(VDA, state, "42", None, NOW).state).state
    assert feed(VDA, [("42", "50")], state)[-1].kind is Kind.IN_ORDER


def test_a_number_that_was_given_up_is_not_missing_again() -> None:
    """A second file that names a waived number shall go, and leave nothing missing behind."""
    state = feed(VDA, [("17", "0"), ("50", "42")])[-1].state
    state = sequence.release(VDA, sequence.waive(VDA, state, "42", None, NOW).state).state
    state = feed(VDA, [("51", "42")], state)[-1].state
    assert freed(VDA, state) == ["51"]
    assert sequence.gaps(VDA, state) == ()


def test_a_held_link_that_fails_is_awaited_again() -> None:
    """When a held interchange is given up, the one that names it shall wait for it again."""
    state = feed(VDA, [("17", "0"), ("50", "42"), ("51", "50")])[-1].state
    state = sequence.withdraw(VDA, state, "t50", NOW)
    assert [str(gap) for gap in sequence.gaps(VDA, state)] == ["50"]
    state = feed(VDA, [("42", "17")], state)[-1].state
    assert freed(VDA, state) == []
    state = feed(VDA, [("50", "42")], state)[-1].state
    assert freed(VDA, state) == ["51"]


def test_a_waived_link_that_comes_after_all_does_not_overtake_the_one_it_names() -> None:
    """A number that was given up shall, once it may go, wait for the file it names; the tip stays."""
    state = feed(VDA, [("10", "0"), ("30", "20")])[-1].state
    state = sequence.release(VDA, sequence.waive(VDA, state, "20", None, NOW).state).state
    late = sequence.judge_authorised(VDA, state, "20", "15", NOW, "t20")
    assert (late.kind, late.fate, late.waiting_for) == (Kind.HOLD, Fate.HOLD, "15")
    assert late.finding is not None
    assert late.finding.code == "F801"
    state = feed(VDA, [("40", "30")], late.state)[-1].state
    found = sequence.judge_authorised(VDA, state, "15", "10", NOW, "t15")
    assert found.fate is Fate.GO
    assert freed(VDA, found.state) == ["20"]


def test_a_second_successor_that_may_go_waits_for_its_predecessor() -> None:
    """Where forks are accepted, one shall still not go before the file it names; both go after it."""
    lenient = SequencePolicy(Model.CHAIN, reserved=("00000",), late=Late.ACCEPT)
    decisions = feed(lenient, [("17", "0"), ("30", "29"), ("31", "29")])
    assert [one.fate for one in decisions] == [Fate.GO, Fate.HOLD, Fate.HOLD]
    state = feed(lenient, [("29", "17")], decisions[-1].state)[-1].state
    assert freed(lenient, state) == ["30", "31"]


def test_one_who_names_the_tip_does_not_take_the_place_of_one_who_waited_for_it() -> None:
    """A file that names the last one shall be a fork while another that names it is yet to be released."""
    decisions = feed(VDA, [("17", "0"), ("19", "18"), ("18", "17"), ("20", "18")])
    assert decisions[-1].kind is Kind.BROKEN
    assert freed(VDA, decisions[-1].state) == ["19"]


def test_a_chain_that_forgot_numbers_lets_a_late_one_go() -> None:
    """A late file whose predecessor may have gone long ago shall not wait for it for ever."""
    count = chains.REMEMBERED
    links = [("1", "0"), ("3", "2"), *((str(n), str(n - 1)) for n in range(4, count + 9))]
    state = feed(VDA, links[:2])[-1].state
    state = sequence.release(VDA, sequence.waive(VDA, state, "2", None, NOW).state).state
    state = feed(VDA, links[2:], state)[-1].state
    assert sequence.judge_authorised(VDA, state, "2", "1", NOW, "t2").fate is Fate.GO


def test_one_who_waits_for_a_number_that_is_forgotten_goes() -> None:
    """A held file shall go even where its predecessor went so long ago that the chain no longer knows it."""
    state = feed(VDA, [("17", "0"), ("9000", "18"), ("18", "17")])[-1].state
    state = sequence.judge_authorised(VDA, state, "19", "18", NOW, "t19").state  # another successor
    links = [(str(n), str(n - 1)) for n in range(20, chains.REMEMBERED + 20)]
    state = feed(VDA, links, state)[-1].state
    assert sequence.gaps(VDA, state) == ()
    assert freed(VDA, state) == ["9000"]


def test_a_number_that_went_though_it_closes_a_circle_is_not_missing() -> None:
    """A number that was missed shall not be missing once it has gone, whatever it names."""
    policy = SequencePolicy(Model.CHAIN, reserved=("0",), late=Late.ACCEPT)
    decision = feed(policy, [("3", "1"), ("5", "4"), ("4", "5")])[-1]
    assert (decision.kind, decision.fate) == (Kind.BROKEN, Fate.GO)
    released = sequence.release(policy, decision.state)
    assert [held.number for held in released.held] == ["5"]
    assert sequence.gaps(policy, released.state) == ()


def test_operator_reset_of_a_chain() -> None:
    """After a reset the next file shall name the given number, and nothing is held back."""
    state = feed(VDA, [("17", "0"), ("50", "42")])[-1].state
    reset = sequence.reset(VDA, state, "00100")
    assert freed(VDA, reset.state) == ["50"]
    clean = sequence.reset(VDA, StreamState(), "100").state
    assert feed(VDA, [("101", "100")], clean)[-1].kind is Kind.IN_ORDER


@settings(max_examples=100, deadline=None)
@given(data=st.data(), count=st.integers(1, 12))
def test_law_strict_chains_deliver_in_chain_order(data: st.DataObject, count: int) -> None:
    """Whatever the arrival order after the first, a strict chain shall go out link by link, complete."""
    numbers = data.draw(st.lists(st.integers(1, 99999), min_size=count, max_size=count, unique=True))
    texts = [f"{number:05}" for number in numbers]
    links = list(zip(texts, ["00000", *texts], strict=False))
    state = UNSEEN
    out: list[str] = []
    for number, previous in [links[0], *data.draw(st.permutations(links[1:]))]:
        decision = sequence.judge(VDA, state, number, previous, NOW, transfer=number)
        out += [number] if decision.fate is Fate.GO else []
        released = sequence.release(VDA, StreamState.from_dict(decision.state.to_dict()))
        state = released.state
        out += [held.number for held in released.held]
    assert out == texts
    assert state.held == ()


@settings(max_examples=200, deadline=None)
@given(data=st.data(), late=st.sampled_from(Late), count=st.integers(2, 9))
def test_law_nothing_on_a_strict_chain_overtakes_what_it_names(
    data: st.DataObject, late: Late, count: int
) -> None:
    """Whatever is waived, forked or let in late, a file shall not go before one it names, unless waived."""
    policy = SequencePolicy(Model.CHAIN, reserved=("0",), late=late)
    names = {number: data.draw(st.integers(0, number - 1)) for number in range(2, count + 1)}
    state = sequence.judge(policy, UNSEEN, "1", "0", NOW, "1").state
    out, waived = [1], set[int]()

    def let_go() -> None:
        nonlocal state
        released = sequence.release(policy, StreamState.from_dict(state.to_dict()))
        state = released.state
        out.extend(int(held.number) for held in released.held)

    for number in data.draw(st.permutations(sorted(names))):
        judge = data.draw(st.sampled_from((sequence.judge, sequence.judge_authorised)))
        decision = judge(policy, state, str(number), str(names[number]), NOW, str(number))
        state = decision.state
        out += [number] if decision.fate is Fate.GO else []
        missing = sequence.gaps(policy, state)
        is_given_up: bool = data.draw(st.booleans())
        if missing and is_given_up:
            given_up = data.draw(st.sampled_from(missing)).first
            waived.add(int(given_up))
            state = sequence.waive(policy, state, given_up, None, NOW).state
        if data.draw(st.booleans()):
            let_go()
    for gap in sequence.gaps(policy, state):
        waived.add(int(gap.first))
        state = sequence.waive(policy, state, gap.first, None, NOW).state
    let_go()
    assert state.held == ()
    assert len(set(out)) == len(out)
    overtaken = [
        (number, names[number])
        for at, number in enumerate(out)
        if names.get(number) in out[at:] and names[number] not in waived
    ]
    assert overtaken == []


STAMPS = SequencePolicy(Model.TIMESTAMP)


def test_timestamps_show_overtaking() -> None:
    """A file older than one already accepted shall fail with F804, or go with a warning."""
    older = feed(STAMPS, [("20261122060001", ""), ("20261122060000", "")])[-1]
    assert (older.kind, older.fate) == (Kind.OVERTAKEN, Fate.FAIL)
    assert older.finding is not None
    assert older.finding.code == "F804"
    lenient = SequencePolicy(Model.TIMESTAMP, late=Late.ACCEPT)
    accepted = feed(lenient, [("20261122060001", ""), ("20261122060000", "")])[-1]
    assert accepted.fate is Fate.GO
    assert accepted.state.last == "20261122060001"


def test_timestamps_of_any_notation_compare() -> None:
    """Times with offset, fraction or date alone shall compare by the moment they mean."""
    stamps = ["2026-11-22", "20261122060000", "2026-11-22T08:00:00+02:00", "2026-11-22T06:00:00.5Z"]
    assert [d.kind for d in feed(STAMPS, [(stamp, "") for stamp in stamps])] == [Kind.IN_ORDER] * 4
    assert feed(STAMPS, [("yesterday", "")])[-1].kind is Kind.INVALID
    assert feed(STAMPS, [("0001-01-01T00:00:00+23:00", "")])[-1].kind is Kind.INVALID


def test_reset_of_timestamps() -> None:
    """An operator shall be able to move the last timestamp back after a wrong clock at the sender."""
    state = feed(STAMPS, [("20991122060001", "")])[-1].state
    state = sequence.reset(STAMPS, state, "20261122000000").state
    assert feed(STAMPS, [("20261122060000", "")], state)[-1].fate is Fate.GO
    with pytest.raises(ValueError, match="not a timestamp"):
        sequence.reset(STAMPS, state, "never")
