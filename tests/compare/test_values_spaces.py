"""Whether one field takes every text of another: the verdicts, and that each of them is true."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.formats.compare.change import Verdict
from gateway.formats.compare.samples import samples
from gateway.formats.compare.spaces import judge_values
from gateway.formats.compare.values import Refused, Side, meaning, same
from gateway.formats.definition import Dialect, Field, FieldType, Kind
from gateway.model import Severity
from tests.compare.value_fields import pairs, sides, trials

D = FieldType
OK, REVIEW, BREAKING, SILENT = Verdict


def side(kind: FieldType = D.STRING, **given: Any) -> Side:
    """Return a field of a delimited file."""
    return Side(Field("f", kind, **given), Dialect(), Kind.DELIMITED)


def dialect(kind: FieldType, **given: Any) -> Side:
    """Return a field whose dialect has settings."""
    return dataclasses.replace(side(kind), dialect=Dialect(**given))


NUMBER: dict[str, Any] = {"digits": 9, "decimals": 3}

#: Writer, reader, verdict, the text that proves it (None: any), and words of the sentence.
TABLE: list[tuple[str, Side, Side, Verdict, str | None, str]] = [
    (
        "shorter",
        side(max_length=40),
        side(max_length=18),
        BREAKING,
        "ABCDEFGHIJKLMNOPQRS",
        "`ABCDEFGHIJKLMNOPQRS` has 19 characters; at most 18 are accepted.",
    ),
    ("longer", side(max_length=18), side(max_length=40), OK, None, ""),
    ("at least", side(), side(min_length=3), BREAKING, "A", "has 1 character; at least 3 are needed"),
    (
        "length by pattern",
        side(max_length=40, pattern="[0-9]{10}"),
        side(max_length=18, pattern="[0-9]{10}"),
        OK,
        None,
        "",
    ),
    (
        "length by codes",
        side(max_length=40, codes={"A": ""}),
        side(max_length=1, codes={"A": ""}),
        OK,
        None,
        "",
    ),
    ("length by constant", side(constant="AB"), side(constant="AB", max_length=2), OK, None, ""),
    ("pattern wider", side(pattern="[A-Z]{2}[0-9]{4}"), side(pattern="[A-Z0-9]{6}"), OK, None, ""),
    (
        "pattern narrower",
        side(pattern="[A-Z0-9]{6}"),
        side(pattern="[A-Z]{2}[0-9]{4}"),
        BREAKING,
        "ABCDEF",
        "does not have the shape",
    ),
    ("codes more", side(codes={"A": "", "B": ""}), side(codes={"A": "", "B": "", "C": ""}), OK, None, ""),
    (
        "codes fewer",
        side(codes={"A": "", "B": ""}),
        side(codes={"A": ""}),
        BREAKING,
        "B",
        "not in the list of codes",
    ),
    ("codes closed", side(pattern="[AB]"), side(codes={"A": "", "B": ""}), OK, None, ""),
    ("constant", side(constant="A"), side(constant="B"), BREAKING, "A", "not the constant `B`"),
    ("integer to decimal", side(D.INTEGER), side(D.DECIMAL), OK, None, ""),
    ("decimal to integer", side(D.DECIMAL), side(D.INTEGER), BREAKING, None, "is not a whole number"),
    ("text to number", side(pattern="[0-9]{4}"), side(D.INTEGER), SILENT, None, 'the text "0'),
    ("number to text", side(D.INTEGER), side(), SILENT, None, "read as the text"),
    ("plain text to number", side(pattern="[1-9][0-9]{0,5}"), side(D.INTEGER), OK, None, ""),
    (
        "fewer decimals",
        side(D.DECIMAL, **NUMBER),
        side(D.DECIMAL, digits=9, decimals=2),
        BREAKING,
        None,
        "has 3 decimals; at most 2 are accepted",
    ),
    ("more decimals", side(D.DECIMAL, digits=9, decimals=2), side(D.DECIMAL, **NUMBER), OK, None, ""),
    (
        "fewer digits",
        side(D.DECIMAL, digits=9),
        side(D.DECIMAL, digits=5),
        BREAKING,
        None,
        "at most 5 are accepted",
    ),
    ("digits by range", side(D.INTEGER, minimum="0", maximum="999"), side(D.INTEGER, digits=3), OK, None, ""),
    (
        "range by digits",
        side(D.DECIMAL, digits=6, decimals=2),
        side(D.DECIMAL, digits=6, decimals=2, minimum="-999999.99", maximum="999999.99"),
        OK,
        None,
        "",
    ),
    (
        "range wider",
        side(D.INTEGER, minimum="1", maximum="5"),
        side(D.INTEGER, minimum="0", maximum="5"),
        OK,
        None,
        "",
    ),
    (
        "range narrower",
        side(D.DECIMAL, decimals=2, minimum="0"),
        side(D.DECIMAL, decimals=2, minimum="0.01"),
        BREAKING,
        "0",
        "`0` is not at least 0.01.",
    ),
    ("sign none", side(D.INTEGER, sign="none"), side(D.INTEGER, minimum="0"), OK, None, ""),
    ("sign behind", side(D.INTEGER), side(D.INTEGER, sign="trailing"), BREAKING, None, "its sign behind it"),
    (
        "implied",
        side(D.DECIMAL, implied_decimals=2),
        side(D.DECIMAL, implied_decimals=3),
        SILENT,
        None,
        "read as the number",
    ),
    (
        "marks change sides",
        dialect(D.DECIMAL, decimal_mark=",", thousands_mark="."),
        dialect(D.DECIMAL, decimal_mark=".", thousands_mark=","),
        BREAKING,
        None,
        "Other values are read differently",
    ),
    ("mark added", dialect(D.DECIMAL), dialect(D.DECIMAL, thousands_mark=","), OK, None, ""),
    (
        "date order",
        dialect(D.DATE, date_format="DD.MM.YYYY"),
        dialect(D.DATE, date_format="MM.DD.YYYY"),
        BREAKING,
        "22.11.2026",
        "read as the date 2026-02-01",
    ),
    (
        "date notation",
        dialect(D.DATE, date_format="DD.MM.YYYY"),
        dialect(D.DATE, date_format="YYYYMMDD"),
        BREAKING,
        None,
        "is not a date written YYYYMMDD",
    ),
    (
        "dates that fit",
        side(D.DATE, minimum="2026-01-01", maximum="2026-06-30"),
        side(D.DATE, minimum="2026-01-01", maximum="2026-12-31"),
        OK,
        None,
        "",
    ),
    (
        "dates that do not",
        side(D.DATE),
        side(D.DATE, maximum="2026-12-31"),
        BREAKING,
        None,
        "at most 2026-12-31",
    ),
    ("date to text", side(D.DATE), side(), OK, None, ""),
    (
        "other date to text",
        side(D.DATE, date_format="DD.MM.YYYY"),
        side(),
        REVIEW,
        None,
        "a person has to decide",
    ),
    (
        "zone",
        side(D.DATETIME, time_zone="Europe/Berlin"),
        side(D.DATETIME, time_zone="UTC"),
        SILENT,
        None,
        "11:34:56Z",
    ),
    (
        "zone declared",
        side(D.DATETIME),
        side(D.DATETIME, time_zone="UTC"),
        REVIEW,
        None,
        "a person has to decide",
    ),
    (
        "words change sides",
        dialect(D.BOOLEAN, true_tokens=("J",), false_tokens=("N",)),
        dialect(D.BOOLEAN, true_tokens=("N",), false_tokens=("J",)),
        SILENT,
        "J",
        "read as the truth value false",
    ),
    (
        "unknown words",
        dialect(D.BOOLEAN, true_tokens=("J", "Y")),
        dialect(D.BOOLEAN, true_tokens=("J",)),
        BREAKING,
        "Y",
        "is none of the words",
    ),
    (
        "words as codes",
        side(codes={"J": "yes", "N": "no"}),
        dialect(D.BOOLEAN, true_tokens=("J",), false_tokens=("N",)),
        REVIEW,
        None,
        "a person has to decide",
    ),
    ("empty", side(nullable=True), side(), BREAKING, "", "means no value, and a value is needed"),
    (
        "null token",
        side(nullable=True),
        side(nullable=True, null_tokens=("", "NULL")),
        SILENT,
        "NULL",
        "no value",
    ),
    ("default", side(nullable=True, default="X"), side(nullable=True, default="Y"), SILENT, "", '"Y"'),
    (
        "unit",
        side(D.DECIMAL, unit="kg"),
        side(D.DECIMAL, unit="g"),
        SILENT,
        None,
        "kg and read as the number",
    ),
    ("unit in capitals", side(D.DECIMAL, unit="kg"), side(D.DECIMAL, unit="KG"), REVIEW, None, "KG"),
    ("trimmed", side(D.INTEGER), side(D.INTEGER, trim="both"), OK, None, ""),
    ("not trimmed", side(trim="both"), side(), SILENT, None, "read as the text"),
    ("warning", side(max_length=5, severity=Severity.WARNING), side(max_length=5), BREAKING, None, ""),
    (
        "as lenient",
        side(max_length=5, severity=Severity.WARNING),
        side(max_length=3, severity=Severity.WARNING),
        OK,
        None,
        "",
    ),
    ("documentation", side(description="a"), side(description="b", id="7"), OK, None, ""),
]


@pytest.mark.parametrize(
    ("writer", "reader", "verdict", "text", "words"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_spaces_verdicts(writer: Side, reader: Side, verdict: Verdict, text: str | None, words: str) -> None:
    """Each change of a field shall have its verdict, the text that proves it, and a sentence why."""
    found = judge_values(writer, reader)
    assert found.verdict is verdict, found
    assert text is None or found.text == text
    assert words in found.why
    assert (found.text is None) == (verdict in (OK, REVIEW))


def test_spaces_whole_field() -> None:
    """A text that this aspect refuses and the whole field accepts shall not be called breaking."""
    writer, aspect = side(pattern="[0-9]{4}"), side(pattern="[0-9]{3}")
    lenient = side(severity=Severity.WARNING)
    found = judge_values(writer, aspect, lenient)
    assert found.verdict is REVIEW
    assert "The other changes of the field accept it." in found.why


def test_spaces_whole_field_refuses() -> None:
    """A text shall be called silent only where the whole field of the reader accepts it."""
    found = judge_values(side(D.INTEGER), side(), side(pattern="[A-Z]+"))
    assert found.verdict is not SILENT


def test_spaces_identity() -> None:
    """A field shall take all of its own texts, whatever its settings."""
    one = side(D.DECIMAL, **NUMBER, minimum="0.001", default="1", nullable=True, trim="both")
    assert judge_values(one, one).verdict is OK


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(data=st.data())
def test_spaces_laws(data: st.DataObject) -> None:
    """No text shall contradict ok, and the text of breaking or silent shall prove it."""
    writer, reader = data.draw(pairs())
    found = judge_values(writer, reader)
    if found.text is not None:
        theirs, ours = meaning(writer, found.text), meaning(reader, found.text)
        assert not isinstance(theirs, Refused)
        assert isinstance(ours, Refused) == (found.verdict is BREAKING)
        assert isinstance(ours, Refused) or same(theirs, ours) is False
    if found.verdict is not OK:
        return
    for text in data.draw(trials(writer, reader)):
        theirs, ours = meaning(writer, text), meaning(reader, text)
        if not isinstance(theirs, Refused):
            assert not isinstance(ours, Refused), (text, ours)
            assert same(theirs, ours) is True, (text, theirs, ours)


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        (side(pattern="["), side(pattern="(")),
        (side(minimum="x"), side(minimum="y")),
        (side(D.DATE, minimum="nonsense"), side(D.DATE, minimum="2026-13-45")),
        (side(D.DATETIME, time_zone="No/Where"), side(D.DATETIME)),
        (side(D.DATE, date_format="(("), side(D.DATE, date_format="YY")),
        (side(D.DECIMAL, default="abc", nullable=True), side(D.DECIMAL, nullable=True)),
        (side(D.DECIMAL, maximum="9" * 5000), side(D.DECIMAL, minimum="-" + "9" * 5000)),
        (side(D.INTEGER, maximum="9" * 5000, digits=0), side(D.INTEGER)),
        (side(length=0), side(length=3)),
        (side(max_length=200_000), side(max_length=100_000)),
    ],
)
def test_spaces_hostile(writer: Side, reader: Side) -> None:
    """A field that its definition's check would refuse shall be judged all the same, never with an error."""
    for one, other in ((writer, reader), (reader, writer)):
        found = judge_values(one, other)
        assert found.why
        assert found.text is None or not isinstance(meaning(one, found.text), Refused)


