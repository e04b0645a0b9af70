"""Many rows at once are read as rows one by one are: the same records, the same findings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.definition import Discriminator, Field, Format, RecordType, Role
from gateway.readers import row_table
from tests.readers.reader_kit import Outcome, delimited, fixed_width, read

_NEVER = 10**9


def _kind(name: str, role: Role, tag: str, width: int, place: Callable[[str], Discriminator]) -> RecordType:
    fields = tuple(Field(f"f{n}", offset=2 * n, length=2) for n in range(width))
    return RecordType(name, role, fields, discriminator=place(tag))


def _types(place: Callable[[str], Discriminator]) -> tuple[RecordType, ...]:
    return (
        _kind("head", Role.HEADER, "H", 2, place),
        _kind("row", Role.RECORD, "C", 3, place),
        _kind("other", Role.RECORD, "D", 2, place),
        _kind("foot", Role.TRAILER, "T", 2, place),
    )


def _both_ways(definition: Format, data: bytes, size: int) -> tuple[Outcome, Outcome]:
    """Return what is read at once wherever that can be, and what is read one by one."""
    outcomes = []
    for least in (1, _NEVER):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(row_table, "VECTOR_ROWS", least)
            outcomes.append(read(definition, data, size))
    return outcomes[0], outcomes[1]


def _demand_alike(definition: Format, data: bytes, size: int) -> None:
    at_once, one_by_one = _both_ways(definition, data, size)
    assert at_once.rows == one_by_one.rows
    assert at_once.listed == one_by_one.listed
    assert at_once.total == one_by_one.total


_CELLS = st.sampled_from(["", " ", "1", "ab", "ä", "\x1c", "C", "x\0"])
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["H", "C", "C", "C", "C", "D", "T", " C", "C ", "X", ""]),
        st.lists(_CELLS, max_size=4),
    ),
    max_size=9,
)
_ENDS = st.sampled_from(["\n", "\r\n"])


@settings(max_examples=150, deadline=None)
@given(
    rows=_ROWS,
    end=st.lists(_ENDS | st.just("\r"), min_size=1, max_size=2),
    size=st.sampled_from([7, 23, 1 << 22]),
    trim=st.sampled_from(["none", "both"]),
    trailing=st.sampled_from(["forbidden", "optional", "required"]),
    is_closed=st.booleans(),
    column=st.sampled_from([0, 0, 1]),
    is_ended=st.booleans(),
)
def test_delimited_rows_are_read_alike(
    rows: list[tuple[str, list[str]]],
    end: list[str],
    size: int,
    trim: str,
    trailing: str,
    is_closed: bool,
    column: int,
    is_ended: bool,
) -> None:
    """The gateway shall find the same records and faults in delimited rows, at once or one by one."""
    lines = [";".join([tag, *cells]) for tag, cells in rows]
    text = "".join(line + end[number % len(end)] for number, line in enumerate(lines))
    definition = delimited(
        *_types(lambda tag: Discriminator(tag, column=column)),
        trim=trim,
        trailing_delimiter=trailing,
        closed=is_closed,
        blank_lines="refuse",
    )
    _demand_alike(definition, (text if is_ended else text.rstrip("\r\n")).encode(), size)


@settings(max_examples=100, deadline=None)
@given(rows=_ROWS, end=_ENDS, size=st.sampled_from([7, 23, 1 << 22]), stripped=st.booleans())
def test_fixed_width_records_are_read_alike(
    rows: list[tuple[str, list[str]]], end: str, size: int, stripped: bool
) -> None:
    """The gateway shall find the same records and faults in fixed-width lines, at once or one by one."""
    lines = ["".join(f"{cell:2}" for cell in [tag, *cells]) for tag, cells in rows]
    definition = fixed_width(
        *_types(lambda tag: Discriminator(tag, offset=0, length=2)), stripped_blanks=stripped
    )
    _demand_alike(definition, "".join(line + end for line in lines).encode(), size)


def test_many_plain_rows_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall look at no single row of a block of which none is odd."""

    def refuse(*_arguments: object) -> None:
        raise AssertionError("a row was looked at by itself")

    monkeypatch.setattr(row_table.RowTable, "begin", refuse)
    definition = delimited(*_types(lambda tag: Discriminator(tag, column=0)))
    text = "H;1\r\n" + "".join(f"C;{n};x\r\n" for n in range(1000)) + "T;9\r\n"
    outcome = read(definition, text.encode())
    assert outcome.listed == []
    assert [len(rows) for rows in outcome.rows.values()] == [1, 1000, 1]
    assert outcome.rows["row"][-1][:2] == (1001, 1001)
