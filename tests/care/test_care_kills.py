"""Restore, rebuild and upgrade are killed, and ordered again."""

from __future__ import annotations

import pytest

from tests.care.kills import WORKS, apart


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("work", WORKS)
def test_care_that_is_killed_anywhere_is_done_when_it_is_ordered_again(work: str) -> None:
    """A kill shall leave a whole ledger, or an error that names the command; that shall succeed then."""
    found = apart(work, every=41, offset=5)
    assert found["tried"] > 10
    assert found["wrong"] == {}
