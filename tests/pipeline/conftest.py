"""A fresh plant for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.ledger import ids
from tests.pipeline.plant import Plant


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a site with one route for confirmations that asks for no evidence."""
    return Plant.build(tmp_path / "site")


@pytest.fixture(autouse=True)
def _fresh_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ids begin at the present: they only grow in a process, and another test moved its clock ahead."""
    monkeypatch.setattr(ids, "_SOURCE", ids._Source())
