"""What has not come and what is unusual is told at the end of a pass, and stops nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import Expected, GatewayError, Unusual
from gateway.ledger import ids
from gateway.pipeline import run_routes
from gateway.rules.waking import Wake
from gateway.stages.context import Report
from gateway.stages.due import route_due
from gateway.stages.expect import expect
from tests.pipeline.plant import Plant, name_of, route

HOURLY = route(expect="[{per: 1h}]")


@pytest.fixture(autouse=True)
def _fresh_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ids begin at the present: they only grow in a process, and another test moved its clock ahead."""
    monkeypatch.setattr(ids, "_SOURCE", ids._Source())


def told(plant: Plant) -> list[GatewayError]:
    """Run a pass and return what is expected of it at its end."""
    with plant.working() as context:
        (done,) = run_routes(context)
        return [problem.error for problem in done.problems if isinstance(problem.error, Expected | Unusual)]


def test_files_that_do_not_come_are_missed_until_they_come(tmp_path: Path) -> None:
    """An hour without a file shall be told by every pass until one comes, and the next hour anew."""
    plant = Plant.build(tmp_path / "site", HOURLY)
    assert told(plant) == []  # nothing was expected before the first pass
    plant.clock.advance(hours=2)
    for _ in range(2):
        (error,) = told(plant)
        assert isinstance(error, Expected)
        assert "1 file expected from" in str(error)
        assert "none came" in str(error)
        assert "Ask MES" in str(error)
    plant.drop_confirmation(1)
    assert told(plant) == []
    plant.clock.advance(hours=2)
    assert len(told(plant)) == 1


def test_a_duplicate_is_not_the_file_that_was_expected(tmp_path: Path) -> None:
    """A file that came before shall not count as the one that is missing."""
    plant = Plant.build(tmp_path / "site", HOURLY)
    plant.drop_confirmation(1)
    assert told(plant) == []
    plant.clock.advance(hours=3)
    plant.drop_confirmation(1)
    assert len(told(plant)) == 1


def test_only_a_look_after_the_time_says_what_is_missing(tmp_path: Path) -> None:
    """A pass that did not look, or too early, shall miss nothing; a lane shall look when it is time."""
    plant = Plant.build(tmp_path / "site", HOURLY)
    assert told(plant) == []
    plant.clock.advance(hours=2)
    with plant.working() as context:
        only, now = context.site.routes[0], context.clock.now()
        report = Report(only.name)
        for looked_at in (None, now.replace(minute=0, second=0) - timedelta(minutes=1)):
            expect(context, only, report, looked_at)
        assert report.problems == []
        expect(context, only, report, now)
        assert len(report.problems) == 1
        due = route_due(context, only, now, 0.0)
    assert due is not None
    assert (due.at.minute, due.at.second) in {(0, 1), (10, 1)}
    assert due.why is Wake.DEADLINE


def test_a_file_that_was_just_seen_is_not_missing(tmp_path: Path) -> None:
    """A file that waits to prove complete shall count as come for ten minutes, and be missed then."""
    marked = route(expect="[{per: 1h}]", completeness="{require: [done-marker]}")
    plant = Plant.build(tmp_path / "site", marked)
    assert told(plant) == []
    plant.clock.advance(hours=2)
    plant.drop_confirmation(1)
    assert told(plant) == []
    plant.clock.advance(minutes=11)
    (error,) = told(plant)
    assert "none came; 1 lies there, not yet complete" in str(error)


def test_what_is_no_file_of_the_route_has_not_come(tmp_path: Path) -> None:
    """A file of another name, a side file or a directory shall not count as come, however new it is."""
    marked = route(expect="[{per: 1h}]", completeness="{require: [done-marker]}")
    plant = Plant.build(tmp_path / "site", marked)
    assert told(plant) == []
    plant.clock.advance(hours=2)
    inbox = plant.drop_confirmation(1).parent
    (inbox / name_of(1)).rename(inbox / "notes.txt")
    (inbox / f"{name_of(2)}.done").touch()
    (inbox / name_of(3)).mkdir()
    (error,) = told(plant)
    assert "none came. Ask" in str(error)


def test_a_new_expectation_misses_nothing_before_it(tmp_path: Path) -> None:
    """An expectation shall count from when it came into force, and survive changes elsewhere."""
    plant = Plant.build(tmp_path / "site", route())
    plant.run()
    plant.configure(HOURLY)
    assert told(plant) == []
    plant.clock.advance(hours=2)
    assert len(told(plant)) == 1
    plant.configure(HOURLY + route("other", enabled="false"))
    with plant.working() as context:
        report = Report("confirmations")
        expect(context, context.site.routes[0], report, context.clock.now())
    assert len(report.problems) == 1


def test_nothing_is_expected_on_other_days(tmp_path: Path) -> None:
    """A calendar without a working day shall keep an expectation quiet."""
    closed = 'calendars: {never: {closed: ["2020-01-01..2099-12-31"]}}\n'
    plant = Plant.build(tmp_path / "site", route(expect="[{per: 1h, on: never}]") + closed)
    plant.run()
    plant.clock.advance(hours=5)
    assert told(plant) == []


def test_an_unusual_file_is_told_once_and_processed(tmp_path: Path) -> None:
    """A file with far more records than those before it shall be processed, noted, and told once."""
    plant = Plant.build(tmp_path / "site", route(unusual="{records_factor: 3, history: 5, at_least: 3}"))
    for control in (1, 2, 3):
        plant.drop_confirmation(control)
    assert told(plant) == []
    plant.drop_confirmation(4, rows=7)
    (error,) = told(plant)
    assert isinstance(error, Unusual)
    assert "7 records, more than 3 times the median of 2 in the 3 files before" in str(error)
    transfer = plant.transfer(name_of(4))
    assert transfer.id in str(error)
    assert name_of(4) in plant.delivered()
    with plant.working() as context:
        report = Report("confirmations", settled=[transfer])
        expect(context, context.site.routes[0], report, context.clock.now())
    assert report.problems == []
    (entry,) = plant.trail(transfer.id, "found-unusual")
    assert "7 records" in (entry.reason or "")
    assert told(plant) == []
