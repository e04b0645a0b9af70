import io

import pytest

from gateway.findings import Findings
from gateway.formats.definition import Discriminator, Encoding, Field, Kind, RecordType, Role
from gateway.readers import reader_for
from gateway.readers.delimited import DelimitedReader
from tests.readers.reader_kit import ENVELOPE, SIZES, delimited, fields, read, read_everyhow


def test_quotes_delimiters_and_newlines_inside_fields_are_kept() -> None:
    """The gateway shall keep delimiters, doubled quotes and both kinds of newline in a quoted field."""
    outcome = read_everyhow(delimited(), b'1;2;3\r\n"x;\r\ny";"";"q""q\n"\r\n7;8;9\r\n')
    assert outcome.listed == []
    assert outcome.rows["row"] == [
        (1, 1, "1", "2", "3"),
        (2, 2, "x;\r\ny", "", 'q"q\n'),
        (3, 5, "7", "8", "9"),
    ]


def test_a_quote_inside_an_unquoted_field_is_text() -> None:
    """The gateway shall take a quote that does not begin a field for what it is, a character."""
    outcome = read_everyhow(delimited(), b'5" pipe;37\'37.8"N;"ok"\n')
    assert (outcome.values(), outcome.listed) == ([('5" pipe', "37'37.8\"N", "ok")], [])


def test_without_quoting_quotes_are_characters() -> None:
    """The gateway shall not know quotes where the format has none."""
    outcome = read_everyhow(delimited(quote=None), b'"a;b";c\n')
    assert outcome.values() == [('"a', 'b"', "c")]


def test_an_escape_character_takes_the_next_one_literally() -> None:
    """The gateway shall honour a declared escape character, in and outside quotes."""
    outcome = read_everyhow(delimited(escape="\\"), b'a\\;b;"c\\"d";\\\\\n')
    assert (outcome.values(), outcome.listed) == ([("a;b", 'c"d', "\\")], [])


def test_values_are_never_changed() -> None:
    """The gateway shall keep leading zeros, blanks, signs and odd characters as they stand."""
    row = ("007", " 1,50-", "\u2028\x0b\x1f\u00a0NULL")
    outcome = read_everyhow(delimited(), ";".join(row).encode() + b"\n")
    assert (outcome.values(), outcome.listed) == ([row], [])


def test_text_after_a_closing_quote_spoils_its_row_only() -> None:
    """The gateway shall report text after a closing quote and read the rows after it."""
    outcome = read_everyhow(delimited(), b'1;2;3\na;"b\nxx"c;d\n7;8;9\n')
    assert outcome.seen == [("F107", 2, 2)]
    assert outcome.listed[0].value == 'a;"b\nxx"c;d'
    assert outcome.rows["row"] == [(1, 1, "1", "2", "3"), (3, 4, "7", "8", "9")]


def test_a_quote_that_is_never_closed_swallows_no_rows() -> None:
    """The gateway shall name the line where an unclosed quote opened, and read the rows after that line."""
    outcome = read_everyhow(delimited(), b'1;2;3\na;"b;c\nd;e;f\nx;"y";z\n"open;1;2\n4;5;6\n')
    assert outcome.seen == [("F106", 2, 2), ("F106", 5, 5)]
    assert [row[0] for row in outcome.rows["row"]] == [1, 3, 4, 6]


def test_the_line_of_an_open_quote_is_where_it_opened() -> None:
    """The gateway shall tell the line of the open quote from the line where its row starts."""
    outcome = read_everyhow(delimited(), b'1;"two\nlines";"open\n4;5;6\n')
    assert outcome.seen[0] == ("F106", 1, 2)


def test_rows_with_too_few_or_too_many_fields_show_counts_and_text() -> None:
    """The gateway shall report found and expected fields, and the text of a ragged row."""
    outcome = read_everyhow(delimited(), b"1;2;3\n1;2\n1;2;3;4\n4;5;6\n")
    assert outcome.seen == [("F108", 2, 2), ("F108", 3, 3)]
    assert [each.value for each in outcome.listed] == ["1;2", "1;2;3;4"]
    assert "has 2 fields; expected: 3" in outcome.listed[0].message
    assert [row[0] for row in outcome.rows["row"]] == [1, 4]


def test_only_fields_that_need_not_be_there_may_be_missing_at_the_end() -> None:
    """The gateway shall read a missing optional last column as absent, not as empty."""
    kind = RecordType("row", Role.RECORD, (*fields("a", "b"), Field("c", required=False)))
    outcome = read_everyhow(delimited(kind), b"1;2\n1;2;\n1\n")
    assert outcome.values() == [("1", "2", None), ("1", "2", "")]
    assert outcome.seen == [("F108", 3, 3)]


