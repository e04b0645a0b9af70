"""Files in work pass from one owner of a route to the next, and from a single gateway to the first owner."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody.layout import Layout
from gateway.custody.shared_layout import SharedLayout
from gateway.errors import CustodyError


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_the_first_owner_takes_what_a_single_gateway_left(tmp_path: Path) -> None:
    """What stands loose in the route's directory of work shall come to its first owner."""
    Layout(tmp_path).create(["orders"])
    loose = Layout(tmp_path).working("orders")
    (loose / "T-1").write_bytes(b"one")
    owner = SharedLayout(tmp_path).owned("orders", 1)
    assert owner.working("orders") == loose / "t1"
    assert _names(loose) == ["t1"]
    assert (loose / "t1" / "T-1").read_bytes() == b"one"


def test_the_next_owner_takes_over_everything_but_half_fetched_files(tmp_path: Path) -> None:
    """Files in work shall pass to the next owner, late ones too; parts that others may write to shall go."""
    Layout(tmp_path).create(["orders"])
    shared = SharedLayout(tmp_path)
    first = shared.owned("orders", 1).working("orders")
    (first / "T-1").write_bytes(b"one")
    (first / ".fetch-1").write_bytes(b"half")
    second = shared.owned("orders", 2).working("orders")
    assert _names(second) == ["T-1"]
    assert not first.exists()
    first.mkdir()  # as one would that took over, stood still, and goes on
    (first / "T-2").write_bytes(b"late")
    third = shared.owned("orders", 3)
    assert _names(third.working("orders")) == ["T-1", "T-2"]
    assert _names(third.working("orders").parent) == ["t3"]
    assert third.owned("orders", 3).working("orders") == third.working("orders"), "again is no change"
    assert shared.working("orders") == third.working("orders"), "others find it"
    with pytest.raises(CustodyError, match="later owner, t3"):
        shared.owned("orders", 2)  # as one would that was paused before its first look
    assert _names(third.working("orders")) == ["T-1", "T-2"]
    assert shared.working("bills") == Layout(tmp_path).working("bills"), "nobody ever owned it"
