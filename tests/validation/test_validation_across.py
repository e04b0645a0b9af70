"""Rules over the records of a file, in small files and in large ones that are read in parts."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.definition import FieldType, RecordType, Reference, Role, Rule
from gateway.validation import across, batch, children, gathering, spool
from gateway.validation.reading import ListingLimits, Reading
from tests.validation.validation_kit import codes, field, found, make_format, read

HEAD = RecordType("head", Role.HEADER, (field("document"),))
A = RecordType(
    "a", Role.RECORD, (field("number"), field("parent"), field("document"), field("name", nullable=True))
)
B = RecordType(
    "b", Role.RECORD, (field("number"), field("parent"), field("document"), field("ref", nullable=True))
)

UNIQUE = Rule("once", "unique", "a", "each number once", fields=("number", "name"))
COUNTED = Rule("counts-up", "contiguous", "*", "numbers count up", fields=("number",))
SAME = Rule("same", "constant", "*", "one document", fields=("document",), of=Reference("head", "document"))
EARLIER = Rule(
    "parent",
    "earlier",
    "*",
    "the parent stands before",
    fields=("parent",),
    of=Reference("*", "number"),
    or_value="0",
)
EXISTS = Rule("known", "exists", "b", "ref names an a", fields=("ref",), of=Reference("a", "name"))


@pytest.fixture(params=["small", "in parts", "on disk"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test as for a small file, for one that passes in parts, and for one that is spooled to disk."""
    if request.param != "small":
        monkeypatch.setattr(batch, "FLUSH_ROWS", 2)
        monkeypatch.setattr(gathering, "FEW_ROWS", 0)
        monkeypatch.setattr(across, "KEYS_AT_ONCE", 1)
    if request.param == "on disk":
        monkeypatch.setattr(spool.FrameSpool.__init__, "__defaults__", (1,))
        monkeypatch.setattr(across, "MEMORY_BYTES", 1)
        monkeypatch.setattr(across, "HASHES_AT_ONCE", 1)
    return str(request.param)


def judged(rule: Rule, *lines: str, rows: int = 3) -> Reading:
    """Return the reading of a file with these lines under one rule."""
    return read(make_format(HEAD, A, B, rules=(rule,)), "".join(line + "\n" for line in lines), rows=rows)[0]


def broken(rule: Rule, *lines: str) -> list[tuple[str, int | None, str | None]]:
    """Return code, record and value of each finding."""
    return [(one.code, one.record, one.value) for one in found(judged(rule, *lines))]


@pytest.mark.usefixtures("size")
def test_unique_names_the_first_record() -> None:
    """A repeated key is F404 on each later row, and says where it stood first; null keys never repeat."""
    lines = (
        "a;1;0;D;x",
        "a;2;0;D;x",
        "a;1;0;D;x",
        "a;1;0;D;",
        "a;1;0;D;",
        "b;1;0;D;x",
        "a;2;0;D;x",
        "a;1;0;D;x",
    )
    reading = judged(UNIQUE, *lines)
    assert [(one.code, one.record) for one in found(reading)] == [("F404", 3), ("F404", 7), ("F404", 8)]
    assert (
        found(reading)[2].message == 'each number once (number + name is "1 + x", first in record 1, line 1)'
    )


def test_unique_does_not_confuse_joined_parts() -> None:
    """``1 + 23`` and ``12 + 3`` are two keys."""
    assert broken(UNIQUE, "a;1;0;D;23", "a;12;0;D;3") == []


@pytest.mark.usefixtures("size")
def test_contiguous_reports_each_break_once() -> None:
    """Numbers count up over all record types in file order; one gap is one finding."""
    assert broken(COUNTED, "a;0001;0;D;", "b;2;0;D;", "b;3;0;D;", "a;4;0;D;", "b;0005;0;D;") == []
    lines = ("a;1;0;D;", "b;2;0;D;", "b;4;0;D;", "a;5;0;D;", "a;5;0;D;")
    assert broken(COUNTED, *lines) == [("F406", 3, "4"), ("F406", 5, "5")]
    assert broken(COUNTED, "a;2;0;D;", "b;3;0;D;") == [("F406", 1, "2")]


@pytest.mark.usefixtures("size")
def test_constant_is_that_of_the_envelope() -> None:
    """All rows have the header's value; every row that differs is F405."""
    assert broken(SAME, "head;D", "a;1;0;D;", "b;2;0;D;") == []
    lines = ("head;D", "a;1;0;D;", "b;2;0;E;", "a;3;0;D;", "a;4;0;E;")
    assert broken(SAME, *lines) == [("F405", 3, "E"), ("F405", 5, "E")]
    assert len(broken(SAME, "head;X", *lines[1:])) == 4


@pytest.mark.usefixtures("size")
def test_constant_without_an_envelope_value_is_that_of_the_first_row() -> None:
    """Where no header says it, the first record does."""
    alone = Rule("same", "constant", "a", "one document", fields=("document",))
    reading = judged(alone, "a;1;0;D;", "a;2;0;D;", "a;3;0;E;")
    assert found(reading)[0].message == 'one document (document is "E", the first record says "D")'


@pytest.mark.usefixtures("size")
def test_earlier_finds_pointers_that_lead_nowhere_or_forward() -> None:
    """A parent pointer names a record before its own, or nothing; else it is F407."""
    lines = ("a;1;0;D;", "b;2;1;D;", "b;3;2;D;", "a;4;0;D;", "b;5;4;D;")
    assert broken(EARLIER, *lines) == []
    wrong = ("a;1;1;D;", "b;2;3;D;", "b;3;9;D;", "a;4;2;D;", "b;5;4;D;")
    assert broken(EARLIER, *wrong) == [("F407", 1, "1"), ("F407", 2, "3"), ("F407", 3, "9")]