def test_an_open_format_ignores_columns_beyond_its_own() -> None:
    """The gateway shall accept further columns where the format is not closed."""
    outcome = read_everyhow(delimited(closed=False), b"1;2;3;4;5\n1;2;3\n1;2\n")
    assert (outcome.values(), outcome.codes) == ([("1", "2", "3")] * 2, ["F108"])


@pytest.mark.parametrize(
    ("policy", "good", "bad"),
    [
        ("forbidden", b"1;2;3\n", b"1;2;3;\n"),
        ("required", b"1;2;3;\n", b"1;2;3\n"),
        ("optional", b"1;2;3;\n1;2;3\n", b"1;2;3;;\n"),
    ],
)
def test_the_trailing_delimiter_is_as_declared(policy: str, good: bytes, bad: bytes) -> None:
    """The gateway shall accept a delimiter after the last field only as the format says."""
    outcome = read_everyhow(delimited(trailing_delimiter=policy), good + bad)
    assert set(outcome.values()) == {("1", "2", "3")}
    assert outcome.codes == ["F108"]


@pytest.mark.parametrize("policy", ["refuse", "skip"])
def test_blank_lines_keep_the_line_numbers_right(policy: str) -> None:
    """The gateway shall report or skip blank lines, and count them as lines but not as records."""
    outcome = read_everyhow(
        delimited(blank_lines=policy), b'1;2;3\n\n"4";5;6\n\r\n7;8;9\n'.replace(b"\r", b"")
    )
    assert [row[:2] for row in outcome.rows["row"]] == [(1, 1), (2, 3), (3, 5)]
    assert outcome.seen == ([("F112", None, 2), ("F112", None, 4)] if policy == "refuse" else [])


@pytest.mark.parametrize(
    ("declared", "data", "lines"),
    [
        ("any", b"1;2;3\n4;5;6\n", []),
        ("any", b"1;2;3\r\n4;5;6\r\n", []),
        ("any", b"1;2;3\n4;5;6\r\n7;8;9\n", [2]),
        ("any", b"1;2;3\r\n4;5;6\n", [2]),
        ("any", b"1;2;3\r4;5;6\r", [1, 2]),
        ("lf", b"1;2;3\r\n4;5;6\n", [1]),
        ("crlf", b"1;2;3\r\n4;5;6\n", [2]),
        ("cr", b"1;2;3\r4;5;6\r", []),
        ("cr", b"1;2;3\n4;5;6\n", [1, 2]),
    ],
)
@pytest.mark.parametrize("quoted", [False, True])
def test_line_ends_are_held_against_the_declared_kind(
    declared: str, data: bytes, lines: list[int], quoted: bool
) -> None:
    """The gateway shall report each line whose end is not the declared kind, and read it all the same."""
    data = data.replace(b"2", b'"2"') if quoted else data
    outcome = read_everyhow(delimited(line_end=declared), data)
    assert [(each.code, each.line) for each in outcome.listed] == [("F104", line) for line in lines]
    assert outcome.values()[:2] == [("1", "2", "3"), ("4", "5", "6")]


@pytest.mark.parametrize("data", [b"1;2\r2;3\n4;5;6\n", b'1;2\r2;"3"\n4;5;6\n'])
def test_a_lone_cr_in_a_value_is_a_finding_and_splits_nothing(data: bytes) -> None:
    """The gateway shall report a lone CR outside quotes and keep it in its value."""
    outcome = read_everyhow(delimited(), data)
    assert outcome.values() == [("1", "2\r2", "3"), ("4", "5", "6")]
    assert [(each.code, each.line) for each in outcome.listed] == [("F104", 1)]


def test_a_cr_before_crlf_is_not_lost() -> None:
    """The gateway shall keep and report a second CR before a line end."""
    outcome = read_everyhow(delimited(), b'1;"2";3\r\r\n4;5;6\r\n')
    assert outcome.values() == [("1", "2", "3\r"), ("4", "5", "6")]
    assert outcome.codes == ["F104"]


@pytest.mark.parametrize("data", [b"1;2;3\n4;5;6", b'1;2;3\n4;5;"6"'])
def test_a_last_line_without_its_end_is_refused_where_the_end_is_required(data: bytes) -> None:
    """The gateway shall not hand on a last row that may be cut off."""
    assert read_everyhow(delimited(), data).values() == [("1", "2", "3"), ("4", "5", "6")]
    outcome = read_everyhow(delimited(final_line_end="required"), data)
    assert (outcome.values(), outcome.seen) == ([("1", "2", "3")], [("F105", 2, 2)])


