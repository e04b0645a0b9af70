"""What all tests share: how hypothesis searches, and a real SFTP server where one is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.sftp.openssh import OpenSsh

# Machines differ in speed, so no example has a deadline; a build on CI tries the same examples
# every time, so that its verdict is about the change and not about luck.
settings.register_profile("gateway", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("gateway")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep tests that share something dear in one process."""
    from tests.groups import Grouping

    return Grouping(config, log)


@pytest.fixture(scope="session")
def openssh() -> Iterator[OpenSsh]:
    """Serve with a real sshd, one for all tests of a process: who wants to stop it starts an own one."""
    from tests.sftp.openssh import OpenSsh

    with OpenSsh() as server:
        yield server


@pytest.fixture
def served(openssh: OpenSsh, tmp_path: Path) -> Path:
    """Return a directory of this test's own on the shared server."""
    place = openssh.root / f"{tmp_path.parent.name}-{tmp_path.name}"
    place.mkdir(parents=True)
    return place
