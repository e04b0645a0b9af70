"""JSON that is made to do harm, or was cut off."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.readers.json import JsonReader
from gateway.readers.json_scan import MAX_VALUE
from tests.readers.document_kit import codes, json_format, peak, read, wrong
from tests.readers.test_json_values import DOCUMENT, LINE_TYPES


def _bill(value: str) -> bytes:
    return f'{{"bills": [\n{{"material": "A"}},\n{{"material":\n{value}}}]}}'.encode()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("NaN", "F603"),
        ("-Infinity", "F603"),
        ("1e400", "F603"),
        ("-1E-400", "F603"),
        ("1" * 10_000, "F603"),
        ('"x", "material": 2', "F602"),
        (r'"\ud800"', "F601"),
        (r'"\udc00\ud800"', "F601"),
    ],
)
def test_values_beyond_json_are_findings_with_their_line(value: str, code: str) -> None:
    """NaN, numbers beyond reason, repeated members and half characters shall be findings in place."""
    data = _bill(value)
    rows, findings = read(json_format(), data)
    (finding,) = findings.listed()
    assert (finding.code, finding.record, finding.line, finding.column) == (code, 2, 4, "/material")
    assert [row["_record"] for row in rows["bill"]] == [1]
    if code != "F602":
        assert finding.value is not None
        assert value.startswith(finding.value)


@pytest.mark.parametrize("value", ["1e308", "-0", "0.1e-5", r'"\ud83d\ude00"', r'"\u0000"', "1" * 64])
def test_unusual_values_within_json_are_taken(value: str) -> None:
    """What RFC 8259 and every receiver can hold shall not be refused."""
    assert codes(json_format(), _bill(value)) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[" * 1_000_000, "F604"),
        (b'{"header":' * 100_000, "F604"),
        (b'{"bills": [' + b'{"items": [' * 100_000, "F604"),
        (b'{"bills": [' + b'{"a": [' * 40 + b"]}" * 40 + b"]}", "F604"),
        (b'{"x": "' + b"a" * 18_000_000 + b'", "bills": []}', "F604"),
        (b'{"bills": [{"material": "' + b"a" * 18_000_000, "F604"),
        (b'{"header": {"id": 1, "id": 2}}', "F602"),
        (b'{"header": {"id": 1}, "header": {"id": 2}}', "F602"),
        (b'{"bills": []} {}', "F601"),
        (b'{"bills": [],}', "F601"),
        (b'{"bills": [{},]}', "F601"),
        (b'{"bills": [{} {}]}', "F601"),
        (b"{'bills': []}", "F601"),
        (b'{"bills": [{"material": "a\nb"}]}', "F601"),
        (b'{"bills": [{"material": 01}]}', "F601"),
        (b'{"bills": [{"material": "\\x"}]}', "F601"),
        (b'{"bills": [{"material": tru}]}', "F601"),
        (b"\0\0\0\0", "F601"),
        (b"   ", "F601"),
        (b"", "F101"),
    ],
)
def test_bombs_and_garbage_are_findings_in_no_time(data: bytes, code: str) -> None:
    """Whatever is put into a file, the reader shall answer with a finding, and quickly."""
    begun = time.monotonic()
    assert code in codes(json_format(closed=False), data)
    assert time.monotonic() - begun < 5


def test_a_syntax_error_has_line_and_byte() -> None:
    """A document that is not well-formed shall say on which line and at which byte."""
    data = '{"header": {"id": "ä"},\n"bills": [\n{"material" "A"}]}'.encode()
    (finding,) = wrong(json_format(), data)
    assert (finding.code, finding.line, finding.byte_offset) == ("F601", 3, data.index(b'"A"'))


def test_truncation_at_every_byte_is_an_error() -> None:
    """A document that is cut off anywhere shall never raise and never look right."""
    whole = DOCUMENT.rstrip()
    assert codes(json_format(), whole) == []
    for end in range(len(whole)):
        assert read(json_format(), whole[:end])[1].errors, whole[:end]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_never_raises(data: st.DataObject) -> None:
    """Bytes changed, lost or added anywhere shall never raise, in reading, probing or asking for the end."""
    damaged = bytearray(DOCUMENT)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        end = start + data.draw(st.integers(0, 5))
        part = st.binary(max_size=5) | st.sampled_from([b"[", b'"', b"\\", b"1e", b"NaN", b'"items":', b"\n"])
        damaged[start:end] = data.draw(part)
    reader = JsonReader()
    for definition in (json_format(), json_format(LINE_TYPES, lines=True)):
        read(definition, bytes(damaged))
        reader.probe(definition, bytes(damaged))
        reader.ending(definition, bytes(damaged))


def test_truncated_lines_are_errors() -> None:
    """NDJSON that is cut off within a line shall be an error, and at a line's end have no ending."""
    definition = json_format(LINE_TYPES, lines=True, final_line_end="required")
    line = b'{"kind": "B", "material": "A"}\n'
    for end in range(len(line) + 1, 2 * len(line)):
        assert read(definition, (line * 2)[:end])[1].errors
    assert not JsonReader().ending(definition, (line * 2)[:-1])


@pytest.mark.parametrize("length", [MAX_VALUE + 1, 17_000_000, 21_000_000])
@pytest.mark.parametrize("end", ['"}', ""])
def test_a_line_without_end_is_stopped(length: int, end: str) -> None:
    """A line of many MB shall be one finding, and the lines after it be read with their places."""
    definition = json_format(LINE_TYPES, lines=True, final_line_end="required")
    begin = b'{"kind": "B", "material": "'
    long = begin.ljust(length - len(end), b"a") + end.encode()
    rows, findings = read(definition, long + b'\n{"kind": "B"}\n{?')
    told = [(one.code, one.record, one.line, one.byte_offset) for one in findings.listed()]
    assert told[0] == ("F604", 1, 1, None)
    assert told[-1] == ("F601", 3, 3, len(long) + 16)
    assert sorted(one[0] for one in told) == ["F105", "F601", "F604"]
    assert [(row["_record"], row["_line"]) for row in rows["bill"]] == [(2, 2)]


def test_a_line_may_be_as_long_as_it_is_permitted() -> None:
    """A line of exactly 16 MiB shall be read like any, and so shall those around it."""
    definition = json_format(LINE_TYPES, lines=True)
    begin, end, good = b'{"kind": "B", "material": "', b'"}\n', b'{"kind": "B", "material": "A"}\n'
    long = begin.ljust(MAX_VALUE + 1 - len(end), b"a") + end
    rows, findings = read(definition, good * 3 + long + good * 3)
    assert [one.code for one in findings.listed()] == []
    assert [(row["_record"], row["_line"]) for row in rows["bill"]] == [(n, n) for n in range(1, 8)]


BILL = '{"material": "' + "7" * 900 + '", "base": {"quantity": 1.50}},\n'


def test_memory_does_not_grow_with_the_file() -> None:
    """A document of 30 MB shall be read in no more memory than one of 10 MB."""
    part = repr(BILL.encode())
    small, large = (
        peak("json_format()", f"""Endless(b'{{"bills": [', {part}, {times}, b'{{}}]}}')""")
        for times in (10_000, 30_000)
    )
    assert (small[:2], large[:2]) == ((10_001, 0), (30_001, 0))
    assert large[2] - small[2] < 30