def test_columns_are_found_by_their_headings() -> None:
    """The gateway shall take the heading row for what says where each column is; it is no record."""
    kind = RecordType(
        "row", Role.RECORD, (Field("a"), Field("b", heading="B (kg)"), Field("c", required=False))
    )
    outcome = read_everyhow(delimited(kind, header_row=True), b'"B (kg)";a\n2;1\n"4";3\n')
    assert outcome.rows["row"] == [(1, 2, "1", "2", None), (2, 3, "3", "4", None)]
    assert outcome.listed == []


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("a;b", [("F312", "c")]),
        ("a;b;c;d", [("F313", "d")]),
        ("a;b;c;a", [("F111", "a")]),
        ("x;y;z", [("F111", None)]),
        ("A;b;c", [("F313", "A"), ("F312", "a")]),
        ('a;"b', [("F106", None)]),
    ],
)
def test_wrong_headings_are_findings(heading: str, expected: list[tuple[str, str | None]]) -> None:
    """The gateway shall name the column that is missing, unknown or doubled in the heading row."""
    outcome = read(delimited(header_row=True), heading.encode() + b"\n")
    assert [(each.code, each.column) for each in outcome.listed] == expected
    assert all(each.line == 1 for each in outcome.listed)


def test_a_flood_of_unknown_headings_is_counted_but_not_listed() -> None:
    """The gateway shall keep the exact total of unknown columns without listing them all."""
    outcome = read(delimited(header_row=True), ("a;b;c;" + ";".join(map(str, range(5000))) + "\n").encode())
    assert (outcome.total, len(outcome.listed)) == (5000, 51)


def test_record_types_are_told_apart_by_their_discriminator() -> None:
    """The gateway shall yield header, records and trailer by type with their common record numbers."""
    outcome = read_everyhow(delimited(*ENVELOPE), b"H;7\nR;100;1\nR;200;2\nT;2\n")
    assert outcome.listed == []
    assert outcome.rows == {
        "head": [(1, 1, "H", "7")],
        "item": [(2, 2, "R", "100", "1"), (3, 3, "R", "200", "2")],
        "trail": [(4, 4, "T", "2")],
    }


def test_an_unknown_record_type_and_misplaced_records_are_findings() -> None:
    """The gateway shall report unknown types, a header that is not first and rows after the trailer."""
    outcome = read_everyhow(delimited(*ENVELOPE), b"H;1\nR;1;2\nX;1\nH;2\nT;1\nR;2;3\n")
    assert outcome.seen == [("F110", 3, 3), ("F203", 4, 4), ("F203", 6, 6)]
    assert len(outcome.rows["item"]) == 2


def test_a_type_without_discriminator_takes_the_rows_that_no_other_takes() -> None:
    """The gateway shall read rows without a tag as the record type that has no discriminator."""
    kinds = (ENVELOPE[0], RecordType("row", Role.RECORD, fields("a", "b")), ENVELOPE[2])
    outcome = read_everyhow(delimited(*kinds), b"H;1\n1;2\nT;1\n")
    assert (outcome.values(), outcome.listed) == ([("1", "2")], [])


def test_a_row_beyond_the_limit_is_skipped_and_not_kept() -> None:
    """The gateway shall skip a row that is too long, in bounded memory, and read what follows."""
    data = b'"1";2;3\n' + b"x" * 400 + b';"\n1;2;3\n"a;;\n' + b"b;b;b\n" * 10
    outcome = read_everyhow(delimited(), data, longest=30)
    assert outcome.seen == [("F113", 2, 2), ("F106", 4, 4)]
    assert [row[0] for row in outcome.rows["row"]] == [1, 3, *range(5, 15)]


