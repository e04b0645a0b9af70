"""One pass over every route, in lanes: the same outcome as one after the other, and one report a route."""

from __future__ import annotations

import threading

import pytest

from gateway.config.settings import Route
from gateway.errors import DiskFull, SourceError
from gateway.lanes import fleet as fleets
from gateway.lanes import once, posts
from gateway.lanes.once import run_once, together
from gateway.model import State
from gateway.stages import due
from gateway.stages.context import Report
from tests.pipeline.plant import Plant, confirmation, name_of, route


@pytest.fixture
def in_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the destination ``far`` count as remote: it has a lane, and is a folder all the same."""

    def far(of: Route) -> tuple[str, ...]:
        return tuple(one.name for one in of.destinations if one.name == "far")

    for module in (fleets, posts, once, due):
        monkeypatch.setattr(module, "remote_destinations", far)


def _plant(plant: Plant) -> Plant:
    both = "{erp: {path: outbox/erp}, far: {path: outbox/far}}"
    plant.configure(route("one", destinations=both) + route("two"))
    for name in ("one", "two"):
        (plant.directory / "inbox" / name).mkdir()
    (plant.directory / "outbox" / "far").mkdir()
    return plant


@pytest.mark.usefixtures("in_lanes")
def test_lanes_bring_every_file_to_its_end(plant: Plant) -> None:
    """Files shall be delivered everywhere and archived when the call returns, and no thread be left."""
    _plant(plant)
    for control in range(1, 4):
        plant.drop(name_of(control), confirmation(control), "one")
    plant.drop(name_of(9), confirmation(9), "two")
    threads = threading.active_count()
    with plant.working() as context:
        reports = {report.route: report for report in run_once(context)}
    assert threading.active_count() == threads
    assert set(plant.states().values()) == {State.PROCESSED}
    assert plant.delivered("far") == [name_of(control) for control in range(1, 4)]
    assert (reports["one"].taken, reports["one"].counts[State.PROCESSED]) == (3, 3)
    assert (reports["two"].taken, reports["two"].counts[State.PROCESSED]) == (1, 1)
    plant.demand_proof()


@pytest.mark.usefixtures("in_lanes")
def test_a_destination_that_is_away_is_told_once(plant: Plant) -> None:
    """A delivery that fails in its lane shall be one problem of its route; all else goes on."""
    _plant(plant)
    (plant.directory / "outbox" / "far").rmdir()
    plant.drop(name_of(1), confirmation(1), "one")
    with plant.working() as context:
        reports = {report.route: report for report in run_once(context, "one")}
    assert list(reports) == ["one"]
    assert reports["one"].problem_total == 1
    assert plant.states() == {name_of(1): State.DELIVERING}
    assert plant.delivered() == [name_of(1)]


def test_reports_of_one_route_become_one() -> None:
    """Counts shall add up; a problem that two passes met shall be told once, others each."""
    first, second = Report("r", taken=2, waiting=3), Report("r", taken=1, waiting=1)
    for report in (first, second):
        report.problem(SourceError("gone"))
    second.problem(DiskFull())
    second.counts[State.PROCESSED] += 4
    whole = together([first, second])
    assert (whole.taken, whole.waiting, whole.counts[State.PROCESSED]) == (3, 3, 4)
    assert [one.error.code for one in whole.problems] == ["source-unavailable", "disk-full"]
    assert whole.problem_total == 2
