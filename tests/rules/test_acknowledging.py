"""What is done at the remote end of a file that was taken."""

from __future__ import annotations

import itertools

import pytest

from gateway.model import Sighting
from gateway.rules.acknowledging import Taken, Verdict, aside_name, next_step, own_name

TAKEN = Taken(size=5, mtime_ns=7_000_000_000)
IT = Sighting("a.csv", "file", 5, 7_000_000_000, 0)
OTHERS = [
    Sighting("a.csv", "file", 6, 7_000_000_000, 0),
    Sighting("a.csv", "file", 5, 8_000_000_000, 0),
    Sighting("a.csv", "symlink", 5, 7_000_000_000, 0),
    Sighting("a.csv", "directory", 5, 7_000_000_000, 0),
]


@pytest.mark.parametrize("other", OTHERS)
def test_a_file_that_is_not_the_one_taken_is_never_touched(other: Sighting) -> None:
    """The gateway shall neither move nor delete a file that the sender put in the place of the taken one."""
    assert next_step(TAKEN, other, None) is Verdict.REPLACED
    assert next_step(TAKEN, None, other) is Verdict.GIVE_BACK
    assert next_step(TAKEN, other, other) is Verdict.BLOCKED


def test_lost_replies_are_found_out_by_looking() -> None:
    """The gateway shall find out from what stands there how far an acknowledgement had come."""
    assert next_step(TAKEN, IT, None) is Verdict.SET_ASIDE
    assert next_step(TAKEN, None, IT) is Verdict.FINISH
    assert next_step(TAKEN, None, None, IT) is Verdict.DONE
    assert next_step(TAKEN, OTHERS[0], None, IT) is Verdict.DONE
    assert next_step(TAKEN, None, None) is Verdict.GONE


def test_every_situation_has_an_answer_that_harms_no_other_file() -> None:
    """The gateway shall act on the taken file alone, whatever stands under the three names."""
    for here, aside, there in itertools.product((None, IT, OTHERS[0]), repeat=3):
        verdict = next_step(TAKEN, here, aside, there)
        assert verdict is not Verdict.SET_ASIDE or (here == IT and aside is None)
        assert verdict is not Verdict.FINISH or aside == IT
        assert verdict is not Verdict.GIVE_BACK or (here is None and aside == OTHERS[0])


def test_names_are_the_transfers_own_and_fit() -> None:
    """The gateway shall make names that no other transfer has and that every server can hold."""
    long = "ü" * 127
    names = {
        make(name, key) for make in (aside_name, own_name) for name in ("a", long) for key in ("T1", "T2")
    }
    assert len(names) == 8
    assert max(len(name.encode("utf-8", "surrogateescape")) for name in names) <= 255


def test_long_names_that_begin_alike_stay_apart() -> None:
    """The gateway shall tell a file and what came along with it apart by name, however long."""
    stem = "ü" * 120
    names = {own_name(f"{stem}{ending}", "T" * 26) for ending in (".csv", ".csv.done", ".csv.sha256")}
    assert len(names) == 3
    assert max(len(name.encode()) for name in names) <= 255


def test_a_time_that_a_server_does_not_state_tells_nothing() -> None:
    """The gateway shall know a taken file again where the server states its time in some replies only."""
    assert next_step(TAKEN, Sighting("a.csv", "file", 5, 0, 0), None) is Verdict.SET_ASIDE
    assert next_step(Taken(5, 0), IT, None) is Verdict.SET_ASIDE
