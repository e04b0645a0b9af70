"""What all tests share: how hypothesis searches, and real servers where they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.sftp.openssh import OpenSsh

if TYPE_CHECKING:
    from tests.postgres.databases import EmptiedLedger
    from tests.postgres.server import PostgresServer

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Serve with a real PostgreSQL, one for all tests of a process: who wants to stop it starts an own one.

    It does not sync, as nothing loses power here.
    """
    from tests.postgres.server import PostgresServer

    with PostgresServer(fsync="off") as server:
        yield server


@pytest.fixture(scope="session")
def emptied_ledger(postgres: PostgresServer) -> EmptiedLedger:
    """Give a ledger on the shared server that is emptied for each test."""
    from tests.postgres.databases import EmptiedLedger

    return EmptiedLedger(postgres)


@pytest.fixture
def served(openssh: OpenSsh, tmp_path: Path) -> Path:
    """Return a directory of this test's own on the shared server."""
    place = openssh.root / f"{tmp_path.parent.name}-{tmp_path.name}"
    place.mkdir(parents=True)
    return place
