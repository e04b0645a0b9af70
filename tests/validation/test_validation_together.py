"""Small delimited files are cut, checked and added up together: none of them shall notice."""

from __future__ import annotations

import functools
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.formats.definition import (
    ControlCount,
    ControlTotal,
    Dialect,
    Discriminator,
    Envelope,
    Field,
    FieldType,
    Format,
    Kind,
    RecordType,
    Role,
    Rule,
    Status,
    Version,
)
from gateway.readers.delimited_table import DelimitedTable
from gateway.readers.row_table import RowTable
from gateway.validation import batch, spool
from gateway.validation.reading import Input, ListingLimits, Reading, read_files
from tests.validation.validation_kit import reference

HEAD = RecordType("head", Role.HEADER, (Field("tag"), Field("id")), discriminator=Discriminator("H", 0))
ITEM = RecordType(
    "item",
    Role.RECORD,
    (
        Field("tag"),
        Field("line", FieldType.INTEGER),
        Field("order", pattern="[0-9a-zä]*"),
        Field("quantity", FieldType.DECIMAL, decimals=3, digits=8, default="1"),
        Field("note", required=False, nullable=True),
    ),
    discriminator=Discriminator("R", 0),
    key=("order",),
)
TAIL = RecordType(
    "tail",
    Role.TRAILER,
    (Field("tag"), Field("count", FieldType.INTEGER), Field("total", FieldType.DECIMAL)),
    discriminator=Discriminator("T", 0),
)
ENVELOPE = Envelope(
    message_id=reference("head.id"),
    counts=(ControlCount(reference("tail.count"), ("item",)),),
    totals=(ControlTotal(reference("tail.total"), reference("item.quantity")),),
)
RULES = (
    Rule("once", "unique", "item", "An order stands once.", fields=("order",)),
    Rule("counted", "contiguous", "item", "Lines count up.", fields=("line",)),
)
COLUMNS = RecordType("row", Role.RECORD, (Field("a"), Field("b", required=False), Field("c")), key=("a",))


def definition(*kinds: RecordType, closed: bool = True, **dialect: object) -> Format:
    """Return a delimited format: with envelope and rules if it has items."""
    has_items = ITEM in kinds
    return Format(
        "test", Version(1, 0, 0), Status.RELEASED, Kind.DELIMITED, "test", kinds, closed=closed,
        dialect=Dialect(decimal_mark=",", **dialect),  # type: ignore[arg-type] # the dialect's own settings
        envelope=ENVELOPE if has_items else Envelope(), rules=RULES if has_items else (),
    )  # fmt: skip


ROWS = [
    "H;1", "H;2;x", "R;1;a;1,5", "R;2;b;2,25;note", "R;3;c;", "R;3;d;-0,125", "R;2;b;12345678,5", "R;x;A;y",
    'R;1;"q";1', 'R;2;"a;b";1;"n"', 'R;1;"open', "R;4", "R;1;e;1;n;more", " R;5;f;1", "R;1;ä;1;", "X;1", "",
    "T;1;1,5", "T;2;3,750", "T;x;y", "R;1;a\x00;1", "R;1;a\rb;1",
]  # fmt: skip
HEADED = ["a;b;c", "c;a", "a;b;c;d", "a;c;b;a", "1;2;3", "4;5;6", "1;2", "7;8;9;0", '"x";y;z', "", "u;v;"]
ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def contents(draw: st.DrawFn, rows: list[str]) -> bytes:
    """Draw a small file: mostly plain, sometimes odd in one way or another."""
    plain = [row for row in rows if not set(row) & set('"\x00\r')]
    lines = draw(st.lists(st.sampled_from(draw(st.sampled_from([plain, plain, rows]))), max_size=7))
    ends = draw(st.one_of(ENDS, ENDS, st.just(None)))
    text = "".join(line + (ends or draw(ENDS)) for line in lines)
    charset = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "cp1252"]))
    return (text if draw(st.integers(0, 4)) else text.rstrip("\r\n")).encode(charset)


def readings(one: Format, *files: bytes) -> list[tuple[object, ...]]:
    """Return all that was found of the files, read in one go."""
    inputs = [Input(n, f"file{n}", functools.partial(io.BytesIO, each)) for n, each in enumerate(files)]
    return [known(each) for each in read_files(one, inputs, limits=ListingLimits(per_rule=3))]


def known(reading: Reading) -> tuple[object, ...]:
    """Return all that is known of one file, in comparable form."""
    keys, length = list(reading.keys), len(reading.keys)
    return (
        reading.sha256, reading.size, reading.findings.summary(), reading.record_counts, reading.records,
        reading.envelope, reading.message_id, keys, length, list(reading.keys.batches(2)),
    )  # fmt: skip


def demand_alike(one: Format, files: list[bytes]) -> None:
    """Demand that the files are read alike together, each alone, in parts, and without any short way."""
    together = readings(one, *files)
    assert together == [readings(one, each)[0] for each in files]
    for module, name, new in (
        (DelimitedTable, "chunk", RowTable.chunk),
        (spool, "LISTED_ROWS", 0),
        (batch, "FLUSH_ROWS", 2),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, name, new)
            assert readings(one, *files) == together, name


@settings(max_examples=60, deadline=None)
@given(
    files=st.lists(contents(ROWS), min_size=1, max_size=6),
    trailing=st.sampled_from(["forbidden", "optional", "required"]),
    trim=st.sampled_from(["none", "both"]),
    closed=st.booleans(),
)
@example([b"H;1\r\nR;1;a;1,5\r\nT;1;1,5\r\n", b'H;2\nR;1;"b";2\nT;1;2\n'], "forbidden", "none", True)
def test_files_in_company_are_judged_as_alone(
    files: list[bytes], trailing: str, trim: str, closed: bool
) -> None:
    """A file shall have the same digest, findings, places, totals and keys whatever is read with it."""
    dialect = {"trailing_delimiter": trailing, "trim": trim, "final_line_end": "required"}
    demand_alike(definition(HEAD, ITEM, TAIL, closed=closed, **dialect), files)


@settings(max_examples=40, deadline=None)
@given(files=st.lists(contents(HEADED), min_size=1, max_size=6), closed=st.booleans())
def test_files_with_other_columns_are_kept_apart(files: list[bytes], closed: bool) -> None:
    """Files whose headings name the columns in different orders shall be read each by its own headings."""
    demand_alike(definition(COLUMNS, closed=closed, header_row=True, blank_lines="skip"), files)


def test_totals_of_many_files_are_exact_each() -> None:
    """The sum of each of many files shall be exact, near the limits of what is added up at once too."""
    large = "9" * 5 + ",999"
    files = [
        f"H;{n}\nR;1;a;{large}\nR;2;b;0,001\nT;2;{100_000 + offset}\n".encode()
        for n, offset in enumerate([0, 1, 0, 0, 2])
    ]
    found = readings(definition(HEAD, ITEM, TAIL), *files)
    totals = [[each["code"] for each in one[2]["totals"]] for one in found]  # type: ignore[index] # a summary
    assert totals == [[], ["F206"], [], [], ["F206"]]
