import csv
import io
from typing import Literal

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gateway.formats.definition import Encoding, Field, RecordType, Role
from tests.readers.reader_kit import delimited, read

CHARSETS = ("utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "utf-16", "utf-16-le", "utf-16-be")
ALPHABET = st.sampled_from("ab1\";,\t\n\r 'ä\x1c")
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.text(ALPHABET, max_size=6), min_size=width, max_size=width), min_size=1, max_size=6
    )
)


def rows_of(width: int) -> RecordType:
    return RecordType("row", Role.RECORD, tuple(Field(f"f{n}") for n in range(width)))


def written(table: list[list[str]], delimiter: str, quoting: Literal[0, 1], line_end: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerows(table)
    return out.getvalue()


@settings(max_examples=150, deadline=None)
@given(
    table=TABLES,
    delimiter=st.sampled_from(";,\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    charset=st.sampled_from(CHARSETS),
    size=st.one_of(st.integers(1, 9), st.just(1 << 22)),
)
@example([["\r"]], ";", csv.QUOTE_ALL, "\n", "utf-8", 1)
@example([['"', ""], ["\n", "\r\n"]], ";", csv.QUOTE_MINIMAL, "\r\n", "utf-16", 3)
def test_what_a_writer_wrote_is_read_back_exactly(
    table: list[list[str]], delimiter: str, quoting: Literal[0, 1], line_end: str, charset: str, size: int
) -> None:
    """The gateway shall read back any table of texts exactly, for any dialect, encoding and chunk size."""
    # Older csv writers leave a CR unquoted where their lines end with LF alone.
    assume(
        quoting == csv.QUOTE_ALL
        or line_end == "\r\n"
        or not any("\r" in cell for row in table for cell in row)
    )
    data = written(table, delimiter, quoting, line_end).encode(charset)
    definition = delimited(rows_of(len(table[0])), encoding=Encoding(charset), delimiter=delimiter)
    outcome = read(definition, data, size)
    assert outcome.listed == []
    assert outcome.values() == [tuple(row) for row in table]
    lines = [1]
    for row in table:
        lines.append(lines[-1] + sum(cell.count("\n") for cell in row) + 1)
    assert [row[:2] for row in outcome.rows["row"]] == list(enumerate(lines[:-1], 1))


@settings(max_examples=150, deadline=None)
@given(
    data=st.text(st.sampled_from('a";\n\r\\'), max_size=40),
    size=st.integers(1, 12),
    line_end=st.sampled_from(["any", "lf", "crlf", "cr"]),
    escape=st.sampled_from([None, "\\"]),
    longest=st.sampled_from([8, 1 << 20]),
)
def test_any_text_is_read_alike_in_all_chunks(
    data: str, size: int, line_end: str, escape: str | None, longest: int
) -> None:
    """The gateway shall never fail, and shall find the same rows and faults whatever the chunks are."""
    definition = delimited(rows_of(2), line_end=line_end, escape=escape, final_line_end="required")
    pieces = read(definition, data.encode(), size, longest)
    whole = read(definition, data.encode(), longest=longest)
    assert pieces.rows == whole.rows
    if longest > len(data):
        assert (pieces.total, sorted(pieces.codes)) == (whole.total, sorted(whole.codes))
    else:  # of a row that is too long, more may be known when more of it is at hand
        assert (pieces.total > 0) == (whole.total > 0)


@settings(max_examples=60, deadline=None)
@given(table=TABLES, cut=st.integers(0, 200))
def test_a_cut_table_yields_no_row_that_was_not_written(table: list[list[str]], cut: int) -> None:
    """The gateway shall never hand on half a row of a file that was cut."""
    data = written(table, ";", csv.QUOTE_ALL, "\n").encode()
    definition = delimited(rows_of(len(table[0])), final_line_end="required")
    outcome = read(definition, data[:cut])
    count = len(outcome.values())
    if not outcome.listed:
        assert outcome.values() == [tuple(row) for row in table][:count]
        assert cut == 0 or data[:cut].endswith(b"\n")
