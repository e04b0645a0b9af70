"""The short form of the soak: one seed for some steps, in a process that stands behind the faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ledger_guard import OpenedBesideSqlite, watch
from tests.soak.streams import Chain, Counter


def _soaked(directory: Path, *words: str) -> str:
    command = [sys.executable, "-m", "tests.soak", "--directory", str(directory), *words]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[2]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_is_lost_and_nothing_comes_twice_whatever_happens(tmp_path: Path) -> None:
    """The gateway shall keep every promise through random arrivals, kills, errors, clocks and operators."""
    assert "| violations | 0 |" in _soaked(tmp_path, "--seed", "32", "--steps", "24", "--no-sftp")


@pytest.mark.slow
def test_the_same_holds_with_a_partners_server(tmp_path: Path) -> None:
    """The gateway shall keep its promises while it exchanges files with a server that comes and goes."""
    assert "| violations | 0 |" in _soaked(tmp_path, "--seed", "100", "--steps", "300", "--jobs", "2")


def test_no_part_of_the_gateway_opens_its_ledger_beside_sqlite(tmp_path: Path) -> None:
    """The tests shall refuse the gateway what takes its locks on the ledger away: to open the file itself."""
    ledger = tmp_path / "ledger" / "gateway.db"
    ledger.parent.mkdir()
    ledger.write_bytes(b"a test may")
    watch()
    with pytest.raises(OpenedBesideSqlite):
        eval(f"open({str(ledger)!r}, 'rb')", {"__name__": "gateway.ledger.careless"})  # noqa: S307 - as if


def test_the_model_lets_go_what_nothing_is_missing_before() -> None:
    """The model shall hold a number of a strict counter until those before it went or were given up."""
    counter = Counter(is_strict=True, fails_late=True)
    said = [counter.judge(number, None, frozenset()) for number in (1, 4, 2, 4)]
    assert said == ["go", "hold", "go", "F807"]
    assert counter.missing() == [3]
    assert not counter.may_go(4)
    counter.waive_before(4)
    assert counter.may_go(4)
    assert counter.judge(3, None, frozenset()) == "F801"


def test_the_model_follows_a_chain() -> None:
    """The model shall let files of a chain go in the order in which they name each other."""
    chain = Chain()
    said = [chain.judge(number, before, frozenset()) for number, before in ((40, 0), (17, 41), (91, 17))]
    assert said == ["go", "hold", "hold"]
    assert chain.missing() == [41]
    assert chain.judge(41, 40, frozenset()) == "go"
    assert chain.may_go(17)
    assert chain.judge(88, 40, frozenset()) == "F806"
    chain.go(17)
    chain.go(91)
    chain.waive(30)
    assert chain.judge(30, 29, frozenset({"F801"})) == "hold"
    assert not chain.may_go(30)
    assert chain.judge(29, 91, frozenset()) == "go"
    assert chain.may_go(30)
