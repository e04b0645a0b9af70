"""Reading files: one pass over the bytes, many files in one call, bounded memory, no neighbour touched."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from typing import TYPE_CHECKING, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.polars import DataFrameSchema

from gateway.formats.definition import FieldType, Format, RecordType, Role, Rule
from gateway.readers.delimited import DelimitedReader
from gateway.validation import batch, schema
from gateway.validation.reading import Input, ListingLimits, Reading, read_with
from tests.validation.validation_kit import GOOD, LineReader, codes, field, found, make_format, opened, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.findings import Findings
    from gateway.readers.base import ByteStream, Chunk

ITEM = RecordType("item", Role.RECORD, (field("id"), field("n", FieldType.INTEGER)), key=("id",))
UNIQUE = Rule("once", "unique", "item", "each id once", fields=("id",))


class Impatient(LineReader):
    """A reader that gives up after its first bytes."""

    def read(self, definition: Format, stream: ByteStream, findings: Findings) -> Iterator[Chunk]:
        """Read a little and yield nothing."""
        stream.read(3)
        yield from ()


def file_input(number: int, path: Path) -> Input:
    """Return the file at ``path`` as an input."""
    return Input(number, path.name, lambda: open(path, "rb"))


@pytest.mark.parametrize("reader", [LineReader(), Impatient()])
def test_every_byte_is_hashed_once(tmp_path: Path, reader: LineReader) -> None:
    """SHA-256 and size are those of the whole file, even where the reader gave up early."""
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD.encode() * 5)
    (reading,) = read_with(reader, make_format(), [file_input(0, path)], limits=ListingLimits())
    assert (reading.sha256, reading.size) == (
        hashlib.sha256(path.read_bytes()).hexdigest(),
        path.stat().st_size,
    )


def test_a_file_is_read_to_its_end_once() -> None:
    """The end of a file shall be looked for once: on a share each look is a round trip."""
    reads: list[int] = []

    class Counting(io.BytesIO):
        """A file that notes how much each read of it gave."""

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            reads.append(len(data))
            return data

    content = GOOD.encode()
    (reading,) = read_with(
        DelimitedReader(), make_format(), [Input(0, "a", lambda: Counting(content))], limits=ListingLimits()
    )
    assert reading.size == len(content)
    assert reads == [len(content), 0]


def test_a_file_that_cannot_be_opened_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    """A file that vanished is F115; the files before and after it are read as if it were not there."""
    good = tmp_path / "good.csv"
    good.write_text(GOOD)
    inputs = [file_input(0, good), file_input(1, tmp_path / "gone.csv"), file_input(2, good)]
    readings = read_with(LineReader(), make_format(), inputs, limits=ListingLimits())
    assert [codes(one)[:1] for one in readings] == [[], ["F115"], []]
    assert "No such file or directory" in found(readings[1])[0].message
    assert [one.records for one in readings] == [2, 0, 2]


class Breaking(io.BytesIO):
    """A file whose second read fails, as on a share that went away."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return five bytes, then fail."""
        if self.tell():
            raise OSError(5, os.strerror(5))
        return super().read(5)


def test_a_read_error_says_where_it_stopped() -> None:
    """The finding names the reason and the offset, and the size is what was read."""
    broken: BinaryIO = Breaking(GOOD.encode())
    inputs = [Input(0, "a", lambda: contextlib.closing(broken)), Input(1, "b", lambda: opened(GOOD.encode()))]
    first, second = read_with(LineReader(), make_format(), inputs, limits=ListingLimits())
    (error,) = (one for one in found(first) if one.code == "F115")
    assert error.message == "Reading stopped after 5 bytes: Input/output error."
    assert (error.byte_offset, first.size) == (5, 5)
    assert codes(second) == []


def test_a_failure_of_the_gateway_itself_is_not_taken_for_a_bad_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """An OSError while rows are put aside stops the call: no file may pass because it was not looked at."""

    def full(*_args: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(batch.Batch, "flush", full)
    with pytest.raises(OSError, match="No space left"):
        read(make_format(), GOOD)


lines = st.lists(
    st.sampled_from(["item;a;1", "item;b;2", "item;a;x", "item;;3", "item;~;4", "item;c;1.5", "item;d;99"]),
    max_size=8,
)


@settings(max_examples=15, deadline=None)
@given(
    files=st.lists(lines, min_size=1, max_size=6), rows=st.integers(1, 9), flush=st.sampled_from([1, 3, 1000])
)
def test_together_or_alone_makes_no_difference(files: list[list[str]], rows: int, flush: int) -> None:
    """A file has the same findings, counts and keys alone, in company, whole or in parts."""
    definition = make_format(ITEM, rules=(UNIQUE,))
    texts = ["".join(line + "\n" for line in one) for one in files]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "FLUSH_ROWS", flush)
        together = read(definition, *texts, rows=rows)
    alone = [read(definition, text)[0] for text in texts]
    assert [summary(one) for one in together] == [summary(one) for one in alone]


def summary(reading: Reading) -> object:
    """Return all that was found, in comparable form."""
    listed = sorted((one.code, one.record or 0, one.line or 0, one.message) for one in found(reading))
    return reading.sha256, reading.findings.totals, listed, reading.record_counts, list(reading.keys)


def test_totals_are_exact_and_lists_are_capped() -> None:
    """Of thousands of wrong rows a few are listed, and every one is counted, file by file."""
    text = "item;a;x\n" * 3000 + "item;b;1\n"
    first, second = read(make_format(ITEM), text, "item;c;x\n", limits=ListingLimits(per_rule=5, per_file=7))
    assert first.findings.errors == 3000
    assert [one.record for one in found(first)] == [1, 2, 3, 4, 5]
    assert (second.findings.errors, len(found(second))) == (1, 1)


def test_a_defect_of_pandera_hides_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pandera itself fails, polars is asked every question, and right files stay right."""

    def defect(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(DataFrameSchema, "validate", defect)
    assert codes(read(make_format(ITEM), "item;a;x\nitem;;1\n")[0]) == ["F302", "F301"]
    assert codes(read(make_format(), GOOD)[0]) == []


def test_schemas_are_built_once_per_format_version() -> None:
    """The schema of a version is kept; another definition under the same name gets its own."""
    cache = schema.SchemaCache()
    first, other = make_format(ITEM), make_format(RecordType("item", Role.RECORD, (field("id"),)))
    kept = cache.get(first, ITEM)
    assert cache.get(make_format(ITEM), ITEM) is kept
    assert cache.get(other, other.record_types[0]) is not kept


def test_unread_is_empty() -> None:
    """The reading of a file that could not be looked at has no keys and no findings."""
    reading = Reading.unread()
    assert (list(reading.keys), reading.findings.errors, reading.sha256) == ([], 0, "")
