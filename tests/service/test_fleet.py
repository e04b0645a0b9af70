"""The lanes of a site: a look that a rest put off, lanes that end, signs of life, one comparison for many."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import threading
from pathlib import Path

import pytest

from gateway import pulse
from gateway.alerts.desk import Desk
from gateway.config.settings import Route, Site
from gateway.custody.copies import copy_new
from gateway.errors import SourceError
from gateway.lanes.fleet import Fleet
from gateway.lanes.posts import Pass, Post
from gateway.ledger import alerts
from gateway.rules.schedule import Rest
from gateway.rules.waking import Wake
from gateway.scheduling.timetable import Timetable
from gateway.service import eyes
from gateway.service.board import Board
from gateway.service.comparing import Comparing
from gateway.service.eyes import Eyes
from gateway.service.floor import Floor
from gateway.stages.context import Report
from tests.pipeline.plant import Plant, name_of
from tests.service.conftest import until


def test_what_comes_in_a_rest_is_looked_at_when_it_ends(plant: Plant) -> None:
    """An event in a blackout shall take nothing, and be followed by a look when it ends."""
    plant.drop_confirmation(1)
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1.2)
    passes: list[Pass] = []

    def rest(_site: Site, _route: Route, moment: dt.datetime) -> Rest | None:
        return Rest("blackout", ends) if moment < ends else None

    with plant.working() as context:
        board = Board("Test plant", context.clock)
        fleet = Fleet(context, Floor(board, [lambda _state, done: passes.append(done)]), rest=rest)
        fleet.start()
        fleet.wake("confirmations", Wake.EVENT)
        until(lambda: name_of(1) in plant.delivered(), "the file")
        fleet.stop()
        assert not fleet.join(10)
    assert [done.is_whole for done in passes] == [False] * (len(passes) - 1) + [True]


def test_a_lane_whose_thread_has_ended_is_replaced(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane that died shall be named once and go on in another thread."""
    with plant.working() as context:
        fleet = Fleet(context, Floor(Board("Test plant", context.clock), []))
        (lane,) = fleet._lanes.values()
        monkeypatch.setattr(lane, "_run", lambda: None)
        lane._thread = threading.Thread(target=lane._run)
        fleet.start()
        until(lambda: not lane.is_alive, "its end")
        assert fleet.revive() == ["confirmations"]
        assert fleet.revive() == []
        plant.drop_confirmation(1)
        fleet.wake("confirmations", Wake.SCHEDULE)
        until(lambda: name_of(1) in plant.delivered(), "the file")
        fleet.stop()
        assert not fleet.join(10)


def test_bytes_that_move_are_a_sign_of_life(tmp_path: Path) -> None:
    """Copying a file shall show that its thread does not hang, and only who listens shall hear it."""
    (tmp_path / "a").write_bytes(b"x" * 1000)
    beats: list[int] = []
    with pulse.felt_by(lambda: beats.append(1)):
        copy_new(tmp_path / "a", tmp_path / "b")
    copy_new(tmp_path / "a", tmp_path / "c")
    assert beats == [1]


def test_many_passes_share_a_comparison_and_none_is_lost(plant: Plant) -> None:
    """A problem that one pass had and the next had not shall be an alert that came and is over."""
    found = Report("confirmations")
    found.problem(SourceError("gone"))
    post = Post("confirmations", "confirmations")
    with plant.working() as context:
        comparing = Comparing(lambda: context, Desk(), lambda: None)
        for report in (found, Report("confirmations")):
            comparing.ask(Pass(post, (Wake.SCHEDULE,), 0.1, (report,), is_whole=True))
        comparing.start()
        comparing.stop()
        assert comparing.join(10)
        with context.ledger.read() as connection:
            (alert,) = alerts.load(connection)
    assert alert.over_at is not None


def test_a_folder_that_does_not_answer_keeps_nobody_waiting(
    tmp_path: Path, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a share hangs, taking up another configuration and the end shall not wait for it."""
    answers, asked = threading.Event(), threading.Event()

    class Hanging:
        def __init__(self, *_: object) -> None:
            asked.set()
            answers.wait(20)

        start = stop = look_after = lambda _self: None

    monkeypatch.setattr(eyes, "Watch", Hanging)
    monkeypatch.setattr(eyes, "_STOP_SECONDS", 0.05)
    seeing = Eyes(lambda _route, _why: None, Board("Test plant", plant.clock))
    seeing.plan({tmp_path: ("confirmations",)})
    assert asked.wait(10)
    for step in (functools.partial(seeing.plan, {}), seeing.look_after, seeing.stop):
        step()
    answers.set()


def test_large_sites_begin_further_apart(plant: Plant) -> None:
    """The first passes of 100 routes shall be spread over 5 s, so that events find a free machine."""
    with plant.opened() as context:
        (route,) = context.site.routes
        timetable = Timetable(lambda _route: None)
        names = [f"r{number}" for number in range(100)]
        made = tuple(dataclasses.replace(route, name=name) for name in names)
        timetable.plan(dataclasses.replace(context.site, routes=made))
        first, last = (timetable.next_run(name) for name in (names[0], names[-1]))
    assert first is not None
    assert last is not None
    assert 4.5 < (last - first).total_seconds() < 5.5
