"""Isolation: a broken format, source or destination costs its own files time, and nobody else's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway import pipeline
from gateway.model import State, Transfer
from gateway.pipeline import run_routes, take_up
from gateway.stages.arrive import arrive
from gateway.stages.context import Context, Report, Route
from tests.pipeline.plant import Plant, confirmation, name_of, route

NAME = name_of(1)
TWO = route() + route("others", destinations="{erp: {path: outbox/others}}")


@pytest.fixture
def two(tmp_path: Path) -> Plant:
    """Return a plant with two routes."""
    return Plant.build(tmp_path / "site", TWO)


def both(plant: Plant, control: int = 1) -> dict[str, State]:
    """Drop a file for each route, run a pass, and return the state of the newest transfer of each."""
    plant.drop(name_of(control), confirmation(control))
    plant.drop(name_of(control + 50), confirmation(control + 50), "others")
    plant.run()
    return {row.route: row.state for row in plant.transfers()}


def definition(plant: Plant, version: str = "1.1.0") -> Path:
    plant.own_formats = True
    return plant.directory / "formats" / "confirmation" / version / "format.yaml"


@pytest.mark.parametrize(
    ("broken", "code"),
    [(("1.1.0",), "format-changed"), (("1.0.0", "1.1.0", "2.0.0"), "format-invalid")],
    ids=["one version, released", "all versions, the newest a draft"],
)
def test_files_wait_for_a_format_that_is_broken(plant: Plant, broken: tuple[str, ...], code: str) -> None:
    """The gateway shall keep files claimed and visible while their format cannot be loaded, then go on."""
    texts = {path: path.read_text() for path in (definition(plant, version) for version in broken)}
    for path in texts:
        path.write_text("schema: 1\nkind: unheard-of\n")
    plant.drop_confirmation(1)
    for _ in range(2):
        (report,) = plant.run()
        assert plant.states() == {NAME: State.CLAIMED}
        assert [(one.name, one.error.code) for one in report.problems] == [(NAME, code)]
    states = plant.overview()["routes"][0]["states"]
    assert states["claimed"] == 1
    for path, text in texts.items():
        path.write_text(text)
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    plant.demand_proof()


def test_a_running_gateway_sees_that_a_format_was_put_right(plant: Plant) -> None:
    """The gateway shall look at a broken format again with each pass, without being started anew."""
    path = definition(plant)
    good = path.read_text()
    path.write_text("nothing")
    plant.drop_confirmation(1)
    with plant.working() as context:
        run_routes(context)
        path.write_text(good)
        run_routes(context)
    assert plant.states() == {NAME: State.PROCESSED}


def test_a_version_that_loads_is_not_stopped_by_one_that_does_not(plant: Plant) -> None:
    """The gateway shall go on with the versions of a message type that can be loaded."""
    definition(plant, "2.0.0").write_text("nothing")
    plant.drop_confirmation(1)
    plant.drop(name_of(2), confirmation(2, layout="2.0"))
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED, name_of(2): State.CLAIMED}


def test_a_version_that_nobody_knows_fails_although_another_is_broken(plant: Plant) -> None:
    """The gateway shall fail a file of an unknown version once every version can be loaded."""
    good = definition(plant, "2.0.0").read_text()
    definition(plant, "2.0.0").write_text("nothing")
    plant.drop_confirmation(1, layout="7.5")
    plant.run()
    assert plant.states() == {NAME: State.CLAIMED}  # it may be the broken one's
    definition(plant, "2.0.0").write_text(good)
    plant.run()
    assert plant.states() == {NAME: State.FAILED}
    assert plant.codes(NAME) == ["F208"]


def remove_inbox(plant: Plant) -> Callable[[], None]:
    plant.configure(TWO.replace('{pattern: "*.csv"}', '{path: elsewhere/a, pattern: "*.csv"}', 1))
    return lambda: plant.configure(TWO)


def replace_inbox(plant: Plant) -> Callable[[], None]:
    """Put a file where the inbox of the first route is."""
    shutil.rmtree(plant.inbox())
    plant.inbox().write_text("not a directory")

    def repair() -> None:
        plant.inbox().unlink()
        plant.inbox().mkdir()

    return repair


@pytest.mark.parametrize("break_", [remove_inbox, replace_inbox])
def test_a_missing_inbox_stops_only_its_own_route(
    two: Plant, break_: Callable[[Plant], Callable[[], None]]
) -> None:
    """The gateway shall report a source that is away, and run the other routes."""
    repair = break_(two)
    two.drop(name_of(51), confirmation(51), "others")
    reports = {report.route: report for report in two.run()}
    assert [one.error.code for one in reports["confirmations"].problems] == ["source-unavailable"]
    assert not reports["others"].is_troubled
    assert two.states() == {name_of(51): State.PROCESSED}
    repair()
    two.drop_confirmation(1)
    two.run()
    assert two.states()[NAME] is State.PROCESSED


@pytest.mark.parametrize("area", ["working", "failed", "processed"])
def test_a_place_of_a_route_that_cannot_be_written_stops_only_that_route(two: Plant, area: str) -> None:
    """The gateway shall go on with the other routes where a directory of one cannot be used."""
    place = two.directory / area / "confirmations"
    place.rmdir()
    place.write_text("in the way")
    two.drop(NAME, confirmation(1, quantity="x" if area == "failed" else "480,000"))
    two.drop(name_of(51), confirmation(51), "others")
    reports = {report.route: report for report in two.run()}
    assert reports["confirmations"].is_troubled
    assert two.states()[name_of(51)] is State.PROCESSED
    assert not reports["others"].is_troubled
    place.unlink()
    two.clock.advance(hours=2)
    two.run()
    assert two.states()[NAME] is (State.FAILED if area == "failed" else State.PROCESSED)
    two.demand_proof()


def test_a_destination_that_cannot_be_used_stops_only_itself(two: Plant) -> None:
    """The gateway shall deliver everywhere else while one destination cannot be used."""
    (two.directory / "outbox" / "erp").rmdir()
    (two.directory / "outbox" / "erp").symlink_to("/nowhere")
    assert both(two) == {"confirmations": State.DELIVERING, "others": State.PROCESSED}
    assert both(two, 2) == {"confirmations": State.DELIVERING, "others": State.PROCESSED}


def test_a_disabled_route_takes_nothing_and_keeps_everything(two: Plant) -> None:
    """The gateway shall leave the files of a disabled route where they are."""
    two.configure(TWO.replace("  others:\n", "  others:\n    enabled: false\n"))
    assert both(two) == {"confirmations": State.PROCESSED}
    assert os.listdir(two.inbox("others")) == [name_of(51)]
    two.configure(TWO)
    two.run()
    assert two.states()[name_of(51)] is State.PROCESSED


def test_an_error_of_the_gateway_itself_stops_only_its_route(
    two: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway shall report an error of its own on one route and run the others."""

    def stumble(context: Context, settings: Route, report: Report) -> Iterator[list[Transfer]]:
        if settings.name == "confirmations":
            raise ZeroDivisionError("made for the test")
        return arrive(context, settings, report)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "arrive", stumble)
        assert both(two) == {"others": State.PROCESSED}
        (report, _) = two.run()
    assert [one.error.code for one in report.problems] == ["internal-error"]
    two.run()
    assert two.states()[NAME] is State.PROCESSED


def test_one_file_that_cannot_be_read_costs_only_itself_a_pass(plant: Plant) -> None:
    """The gateway shall examine the other files of a batch where one has vanished from working."""
    plant.drop_confirmation(1)
    plant.drop_confirmation(2)
    with plant.working() as context:
        (settings,) = context.site.routes
        assert len(next(arrive(context, settings, Report("confirmations")))) == 2
        take_up(context, settings, Report("confirmations"))
        lost = Path(context.working_path(plant.transfer(NAME)))
    elsewhere = lost.rename(plant.directory / "elsewhere")
    (report,) = plant.run()
    assert plant.states() == {NAME: State.CLAIMED, name_of(2): State.PROCESSED}
    assert [(one.name, one.error.code) for one in report.problems] == [(NAME, "file-missing")]
    elsewhere.rename(lost)
    plant.run()
    assert plant.states()[NAME] is State.PROCESSED
