"""Rows put aside while a file streams by: in memory while they are few, on disk when they are many."""

from __future__ import annotations

import io
import tempfile
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bytes of frames that one spool keeps in memory.
MEMORY_BYTES = 8 * 1024 * 1024


class FrameSpool:
    """Frames of one shape, in the order in which they came; can be read any number of times.

    The file on disk has no name: it is gone when the spool is closed or the process dies.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._frames: list[pl.DataFrame] = []
        self._held = 0
        self._file: BinaryIO | None = None
        self._sizes: list[int] = []
        self._rows = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._rows

    def append(self, frame: pl.DataFrame) -> None:
        """Keep ``frame``; raises OSError where the temporary directory takes no more."""
        self._frames.append(frame)
        self._rows += frame.height
        self._held += int(frame.estimated_size())
        if self._held > self._memory_bytes:
            self._spill()

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the frames in the order in which they came."""
        position = 0
        for size in self._sizes:
            assert self._file is not None  # noqa: S101 - there are sizes only where there is a file
            self._file.seek(position)
            yield pl.read_ipc_stream(io.BytesIO(self._file.read(size)))
            position += size
        yield from list(self._frames)

    def only(self) -> pl.DataFrame | None:
        """Return the one frame of a small file; None where there are more, or they are on disk."""
        return self._frames[0] if len(self._frames) == 1 and not self._sizes else None

    def close(self) -> None:
        """Forget all rows and free memory and disk; closing twice does nothing."""
        self._frames, self._sizes, self._held = [], [], 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="gateway-")  # noqa: SIM115 - lives as long as the spool
        self._file.seek(0, io.SEEK_END)
        for frame in self._frames:
            buffer = io.BytesIO()
            frame.write_ipc_stream(buffer)
            self._sizes.append(self._file.write(buffer.getbuffer()))
        self._frames, self._held = [], 0
