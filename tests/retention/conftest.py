"""A site whose files are due: processed ones, a duplicate, a corrected one that failed, and an open one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.ledger import ids
from gateway.operations.correct import correct
from tests.pipeline.plant import ROUTE, Plant, ShiftedClock, confirmation, name_of

RETENTION = "retention: {rules: [{keep: 10y}]}\n"


@pytest.fixture(autouse=True)
def _young_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ids begin at the present again: in one process they never go back, as other tests' clocks do."""
    monkeypatch.setattr(ids, "_SOURCE", ids._Source())


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site as it is on the day on which its files came."""
    directory = tmp_path_factory.mktemp("retention") / "site"
    settle_files(Plant.build(directory, f"{ROUTE}{RETENTION}"))
    return directory


def settle_files(plant: Plant) -> None:
    """Let files come that settle in every way."""
    plant.drop(name_of(1), confirmation(1))
    plant.drop(name_of(2), confirmation(2))
    plant.drop(name_of(3), confirmation(3, quantity="4x"))
    plant.drop(name_of(4), confirmation(4, quantity="4x"))
    plant.run()
    plant.drop("again.csv", confirmation(1))
    plant.run()
    good = plant.directory.parent / "good.csv"
    good.write_bytes(confirmation(3))
    with plant.opened() as context:
        correct(context, plant.transfer(name_of(3)), good, "the scale was broken")
    plant.run()


def eleven_years_later(whole: Path, directory: Path) -> Plant:
    """Return a copy of the site in ``directory``, when its files are due."""
    shutil.copytree(whole, directory)
    clock = ShiftedClock()
    clock.advance(days=11 * 366)
    return Plant(directory, clock)


@pytest.fixture
def plant(whole: Path, tmp_path: Path) -> Plant:
    """The site, eleven years later."""
    return eleven_years_later(whole, tmp_path / "site")
