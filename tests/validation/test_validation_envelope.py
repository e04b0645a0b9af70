"""What surrounds the records."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.definition import ControlTotal, Dialect, Envelope, FieldType, RecordType, Role
from gateway.validation.batch import exact_sum
from gateway.validation.columns import NUMBER
from gateway.validation.envelope import EXACT
from tests.validation.validation_kit import GOOD, codes, field, found, make_format, read, reference


def changed(old: str, new: str) -> list[tuple[str, str]]:
    """Return code and message of each finding of the good file with one change."""
    assert old in GOOD
    return [(one.code, one.message) for one in found(read(make_format(), GOOD.replace(old, new))[0])]


def test_a_good_file_has_no_finding_and_says_who_it_is() -> None:
    """Identifiers, texts of header and trailer, and counts are handed on."""
    (reading,) = read(make_format(), GOOD)
    assert found(reading) == []
    assert (reading.message_id, reading.sender, reading.format_version) == ("M-1", "MES", "1.0")
    assert (reading.receiver, reading.control_number) == (None, None)
    assert reading.envelope["tail.total"] == "3,75"
    assert (reading.records, reading.record_counts) == (2, {"head": 1, "item": 2, "tail": 1})


def test_missing_header_and_trailer() -> None:
    """A file that begins or ends too early is F201 or F202, without a finding for each thing in it."""
    assert [code for code, _ in changed("head;MES;M-1;1.0\n", "")] == ["F201"]
    assert changed("tail;2;3,75\n", "") == [("F202", "There is no tail record: the trailer is missing.")]


def test_a_header_that_is_not_declared_as_needed_is_needed_for_its_identifiers() -> None:
    """Where the envelope relies on a required field of a header, the header must be there."""
    head = RecordType("head", Role.HEADER, (field("id"),))
    item = RecordType("item", Role.RECORD, (field("a"),))
    assert codes(
        read(make_format(head, item, envelope=Envelope(message_id=reference("head.id"))), "item;1\n")[0]
    ) == ["F201"]
    assert codes(read(make_format(head, item), "item;1\n")[0]) == []


def test_header_twice() -> None:
    """A second header is F204."""
    assert [code for code, _ in changed("head;MES;M-1;1.0\n", "head;MES;M-1;1.0\n" * 2)] == ["F204"]


def test_identifier_that_is_empty() -> None:
    """An identifier the envelope names and the format requires is F207 beside the empty field."""
    assert sorted(code for code, _ in changed("M-1", "")) == ["F207", "F301"]
    assert changed("1.0", "") == []


def test_count_that_does_not_agree() -> None:
    """The stated count is compared as a number, and the finding says both."""
    assert changed("tail;2", "tail;00002") == []
    assert changed("tail;2", "tail;3") == [("F205", "tail.count states 3 records; 2 of item were found.")]


def test_total_that_does_not_agree() -> None:
    """The stated total is compared exactly, and the finding says stated, found and difference."""
    ((code, message),) = changed("3,75", "3,750000000000000001")
    assert code == "F206"
    assert message == (
        "tail.total states 3.750000000000000001; the sum of item.quantity over 2 records is 3.75, "
        "a difference of 0.000000000000000001."
    )


def test_rows_without_a_valid_number_are_counted_but_not_added() -> None:
    """The finding says how many rows are missing in the sum, so that nobody searches for the difference."""
    findings = dict(changed("2,25", "2,2.5"))
    assert set(findings) == {"F302", "F206"}
    assert "1 of them without a valid number there: counted, but not in the sum" in findings["F206"]


def test_unreadable_control_values_are_one_finding() -> None:
    """A count that is not a number is F302, and is not compared as well."""
    assert [code for code, _ in changed("tail;2;3,75", "tail;two;3,75")] == ["F302"]


def test_zero_records() -> None:
    """A file without business records is F211, unless the format accepts it."""
    text = "head;MES;M-1;1.0\ntail;0;0\n"
    assert codes(read(make_format(), text)[0]) == ["F211"]
    assert codes(read(make_format(zero_records="accept"), text)[0]) == []


def test_occurrences_of_a_record_type() -> None:
    """Too few and too many records of a type are F204."""
    item = RecordType("item", Role.RECORD, (field("a"),), min_occurs=2, max_occurs=3)
    readings = read(make_format(item), *("item;1\n" * number for number in (1, 2, 3, 4)))
    assert [codes(one) for one in readings] == [["F204"], [], [], ["F204"]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(1 - 10**38, 10**38 - 1))))
def test_sums_are_exact(millionths: list[int | None]) -> None:
    """No sum is rounded or overflows, however large its parts."""
    numbers = [None if one is None else EXACT.scaleb(Decimal(one), -18) for one in millionths]
    total = exact_sum(pl.Series(numbers, dtype=NUMBER))
    assert EXACT.scaleb(total, 18) == sum(one for one in millionths if one is not None)


@pytest.mark.parametrize("rows", [1, 1000])
def test_totals_add_up_over_parts(rows: int) -> None:
    """A control total is right whether the file is read in one part or in many."""
    item = RecordType("item", Role.RECORD, (field("n", FieldType.DECIMAL),))
    tail = RecordType("tail", Role.TRAILER, (field("sum", FieldType.DECIMAL),))
    envelope = Envelope(totals=(ControlTotal(reference("tail.sum"), reference("item.n")),))
    text = "item;9999999999999999999.9\n" * 10 + "tail;99999999999999999999\n"
    definition = make_format(item, tail, envelope=envelope, dialect=Dialect())
    assert codes(read(definition, text, rows=rows)[0]) == []
    assert codes(read(definition, text.replace("99\n", "98\n"), rows=rows)[0]) == ["F206"]


def test_a_moment_before_the_calendar_of_python() -> None:
    """The gateway shall read a header whose moment, in UTC, lies before the year 1."""
    head = RecordType("head", Role.HEADER, (field("at", FieldType.DATETIME),), min_occurs=1)
    item = RecordType("item", Role.RECORD, (field("a"),))
    dialect = Dialect(datetime_format="YYYY-MM-DDTHH:MM:SSZ")
    (reading,) = read(make_format(head, item, dialect=dialect), "head;0001-01-01T00:00:00+01:00\nitem;1\n")
    assert reading.envelope == {"head.at": "0001-01-01T00:00:00+01:00"}
