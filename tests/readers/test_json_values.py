"""What the JSON reader takes out of a document or of NDJSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.definition import Discriminator, Field, Format, RecordType, Role
from gateway.readers import document_text
from gateway.readers.json import JsonReader
from tests.readers.document_kit import BILL_TYPES, charset, codes, json_format, read, wrong

DOCUMENT = b"""{
 "header": {"id": "M1", "count": 2},
 "bills": [
  {"material": "00A", "base": {"quantity": 1.10}, "valid": null, "items": [
    {"position": "0010", "loose": true},

    {"position": "0020", "loose": 1E5}]},
  {"base": {"quantity": 12345678901234567890123}}
 ]
}
"""

LINE_TYPES = (
    RecordType(
        "header", Role.HEADER, (Field("id"), Field("kind")), discriminator=Discriminator("H", path="/kind")
    ),
    RecordType(
        "bill",
        Role.RECORD,
        (Field("material"), Field("quantity"), Field("kind")),
        discriminator=Discriminator("B", path="kind"),
    ),
    RecordType(
        "trailer",
        Role.TRAILER,
        (Field("count"), Field("kind")),
        discriminator=Discriminator("T", path="kind"),
    ),
)


def _lines(**changes: object) -> Format:
    return json_format(LINE_TYPES, lines=True, **changes)


def test_every_value_keeps_its_text_and_its_place() -> None:
    """The reader shall give each value's exact text, with record numbers, lines and parents."""
    rows, findings = read(json_format(), DOCUMENT)
    assert findings.listed() == []
    assert rows["header"] == [{"_record": 1, "_line": 2, "_parent": None, "id": "M1", "count": "2"}]
    assert rows["bill"] == [
        {"_record": 2, "_line": 4, "_parent": None, "material": "00A", "quantity": "1.10", "valid": ""},
        {
            "_record": 5,
            "_line": 8,
            "_parent": None,
            "material": None,
            "quantity": "12345678901234567890123",
            "valid": None,
        },
    ]
    assert rows["item"] == [
        {"_record": 3, "_line": 5, "_parent": 2, "position": "0010", "loose": "true"},
        {"_record": 4, "_line": 7, "_parent": 2, "position": "0020", "loose": "1E5"},
    ]


def test_small_pieces_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader shall give the same rows wherever the stream happens to be cut."""
    expected = read(json_format(), DOCUMENT)[0]
    for size in (1, 2, 3, 7, 50):
        monkeypatch.setattr(document_text, "PIECE_BYTES", size)
        rows, findings = read(json_format(), DOCUMENT)
        assert (rows, findings.listed()) == (expected, [])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(max_size=8),
            st.decimals(allow_nan=False, allow_infinity=False, places=3),
            st.one_of(st.none(), st.booleans(), st.text(max_size=4)),
        ),
        max_size=5,
    )
)
def test_any_values_survive(values: list[tuple[str, object, object]]) -> None:
    """Whatever text, number or word is written into a document shall come out as it stood."""
    bills = ", ".join(
        f'{{"material": {json.dumps(text)}, "base": {{"quantity": {number:f}}}, "valid": {json.dumps(word)}}}'
        for text, number, word in values
    )
    rows, findings = read(json_format(), f'{{"bills": [{bills}]}}'.encode())
    assert findings.errors == 0
    found = [(row["material"], row["quantity"], row["valid"]) for row in rows.get("bill", [])]
    words = {None: "", True: "true", False: "false"}
    assert found == [
        (text, f"{number:f}", word if isinstance(word, str) else words[word])  # type: ignore[index] # None or bool
        for text, number, word in values
    ]


def test_records_may_be_the_root() -> None:
    """A document that is an array shall give a record for each of its elements."""
    types = (RecordType("bill", Role.RECORD, (Field("material"),), path=""),)
    rows, findings = read(json_format(types), b'[{"material": "A"},\n {"material": "B"}]')
    assert findings.errors == 0
    assert [(row["material"], row["_line"]) for row in rows["bill"]] == [("A", 1), ("B", 2)]


def test_header_may_surround_the_records() -> None:
    """A header that is the document itself shall come with its own members."""
    types = (RecordType("header", Role.HEADER, (Field("id"), Field("to")), path=""), BILL_TYPES[1])
    rows, findings = read(json_format(types), b'{"id": 7, "bills": [{"material": "A"}], "to": "MES"}')
    assert findings.errors == 0
    assert (rows["header"][0]["id"], rows["header"][0]["to"], rows["header"][0]["_record"]) == ("7", "MES", 1)
    assert rows["bill"][0]["_record"] == 2


def test_pointers_are_unescaped() -> None:
    """A field's pointer may name members with slashes and tildes, by RFC 6901."""
    types = (RecordType("bill", Role.RECORD, (Field("x", path="/a~1b/m~0n"),), path="/bills"),)
    rows, _ = read(json_format(types), b'{"bills": [{"a/b": {"m~n": "v"}}]}')
    assert rows["bill"][0]["x"] == "v"


