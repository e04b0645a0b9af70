"""Directories of the site replaced by links that lead out of it, or by files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.model import State
from tests.hostile.hostile_kit import command, route
from tests.pipeline.plant import ROUTE, Plant, name_of


def tree(directory: Path) -> list[str]:
    """Return everything below ``directory``."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def led_out(plant: Plant, place: Path) -> Path:
    """Replace the directory ``place`` by a link to where it was moved, outside the site."""
    outside = plant.directory.parent / "outside"
    outside.mkdir()
    shutil.move(place, outside / place.name)
    place.symlink_to(outside / place.name)
    return outside


@pytest.mark.parametrize(
    "place", ["working", "working/confirmations", "processed", "failed/confirmations", "replay/confirmations"]
)
def test_a_route_whose_place_is_a_link_out_of_the_site_stops(tmp_path: Path, place: str) -> None:
    """No file shall leave the site over a link: the route takes nothing and says why, until it is gone."""
    plant = Plant.build(tmp_path / "site", ROUTE)
    plant.drop_confirmation(1)
    plant.run()
    outside = led_out(plant, plant.directory / place)
    before = tree(outside)
    plant.drop_confirmation(2)
    plant.drop_confirmation(3, quantity="x")
    (report,) = plant.run()
    assert [problem.error.code for problem in report.problems] == ["outside-site"]
    assert tree(outside) == before
    assert plant.states() == {name_of(1): State.PROCESSED}
    (plant.directory / place).unlink()
    shutil.move(outside / Path(place).name, plant.directory / place)
    plant.run()
    assert plant.states() == {
        name_of(1): State.PROCESSED,
        name_of(2): State.PROCESSED,
        name_of(3): State.FAILED,
    }
    plant.demand_proof()


def test_other_routes_go_on_beside_one_that_leads_out(tmp_path: Path) -> None:
    """A route whose working directory is a link out of the site shall not stop another route."""
    plant = Plant.build(tmp_path / "site", ROUTE + route("others", "confirmation"))
    led_out(plant, plant.directory / "working" / "confirmations")
    plant.drop_confirmation(1)
    plant.drop(name_of(2), plant.drop_confirmation(2).read_bytes(), "others")
    plant.run()
    assert [row.route for row in plant.transfers()] == ["others"]
    assert {row.state for row in plant.transfers()} == {State.PROCESSED}


def test_a_day_directory_that_leads_out_takes_no_file(plant: Plant) -> None:
    """A processed file shall wait in work while its day directory is a link, which verify shall name."""
    plant.drop_confirmation(1)
    plant.run()
    (day,) = (plant.directory / "processed" / "confirmations").iterdir()
    outside = led_out(plant, day)
    before = tree(outside)
    plant.drop_confirmation(2)
    plant.drop_confirmation(3, quantity="x")
    plant.run()
    assert plant.states()[name_of(2)] is State.DELIVERING
    assert plant.states()[name_of(3)] is State.FAILED
    assert tree(outside) == before
    checked = command(plant, "verify", "--json")
    assert checked.status == 60
    assert [one["path"] for one in checked.data["unexpected"]] == [str(day.relative_to(plant.directory))]
    day.unlink()
    shutil.move(outside / day.name, day)
    plant.run()
    assert plant.states()[name_of(2)] is State.PROCESSED
    plant.demand_proof()


@pytest.mark.parametrize("place", ["working/confirmations", "processed/confirmations"])
def test_a_file_in_place_of_a_directory_loses_nothing(plant: Plant, place: str) -> None:
    """A file where a directory belongs shall stop what needs it, with a coded error, and nothing else."""
    directory = plant.directory / place
    shutil.rmtree(directory)
    directory.write_bytes(b"")
    plant.drop_confirmation(1)
    assert plant.run()[0].problems
    assert plant.states()[name_of(1)] in (State.ARRIVED, State.DELIVERING)
    directory.unlink()
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    plant.demand_proof()
