"""A large file is read one piece ahead: the same bytes, the same errors, never more than one piece."""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
from typing import TYPE_CHECKING, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.readers.delimited import DelimitedReader
from gateway.validation import ahead, batch, reading
from gateway.validation.ahead import ReadAhead, made_ahead
from gateway.validation.reading import Input, ListingLimits, read_with
from tests.validation.validation_kit import codes, make_format

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from gateway.findings import Findings
    from gateway.formats.definition import Format
    from gateway.readers.base import ByteStream, Chunk


class Failing:
    """A stream that breaks off after ``good`` reads, and counts them."""

    def __init__(self, content: bytes, good: int) -> None:
        self._stream = io.BytesIO(content)
        self._good = good
        self.reads = 0

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, or raise."""
        self.reads += 1
        if self.reads > self._good:
            raise OSError(5, "Input/output error")
        return self._stream.read(size)


def _threads() -> int:
    return sum(thread.name.endswith("ahead") for thread in threading.enumerate())


@settings(max_examples=100, deadline=None)
@given(
    content=st.binary(max_size=60),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=30),
    good=st.integers(0, 40),
)
def test_the_same_bytes_come_up_to_the_same_error(content: bytes, sizes: list[int], good: int) -> None:
    """The gateway shall be given the bytes of a stream in order, and its error after the same ones."""
    found = b""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ahead, "LEAST_BYTES", 3)
        stream = Failing(content, good)
        reading = ReadAhead(stream)
        try:
            for number in range(200):
                size = sizes[number % len(sizes)]
                piece = reading.read(size)
                assert len(piece) <= size
                found += piece
                if not piece:
                    assert found == content
                    break
        except OSError:
            has_failed = True
        else:
            has_failed = False
        reading.close()
    assert content.startswith(found)
    assert has_failed <= (stream.reads > good)
    assert _threads() == 0


def test_one_piece_is_read_ahead_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall read one piece more than what was asked for, and no more."""
    monkeypatch.setattr(ahead, "LEAST_BYTES", 4)
    stream = Failing(bytes(100), 100)
    reading = ReadAhead(stream)
    for asked in range(1, 6):
        reading.read(4)
        assert stream.reads <= asked + 1
    reading.close()
    assert stream.reads == 6


class Careless:
    """A reader that takes a few pieces and leaves the rest."""

    def probe(self, definition: Format, head: bytes) -> dict[str, str]:
        """Return nothing."""
        return {}

    def ending(self, definition: Format, tail: bytes) -> bool:
        """Return nothing."""
        return False

    def read(self, definition: Format, stream: ByteStream, findings: Findings) -> Iterator[Chunk]:
        """Read and yield nothing."""
        for _ in range(3):
            stream.read(5)
        yield from ()


@pytest.mark.parametrize("good", [0, 1, 2, 3, 4, 100])
def test_what_the_reader_leaves_is_hashed(monkeypatch: pytest.MonkeyPatch, good: int) -> None:
    """The gateway shall hash a file to its end, or as far as it came, where its reader leaves a piece."""
    monkeypatch.setattr(ahead, "LEAST_BYTES", 5)
    content = bytes(range(200))
    stream = Failing(content, good)

    @contextlib.contextmanager
    def opened() -> Iterator[BinaryIO]:
        yield cast("BinaryIO", stream)

    (reading,) = read_with(Careless(), make_format(), [Input(0, "a", opened)], limits=ListingLimits())
    seen = content if good == 100 else content[: 5 * min(good, 4)]
    assert (reading.size, reading.sha256) == (len(seen), hashlib.sha256(seen).hexdigest())
    assert ("F115" in codes(reading)) == (good < 100)
    assert _threads() == 0


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.sampled_from(["item;a;1", "item;b;x", "item;c", "", "odd", "item;\0;2"]), max_size=30)
)
@pytest.mark.parametrize("size", [9, 40])
def test_rows_made_ahead_are_judged_alike(rows: list[str], size: int) -> None:
    """The gateway shall find the same, and list it in the same order, whether rows are made ahead or not."""
    content = "\n".join(rows).encode()
    found = []
    for large in (0, 1 << 60):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "_LARGE_BYTES", large)
            patch.setattr(batch, "FLUSH_ROWS", 1)
            one = Input(0, "a", lambda: io.BytesIO(content))
            made = read_with(DelimitedReader(size), make_format(), [one], limits=ListingLimits(per_rule=2))[0]
            found.append((made.findings, made.sha256, made.size, made.record_counts, list(made.keys)))
    assert found[0][1:] == found[1][1:]
    assert found[0][0].summary() == found[1][0].summary()
    assert _threads() == 0


@pytest.mark.parametrize("begins", [0, 3, 99])
def test_what_is_made_ahead_comes_in_order_and_ends_as_it_would(begins: int) -> None:
    """The gateway shall get every item in order, then the error, and be able to stop at any of them."""
    made: list[int] = []

    def items() -> Generator[int]:
        for number in range(10):
            made.append(number)
            yield number
        raise ValueError("spoilt")

    got = []

    def take_all() -> None:
        for item in made_ahead(items(), lambda: len(made) > begins):
            assert made[-1] <= item + 1
            got.append(item)

    with pytest.raises(ValueError, match="spoilt"):
        take_all()
    assert got == list(range(10))
    for item in (early := made_ahead(items(), lambda: True)):
        if item == 4:
            break
    early.close()
    assert _threads() == 0
