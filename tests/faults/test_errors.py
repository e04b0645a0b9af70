"""Errors of the system at calls of a pass, and the power that goes: a spread of the matrices.

At length: `python -m tests.faults errors`, `python -m tests.faults power`, and `... power --cuts 25` as root.
"""

from __future__ import annotations

import pytest

from tests.faults import cuts, errors, power


def test_a_pass_that_meets_an_error_says_so_and_recovers() -> None:
    """Whatever call fails, the gateway shall say it with a code, and later come to the undisturbed end."""
    lines = list(errors.tried_apart(tuple(errors.MEET), share=1500, seed=4))
    assert sum(bool(line.get("met")) for line in lines) >= 3
    text, wrong = errors.table(lines)
    assert wrong == 0, text


def test_what_is_said_is_on_the_disk_before() -> None:
    """Nothing shall be called taken, delivered or settled before it is synced; a loss then costs nothing."""
    lines = list(power.lost_apart(every=31, seed=1))
    assert lines[0]["commits"] > 20
    text, wrong = power.table(lines)
    assert wrong == 0, text


@pytest.mark.slow
@pytest.mark.skipif(cuts.reason_not_to() is not None, reason=str(cuts.reason_not_to()))
def test_a_real_file_system_without_power_recovers() -> None:
    """After ext4 lost its power at any call the gateway shall come to the undisturbed end."""
    text, wrong = power.table(cuts.cut_apart(10, seed=3))
    assert wrong == 0, text
