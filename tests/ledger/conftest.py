"""The tests of what stands in the ledger, on every kind of database that it may be kept in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ledger.ledger_samples import made_by


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test with a ledger in a file, and with one on a server."""
    if request.param == "sqlite":
        yield request.param
        return
    emptied = request.getfixturevalue("emptied_ledger")
    with made_by(emptied.give):
        yield request.param
