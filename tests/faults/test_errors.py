"""Errors of the system at calls of a pass, and the power that goes: a spread of the matrices.

At length: `python -m tests.faults errors`, `python -m tests.faults power`, and `... power --cuts 25` as root.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults import cuts, errors, power
from tests.faults.apart import apart


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """Return what came of a spread of errors and of losses, tried on one prepared site."""
    return list(apart("tests.faults.spread", [], 1))


def test_a_pass_that_meets_an_error_says_so_and_recovers(lines: list[dict[str, Any]]) -> None:
    """Whatever call fails, the gateway shall say it with a code, and later come to the undisturbed end."""
    met = [line for line in lines if line.get("met")]
    assert len(met) >= 3
    text, wrong = errors.table(met)
    assert wrong == 0, text


def test_what_is_said_is_on_the_disk_before(lines: list[dict[str, Any]]) -> None:
    """Nothing shall be called taken, delivered or settled before it is synced; a loss then costs nothing."""
    lost = [line for line in lines if "commits" in line or "point" in line]
    assert lost[0]["commits"] > 20
    assert len(lost) > 4
    text, wrong = power.table(lost)
    assert wrong == 0, text


@pytest.mark.slow
@pytest.mark.skipif(cuts.reason_not_to() is not None, reason=str(cuts.reason_not_to()))
def test_a_real_file_system_without_power_recovers() -> None:
    """After ext4 lost its power at any call the gateway shall come to the undisturbed end."""
    text, wrong = power.table(cuts.cut_apart(10, seed=3))
    assert wrong == 0, text
