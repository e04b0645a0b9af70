"""Single values on their way: exact, or refused."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.definition import Dialect, Field, FieldType, Kind
from gateway.mappings.values import Place, Refused, read
from gateway.mappings.writing import rounded, scaled, write

_MODES = {
    "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
    "half-down": ROUND_HALF_DOWN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
    "floor": ROUND_FLOOR,
    "ceiling": ROUND_CEILING,
}
_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)


def place(kind: FieldType = FieldType.STRING, dialect: Dialect | None = None, **settings: Any) -> Place:
    """Return a field of a delimited file."""
    return Place(Field("value", kind, **settings), dialect or Dialect(), Kind.DELIMITED)


@pytest.mark.parametrize("mode", _MODES)
@given(number=_NUMBERS)
def test_rounding_is_what_its_name_says(mode: str, number: Decimal) -> None:
    """Each way of rounding shall give what exact decimal arithmetic gives, below zero too."""
    expected = number.quantize(Decimal(1), rounding=_MODES[mode], context=Context(prec=60))
    assert rounded(Fraction(number), mode) == int(expected)


@given(number=_NUMBERS, decimals=st.integers(4, 8))
def test_a_number_survives_every_notation(number: Decimal, decimals: int) -> None:
    """A number shall be the same number after it was written in another notation and read back."""
    for target in (
        place(FieldType.DECIMAL, Dialect(decimal_mark=",", thousands_mark="."), decimals=decimals),
        place(FieldType.DECIMAL, sign="trailing"),
        place(FieldType.DECIMAL, implied_decimals=decimals, digits=38, sign="trailing"),
    ):
        text = write(target, number)
        assert text is not None
        assert read(target, text) == number


@given(number=_NUMBERS, factor=st.fractions(min_value=Fraction(1, 1000), max_value=1000))
def test_a_unit_is_exact_or_refused(number: Decimal, factor: Fraction) -> None:
    """A converted number shall be exactly the product, or be refused where no rounding is declared."""
    product = Fraction(number) * factor
    try:
        units, decimals = scaled(product, 0, 6, None)
    except Refused:
        assert (product * 10**6).denominator != 1
    else:
        assert Fraction(units, 10**decimals) == product


@pytest.mark.parametrize(
    ("value", "settings", "text"),
    [
        ("480.000", {"decimals": 3}, "480.000"),
        ("480.000", {"decimals": 1}, "480.0"),
        ("480.5", {"decimals": 3}, "480.5"),
        ("-0.5", {"implied_decimals": 3, "sign": "trailing"}, "500-"),
        ("7", {"implied_decimals": 2}, "700"),
    ],
)
def test_a_number_keeps_the_decimals_it_came_with(value: str, settings: dict[str, Any], text: str) -> None:
    """Trailing zeros shall stay as far as the target has room for them."""
    assert write(place(FieldType.DECIMAL, **settings), Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "settings", "why"),
    [
        (Decimal("0.1234"), {"decimals": 3}, "nothing says how to round"),
        (Decimal(-1), {"sign": "none"}, "has no sign"),
        (Decimal(12345), {"digits": 4}, "more digits than the 4"),
        ("12a", {}, "is not a number"),
        ("9" * 500, {}, "is not a number"),
        (True, {}, "is not a number"),
        (None, {}, "needs a value"),
    ],
)
def test_a_number_that_does_not_fit_is_refused(value: Any, settings: dict[str, Any], why: str) -> None:
    """What the target cannot hold exactly shall be refused with the reason."""
    with pytest.raises(Refused, match=why):
        write(place(FieldType.DECIMAL, **settings), value)


@pytest.mark.parametrize(
    ("value", "settings", "why"),
    [
        ("x" * 41, {"max_length": 40}, "more than|at most|40"),
        ("PC", {"codes": {"KG": ""}}, "target"),
        (" a", {"trim": "both"}, "blank"),
        ("/", {"null_tokens": ("", "/"), "nullable": True}, "would be no value"),
    ],
)
def test_a_text_that_the_target_would_not_keep_is_refused(
    value: str, settings: dict[str, Any], why: str
) -> None:
    """A text shall arrive as it is, or not at all: never shorter, never as nothing."""
    with pytest.raises(Refused, match=why):
        write(place(**settings), value)


def test_nothing_is_written_as_the_target_writes_nothing() -> None:
    """No value shall become the target's own word for it, and be left out where it may be."""
    assert write(place(nullable=True), None) == ""
    assert write(place(nullable=True, null_tokens=("NULL",)), None) == "NULL"
    assert write(place(nullable=True, required=False), None) is None
    with pytest.raises(Refused, match="no text for that"):
        write(place(nullable=True, null_tokens=()), None)


