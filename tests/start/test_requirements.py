"""Which of the project's requirements this Python meets."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from gateway._bootstrap.requirements import is_met, lacking
from tests.start.fresh import REPOSITORY


def test_the_environment_of_the_tests_lacks_nothing() -> None:
    """Every requirement in pyproject.toml shall be understood, and be met where the tests run."""
    assert lacking(REPOSITORY, None) == []
    assert lacking(REPOSITORY, "test") == []


@pytest.mark.parametrize(
    ("requirement", "met"),
    [
        ("pytest", True),
        ("PyTest >= 1", True),
        ("pytest>={0}", True),
        ("pytest>={0}.0.0", True),
        ("pytest>={0}.1", False),
        ("pytest>=1,<{0}", False),
        ("pandera[polars]>=0.1", True),
        ("no-such-library-anywhere", False),
    ],
)
def test_a_requirement_is_met_by_name_and_version(requirement: str, met: bool) -> None:
    """A requirement shall be met by the same name, however written, in a version within its bounds."""
    assert is_met(requirement.format(importlib.metadata.version("pytest"))) is met


def test_an_unknown_extra_is_a_mistake_of_ours(tmp_path: Path) -> None:
    """An extra that pyproject.toml does not have shall not pass for met."""
    (tmp_path / "pyproject.toml").write_text("[project]\ndependencies = []\noptional-dependencies = {}\n")
    with pytest.raises(KeyError):
        lacking(tmp_path, "test")
