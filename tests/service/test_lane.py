"""A lane works one pass at a time, when something wakes it, and rests in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from gateway.errors import LedgerError
from gateway.lanes.lane import Lane, Next
from gateway.rules.waking import Wake

_PATIENCE = 20.0


class Work:
    """Passes that wait until the test lets them end."""

    def __init__(self) -> None:
        self.passes: list[tuple[Wake, ...]] = []
        self.times: list[float] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)

    def __call__(self, reasons: tuple[Wake, ...]) -> None:
        """Do one pass."""
        self.times.append(time.monotonic())
        self.passes.append(reasons)
        self.begun.release()
        assert self.may_end.acquire(timeout=_PATIENCE)


@pytest.fixture
def lanes() -> Iterator[list[Lane]]:
    """Return a list of lanes that are ended with the test."""
    made: list[Lane] = []
    yield made
    for lane in made:
        lane.stop()
        assert lane.join(_PATIENCE)


def test_wakes_during_a_pass_mean_one_more_pass(lanes: list[Lane]) -> None:
    """A lane shall make one pass of everything that woke it meanwhile, and never two at once."""
    work = Work()
    lane = Lane("a", work, rest_seconds=0.0)
    lanes.append(lane)
    lane.start()
    lane.wake(Wake.START)
    assert work.begun.acquire(timeout=_PATIENCE)
    for why in (Wake.SCHEDULE, Wake.EVENT, Wake.EVENT, Wake.SCHEDULE):
        lane.wake(why)
    assert not work.begun.acquire(timeout=0.05)
    work.may_end.release()
    assert work.begun.acquire(timeout=_PATIENCE)
    work.may_end.release()
    lane.stop()
    assert lane.join(_PATIENCE)
    assert work.passes == [(Wake.START,), (Wake.SCHEDULE, Wake.EVENT)]


def test_a_lane_rests_between_passes_but_follows_an_event_once(lanes: list[Lane]) -> None:
    """An event during a pass shall be followed at once, the next one after the rest."""
    work = Work()
    for _each in range(3):
        work.may_end.release()

    def woken_meanwhile(reasons: tuple[Wake, ...]) -> None:
        lane.wake(Wake.EVENT)
        work(reasons)

    lane = Lane("a", woken_meanwhile, rest_seconds=0.3)
    lanes.append(lane)
    lane.start()
    lane.wake(Wake.START)
    for _each in range(3):
        assert work.begun.acquire(timeout=_PATIENCE)
    first, second, third = work.times[:3]
    assert second - first < 0.25
    assert third - second >= 0.3
    work.may_end.release(100)


def test_a_lane_comes_by_itself_when_something_is_due(lanes: list[Lane]) -> None:
    """A lane shall come when it said, with the reason, and ask anew when it said nothing but that."""
    work = Work()
    work.may_end.release(10)
    answers = [Next(0.5, None), Next(0.5, Wake.RETRY), None]
    lane = Lane("a", work, lambda: answers.pop(0), rest_seconds=0.0)
    lanes.append(lane)
    lane.start()
    lane.wake(Wake.START)
    for _each in range(2):
        assert work.begun.acquire(timeout=_PATIENCE)
    assert work.passes == [(Wake.START,), (Wake.RETRY,)]


def test_a_pass_that_stumbles_does_not_end_its_lane(lanes: list[Lane]) -> None:
    """A lane shall go on after an error that nobody foresaw, in its work and in what it asks."""
    done = threading.Semaphore(0)

    def stumble(_reasons: tuple[Wake, ...]) -> None:
        done.release()
        raise SystemExit("a library that ends its thread")

    def nobody_knows() -> None:
        raise RuntimeError("unforeseen")

    lane = Lane("a", stumble, nobody_knows, rest_seconds=0.0)
    lanes.append(lane)
    lane.start()
    for _each in range(2):
        lane.wake(Wake.SCHEDULE)
        assert done.acquire(timeout=_PATIENCE)
    assert lane.is_alive


def test_a_ledger_that_is_away_is_no_fault_of_the_lane(
    lanes: list[Lane], caplog: pytest.LogCaptureFixture
) -> None:
    """Where the ledger cannot say when a lane is due, the lane shall say so shortly and ask again soon."""
    work, asked = Work(), threading.Semaphore(0)

    def due() -> Next | None:
        asked.release()
        raise LedgerError("The ledger's server cannot be reached")

    lane = Lane("a", work, due=due, rest_seconds=0.0)
    lanes.append(lane)
    lane.start()
    for why in (Wake.START, Wake.EVENT):
        lane.wake(why)
        assert work.begun.acquire(timeout=_PATIENCE)
        work.may_end.release()
        assert asked.acquire(timeout=_PATIENCE)
    lane.stop()
    assert lane.join(_PATIENCE)
    assert [one.exc_info for one in caplog.records] == [None] * 2
    assert "cannot be reached" in caplog.text


def test_a_stopped_lane_begins_nothing(lanes: list[Lane]) -> None:
    """A lane shall end the pass in work after it was stopped, and begin no other."""
    work = Work()
    lane = Lane("a", work, rest_seconds=0.0)
    lanes.append(lane)
    lane.start()
    lane.wake(Wake.START)
    assert work.begun.acquire(timeout=_PATIENCE)
    lane.wake(Wake.SCHEDULE)
    lane.stop()
    assert not lane.join(0.01)
    work.may_end.release()
    assert lane.join(_PATIENCE)
    assert work.passes == [(Wake.START,)]
