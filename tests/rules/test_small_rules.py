"""Lifecycle, retry, take order and file names."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.settings import RetryPolicy
from gateway.errors import IllegalTransition
from gateway.model import Sighting, State
from gateway.rules import file_names, lifecycle
from gateway.rules.ordering import take_order
from gateway.rules.retry import next_try

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "way",
    [
        [None, "arrived", "claimed", "held", "delivering", "processed", "replay", "claimed", "failed"],
        [None, "arrived", "claimed", "duplicate", "replay", "claimed", "processed"],
        [None, "arrived", "claimed", "delivering", "processed", "replay", "delivering", "processed"],
        [None, "arrived", "withdrawn"],
    ],
)
def test_the_ways_of_the_design_are_legal(way: list[str | None]) -> None:
    """Every way that the design describes shall be allowed."""
    states = [State(word) if word else None for word in way]
    for old, new in itertools.pairwise(states):
        lifecycle.check(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (State.PROCESSED, State.FAILED),
        (State.FAILED, State.PROCESSED),
        (State.FAILED, State.DELIVERING),
        (State.HELD, State.CLAIMED),
        (State.DELIVERING, State.HELD),
        (State.PROCESSED, None),
        (None, State.PROCESSED),
        (State.CLAIMED, State.CLAIMED),
    ],
)
def test_every_other_transition_is_refused(old: State | None, new: State | None) -> None:
    """A move that is not in the table shall be refused, with the legal ones as a hint."""
    with pytest.raises(IllegalTransition) as refusal:
        lifecycle.check(old, new, "T1")
    assert "it can go to" in str(refusal.value)
    assert "T1" in str(refusal.value)


def test_every_state_is_reached_and_left() -> None:
    """Every state shall be reached, and only a withdrawn transfer shall be at its end."""
    assert {move.new for move in lifecycle.TRANSITIONS} - {None} == set(State)
    assert {move.old for move in lifecycle.TRANSITIONS} - {None} == set(State) - {State.WITHDRAWN}
    assert set(State) == lifecycle.OPEN | lifecycle.SETTLED | {State.WITHDRAWN}


def test_the_table_is_rendered_for_people() -> None:
    """The documentation shall show the whole table, as rows and as a picture."""
    table, picture = lifecycle.transitions_markdown(), lifecycle.transitions_mermaid()
    assert len(table.splitlines()) == 2 + len(lifecycle.TRANSITIONS)
    assert "| failed | replay | an operator asked for a reprocess |" in table
    assert picture.startswith("stateDiagram-v2\n")
    assert "    [*] --> arrived\n" in picture


def test_retries_grow_and_are_capped() -> None:
    """A failing destination shall be tried at growing distances, never further apart than the cap."""
    policy = RetryPolicy(first_seconds=30, factor=2, cap_seconds=100, jitter=0)
    delays = [(next_try(policy, tries, NOW, 0.5) - NOW).total_seconds() for tries in (1, 2, 3, 10_000)]
    assert delays == [30, 60, 100, 100]


@given(tries=st.integers(0, 10_000), random=st.floats(0, 1))
def test_law_jitter_stays_within_its_share(tries: int, random: float) -> None:
    """Jitter shall move a retry by its share of the delay at most, and never into the past."""
    wait = next_try(RetryPolicy(), tries, NOW, random) - NOW
    assert timedelta(seconds=26.9) <= wait <= timedelta(seconds=3960.1)


def sighting(name: str, mtime_ns: int = 0) -> Sighting:
    return Sighting(name, "file", 1, mtime_ns, 1)


def test_files_are_taken_by_control_number_then_age_then_name() -> None:
    """A pass shall take numbered files by number, the others by age and name."""
    seen = [
        sighting("c_10.csv", 1),
        sighting("x", 2),
        sighting("c_9.csv", 5),
        sighting("a", 2),
        sighting("z", 1),
    ]
    ordered = [entry.name for entry in take_order(seen, r"c_(?P<control>[0-9]+)\.csv")]
    assert ordered == ["c_9.csv", "c_10.csv", "z", "a", "x"]
    assert [entry.name for entry in take_order(seen)] == ["c_10.csv", "z", "a", "x", "c_9.csv"]


def test_a_name_is_read_by_named_groups() -> None:
    """A file name shall give what its pattern names, and nothing if the whole name does not match."""
    pattern = r"HY_KA-(?P<date>[0-9]{8})-(?P<control>[0-9]{6})(?:_(?P<version>[0-9.]+))?\.ASC"
    assert file_names.match(pattern, "HY_KA-20261122-000017.ASC") == {
        "date": "20261122",
        "control": "000017",
    }
    assert file_names.match(pattern, "HY_KA-20261122-000017.ASC\n") is None
    assert file_names.match("[^/]+", "caf\udce9\n.csv") == {}


def test_shell_patterns_count_case_and_any_byte() -> None:
    """Shell patterns shall tell upper from lower case and match names with newlines and odd bytes."""
    assert file_names.matches_shell("*.csv", "a\n\udcff.csv")
    assert not file_names.matches_shell("*.csv", "A.CSV")
    assert file_names.matches_any(("*.tmp", ".*"), ".hidden") == ".*"
    assert file_names.matches_any((), "a") is None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.csv", ("a", ".csv")),
        ("a.b.csv", ("a.b", ".csv")),
        (".x", (".x", "")),
        ("a", ("a", "")),
        ("..", ("..", "")),
    ],
)
def test_an_extension_is_split_off(name: str, parts: tuple[str, str]) -> None:
    """A name shall be split into stem and extension, hidden names keeping their dot."""
    assert file_names.split_extension(name) == parts
