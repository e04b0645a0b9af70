"""Notations of dates and times, and the canonical form of values."""

# ruff: noqa: E501 - one case on one line reads as a table

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from gateway.formats.definition import Dialect, Field, FieldType
from gateway.formats.notation import canonical, notation_of, notation_problem

DATE, TIME, BOTH = FieldType.DATE, FieldType.TIME, FieldType.DATETIME


@pytest.mark.parametrize(
    ("notation", "kind"),
    [
        ("YYYY-MM-DD", DATE), ("DD.MM.YYYY", DATE), ("YYYYMMDD", DATE), ("MM/DD/YYYY", DATE), ("HH:MM:SS", TIME),
        ("HHMM", TIME), ("HH:MM:SS.FFF", TIME), ("HH:MM:SSZ", TIME), ("YYYY-MM-DDTHH:MM:SS", BOTH),
        ("YYYYMMDDHHMMSS", BOTH), ("DD.MM.YYYY HH:MM", BOTH), ("YYYY-MM-DDTHH:MM:SS.FFFFFFZ", BOTH),
        ("HH:MM DD.MM.YYYY", BOTH),
    ],
)  # fmt: skip
def test_notations_of_the_field_are_known(notation: str, kind: FieldType) -> None:
    """The gateway shall know how plants write dates and times."""
    assert notation_problem(notation, kind) is None


@pytest.mark.parametrize(
    ("notation", "kind", "reason"),
    [
        ("DD.MM.YY", DATE, "'YY' is no part"), ("%Y-%m-%d", DATE, "is no part"), ("YYYY-MM", DATE, "once each"),
        ("YYYY-MM-DD-DD", DATE, "once each"), ("YYYY-MM-DDZ", DATE, "offset"), ("MM:HH", TIME, "in this order"),
        ("HH:MM:FF", TIME, "in this order"), ("YYYY-MM-DD", BOTH, "needs HH"), ("HH:MM:SS", BOTH, "once each"),
        ("YYYY-MM-DD HH", BOTH, "in this order"), ("ZYYYY-MM-DD HH:MM", BOTH, "offset"), ("", DATE, "once each"),
    ],
)  # fmt: skip
def test_other_notations_are_refused_in_words(notation: str, kind: FieldType, reason: str) -> None:
    """The gateway shall say why it cannot read a date notation."""
    assert reason in (notation_problem(notation, kind) or "")


def test_a_field_writes_dates_as_it_says_or_as_the_dialect_does() -> None:
    """The gateway shall take the field's own date format before the dialect's."""
    dialect = Dialect(date_format="DD.MM.YYYY")
    assert notation_of(Field("a", DATE), dialect) == "DD.MM.YYYY"
    assert notation_of(Field("a", DATE, date_format="YYYYMMDD"), dialect) == "YYYYMMDD"
    assert notation_of(Field("a"), dialect) is None


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FieldType.INTEGER, "-12", -12), (FieldType.DECIMAL, "1.50", Decimal("1.50")), (DATE, "2026-11-22", date(2026, 11, 22)),
        (TIME, "06:00", time(6)), (BOTH, "2026-11-22T06:00:00", datetime(2026, 11, 22, 6)), # noqa: DTZ001
        (FieldType.BOOLEAN, "true", "true"), (FieldType.STRING, "007", "007"),
    ],
)  # fmt: skip
def test_canonical_values_are_read_exactly(kind: FieldType, text: str, value: object) -> None:
    """The gateway shall read limits and defaults of definitions without loss."""
    assert canonical(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FieldType.INTEGER, "1.0"), (FieldType.INTEGER, "٣"), (FieldType.DECIMAL, "1e3"), (FieldType.DECIMAL, "1,5"),
        (FieldType.DECIMAL, "NaN"), (DATE, "22.11.2026"), (DATE, "2026-02-30"), (DATE, "20261122"), (TIME, "24:00"),
        (BOTH, "2026-11-22 06:00"), (FieldType.BOOLEAN, "yes"), (FieldType.INTEGER, "1\n"),
    ],
)  # fmt: skip
def test_other_forms_are_not_canonical(kind: FieldType, text: str) -> None:
    """The gateway shall refuse limits and defaults that are not in canonical form."""
    with pytest.raises(ValueError, match=r"is not|day|hour"):
        canonical(kind, text)
