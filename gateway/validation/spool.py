"""Rows put aside while a file streams by: in memory while they are few, on disk when they are many."""

from __future__ import annotations

import io
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bytes of frames that one spool keeps in memory.
MEMORY_BYTES = 8 * 1024 * 1024
#: Rows of a table whose columns are made lists for all its files at once.
LISTED_ROWS = 20_000


class Table:
    """A frame of which several files have a stretch each."""

    __slots__ = ("_lists", "frame", "row_bytes")

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self.row_bytes = frame.estimated_size() / max(1, frame.height)
        self._lists: dict[str, list[Any]] = {}

    def column(self, name: str, start: int, rows: int) -> list[Any]:
        """Return a column of some rows as a list."""
        if self.frame.height > LISTED_ROWS:
            return self.frame[name].slice(start, rows).to_list()
        if name not in self._lists:  # many small files: what one of them is asked, all are
            self._lists[name] = self.frame[name].to_list()
        return self._lists[name][start : start + rows]


class Stretch(NamedTuple):
    """Rows of one file in a table."""

    table: Table
    start: int
    rows: int

    @property
    def frame(self) -> pl.DataFrame:
        """The rows as a frame."""
        return self.table.frame.slice(self.start, self.rows)

    def column(self, name: str) -> list[Any]:
        """Return a column of the rows as a list."""
        return self.table.column(name, self.start, self.rows)


class FrameSpool:
    """Rows of one shape, in the order in which they came; can be read any number of times.

    The file on disk has no name: it is gone when the spool is closed or the process dies.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._stretches: list[Stretch] = []
        self._held = 0.0
        self._file: BinaryIO | None = None
        self._sizes: list[int] = []
        self._rows = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._rows

    def append(self, rows: Stretch) -> None:
        """Keep ``rows``; raises OSError where the temporary directory takes no more."""
        self._stretches.append(rows)
        self._rows += rows.rows
        self._held += rows.rows * rows.table.row_bytes
        if self._held > self._memory_bytes:
            self._spill()

    def stretches(self) -> Iterator[Stretch]:
        """Yield the rows in the order in which they came."""
        position = 0
        for size in self._sizes:
            assert self._file is not None  # noqa: S101 - there are sizes only where there is a file
            self._file.seek(position)
            frame = pl.read_ipc_stream(io.BytesIO(self._file.read(size)))
            yield Stretch(Table(frame), 0, frame.height)
            position += size
        yield from list(self._stretches)

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the rows as frames, in the order in which they came."""
        return (stretch.frame for stretch in self.stretches())

    def only(self) -> Stretch | None:
        """Return the rows of a small file, which came in one go; None where there are more."""
        return self._stretches[0] if len(self._stretches) == 1 and not self._sizes else None

    def close(self) -> None:
        """Forget all rows and free memory and disk; closing twice does nothing."""
        self._stretches, self._sizes, self._held = [], [], 0.0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="gateway-")  # noqa: SIM115 - lives as long as the spool
        for stretch in self._stretches:
            self._sizes.append(_appended(self._file, stretch.frame))
        self._stretches, self._held = [], 0.0


def _appended(file: BinaryIO, frame: pl.DataFrame) -> int:
    """Write ``frame`` to the end of ``file`` and return how many bytes it takes."""
    start = file.seek(0, io.SEEK_END)
    try:
        frame.write_ipc_stream(file)  # straight to its descriptor: a third of the time
    except OSError:  # without a number: the file itself says which error it is
        buffer = io.BytesIO()
        frame.write_ipc_stream(buffer)
        file.seek(start)
        file.truncate()
        file.write(buffer.getbuffer())
        file.flush()
    return file.seek(0, io.SEEK_END) - start
