"""The board says what each lane does, to other threads and to other processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.service.board import Board, ServiceState, WatchState, read_heartbeat


def _board(path: Path | None = None) -> Board:
    board = Board("Plant Ülm", SystemClock(), path)
    board.add("orders", "route", "orders")
    board.add("orders to erp", "delivery", "orders", "erp")
    return board


def test_a_pass_is_seen_from_its_beginning_to_its_end() -> None:
    """A lane shall show why and since when it runs, and after that how the pass ended."""
    board = _board()
    board.began("orders", ("schedule", "event"))
    board.doing("orders", "claim")
    running = board.lane("orders")
    assert (running.reasons, running.doing) == (("schedule", "event"), "claim")
    assert running.running_since is not None
    board.ended("orders", 1.5, "[source-unavailable] gone")
    failed = board.lane("orders")
    assert (failed.running_since, failed.passes, failed.last_ok) == (None, 1, None)
    assert failed.last_error == "[source-unavailable] gone"
    board.began("orders", ("schedule",))
    board.ended("orders", 0.5, None)
    good = board.lane("orders")
    assert (good.last_error, good.last_seconds, good.passes) == (None, 0.5, 2)
    assert good.last_ok == good.last_ended


def test_another_process_reads_the_same(tmp_path: Path) -> None:
    """The heartbeat file shall say what the board says, times and all."""
    board = _board(tmp_path / "service.json")
    board.began("orders to erp", ("deliveries waiting",))
    board.note(phase="running", watches=(WatchState("/in", works=False, why="nfs"),))
    board.write()
    read = read_heartbeat(tmp_path / "service.json")
    here = board.state()
    assert isinstance(read, ServiceState)
    assert read.lanes == here.lanes
    assert read.watches == here.watches
    assert (read.started, read.pid, read.site) == (here.started, here.pid, "Plant Ülm")
    assert read.beat <= here.beat
    assert [path.name for path in tmp_path.iterdir()] == ["service.json"]


def test_a_heartbeat_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """The board shall say why the heartbeat file cannot be written, and go on."""
    board = _board(tmp_path / "gone" / "service.json")
    board.write()
    assert "service.json" in (board.state().unwritten or "")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"lanes": 3}', '{"lanes": [], "watches": []}', "9" * 9]
)
def test_a_broken_heartbeat_is_none(tmp_path: Path, text: str) -> None:
    """A file that is no heartbeat shall be read as none."""
    path = tmp_path / "service.json"
    path.write_text(text, encoding="utf-8")
    assert read_heartbeat(path) is None
    assert read_heartbeat(tmp_path / "absent") is None


def test_the_heartbeat_of_another_version_is_read(tmp_path: Path) -> None:
    """Fields that this version does not know shall be left out."""
    board = _board(tmp_path / "service.json")
    board.write()
    data = json.loads((tmp_path / "service.json").read_bytes())
    data["later"] = 1
    data["lanes"][0]["later"] = "2027-01-01T00:00:00+00:00"
    (tmp_path / "service.json").write_text(json.dumps(data), encoding="utf-8")
    read = read_heartbeat(tmp_path / "service.json")
    assert read is not None
    assert read.lanes == board.state().lanes
