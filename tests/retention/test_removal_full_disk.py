"""A removal whose disk is full says so, keeps tombstones before files go, and ends when there is room."""

from __future__ import annotations

import pytest

from tests.faults.apart import apart


@pytest.mark.slow
def test_a_removal_on_a_full_disk_goes_on_when_there_is_room() -> None:
    """From whatever call on the disk is full: no file without its tombstone, lists right, then the end."""
    lines = list(apart("tests.retention.full_disk", ["1"], 1))
    assert len(lines) > 30
    assert [line for line in lines if line["wrong"]] == []
