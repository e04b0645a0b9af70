"""Plants that the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.plant import Plant, fill


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """A site that nothing has arrived at."""
    return Plant.make(tmp_path / "site")


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """A site on which much has happened; for tests that only look."""
    return fill(Plant.make(tmp_path_factory.mktemp("busy") / "site"))
