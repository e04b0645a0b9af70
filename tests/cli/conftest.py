"""Plants that the tests of the command line share; making one once and copying it saves their time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.plant import GOOD, LATER, WRONG, Plant, fill

Factory = pytest.TempPathFactory


@pytest.fixture(scope="session")
def _empty(tmp_path_factory: Factory) -> Plant:
    return Plant.make(tmp_path_factory.mktemp("empty") / "site")


@pytest.fixture
def plant(_empty: Plant, tmp_path: Path) -> Plant:
    """A site that nothing has arrived at."""
    return _empty.copy(tmp_path / "site")


@pytest.fixture(scope="session")
def busy(_empty: Plant, tmp_path_factory: Factory) -> Plant:
    """A site on which much has happened; for tests that only look."""
    return fill(_empty.copy(tmp_path_factory.mktemp("busy") / "site"))


@pytest.fixture(scope="session")
def _failing(_empty: Plant, tmp_path_factory: Factory) -> Plant:
    plant = _empty.copy(tmp_path_factory.mktemp("failing") / "site")
    plant.drop("confirmations", WRONG)
    plant.drop("confirmations", GOOD.format(1))
    plant.run("run", "--once")
    return plant


@pytest.fixture
def failing(_failing: Plant, tmp_path: Path) -> Plant:
    """A site with one failed confirmation, and number 1 delivered."""
    return _failing.copy(tmp_path / "failing")


@pytest.fixture(scope="session")
def _gapped(_empty: Plant, tmp_path_factory: Factory) -> Plant:
    plant = _empty.copy(tmp_path_factory.mktemp("gapped") / "site")
    for sample in (GOOD.format(1), GOOD.format(2), LATER.format(4), LATER.format(6)):
        plant.drop("confirmations", sample)
    plant.run("run", "--once")
    return plant


@pytest.fixture
def gapped(_gapped: Plant, tmp_path: Path) -> Plant:
    """A site with numbers 1 and 2 delivered, 3 and 5 missing, 4 and 6 held."""
    return _gapped.copy(tmp_path / "gapped")
