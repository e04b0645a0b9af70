import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.definition import Discriminator, Encoding, Field, Kind, RecordType, Role
from gateway.readers import reader_for
from gateway.readers.fixed_width import FixedWidthReader
from tests.readers.reader_kit import SIZES, fixed_width, read, read_everyhow


def kind(
    name: str, role: Role, value: str, length: int, places: dict[str, tuple[int, int]], width: int = 3
) -> RecordType:
    members = tuple(Field(key, offset=start, length=count) for key, (start, count) in places.items())
    return RecordType(name, role, members, discriminator=Discriminator(value, None, 0, width), length=length)


KINDS = (
    kind("head", Role.HEADER, "HDR", 12, {"tag": (0, 3), "id": (3, 9)}),
    kind("item", Role.RECORD, "ITM", 20, {"tag": (0, 3), "material": (3, 10), "quantity": (13, 7)}),
    kind("trail", Role.TRAILER, "TRL", 8, {"tag": (0, 3), "count": (3, 5)}),
)
HEAD, ITEM, TRAIL = b"HDR000000001", b"ITMM-1       0001.50", b"TRL00002"
PACKED = HEAD + ITEM + ITEM + TRAIL
LINES = b"\r\n".join([HEAD, ITEM, ITEM, TRAIL, b""])

IDOC = (
    kind("control", Role.HEADER, "EDI_DC40", 524, {"docnum": (13, 16), "serial": (504, 20)}, 10),
    kind("e1maram", Role.RECORD, "E2MARAM001", 1063, {"segnum": (49, 6), "sdata": (63, 1000)}, 30),
    kind("e1maktm", Role.RECORD, "E2MAKTM001", 1063, {"segnum": (49, 6), "sdata": (63, 1000)}, 30),
)

IDOC_DIALECT = {"line_end": "optional", "stripped_blanks": True}


