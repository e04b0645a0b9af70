"""Killed at a spread of points, and in the recovery too, the gateway comes to the same end."""

from __future__ import annotations

import pytest

from tests.faults.kills import Matrix, Plan, kill


def demand_one_end(matrix: Matrix, least: int) -> None:
    """Assert that enough points were tried, and that each came to the end of the undisturbed run."""
    assert sum(one.killed > 0 for one in matrix.results) >= least, matrix.summary()
    assert not matrix.failed, "\n".join(f"{one.point}: {one.differs}" for one in matrix.failed)


def test_a_morning_killed_at_a_spread_of_points_comes_to_the_same_end() -> None:
    """The gateway shall come to the same states, archive and deliveries wherever a morning is killed."""
    demand_one_end(kill(Plan("morning", every=1301, offset=101, jobs=1, twice=True)), 4)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_day_with_a_server_killed_at_a_spread_of_points_comes_to_the_same_end() -> None:
    """The gateway shall come to the same end also where it fetches from a server and pushes to it."""
    demand_one_end(kill(Plan("remote", every=99, offset=17, twice=True)), 30)


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("day", ["local", "remote"])
def test_a_day_killed_at_every_point_comes_to_the_same_end(day: str) -> None:
    """The gateway shall come to the same end from a kill before, after and within every single call."""
    demand_one_end(kill(Plan(day)), 3_000)
