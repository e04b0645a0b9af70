"""For how long files are kept: pure decisions."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from gateway.model import Disposition, State, Transfer
from gateway.rules.retention import (
    Keep,
    KeepRule,
    LegalHold,
    RetentionPolicy,
    kept_until,
    latest_settled,
    parse_keep,
    same_person,
    why_kept,
)

_SETTLED = datetime(2024, 2, 29, 12, tzinfo=UTC)
_ROW = Transfer(
    "01", "orders", "ERP", "order", "a.xml", State.PROCESSED, 1, 9, _SETTLED, "in/a.xml", "01-a.xml",
    sha256="0" * 64, manifest_sha256="1" * 64, settled_path="processed/orders/a.xml", settled_at=_SETTLED,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("1y", datetime(2025, 3, 1, 12, tzinfo=UTC)),
        ("4y", datetime(2028, 3, 1, 12, tzinfo=UTC)),
        ("366d", datetime(2025, 3, 1, 12, tzinfo=UTC)),
        ("99999y", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_time_counts_in_calendar_years_or_days(text: str, until: datetime) -> None:
    """A year shall be a year of the calendar, and never end too early."""
    assert kept_until(_SETTLED, parse_keep(text)) == until


@pytest.mark.parametrize("text", ["", "0d", "y", "-1y", "1.5y", "1m", "100000y"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """Any other text shall be no time to keep files for."""
    with pytest.raises(ValueError, match="no time"):
        parse_keep(text)


def test_the_longest_of_all_rules_counts_and_no_rule_means_for_ever() -> None:
    """A file shall stay while any rule that fits keeps it, for ever without one, and under a hold."""
    now = datetime(2030, 1, 1, tzinfo=UTC)
    short, long = KeepRule(Keep(years=1)), KeepRule(Keep(years=10), routes=("orders",))
    other = KeepRule(Keep(days=1), (Disposition.FAILED,))
    day = date(2024, 2, 29)
    assert why_kept(RetentionPolicy((short,)), _ROW, day, now) is None
    assert why_kept(RetentionPolicy((short, long)), _ROW, day, now) == "it is kept until 2034-03-01"
    assert why_kept(RetentionPolicy((other,)), _ROW, day, now) == "it is kept for ever"
    assert latest_settled(RetentionPolicy((other,)), "orders", State.PROCESSED, now) is None
    hold = LegalHold("inspection", ("orders",), ((day, day),))
    assert why_kept(RetentionPolicy((short,), (hold,)), _ROW, day, now) == "it is on legal hold: inspection"
    assert why_kept(RetentionPolicy((short,), (hold,)), _ROW, date(2024, 3, 1), now) is None
    held = _ROW.evolve(state=State.HELD)
    assert why_kept(RetentionPolicy((short,)), held, day, now) == "it is held"
    failed = _ROW.evolve(state=State.FAILED)
    assert why_kept(RetentionPolicy((short,)), failed, day, now) == "it failed, and nobody has answered it"
    assert why_kept(RetentionPolicy((short,)), failed.evolve(superseded_by="02"), day, now) is None


def test_names_are_compared_as_people_write_them() -> None:
    """Case and blanks shall make no other person."""
    assert same_person("Anna ", "anna")
    assert not same_person("anna", "bert")
