"""Every rule about one field: its code, its words, its place."""

from __future__ import annotations

import pytest

from gateway.errors import FormatError
from gateway.formats.definition import Dialect, Field, FieldType, RecordType, Role
from gateway.model import Severity
from tests.validation.validation_kit import codes, field, found, make_format, read

WORDS = Dialect(
    decimal_mark=",", thousands_mark=".", date_format="DD.MM.YYYY", true_tokens=("X",), false_tokens=("-",)
)


def one_field(one: Field, *texts: str, dialect: Dialect = WORDS) -> list[tuple[str, str]]:
    """Return code and message of each finding of a file with one field a row."""
    record_type = RecordType("item", Role.RECORD, (one,))
    reading = read(make_format(record_type, dialect=dialect), "".join(f"item;{text}\n" for text in texts))[0]
    return [(finding.code, finding.message) for finding in found(reading)]


@pytest.mark.parametrize(
    ("one", "text", "code", "words"),
    [
        (field("f"), "", "F301", "f is empty, and it needs a value"),
        (field("f"), "~", "F312", "f is not there, and it is required"),
        (field("f", FieldType.INTEGER), "12,5", "F302", 'f is "12,5": this is not a whole number'),
        (
            field("f", FieldType.DECIMAL),
            "1e3",
            "F302",
            'f is "1e3": this is not a number with decimal mark ","',
        ),
        (field("f", FieldType.DECIMAL), "1,", "F302", 'f is "1,": this is not a number'),
        (field("f", FieldType.DECIMAL), "12.34,5", "F302", 'thousands mark "."'),
        (field("f", FieldType.DECIMAL, sign="none"), "-1", "F302", "without a sign"),
        (
            field("f", FieldType.DECIMAL, decimals=3),
            "12,3456",
            "F303",
            'f is "12,3456": at most 3 decimals are allowed',
        ),
        (field("f", FieldType.DECIMAL, decimals=0), "1,0", "F303", "no decimals are allowed"),
        (field("f", FieldType.DECIMAL, digits=5), "1234,56", "F304", "at most 5 digits are allowed"),
        (field("f", FieldType.DECIMAL), "1" * 21, "F304", "at most 20 digits before the mark"),
        (field("f", FieldType.DATE), "30.02.2026", "F305", "a date is written DD.MM.YYYY, and it must exist"),
        (field("f", FieldType.DATE), "1.2.2026", "F305", "a date is written DD.MM.YYYY"),
        (field("f", FieldType.TIME), "24:00:00", "F305", "a time is written HH:MM:SS"),
        (field("f", FieldType.BOOLEAN), "yes", "F306", 'allowed are "X" or "-"'),
        (field("f", max_length=3), "ÄÖÜß", "F307", "at most 3 characters are allowed"),
        (field("f", min_length=2, max_length=3), "a", "F307", "from 2 to 3 characters are allowed"),
        (field("f", pattern="[0-9]{4}"), "0001\\n", "F308", "the whole value must have the shape [0-9]{4}"),
        (field("f", pattern="a|b"), "ab", "F308", "the whole value must have the shape a|b"),
        (field("f", pattern="[0-9]+"), "٣", "F308", "shape"),
        (
            field("f", FieldType.DECIMAL, minimum="0.5"),
            "0,499",
            "F309",
            "at least 0.5 is allowed",
        ),
        (
            field("f", FieldType.DATE, maximum="2026-12-31"),
            "01.01.2027",
            "F309",
            "at most 2026-12-31 is allowed",
        ),
        (field("f", codes={"A": "one", "B": "two"}), "C", "F310", "allowed are A, B"),
        (field("f", constant="DC40"), "DD40", "F311", 'it must be "DC40"'),
    ],
)
def test_each_wrong_value_has_its_code_and_words(one: Field, text: str, code: str, words: str) -> None:
    """One wrong value gives one finding, with the catalogued code and the rule in plain words."""
    ((found_code, message),) = one_field(one, text)
    assert found_code == code
    assert words in message


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (field("f", nullable=True), ""),
        (field("f", nullable=True, required=False), "~"),
        (field("f", required=False), "~"),
        (field("f", FieldType.DECIMAL, digits=6, decimals=2), "01.000,50"),
        (field("f", FieldType.DECIMAL, sign="trailing"), "12,5-"),
        (field("f", FieldType.DECIMAL, implied_decimals=3, maximum="0.012"), "12"),
        (field("f", FieldType.DECIMAL, maximum="99999999999999999999"), "99.999.999.999.999.999.999"),
        (field("f", FieldType.DATE), "29.02.2028"),
        (
            field("f", FieldType.DATE, nullable=True, date_format="YYYYMMDD", null_tokens=("", "00000000")),
            "00000000",
        ),
        (field("f", FieldType.DATE, date_format="YYYYMMDD"), "99991231"),
        (field("f", pattern="[A-Z]{2}", trim="both"), "  AB "),
        (field("f", max_length=4), "ÄÖÜß"),
        (field("f", FieldType.BOOLEAN), "-"),
    ],
)
def test_right_values_pass(one: Field, text: str) -> None:
    """What the definition allows gives no finding."""
    assert one_field(one, text) == []