def test_closed_format_without_schema_reports_strangers() -> None:
    """Members beyond a closed definition shall be findings; an open one takes them."""
    data = b'{"header": {"id": 1, "new": 2},\n "bills": [{"material": "A", "base": {"unit": "KG"},\n'
    data += b' "items": [{"colour": 1}]}]}'
    found = {(f.code, f.record_type, f.column, f.line) for f in wrong(json_format(), data)}
    assert found == {
        ("F313", "header", "/new", 1),
        ("F313", "bill", "/base/unit", 2),
        ("F313", "item", "/colour", 3),
    }
    assert wrong(json_format(closed=False), data) == []


@pytest.mark.parametrize(
    "data",
    [
        b'{"header": [], "bills": []}',
        b'{"header": {"id": {"x": 1}}, "bills": []}',
        b'{"bills": {"material": ["A"]}}',
        b'{"bills": ["A"]}',
        b'{"bills": 5}',
        b'{"bills": [{"items": 5}]}',
        b'{"bills": [{"items": [5]}]}',
        b'"text"',
        b"[]",
    ],
)
def test_other_structures_are_findings(data: bytes) -> None:
    """Objects, arrays and values that stand where others should shall be findings."""
    assert codes(json_format(closed=False), data) == ["F606"]


def test_declared_charsets_and_marks_are_strict() -> None:
    """A byte that does not decode shall be a finding with its offset, a mark be as declared."""
    data = b'{"bills":\n [{"material": "\xe4"}]}'
    (finding,) = wrong(json_format(), data)
    assert (finding.code, finding.byte_offset, finding.line) == ("F102", data.index(b"\xe4"), 2)
    rows, findings = read(json_format(encoding=charset("cp1252")), data)
    assert (findings.errors, rows["bill"][0]["material"]) == (0, "ä")
    assert codes(json_format(encoding=charset("utf-8", "forbidden")), b'\xef\xbb\xbf{"bills": []}') == [
        "F103"
    ]
    assert codes(json_format(), b'\xef\xbb\xbf{"bills": []}') == []
    assert set(codes(json_format(), b'{"bills": [], "x": "\xc3')) == {"F102", "F601"}


def test_lines_are_records_of_several_types() -> None:
    """Each line of NDJSON shall be a record of the type that its member names."""
    data = b'{"kind": "H", "id": "M1"}\r\n{"kind": "B", "material": "A", "quantity": 1.50}\r\n'
    data += b'{"kind": "T", "count": 1}\r\n'
    rows, findings = read(_lines(), data)
    assert findings.listed() == []
    assert rows["bill"] == [
        {"_record": 2, "_line": 2, "_parent": None, "material": "A", "quantity": "1.50", "kind": "B"}
    ]
    assert (rows["header"][0]["id"], rows["trailer"][0]["count"]) == ("M1", "1")


def test_a_wrong_line_does_not_stop_the_others() -> None:
    """Every wrong line of NDJSON shall be a finding of its own, and keep its number."""
    data = b'{"kind": "B", "material": "A"}\n{"kind": "B", \n\n{"kind": "X"}\n[1]\n'
    data += b'{"kind": "B", "kind": "B"}\n{"kind": "B"}'
    rows, findings = read(_lines(final_line_end="required"), data)
    assert [(f.code, f.line, f.record) for f in findings.listed()] == [
        ("F601", 2, 2),
        ("F112", 3, None),
        ("F110", 4, 3),
        ("F110", 5, 4),
        ("F602", 6, 5),
        ("F105", 7, None),
    ]
    assert [(row["_record"], row["_line"]) for row in rows["bill"]] == [(1, 1), (6, 7)]
    assert "F112" not in codes(_lines(blank_lines="skip"), data)


def test_probe_tells_whole_header_values_only() -> None:
    """A probe shall tell the header as far as it is there, and never half a value."""
    reader = JsonReader()
    data = b'{"header": {"id": "M1", "count": 123}, "bills": [{"mat'
    assert reader.probe(json_format(), data) == {"header.id": "M1", "header.count": "123"}
    for end in range(len(data)):
        found = reader.probe(json_format(), data[:end])
        assert found.get("header.id", "M1") == "M1"
        assert found.get("header.count", "123") == "123"
    assert reader.probe(json_format(), b"\xff\x00") == {}
    line = b'{"kind": "H", "id": "M1"}\n{"kind": "B", "mat'
    assert reader.probe(_lines(), line) == {"header.id": "M1", "header.kind": "H"}
    assert reader.probe(_lines(), line[:20]) == {}


def test_ending_is_the_closing_bracket() -> None:
    """The end shall be proved by the closing bracket, in NDJSON by a line end after it."""
    reader = JsonReader()
    assert reader.ending(json_format(), b"]}\r\n ")
    assert not reader.ending(json_format(), b'"bills": []')
    assert not reader.ending(json_format(), b"")
    root = json_format((RecordType("bill", Role.RECORD, (Field("material"),), path=""),))
    assert reader.ending(root, b"{}]\n")
    assert not reader.ending(root, b"[{}")
    assert reader.ending(_lines(), b'{"a": 1}\n')
    assert not reader.ending(_lines(), b'{"a": 1}')
    assert not reader.ending(_lines(), b'{"a":\n')
