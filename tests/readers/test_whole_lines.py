"""Rows that are read without being cut apart: the same records, the same findings as row by row."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.definition import Encoding, Field, Format, RecordType, Role
from gateway.readers import delimited_table, row_table
from gateway.readers.lines import WholeLines
from tests.readers.reader_kit import ENVELOPE, Outcome, delimited, fields, read

_TYPES = {
    "three fields": (RecordType("row", Role.RECORD, fields("a", "b", "c")),),
    "one field": (RecordType("row", Role.RECORD, fields("a")),),
    "last not required": (RecordType("row", Role.RECORD, (*fields("a", "b"), Field("c", required=False))),),
    "envelope": ENVELOPE,
}
#: Some of what a parser may take for something else than text.
_CELLS = st.sampled_from(
    [
        "",
        "",
        "a",
        "R",
        " b ",
        "\t",
        "ä",
        "\x1c",
        "\x85",
        "\u2028",
        "\ufeff",
        "#",
        "x\0",
        "'",
        "\x0b",
        "\x1a",
        "€€",
    ]
)
_THREE = st.lists(_CELLS, min_size=3, max_size=3)
_ROWS = st.lists(st.one_of(_THREE, _THREE, _THREE, st.lists(_CELLS, max_size=5)), min_size=1, max_size=12)
_ENDS = st.sampled_from(
    [["\n"], ["\n"], ["\r\n"], ["\r\n"], ["\r"], ["\n", "\r\n"], ["\n", "\r"], ["\r\r\n"]]
)


def _row_by_row(definition: Format, data: bytes, size: int, longest: int) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited_table, "whole_cells", lambda *_: None)
        patch.setattr(row_table, "VECTOR_ROWS", 10**9)
        return read(definition, data, size, longest)


def _at_once(definition: Format, data: bytes, size: int, longest: int) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_table, "VECTOR_ROWS", 1)
        return read(definition, data, size, longest)


@settings(max_examples=300, deadline=None)
@given(
    rows=_ROWS,
    ends=_ENDS,
    size=st.sampled_from([7, 23, 90, 1 << 22]),
    longest=st.sampled_from([4, 9, 1 << 20]),
    types=st.sampled_from(sorted(_TYPES)),
    trailing=st.sampled_from(["forbidden", "optional", "required"]),
    charset=st.sampled_from(["utf-8", "utf-8", "utf-16"]),
    line_end=st.sampled_from(["lf", "crlf", "any"]),
    final=st.sampled_from(["required", "optional"]),
    is_closed=st.booleans(),
    is_ended=st.booleans(),
    has_heading=st.booleans(),
)
def test_rows_that_are_not_cut_apart_are_read_alike(
    rows: list[list[str]],
    ends: list[str],
    size: int,
    longest: int,
    types: str,
    trailing: str,
    charset: str,
    line_end: str,
    final: str,
    is_closed: bool,
    is_ended: bool,
    has_heading: bool,
) -> None:
    """The gateway shall find in a block of plain rows what it finds row by row, whatever stands in them."""
    lines = ["a;b;c"] * has_heading + [";".join(row) for row in rows]
    text = "".join(line + ends[number % len(ends)] for number, line in enumerate(lines))
    definition = delimited(
        *_TYPES[types],
        encoding=Encoding(charset=charset),
        closed=is_closed,
        trailing_delimiter=trailing,
        header_row=has_heading,
        line_end=line_end,
        final_line_end=final,
        blank_lines="refuse",
    )
    data = (text if is_ended else text.rstrip("\r\n")).encode(charset)
    found, expected = (way(definition, data, size, longest) for way in (_at_once, _row_by_row))
    assert found.rows == expected.rows
    assert found.total == expected.total
    assert found.listed == expected.listed


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("heading", ["", "a;b;c"])
def test_plain_rows_are_not_cut_apart(monkeypatch: pytest.MonkeyPatch, end: str, heading: str) -> None:
    """The gateway shall cut no line of a large plain file apart but the heading and the last one."""
    cut: list[int] = []
    rows_of = WholeLines.rows

    def rows(self: WholeLines) -> object:
        cut.append(len(self.numbers))
        return rows_of(self)

    monkeypatch.setattr(WholeLines, "rows", rows)
    lines = [heading] * bool(heading) + [f"{number};x y;" for number in range(20_000)]
    outcome = read(delimited(header_row=bool(heading)), (end.join(lines) + end).encode(), 100_000)
    assert outcome.listed == []
    assert outcome.values()[-1] == ("19999", "x y", "")
    assert cut == ([1, 1] if heading else [])
    line = len(lines)
    assert outcome.rows["row"][-1][:2] == (20_000, line)


@pytest.mark.parametrize("odd", ["1;2", "1;2;3;4", "", '1;"2";3', "1;2\r;3", "1;2;3\0", "1;ä;3"], ids=repr)
@pytest.mark.parametrize("place", [0, 5_000, 9_999])
def test_an_odd_row_among_many_is_read_as_alone(odd: str, place: int) -> None:
    """The gateway shall find the same in an odd row, wherever it stands among rows about which nothing is."""
    lines = ["1;2;3"] * 10_000
    lines[place] = odd
    data = ("\n".join(lines) + "\n").encode()
    found = read(delimited(), data, 50_000)
    expected = _row_by_row(delimited(), data, 50_000, 1 << 20)
    assert found == expected
