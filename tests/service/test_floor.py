"""The floor logs what begins and what is over, as it is and not as one pass happens to see it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.errors import DestinationError, LedgerError, SourceError
from gateway.lanes.posts import Pass, Post
from gateway.operations.opening import open_site
from gateway.rules.waking import Wake
from gateway.service.board import Board
from gateway.service.failing import is_failing
from gateway.service.floor import Floor
from gateway.stages.context import Report
from tests.cli.plant import GOOD, Plant

_POST = Post("confirmations", "confirmations")


def _pass(problem: DestinationError | None = None, *, is_whole: bool = True) -> Pass:
    report = Report("confirmations")
    if problem is not None:
        report.problem(problem, name="a.csv")
    return Pass(_POST, (Wake.SCHEDULE,), 0.1, (report,), is_whole)


def test_a_problem_is_over_when_nothing_of_it_is_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A delivery that waits for its next try shall not be called over by passes that do not try it."""
    plant = Plant.make(tmp_path / "site")
    outbox, configuration = plant.directory / "outbox" / "erp", plant.directory / "config" / "gateway.yaml"
    outbox.rmdir()
    plant.drop("confirmations", GOOD.format(1))
    plant.run("run", "--once")
    caplog.set_level(logging.INFO, "gateway")
    board = Board("Plant 1000", SystemClock())
    board.add("confirmations", "route", "confirmations")
    with open_site(plant.directory) as context:
        floor = Floor(board, (), lasting=lambda post: is_failing(context, post))
        floor.ended(_pass(DestinationError("The directory is not there")))
        floor.ended(_pass())
        floor.ended(_pass(is_whole=False))
        assert [record.message for record in caplog.records if record.message.startswith("problem")] == [
            "problem"
        ]
        outbox.mkdir()
        configuration.write_text(configuration.read_text() + "# another one: what failed is tried at once\n")
        assert plant.run("run", "--once").exit_code == 0
        caplog.set_level(logging.INFO, "gateway")
        floor.ended(_pass(is_whole=False))
        assert caplog.records[-1].message != "problem-over"
        floor.ended(_pass())
    assert caplog.records[-1].message == "problem-over"


def test_a_lane_fails_until_a_look_at_its_source_succeeds() -> None:
    """A source that is away shall keep its lane failing through passes that do not look at it."""
    board = Board("Plant 1000", SystemClock())
    floor = Floor(board, ())
    floor.joined(_POST)
    away, broken = Report("confirmations"), Report("confirmations")
    away.problem(SourceError("The share is gone"))
    broken.problem(LedgerError("The ledger is busy"))
    told = []
    for report, is_whole in (
        (away, True),
        (Report("confirmations"), False),
        (broken, False),
        (Report("confirmations"), False),
        (Report("confirmations"), True),
        (broken, False),
        (Report("confirmations"), False),
    ):
        floor.ended(Pass(_POST, (Wake.WAITING,), 0.1, (report,), is_whole))
        told.append((board.lane("confirmations").last_error or "").split(";")[0])
        assert (board.lane("confirmations").last_ok is None) == (len(told) < 5)
    gone, busy = str(SourceError("The share is gone")), str(LedgerError("The ledger is busy"))
    assert told == [gone, gone, busy, gone, "", busy, ""]
