"""A fresh plant for each attack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.hostile_kit import every_type
from tests.pipeline.plant import Plant


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a site with one route for confirmations that asks for no evidence."""
    return Plant.build(tmp_path / "site")


@pytest.fixture
def six(tmp_path: Path) -> Plant:
    """Return a site with one route for each of the six message types."""
    return Plant.build(tmp_path / "site", every_type())