def idoc(segments: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Return an IDoc's records as blank-padded bytes."""
    control = b"EDI_DC40".ljust(10) + b"100" + b"0000000000000042"
    records = [control.ljust(504) + b"20261122165430".ljust(20)]
    for number, (name, data) in enumerate(segments, 1):
        head = name.ljust(30) + b"100" + b"0000000000000042" + b"%06d" % number + b"000000" + b"02"
        records.append((head + data).ljust(1063))
    return records


SEGMENTS = [(b"E2MARAM001", b"MATNR 0815"), (b"E2MAKTM001", b"Gr\xf6\xdfe"), (b"E2MARAM001", b"X")]


def test_records_in_lines_are_cut_by_offset_with_all_their_blanks() -> None:
    """The gateway shall read fixed-width lines by record type, each field untrimmed."""
    outcome = read_everyhow(fixed_width(*KINDS, line_end="crlf", final_line_end="required"), LINES)
    assert outcome.listed == []
    assert outcome.rows == {
        "head": [(1, 1, "HDR", "000000001")],
        "item": [(2, 2, "ITM", "M-1       ", "0001.50"), (3, 3, "ITM", "M-1       ", "0001.50")],
        "trail": [(4, 4, "TRL", "00002")],
    }


def test_records_without_line_ends_are_cut_by_their_lengths() -> None:
    """The gateway shall read records that stand one right after the other."""
    outcome = read_everyhow(fixed_width(*KINDS, line_end="none"), PACKED)
    assert outcome.listed == []
    assert [(name, [row[0] for row in rows]) for name, rows in outcome.rows.items()] == [
        ("head", [1]), ("item", [2, 3]), ("trail", [4]),
    ]  # fmt: skip


@pytest.mark.parametrize("data", [PACKED, PACKED + b"\r\n", LINES, LINES.replace(b"\r\n", b"\n"), LINES[:-2]])
def test_where_line_ends_are_optional_the_file_tells(data: bytes) -> None:
    """The gateway shall see from the first record whether a file has line ends, where both are allowed."""
    outcome = read_everyhow(fixed_width(*KINDS, line_end="optional"), data)
    assert outcome.listed == []
    assert outcome.values("item") == [("ITM", "M-1       ", "0001.50")] * 2
    assert outcome.values("trail") == [("TRL", "00002")]


def test_line_ends_that_are_not_declared_are_a_finding() -> None:
    """The gateway shall report line ends where the format has none, and read the lines."""
    outcome = read_everyhow(fixed_width(*KINDS, line_end="none"), LINES)
    assert outcome.codes == ["F104"]
    assert len(outcome.values("item")) == 2


def test_offsets_count_characters_not_bytes() -> None:
    """The gateway shall cut fields by characters in encodings of several bytes."""
    record = "ITMGröße €   0001.50\n"
    outcome = read_everyhow(fixed_width(*KINDS, line_end="lf"), record.encode())
    assert outcome.values("item") == [("ITM", "Größe €   ", "0001.50")]


@pytest.mark.parametrize("line_end", ["any", "optional"])
@pytest.mark.parametrize(
    ("bad", "seen"),
    [
        (b"ITMM-1       0001.5", ("F109", 2, 2)),
        (b"ITMM-1       0001.500", ("F109", 2, 2)),
        (b"XTMM-1       0001.50", ("F110", 2, 2)),
        (b"", ("F112", None, 2)),
    ],
)
def test_a_line_of_wrong_length_or_type_spoils_itself_only(
    line_end: str, bad: bytes, seen: tuple[str, int | None, int]
) -> None:
    """The gateway shall report a line that is too short, too long, blank or unknown, and read the others."""
    data = b"\n".join([HEAD, bad, ITEM, TRAIL, b""])
    outcome = read_everyhow(fixed_width(*KINDS, line_end=line_end), data)
    assert outcome.seen == [seen]
    assert [row[1] for row in outcome.rows["item"]] == [3]
    assert outcome.listed[0].value == (bad.decode() or None)


def test_records_out_of_order_are_findings() -> None:
    """The gateway shall report a header after records and records after the trailer."""
    data = b"\n".join([HEAD, ITEM, TRAIL, HEAD, ITEM, b""])
    outcome = read_everyhow(fixed_width(*KINDS), data)
    assert outcome.seen == [("F203", 4, 4), ("F203", 5, 5)]


def test_a_packed_file_goes_on_after_a_record_of_unknown_type() -> None:
    """The gateway shall find the next record after an unknown one, by the lengths it knows."""
    outcome = read_everyhow(fixed_width(*KINDS, line_end="none"), HEAD + b"XYZ" + ITEM[3:] + ITEM + TRAIL)
    assert outcome.seen == [("F110", 2, 1)]
    assert [row[0] for row in outcome.rows["item"]] == [3]


@pytest.mark.parametrize("size", SIZES)
def test_a_packed_file_that_lost_its_step_says_so(size: int) -> None:
    """The gateway shall say that the rest cannot be cut when no record follows an unknown one."""
    outcome = read(fixed_width(*KINDS, line_end="none"), HEAD + b"XYZ" + ITEM[4:] + ITEM * 20, size)
    assert outcome.seen == [("F110", 2, 1)]
    assert "the rest is not read" in outcome.listed[0].message


@pytest.mark.parametrize("data", [b"".join(idoc(SEGMENTS)), b"\r\n".join(idoc(SEGMENTS)) + b"\r\n"])
@pytest.mark.parametrize("stripped", [False, True])
def test_an_idoc_is_read_with_and_without_line_ends_and_trailing_blanks(data: bytes, stripped: bool) -> None:
    """The gateway shall read an IDoc flat file in all three forms in which it travels."""
    if stripped:
        data = b"\n".join(record.rstrip(b" ") for record in idoc(SEGMENTS)) + b"\n"
    definition = fixed_width(
        *IDOC, encoding=Encoding("iso-8859-1"), line_end="optional", stripped_blanks=True
    )
    for size in (300, 1000, 4 * 1024 * 1024):
        outcome = read(definition, data, size)
        assert outcome.listed == []
        assert outcome.values("control") == [("0000000000000042", "20261122165430".ljust(20))]
        assert outcome.values("e1maram") == [
            ("000001", "MATNR 0815".ljust(1000)),
            ("000003", "X".ljust(1000)),
        ]
        assert outcome.values("e1maktm") == [("000002", "Größe".ljust(1000))]
        assert [row[0] for row in outcome.rows["e1maram"]] == [2, 4]


def test_blanks_are_stripped_only_where_the_format_says_so() -> None:
    """The gateway shall take a line without its trailing blanks for too short, unless declared."""
    data = b"ITMM-1\n"
    assert read_everyhow(fixed_width(*KINDS), data).codes == ["F109"]
    outcome = read_everyhow(fixed_width(*KINDS, stripped_blanks=True), data)
    assert (outcome.values("item"), outcome.listed) == ([("ITM", "M-1       ", " " * 7)], [])


@pytest.mark.parametrize(
    ("data", "line_end"), [(LINES, "crlf"), (LINES.replace(b"\r\n", b"\n"), "any"), (LINES, "optional")]
)
def test_a_file_of_lines_cut_at_any_byte_never_passes_for_a_whole_one(data: bytes, line_end: str) -> None:
    """The gateway shall show, for a cut at any byte, a finding or a missing trailer, and never fail."""
    definition = fixed_width(*KINDS, line_end=line_end, final_line_end="required")
    whole = read(definition, data)
    assert whole.listed == []
    for cut in range(len(data)):
        outcome = read(definition, data[:cut], size=9)
        assert outcome.total or "trail" not in outcome.rows
        assert not FixedWidthReader().ending(definition, data[:cut])
        assert set(outcome.rows.get("item", [])) <= set(whole.rows["item"])
    assert FixedWidthReader().ending(definition, data)


def test_a_packed_file_cut_at_any_byte_never_passes_for_a_whole_one() -> None:
    """The gateway shall see a cut in a file without line ends by the length of its last record."""
    definition = fixed_width(*KINDS, line_end="none")
    for cut in range(len(PACKED)):
        outcome = read(definition, PACKED[:cut], size=9)
        assert outcome.total or "trail" not in outcome.rows
        assert not FixedWidthReader().ending(definition, PACKED[:cut])
        assert len(outcome.values("item")) == min(2, max(0, (cut - 12) // 20))
    assert FixedWidthReader().ending(definition, PACKED)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.text("ab 0ß", max_size=10), st.text("-0.9 ", max_size=7)), max_size=8),
    line_end=st.sampled_from(["\n", "\r\n", ""]),
    charset=st.sampled_from(["utf-8", "cp1252", "utf-16"]),
    size=st.one_of(st.integers(1, 40), st.just(1 << 22)),
)
def test_what_was_written_is_read_back_exactly(
    rows: list[tuple[str, str]], line_end: str, charset: str, size: int
) -> None:
    """The gateway shall read back any fixed-width records exactly, for any encoding and chunk size."""
    values = [("ITM", material.ljust(10), quantity.ljust(7)) for material, quantity in rows]
    data = line_end.join(["HDR000000001", *map("".join, values), ""]).encode(charset)
    definition = fixed_width(*KINDS, line_end="optional", encoding=Encoding(charset))
    outcome = read(definition, data, size)
    assert (outcome.values("item"), outcome.listed) == (values, [])


