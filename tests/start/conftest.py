"""A package index and a fresh machine for each test of the start."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.start import fresh


@pytest.fixture(scope="session")
def index_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a package index with two libraries, and pip where this environment has it."""
    directory = tmp_path_factory.mktemp("index")
    for name, version in (("dependency", "1.0"), ("another", "2.0"), ("onlytest", "1.0")):
        fresh.publish(directory, name, *fresh.library(name, version))
    pip = fresh.pip_wheel()
    if pip is not None:
        fresh.publish(directory, "pip", *pip)
    return directory


@pytest.fixture(scope="session")
def index(index_directory: Path) -> Iterator[str]:
    """Serve the package index."""
    with fresh.served(index_directory) as address:
        yield address


@pytest.fixture
def machine(tmp_path: Path, index: str) -> fresh.Machine:
    """Make a fresh checkout on a machine with nothing installed."""
    return fresh.machine(tmp_path, index)


@pytest.fixture(scope="session")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a demo that was kept; its output is in ``output.txt`` beside it."""
    directory = tmp_path_factory.mktemp("demo") / "site"
    done = subprocess.run(
        [*fresh.GATEWAY, "demo", "--dir", str(directory)],
        cwd=fresh.REPOSITORY,
        capture_output=True,
        text=True,
    )
    (directory.parent / "output.txt").write_text(done.stdout, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return directory


@pytest.fixture(scope="session")
def demo_output(demo_site: Path) -> str:
    """Return what the demo printed."""
    return (demo_site.parent / "output.txt").read_text(encoding="utf-8")
