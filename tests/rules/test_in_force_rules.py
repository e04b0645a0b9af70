"""Whether a version is in force on a day: both ends included, no end without limit."""

from __future__ import annotations

import pytest

from gateway.rules.in_force import is_in_force, out_of_force


@pytest.mark.parametrize(
    ("day", "start", "end", "why"),
    [
        ("2026-07-01", None, None, None),
        ("2026-07-01", "2026-07-01", None, None),
        ("2026-06-30", "2026-07-01", None, "is in force from 2026-07-01; the file arrived on 2026-06-30"),
        ("2026-06-30", None, "2026-06-30", None),
        ("2026-07-01", None, "2026-06-30", "was in force until 2026-06-30; the file arrived on 2026-07-01"),
    ],
)
def test_a_day_is_inside_or_the_reason_is_given(
    day: str, start: str | None, end: str | None, why: str | None
) -> None:
    """The gateway shall count both ends as days in force, and say on which side another day lies."""
    assert out_of_force(day, start, end) == why
    assert is_in_force(day, start, end) is (why is None)