@pytest.mark.usefixtures("size")
def test_exists_looks_in_the_whole_file() -> None:
    """A reference may point backwards or forwards, but not to what is not there."""
    lines = ("b;1;0;D;x", "a;2;0;D;x", "b;3;0;D;y", "b;4;0;D;")
    assert broken(EXISTS, *lines) == [("F407", 3, "y")]
    assert broken(EXISTS, "b;1;0;D;x") == [("F407", 1, "x")]


@pytest.mark.usefixtures("size")
def test_children_are_counted_under_each_parent() -> None:
    """A parent with too few or too many children is F204, with the parent's record and line."""
    order = RecordType("order", Role.RECORD, (field("id"),))
    step = RecordType("step", Role.RECORD, (field("id"),), parent="order", min_occurs=1, max_occurs=2)
    definition = make_format(order, step)
    text = "order;1\nstep;1\nstep;2\norder;2\norder;3\nstep;1\nstep;2\nstep;3\n"
    reading = read(definition, text, rows=2)[0]
    assert [(one.code, one.record) for one in found(reading)] == [("F204", 4), ("F204", 5)]
    assert found(reading)[0].message == "0 step under the order of record 4: allowed are 1 to 2"


@settings(max_examples=40, deadline=None)
@given(numbers=st.lists(st.integers(0, 4), max_size=20), rows=st.integers(1, 9), flush=st.integers(1, 9))
def test_children_are_counted_however_the_file_is_cut(numbers: list[int], rows: int, flush: int) -> None:
    """Exactly the parents with too few or too many children are found, however the file is cut."""
    order = RecordType("order", Role.RECORD, (field("id"),))
    step = RecordType("step", Role.RECORD, (field("id"),), parent="order", min_occurs=1, max_occurs=2)
    text, wrong, record = "", [], 0
    for number in numbers:
        record += 1
        text += "order;1\n" + "step;1\n" * number
        wrong += [] if 1 <= number <= 2 else [record]
        record += number
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "FLUSH_ROWS", flush)
        definition = make_format(order, step, zero_records="accept")
        reading = read(definition, text, rows=rows, limits=ListingLimits(per_rule=100))[0]
    assert [one.record for one in found(reading) if one.code == "F204"] == wrong


def test_children_out_of_order_are_counted_all_the_same() -> None:
    """Children shall be counted under their parents also where a reader hands them out in another order."""
    frames = [pl.DataFrame({"value": values}) for values in ([5, 5, 1], [1, 5, 3])]
    assert not children._ascend(iter(frames))
    counted = children._Children(iter(frames), in_order=False)
    for last in (3, 9):
        assert dict(counted.up_to(last).sort("value").rows()) == {1: 2, 3: 1, 5: 3}


def test_totals_are_exact_beyond_the_listing() -> None:
    """Of 500 repeated keys 20 are listed and 500 are counted."""
    reading = judged(UNIQUE, *(f"a;{number % 2};0;D;x" for number in range(502)), rows=100)
    assert reading.findings.errors == 500
    assert len(found(reading)) == 20


@settings(max_examples=30, deadline=None)
@given(
    keys=st.lists(st.integers(0, 12), max_size=40),
    parts=st.integers(1, 9),
    hashes=st.sampled_from([1, 3, 10, 1000]),
    at_once=st.sampled_from([1, 2, 1000]),
)
def test_unique_equals_the_reference(keys: list[int], parts: int, hashes: int, at_once: int) -> None:
    """Exactly the rows whose key an earlier row has are found, however the file is cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "FLUSH_ROWS", parts)
        patch.setattr(across, "HASHES_AT_ONCE", hashes)
        patch.setattr(across, "KEYS_AT_ONCE", at_once)
        records = [record for _, record, _ in broken_many(keys)]
    assert records == [place for place, key in enumerate(keys, 1) if key in keys[: place - 1]]


def broken_many(keys: list[int]) -> list[tuple[str, int | None, str | None]]:
    """Return the findings of rows with these keys, and those of no other row."""
    rule = Rule("once", "unique", "a", "each number once", fields=("number",))
    definition = make_format(A, rules=(rule,), zero_records="accept")
    text = "".join(f"a;{key};0;D;\n" for key in keys)
    reading = read(definition, text, rows=3, limits=ListingLimits(per_rule=100))[0]
    return [(one.code, one.record, one.value) for one in found(reading)]


def test_integers_count_up_too() -> None:
    """The number may be declared as an integer; one that is not a number is not called a gap as well."""
    item = RecordType("item", Role.RECORD, (field("number", FieldType.INTEGER),))
    rule = Rule("counts-up", "contiguous", "item", "numbers count up", fields=("number",), start=10)
    definition = make_format(item, rules=(rule,))
    assert codes(read(definition, "item;10\nitem;x\nitem;12\nitem;14\n")[0]) == ["F302", "F406"]


def test_order_of_types_in_chunks_does_not_matter() -> None:
    """Rows of several types are judged in file order though the reader hands them out by type."""
    lines = [f"{'ab'[number * number % 3 % 2]};{number};{number - 1};D;" for number in range(1, 200)]
    assert broken(COUNTED, *lines) == []
    assert broken(EARLIER, *lines) == []