@settings(max_examples=100, deadline=None)
@given(
    data=st.text(st.sampled_from("HDRITMTRL0 \r\n"), max_size=70),
    packed=st.booleans(),
    size=st.integers(1, 30),
)
def test_any_text_is_read_without_an_error_and_alike_in_all_chunks(
    data: str, packed: bool, size: int
) -> None:
    """The gateway shall never fail, and shall find the same whatever the chunks are."""
    definition = fixed_width(*KINDS, line_end="none" if packed else "any", final_line_end="required")
    pieces, whole = (read(definition, ("HDR000000001" + data).encode(), each) for each in (size, 1 << 22))
    assert (pieces.rows, pieces.total, pieces.codes) == (whole.rows, whole.total, whole.codes)


def test_many_records_are_sliced_as_few_are() -> None:
    """The gateway shall cut thousands of records exactly as it cuts one."""
    records = [f"ITM{n:<10}{n / 100:07.2f}" for n in range(3000)]
    outcome = read(fixed_width(*KINDS), "\n".join([*records, ""]).encode())
    assert outcome.values("item") == [(each[:3], each[3:13], each[13:]) for each in records]


def test_the_probe_returns_the_header() -> None:
    """The gateway shall learn from a file's first bytes who sent it."""
    reader = reader_for(Kind.FIXED_WIDTH)
    for line_end, data in (("none", PACKED), ("crlf", LINES), ("optional", PACKED), ("optional", LINES)):
        assert reader.probe(fixed_width(*KINDS, line_end=line_end), data) == {
            "head.tag": "HDR",
            "head.id": "000000001",
        }
    for odd in (b"", b"HDR", b"\0\xff", b"\n\n", ITEM):
        assert reader.probe(fixed_width(*KINDS), odd) == {}
