"""A plant, and a server that follows a script, for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.plant import Plant
from tests.sftp.scripted import Scripted


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a site with one route for confirmations that delivers to a folder."""
    return Plant.build(tmp_path / "site")


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Scripted]:
    """Serve a directory of this test."""
    (tmp_path / "served").mkdir()
    with Scripted(tmp_path / "served") as server:
        yield server
