"""A rebuilt ledger is the one that was lost, in all that manifests record."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from gateway.operations.ledger_care.backing_up import back_up
from gateway.operations.ledger_care.rebuilding import rebuild
from gateway.operations.ledger_care.restoring import restore
from tests.care.histories import ROUTES, STEPS, happen, in_work, known
from tests.pipeline.plant import Plant, confirmation

#: Examples of one part of the long search, and the seeds of its parts.
_EXAMPLES, _SEEDS = 20, range(6)


def _compare(steps: list[tuple[str, str, int]], backup_after: int | None) -> None:
    with tempfile.TemporaryDirectory() as place:
        plant, backup = Plant.build(Path(place) / "site", ROUTES), Path(place) / "backup.db"
        with plant.working() as context:
            for number, step in enumerate(steps):
                if number == backup_after:
                    back_up(context, backup)
                happen(plant, context, step)
            beside = in_work(context)
            before, delivered = known(context, beside), _outbox(plant)
        if backup.exists():
            done = restore(plant.directory, backup, "a test")
        else:
            done = rebuild(plant.directory, "a test")
        with plant.opened() as context:
            after = known(context, beside)
        assert done.recovery.troubles == []
        assert after.transfers == before.transfers
        assert after.attempts == before.attempts
        assert after.deliveries == before.deliveries
        assert after.keys == before.keys
        assert after.streams == before.streams
        plant.run()
        assert _outbox(plant) == delivered
        plant.drop("again.csv", confirmation(1))
        plant.run()
        plant.demand_proof()


def _outbox(plant: Plant) -> list[str]:
    return sorted(str(path) for path in (plant.directory / "outbox").rglob("*.csv"))


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.lists(STEPS, min_size=4, max_size=6), st.one_of(st.none(), st.integers(0, 3)))
def test_a_rebuilt_ledger_is_the_one_that_was_lost(
    steps: list[tuple[str, str, int]], backup_after: int | None
) -> None:
    """Whatever happened, a rebuild or a restore shall bring back all that the manifests record."""
    _compare(steps, backup_after)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", _SEEDS)
def test_a_rebuilt_ledger_is_the_one_that_was_lost_at_length(number: int) -> None:
    """The same, for longer histories and many more of them; a part for each seed."""

    # not made smaller where it fails: each try takes a second, and the steps tell enough
    @seed(number)
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(st.lists(STEPS, min_size=6, max_size=25), st.one_of(st.none(), st.integers(0, 12)))
    def search(steps: list[tuple[str, str, int]], backup_after: int | None) -> None:
        _compare(steps, backup_after)

    search()
