"""Reports of every kind of change in every form are what was looked at and kept."""

from __future__ import annotations

import json

import pytest

from gateway.formats.compare.kinds import KINDS
from tests.compare.goldens import DIRECTORY, goldens


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Every golden, made anew."""
    return goldens()


def test_reports_are_those_that_were_kept(made: dict[str, str]) -> None:
    """A report shall be byte for byte the kept one; `python -m tests.compare.regenerate` writes them anew."""
    kept = {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.iterdir()}
    assert sorted(kept) == sorted(made)
    assert [name for name in made if made[name] != kept[name]] == []


def test_every_kind_of_change_is_in_the_reports() -> None:
    """Every kind of change shall occur in the kept reports of each form."""
    seen = {
        change["kind"]
        for path in DIRECTORY.glob("*.json")
        for comparison in json.loads(path.read_text(encoding="utf-8"))["comparisons"]
        for change in comparison["changes"]
    }
    assert set(KINDS) - seen == set()
