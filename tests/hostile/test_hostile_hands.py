"""Hands in the site: directories and files taken away, replaced, edited, and put right again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import GatewayError, InternalError
from gateway.model import State
from tests.hostile.hostile_kit import swap_before
from tests.pipeline.plant import ROUTE, Plant, name_of

TWO = ROUTE + ROUTE.replace("confirmations:", "others:").replace("outbox/erp", "outbox/others")

#: Every directory that a pass of the route needs.
PLACES = (
    "inbox/confirmations",
    "working/confirmations",
    "processed/confirmations",
    "failed/confirmations",
    "duplicates/confirmations",
    "replay/confirmations",
    "outbox/erp",
)


def delete(path: Path) -> None:
    """Take the directory away, with what is in it, to where nobody looks."""
    path.rename(path.parents[1] / f"{path.name}.away")


def replace_by_file(path: Path) -> None:
    """Put a file in the directory's place."""
    delete(path)
    path.write_text("a file")


def replace_by_link(path: Path) -> None:
    """Put a link that leads out of the site in the directory's place."""
    delete(path)
    outside = path.parents[2] / "outside"
    outside.mkdir(exist_ok=True)
    path.symlink_to(outside)


def put_right(path: Path) -> None:
    """Undo what was done to the directory; what the gateway made in its place meanwhile is joined."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    away = path.parents[1] / f"{path.name}.away"
    for entry in path.rglob(
        "manifest-sha256.txt"
    ):  # both lists are right: of what was there, and of what came
        other = away / entry.relative_to(path)
        other.write_bytes(other.read_bytes() + entry.read_bytes())
    shutil.copytree(away, path, dirs_exist_ok=True)


def errors_of(plant: Plant) -> list[GatewayError]:
    """Run a pass; return what it told of."""
    try:
        return [problem.error for report in plant.run() for problem in report.problems]
    except GatewayError as error:
        return [error]


@pytest.mark.parametrize(
    "harm",
    [
        delete,
        pytest.param(replace_by_file, marks=pytest.mark.slow),
        pytest.param(replace_by_link, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("place", PLACES)
def test_a_directory_that_hands_took_away_stops_only_what_needs_it(
    tmp_path: Path, place: str, harm: Callable[[Path], None]
) -> None:
    """Without one of its directories a route shall say so; the other goes on, and both do once it is back."""
    plant = Plant.build(tmp_path / "site", TWO)
    plant.drop_confirmation(1)
    plant.run()
    plant.drop_confirmation(2)
    plant.drop(name_of(3), plant.drop_confirmation(3, first=900).read_bytes(), "others")
    (plant.directory / "inbox/confirmations" / name_of(3)).unlink()
    path = plant.directory / place
    if harm is replace_by_link and place == "outbox/erp":
        harm = delete  # a destination may be a link, wherever it leads
    harm(path)
    told = errors_of(plant)
    assert not [error for error in told if isinstance(error, InternalError)]
    assert plant.states()[name_of(3)] is State.PROCESSED
    put_right(path)
    plant.clock.advance(hours=4)
    for _ in range(2):
        plant.run()
    everywhere = {State.PROCESSED}
    assert set(plant.states().values()) == everywhere
    assert plant.delivered() == [name_of(1), name_of(2)]
    if place not in ("inbox/confirmations", "outbox/erp"):
        plant.demand_proof()


@pytest.mark.parametrize(
    ("area", "when"),
    [
        ("working", "gateway.stages.accept.examine"),
        ("working", "gateway.custody.settle.demand_free"),
        ("inbox", "gateway.custody.claim.claim"),
        ("outbox", "gateway.custody.moves.rename_new"),
        ("processed", "gateway.custody.settle.resume_move"),
    ],
)
def test_a_directory_that_goes_in_the_middle_of_a_pass_costs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, area: str, when: str
) -> None:
    """A directory renamed while the gateway works in it shall cost a coded error and no file."""
    plant = Plant.build(tmp_path / "site")
    plant.drop_confirmation(1)
    path = plant.directory / area / ("erp" if area == "outbox" else "confirmations")
    swap_before(monkeypatch, when, lambda: delete(path))
    told = errors_of(plant)
    assert told or area == "inbox"  # what is gone from there was taken back by its sender
    assert not [error for error in told if isinstance(error, InternalError)]
    assert State.PROCESSED not in plant.states().values()
    monkeypatch.undo()
    put_right(path)
    plant.clock.advance(hours=4)
    for _ in range(2):
        plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    assert plant.delivered() == [name_of(1)]


def test_a_file_in_work_that_hands_removed_is_missed_until_it_is_back(tmp_path: Path) -> None:
    """A file in work that is gone shall be named by each pass, and go on once it is back."""
    plant = Plant.build(tmp_path / "site")
    (plant.directory / "outbox/erp").rmdir()
    plant.drop_confirmation(1)
    plant.run()
    (held,) = (plant.directory / "working/confirmations").iterdir()
    kept = held.rename(tmp_path / "kept")
    (plant.directory / "outbox/erp").mkdir()
    plant.clock.advance(hours=4)
    for _ in range(2):
        assert [error.code for error in errors_of(plant)] == ["file-missing"]
        plant.clock.advance(hours=4)
    assert plant.states() == {name_of(1): State.DELIVERING}
    kept.rename(held)
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    plant.demand_proof()


def test_a_file_in_work_that_hands_edited_is_not_delivered(tmp_path: Path) -> None:
    """An accepted file that was edited before its delivery shall not go out as what was accepted."""
    plant = Plant.build(tmp_path / "site")
    (plant.directory / "outbox/erp").rmdir()
    plant.drop_confirmation(1)
    plant.run()
    (held,) = (plant.directory / "working/confirmations").iterdir()
    content = held.read_bytes()
    held.write_bytes(content.replace(b"480,000", b"481,000"))
    (plant.directory / "outbox/erp").mkdir()
    plant.clock.advance(hours=4)
    assert [error.code for error in errors_of(plant)] == ["destination-unavailable"]
    assert plant.delivered() == []
    held.write_bytes(content)
    plant.clock.advance(hours=8)
    for _ in range(2):
        plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    plant.demand_proof()
