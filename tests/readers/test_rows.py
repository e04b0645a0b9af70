"""Rows come back in the order of the file, whatever the stretches in which readers hand them out."""

from __future__ import annotations

import io

from gateway.findings import Findings
from gateway.formats.definition import Field, Format, RecordType, Role
from gateway.formats.row import Row
from gateway.readers.rows import rows_of
from tests.readers.document_kit import ORDER_TYPES, json_format, xml_format
from tests.readers.reader_kit import ENVELOPE, delimited


def _read(definition: Format, data: bytes) -> list[Row]:
    return list(rows_of(definition, io.BytesIO(data), Findings()))


def test_rows_of_several_types_come_in_file_order() -> None:
    """The gateway shall give rows of several types back as they stand in the file, with their lines."""
    data = b"H;1\n" + b"R;4711;2\nT;1\n" * 3
    rows = _read(delimited(*ENVELOPE), data)
    assert [row.record_type for row in rows] == ["head"] + ["item", "trail"] * 3
    assert [(row.record, row.line) for row in rows] == [(n, n) for n in range(1, 8)]
    assert rows[1].texts == {"tag": "R", "order": "4711", "quantity": "2"}


def test_rows_of_a_long_file_come_in_file_order() -> None:
    """The gateway shall give the rows of a file of several stretches back in file order."""
    types = (ENVELOPE[2], ENVELOPE[1])  # the order of the definition is not the file's
    line = b"R;" + b"4711" * 3000 + b";2\n"
    data = (line * 40 + b"T;1\n") * 20  # 10 MB
    rows = rows_of(delimited(*types), io.BytesIO(data), Findings())
    assert [row.record for row in rows] == list(range(1, 41 * 20 + 1))


def test_children_follow_their_parents() -> None:
    """The gateway shall give nested records back after the record that they stand in."""
    data = b"""<Orders><Header><Id>1</Id></Header>
      <Order><Number>1</Number><Operation><Step>10</Step></Operation></Order>
      <Order><Number>2</Number></Order></Orders>"""
    rows = _read(xml_format(ORDER_TYPES, root="Orders"), data)
    assert [row.record_type for row in rows] == ["header", "order", "operation", "order"]
    assert rows[0].texts == {"id": "1"}


def test_a_header_that_encloses_the_records_comes_first() -> None:
    """The gateway shall give an enclosing header back before the records within it."""
    types = (
        RecordType("head", Role.HEADER, (Field("id", path="/id"), Field("end", path="/end")), path=""),
        RecordType("item", Role.RECORD, (Field("n", path="/n"),), path="/items"),
        RecordType("part", Role.RECORD, (Field("p", path="/p"),), path="/items/parts", parent="item"),
    )
    data = b'{"id": "M1", "items": [{"n": 1, "parts": [{"p": 7}]}, {"n": 2}], "end": true}'
    rows = _read(json_format(types), data)
    assert rows == [
        Row("head", {"id": "M1", "end": "true"}),
        Row("item", {"n": "1"}),
        Row("part", {"p": "7"}),
        Row("item", {"n": "2"}),
    ]


def test_an_empty_file_has_no_rows() -> None:
    """The gateway shall give no rows of a file without any, enclosing header or not."""
    assert _read(delimited(*ENVELOPE), b"") == []
    enclosing = RecordType("head", Role.HEADER, (Field("id", path="/id"),), path="")
    item = RecordType("item", Role.RECORD, (Field("n", path="/n"),), path="/items")
    assert _read(json_format((enclosing, item)), b"") == []
