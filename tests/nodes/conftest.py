"""A database of its own for each test on the server that all tests share."""

from __future__ import annotations

import pytest

from tests.postgres.server import PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """Return the URL of an empty database."""
    return postgres.create_database()
