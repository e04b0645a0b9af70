"""Tests that share the server run in one process: two would make it twice."""

from __future__ import annotations

import pytest

from tests.groups import group_of

_SHARED = ("postgres", "emptied_ledger")


def _asks_for_it(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    parameters = getattr(item, "callspec", None)
    database = parameters.params.get("each_database") if parameters is not None else None
    return any(name in names for name in _SHARED) or database == "postgresql"


def test_every_test_of_the_shared_server_is_in_its_group(request: pytest.FixtureRequest) -> None:
    """Whoever asks for the server shall be in tests/groups.py, and no other test of the ledger."""
    group = group_of(request.node.nodeid)
    asking = {item.nodeid for item in request.session.items if _asks_for_it(item)}
    assert {one for one in asking if group_of(one) != group} == set()
    ledger = {one.nodeid for one in request.session.items if one.nodeid.startswith("tests/ledger/")}
    assert {one for one in ledger - asking if group_of(one) == group} == set()
