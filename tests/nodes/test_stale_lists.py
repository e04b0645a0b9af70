"""A day list that two owners of a route write, one of them late: no line is lost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gateway.custody import daylist, writes
from gateway.errors import CustodyError

_FIRST, _SECOND, _THIRD = (("a" * 64, "first"), ("b" * 64, "second"), ("c" * 64, "third"))


@pytest.mark.parametrize("moment", ["before it is placed", "before it is written"])
def test_a_list_that_is_written_anew_late_loses_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Lines that a new owner lists while the one before stands still shall be on the list afterwards."""
    daylist.append(tmp_path, [_FIRST, _SECOND])
    name = "place_over" if moment == "before it is placed" else "write_temporary"
    step: Any = getattr(writes, name)

    def paused(*arguments: Any) -> Any:
        monkeypatch.setattr(writes, name, step)
        daylist.append(tmp_path, [_THIRD])
        return step(*arguments)

    monkeypatch.setattr(writes, name, paused)
    if moment == "before it is placed":
        with pytest.raises(CustodyError):  # what it had ready is gone
            daylist.remove(tmp_path, ["first"])
    else:
        daylist.remove(tmp_path, ["first"])
    listed = daylist.read(tmp_path)
    assert listed["third"] == _THIRD[0]
    assert listed["second"] == _SECOND[0]
    assert os.listdir(tmp_path) == ["manifest-sha256.txt"]


def test_lines_that_a_late_list_did_not_have_are_listed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a late list was placed just after the lines were added, they shall be added to that one, too."""
    daylist.append(tmp_path, [_FIRST])
    discard = writes.discard
    path = daylist.list_of(tmp_path)

    def placed_before(temporary: str) -> None:
        monkeypatch.setattr(writes, "discard", discard)
        Path(f"{path}-late").write_bytes(f"{_SECOND[0]}  {_SECOND[1]}\n".encode())
        os.replace(f"{path}-late", path)
        discard(temporary)

    monkeypatch.setattr(writes, "discard", placed_before)
    daylist.append(tmp_path, [_THIRD])
    assert set(daylist.read(tmp_path)) == {"second", "third"}