def test_text_keeps_its_leading_zeros_and_blanks() -> None:
    """A string is compared as it stands: no number is made of it, nothing is trimmed unasked."""
    one = field("f", codes={"007": "", " x": ""})
    assert one_field(one, "007", " x") == []
    assert [code for code, _ in one_field(one, "7", "x")] == ["F310", "F310"]


def test_default_fills_an_empty_value_but_hides_no_missing_column() -> None:
    """With a default an empty value is all right; a required field that is not there still is F312."""
    one = field("f", FieldType.DECIMAL, default="0.5", minimum="0")
    assert one_field(one, "") == []
    assert one_field(one, "~") == [("F312", "f is not there, and it is required")]


def test_a_value_that_fails_its_gate_is_called_wrong_once() -> None:
    """No range or code finding is added to a value that is not even a number."""
    assert [
        code for code, _ in one_field(field("f", FieldType.INTEGER, minimum="1", codes={"1": ""}), "x")
    ] == ["F302"]


def test_all_limits_of_one_value_are_reported_together() -> None:
    """A text that breaks several rules is reported under each of them in one pass."""
    one = field("f", max_length=2, pattern="[a-z]*", codes={"a": ""})
    assert [code for code, _ in one_field(one, "ABC")] == ["F307", "F308", "F310"]


def test_severity_comes_from_the_field() -> None:
    """A field that is only to be noted gives warnings, and the file goes on."""
    record_type = RecordType("item", Role.RECORD, (field("f", FieldType.INTEGER, severity=Severity.WARNING),))
    reading = read(make_format(record_type), "item;x\n")[0]
    assert (reading.findings.errors, reading.findings.warnings) == (0, 1)


def test_finding_names_place_and_raw_value() -> None:
    """A finding has record, line, record type, column and the raw text, before any trimming."""
    record_type = RecordType("item", Role.RECORD, (field("f", FieldType.INTEGER, trim="both"),))
    reading = read(make_format(record_type), "item;1\nitem; 1x \n")[0]
    (wrong,) = found(reading)
    assert (wrong.record, wrong.line, wrong.record_type, wrong.column, wrong.value) == (
        2,
        2,
        "item",
        "f",
        " 1x ",
    )
    assert wrong.rule == "number"


def test_very_long_values_are_cut_in_findings() -> None:
    """A value of a megabyte does not become a report of a megabyte, and its length is said."""
    record_type = RecordType("item", Role.RECORD, (field("f", FieldType.INTEGER),))
    (wrong,) = found(read(make_format(record_type), f"item;{'x' * 1_000_000}\n")[0])
    assert wrong.value is not None
    assert len(wrong.value) < 400
    assert wrong.value.endswith("(1,000,000 characters)")


@pytest.mark.parametrize(
    "one",
    [
        field("f", pattern="(?=a)"),
        field("f", FieldType.DECIMAL, minimum="a"),
        field("f", FieldType.DATE, maximum="1"),
    ],
)
def test_a_definition_that_cannot_be_applied_is_a_format_error(one: Field) -> None:
    """A bound or pattern that cannot be used is the format's fault, never a finding of a file."""
    with pytest.raises(FormatError, match="f"):
        one_field(one, "1")


def test_validation_cannot_be_switched_off_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switches in the environment of pandera do not open the gate."""
    from pandera.config import config_context

    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "False")
    record_type = RecordType("item", Role.RECORD, (field("f", FieldType.INTEGER),))
    with config_context(validation_enabled=False):
        assert codes(read(make_format(record_type), "item;x\n")[0]) == ["F302"]