def test_spaces_many_codes() -> None:
    """A list of thousands of codes shall be compared code by code, within a second or so."""
    many = {f"C{number:05d}": "" for number in range(5_000)}
    fewer = {code: "" for code in many if code != "C02500"}
    found = judge_values(side(codes=many), side(codes=fewer))
    assert (found.verdict, found.text) == (BREAKING, "C02500")
    assert judge_values(side(codes=fewer), side(codes=many)).verdict is OK


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(one=st.one_of(sides(), sides(Kind.FIXED_WIDTH)))
def test_samples_are_valid(one: Side) -> None:
    """Samples shall be valid for their field, different, as long as its place, and the same in every run."""
    found = list(samples(one))
    assert found == list(samples(one))
    assert len(found) == len(set(found)) <= 200
    assert all(not isinstance(meaning(one, raw), Refused) for raw in found)
    if one.field.length is not None:
        assert {len(raw) for raw in found} <= {one.field.length}


@pytest.mark.parametrize(
    ("one", "among"),
    [
        (side(max_length=5), {"0042", "A"}),
        (
            side(D.DECIMAL, digits=5, decimals=2, minimum="0", maximum="150"),
            {"0", "150", "0.01", "149.99", "00150"},
        ),
        (side(D.DATE, nullable=True), {"2026-01-02", "2026-11-22", "2024-02-29", ""}),
        (side(codes={"A": "", "B": ""}, trim="both"), {"A", "B", " A "}),
        (dialect(D.DECIMAL, thousands_mark=",", decimal_mark="."), {"1,000,000", "1000000", "-0.5"}),
        (dialect(D.BOOLEAN, true_tokens=("J",), false_tokens=("N",)), {"J", "N"}),
        (dataclasses.replace(side(length=4, trim="right"), kind=Kind.FIXED_WIDTH), {"A   ", "0042", "42  "}),
    ],
)
def test_samples_boundaries(one: Side, among: set[str]) -> None:
    """Samples shall have the boundaries of the field and the texts that are easily mistaken."""
    assert among <= set(samples(one))
