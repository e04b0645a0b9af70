"""A fresh plant for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.plant import Plant


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a site with one route for confirmations that asks for no evidence."""
    return Plant.build(tmp_path / "site")