def test_a_million_characters_without_a_line_end_stay_bounded() -> None:
    """The gateway shall not gather a file without line ends in memory."""

    class Endless(io.RawIOBase):
        left = 3000

        def read(self, size: int = -1, /) -> bytes:
            self.left -= 1
            return b'x"' * (size // 2) if self.left > 0 else b""

    findings = Findings()
    assert list(DelimitedReader(4096, 8192).read(delimited(), Endless(), findings)) == []
    assert [each.code for each in findings.listed()] == ["F113"]


def test_many_wrong_rows_are_counted_truly_and_listed_with_a_cap() -> None:
    """The gateway shall count every wrong row of a file that has nothing else."""
    outcome = read(delimited(), b"1;2\n" * 30_000, size=4096)
    assert (outcome.total, len(outcome.listed), outcome.rows) == (30_000, 20, {})


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "utf-16"])
def test_a_large_file_is_read_alike_in_every_encoding(charset: str) -> None:
    """The gateway shall read thousands of rows exactly, quoted or not, through many chunks."""
    rows = [(f"{n:07d}", f"Größe {n}", f"{n},50") for n in range(4000)]
    plain = "".join(";".join(row) + "\r\n" for row in rows)
    quoted = "".join(f'{a};"{b}";{c}\r\n' for a, b, c in rows)
    for text in (plain, quoted):
        outcome = read(delimited(encoding=Encoding(charset)), text.encode(charset), size=30_000)
        assert (outcome.values(), outcome.listed) == (rows, [])
        assert [row[:2] for row in outcome.rows["row"]] == [(n, n) for n in range(1, 4001)]


@pytest.mark.parametrize("characters", [1, 505, 510, 511, 512, 600, 5000])
def test_the_probe_finds_header_fields_behind_long_rows(characters: int) -> None:
    """The gateway shall look as far as the first row that is no header, however long the rows are."""
    text = "x" * characters
    row = RecordType("item", Role.RECORD, fields("a", "b"), discriminator=Discriminator("R", 0))
    definition = delimited(ENVELOPE[0], row, header_row=True)
    head = f"a;{text}\r\nH;{text}\r\nR;1\r\n".encode()
    assert DelimitedReader().probe(definition, head) == {
        "heading": f"a;{text}",
        "head.tag": "H",
        "head.id": text,
    }


def test_the_probe_returns_header_fields_and_headings() -> None:
    """The gateway shall learn from a file's first bytes who sent it and which columns it has."""
    reader = reader_for(Kind.DELIMITED)
    assert reader.probe(delimited(*ENVELOPE), b'H;"7;x"\nR;1;2\n') == {"head.tag": "H", "head.id": "7;x"}
    assert reader.probe(delimited(header_row=True), b"\xef\xbb\xbfa;b;c\r\n1;2;3") == {"heading": "a;b;c"}
    for odd in (b"", b"\0\xff\xfe", b'"', b"\n\n", b"R;1;2\n", b'H;"\n'):
        assert reader.probe(delimited(*ENVELOPE), odd) == {}


@pytest.mark.parametrize(
    ("tail", "there"),
    [
        (b"R;1;2\nT;1\n", True), (b"T;1\r\n", True), (b'T;"1"\n', True), (b"T;1", False), (b"T\n", False),
        (b"T;1;2\n", False), (b"R;1;2\n", False), (b"T;1\nR;1;2\n", False), (b"", False), (b"\xff\n", False),
    ],
)  # fmt: skip
def test_the_ending_shows_a_whole_trailer(tail: bytes, there: bool) -> None:
    """The gateway shall see at a file's end whether its trailer has been written."""
    reader = DelimitedReader()
    assert reader.ending(delimited(*ENVELOPE, final_line_end="required"), tail) is there
    assert reader.ending(delimited(), tail) is False


def test_the_ending_of_a_utf16_file_is_found_in_the_middle_of_it() -> None:
    """The gateway shall decode a file's end without its beginning, UTF-16 too."""
    definition = delimited(*ENVELOPE, encoding=Encoding("utf-16"))
    for charset in ("utf-16-le", "utf-16-be"):
        assert DelimitedReader().ending(definition, "R;1;2\r\nT;1\r\n".encode(charset))


@pytest.mark.parametrize(
    "data", [b'H;7\r\nR;"1\r\n2";"x""y"\r\nR;2;3\r\nT;2\r\n', b"H;7\nR;1;2\nR;2;3\nT;2\n"]
)
def test_a_file_cut_at_any_byte_never_passes_for_a_whole_one(data: bytes) -> None:
    """The gateway shall show, for a cut at any byte, a finding or a missing trailer, and never fail."""
    definition = delimited(*ENVELOPE, final_line_end="required")
    whole = read(definition, data)
    assert whole.listed == []
    assert "trail" in whole.rows
    for cut in range(len(data)):
        outcome = read(definition, data[:cut], size=7)
        assert outcome.total or "trail" not in outcome.rows
        assert not DelimitedReader().ending(definition, data[:cut])
        assert set(outcome.rows.get("item", [])) <= set(whole.rows["item"])
    assert DelimitedReader().ending(definition, data)


def test_chunk_sizes_cover_the_smallest() -> None:
    """The tests here shall cut files at every byte."""
    assert SIZES[0] == 1
