"""For how long the gateway remembers what it accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.ledger import ids
from gateway.model import State
from tests.pipeline.plant import ROUTE, Plant, confirmation, name_of


@pytest.fixture(autouse=True)
def _young_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ids begin at the present again: in one process they never go back, as other tests' clocks do."""
    monkeypatch.setattr(ids, "_SOURCE", ids._Source())


@pytest.mark.parametrize(("days", "expected"), [(29, State.DUPLICATE), (31, State.PROCESSED)])
def test_duplicates_are_remembered_for_the_retention_period(
    tmp_path: Path, days: int, expected: State
) -> None:
    """A resend shall be recognised within the retention period, and taken as new after it."""
    plant = Plant.build(tmp_path / "site", f"{ROUTE}    duplicates: {{retention_days: 30}}\n")
    plant.drop(name_of(1), confirmation(1))
    plant.run()
    (plant.directory / "outbox" / "erp" / name_of(1)).unlink()
    plant.clock.advance(days=days)
    plant.drop(name_of(1), confirmation(1))
    plant.run()
    assert [row.state for row in plant.transfers()] == [State.PROCESSED, expected]


@pytest.mark.parametrize(("days", "expected"), [(29, State.FAILED), (31, State.PROCESSED)])
def test_records_are_remembered_for_the_retention_period(tmp_path: Path, days: int, expected: State) -> None:
    """A record in another file shall be recognised within the retention period, and be new after it."""
    plant = Plant.build(tmp_path / "site", f"{ROUTE}    duplicates: {{retention_days: 30}}\n")
    plant.drop(name_of(1), confirmation(1, first=500))
    plant.run()
    plant.clock.advance(days=days)
    plant.drop(name_of(2), confirmation(2, first=500))
    plant.run()
    assert plant.states()[name_of(2)] is expected
