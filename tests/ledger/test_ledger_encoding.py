"""How values and ids are written."""

from __future__ import annotations

import json
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger import ids
from gateway.ledger.encoding import (
    canonical_json,
    exact_text,
    exact_texts,
    original_text,
    text_time,
    time_text,
)
from gateway.model import State
from gateway.printable import printable

LONE = st.text(st.characters(codec=None, categories=("L", "N", "P", "Cs", "Cc")), max_size=20)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_time_text_sorts_and_returns(one: datetime, other: datetime) -> None:
    """A time comes back to the microsecond, and the order of texts is the order of times."""
    assert text_time(time_text(one)) == one
    assert (time_text(one) < time_text(other)) == (one < other)
    assert len(time_text(one)) == 27


def test_times_of_any_zone_become_utc() -> None:
    """A time of the plant's own zone is stored as the same moment in UTC."""
    local = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert time_text(local) == "2026-02-28T23:30:00.000000Z"


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    """Two moments that a plant's clock shows alike shall be written as the two that they are."""
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
    assert first == second
    assert time_text(first) == "2026-10-25T00:30:00.000000Z"
    assert time_text(second) == "2026-10-25T01:30:00.000000Z"


def test_naive_times_are_refused() -> None:
    """A time without a zone is refused: nobody could say later which moment it was."""
    with pytest.raises(ValueError, match="without a zone"):
        time_text(datetime(2026, 11, 22, 12, 0))  # noqa: DTZ001 - the wrong thing on purpose
    with pytest.raises(ValueError, match="without a zone"):
        ids.new_id(datetime(2026, 11, 22, 12, 0))  # noqa: DTZ001 - the wrong thing on purpose


@pytest.mark.parametrize("text", ["2026-11-22", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000000+00:00\n"])
def test_other_forms_of_time_are_refused(text: str) -> None:
    """Only the one written form of a time is read."""
    with pytest.raises(ValueError, match="not a time"):
        text_time(text)


@given(LONE)
def test_any_text_can_be_stored(text: str) -> None:
    """Text with NUL, bytes that are not UTF-8, or our own mark is stored as UTF-8 and comes back."""
    stored = exact_text(text)
    stored.encode()
    assert "\0" not in stored
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert original_text(stored) == joined


@given(st.lists(LONE | st.sampled_from(["j", 'son:"', 'json:"', "\x1f", "\u20ac"]), max_size=5))
def test_many_texts_are_stored_as_each(texts: list[str]) -> None:
    """Texts that are written together stand as each would stand by itself."""
    assert list(exact_texts(texts)) == [exact_text(text) for text in texts]


@given(st.recursive(st.none() | st.booleans() | st.integers() | LONE, lambda c: st.dictionaries(LONE, c)))
def test_canonical_json_is_stable(value: object) -> None:
    """Canonical JSON is valid UTF-8, and reading and writing it again changes no byte."""
    text = canonical_json(value)
    text.encode()
    assert canonical_json(json.loads(text)) == text


def test_canonical_json_has_one_form() -> None:
    """Keys are sorted, there are no spaces, letters stand as they are, special values as text."""
    assert canonical_json({"b": [1, None], "a": "Ä\udcff"}) == '{"a":"Ä\\udcff","b":[1,null]}'
    assert canonical_json([Decimal("1.50"), State.HELD]) == '["1.50","held"]'
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))
    with pytest.raises(TypeError, match="no form in JSON"):
        canonical_json(object())


def test_names_are_shown_safely() -> None:
    """A name with control characters and stray bytes is shown with escapes, on one line."""
    assert printable("a\nb\udcff\x1b[31mü.csv") == "a\\nb\\xff\\x1b[31mü.csv"


def test_ids_grow_whatever_the_clock_does() -> None:
    """Ids made one after the other are in order, also within a millisecond and when time goes back."""
    moments = [datetime(2026, 11, 22, tzinfo=UTC)] * 500 + [datetime(2020, 1, 1, tzinfo=UTC)] * 500
    made = [ids.new_id(moment) for moment in moments]
    assert made == sorted(made)
    assert len(set(made)) == 1000
    assert all(ids.is_id(one) for one in made)


@pytest.mark.parametrize(
    "text", ["", "01", "8" + "0" * 25, "0" * 25 + "U", "0" * 26 + "\n", "0" * 27, "o" * 26, "\u0661" * 26]
)
def test_other_texts_are_no_ids(text: str) -> None:
    """What is not 26 characters of the alphabet is no id."""
    assert not ids.is_id(text)