_BERLIN = Dialect(datetime_format="DD.MM.YYYY HH:MM", time_zone="Europe/Berlin")
_OFFSETS = Dialect(datetime_format="YYYY-MM-DDTHH:MM:SSZ")


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("17.11.2026 06:00", "2026-11-17T06:00:00+01:00"),
        ("17.07.2026 06:00", "2026-07-17T06:00:00+02:00"),
        ("25.10.2026 02:30", "2026-10-25T02:30:00+02:00"),  # the first of the two, as validation reads it
    ],
)
def test_a_local_time_gets_its_offset_and_loses_it_again(text: str, iso: str) -> None:
    """A local time shall be written with the offset of its zone, and back without a change of instant."""
    local, absolute = place(FieldType.DATETIME, _BERLIN), place(FieldType.DATETIME, _OFFSETS)
    assert write(absolute, read(local, text)) == iso
    assert write(local, read(absolute, iso)) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-10-25T02:30:00+01:00", "has twice"),
        ("2026-11-17T06:00:30+01:00", "more exact"),
        ("0001-01-01T00:00:00+14:00", "outside the years"),
    ],
)
def test_an_instant_that_the_local_clock_cannot_show_is_refused(text: str, why: str) -> None:
    """An instant shall not become a text that means another one."""
    with pytest.raises(Refused, match=why):
        write(place(FieldType.DATETIME, _BERLIN), read(place(FieldType.DATETIME, _OFFSETS), text))


def test_an_hour_that_was_left_out_is_refused() -> None:
    """A clock reading that summer time skips shall be refused, not moved."""
    with pytest.raises(Refused, match="leaves out"):
        read(place(FieldType.DATETIME, _BERLIN), "29.03.2026 02:30")


@given(minute=st.integers(10 * 365 * 1440, 67 * 365 * 1440))
def test_an_instant_is_never_moved(minute: int) -> None:
    """Whatever the clock of the target shows, it shall be the same instant, or be refused."""
    exact = datetime.fromtimestamp(minute * 60, UTC)
    local, absolute = place(FieldType.DATETIME, _BERLIN), place(FieldType.DATETIME, _OFFSETS)
    assert read(absolute, write(absolute, exact)) == exact
    try:
        text = write(local, exact)
    except Refused as error:
        assert "has twice" in str(error)  # noqa: PT017 - only this may be the reason
    else:
        assert read(local, text) == exact


def test_dates_times_and_booleans_change_their_words() -> None:
    """Dates, times and booleans shall be written as the target writes them."""
    source = Dialect(date_format="DD.MM.YYYY", time_format="HHMM", true_tokens=("J",), false_tokens=("N",))
    target = Dialect(date_format="YYYYMMDD", time_format="HH:MM:SS", true_tokens=("X",), false_tokens=("-",))
    for kind, text, wanted in (
        (FieldType.DATE, "29.02.2028", "20280229"),
        (FieldType.TIME, "2359", "23:59:00"),
        (FieldType.BOOLEAN, "N", "-"),
    ):
        assert write(place(kind, target), read(place(kind, source), text)) == wanted
    for kind, text in ((FieldType.DATE, "30.02.2028"), (FieldType.BOOLEAN, "Y"), (FieldType.TIME, "2460")):
        with pytest.raises(Refused):
            read(place(kind, source), text)
