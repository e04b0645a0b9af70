"""A rebuilt ledger is the one that was lost, in all that manifests record."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.operations.ledger_care.backing_up import back_up
from gateway.operations.ledger_care.rebuilding import rebuild
from gateway.operations.ledger_care.restoring import restore
from tests.care.histories import ROUTES, STEPS, happen, known
from tests.pipeline.plant import Plant, confirmation


def _compare(steps: list[tuple[str, str, int]], backup_after: int | None) -> None:
    with tempfile.TemporaryDirectory() as place:
        plant = Plant.build(Path(place) / "site", ROUTES)
        for number, step in enumerate(steps):
            if number == backup_after:
                with plant.opened() as context:
                    back_up(context, Path(place) / "backup.db")
            happen(plant, step)
        before, delivered = known(plant), _outbox(plant)
        if backup_after is not None and backup_after < len(steps):
            done = restore(plant.directory, Path(place) / "backup.db", "a test")
        else:
            done = rebuild(plant.directory, "a test")
        after = known(plant)
        assert done.recovery.troubles == []
        assert after.transfers == before.transfers
        assert after.attempts == before.attempts
        assert after.deliveries == before.deliveries
        assert after.keys == before.keys
        plant.run()
        assert _outbox(plant) == delivered
        plant.drop("again.csv", confirmation(1))
        plant.run()
        plant.demand_proof()


def _outbox(plant: Plant) -> list[str]:
    return sorted(str(path) for path in (plant.directory / "outbox").rglob("*.csv"))


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=3, max_size=10), st.one_of(st.none(), st.integers(0, 6)))
def test_a_rebuilt_ledger_is_the_one_that_was_lost(
    steps: list[tuple[str, str, int]], backup_after: int | None
) -> None:
    """Whatever happened, a rebuild or a restore shall bring back all that the manifests record."""
    _compare(steps, backup_after)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=3, max_size=25), st.one_of(st.none(), st.integers(0, 20)))
def test_a_rebuilt_ledger_is_the_one_that_was_lost_at_length(
    steps: list[tuple[str, str, int]], backup_after: int | None
) -> None:
    """The same, for longer histories and many more of them."""
    _compare(steps, backup_after)
