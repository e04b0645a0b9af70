"""Collect rows of several record types and hand them on as chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from gateway.readers.base import LINE, PARENT, RECORD, Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.formats.definition import RecordType


class RecordRows:
    """Rows of a document's record types since the last flush, and the running record number."""

    def __init__(self, record_types: Sequence[RecordType]) -> None:
        self._types = {kind.name: kind for kind in record_types}
        self._rows: dict[str, list[tuple[int | str | None, ...]]] = {kind: [] for kind in self._types}
        self._frames: dict[str, list[pl.DataFrame]] = {}
        self.number = 0

    def next_number(self) -> int:
        """Return the number of the record that begins now, from 1."""
        self.number += 1
        return self.number

    def add(
        self, kind: str, number: int, line: int | None, parent: int | None, values: Sequence[str | None]
    ) -> None:
        """Keep one row of record type ``kind``; ``values`` stand in the order of its fields."""
        self._rows[kind].append((number, line, parent, *values))

    def add_frame(self, kind: str, frame: pl.DataFrame) -> None:
        """Keep many rows of record type ``kind``, with the columns of a chunk."""
        self._frames.setdefault(kind, []).append(frame)

    def flush(self) -> Iterator[Chunk]:
        """Yield one chunk for each record type that has rows, in their order, and forget them."""
        for name, rows in self._rows.items():
            frames = self._frames.pop(name, [])
            if rows:
                self._rows[name] = []
                frames.append(_frame(self._types[name], rows))
            if frames:
                together = frames[0] if len(frames) == 1 else pl.concat(frames).sort(RECORD)
                yield Chunk(self._types[name], together)


def _frame(kind: RecordType, rows: list[tuple[int | str | None, ...]]) -> pl.DataFrame:
    """Return ``rows`` column by column, which is faster than row by row."""
    columns = zip(*rows, strict=True)
    names: list[tuple[str, Any]] = [(RECORD, pl.Int64), (LINE, pl.Int64), (PARENT, pl.Int64)]
    names += [(field.name, pl.String) for field in kind.fields]
    return pl.DataFrame(
        [_series(name, values, dtype) for (name, dtype), values in zip(names, columns, strict=True)]
    )


def _series(name: str, values: tuple[int | str | None, ...], dtype: Any) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=dtype)
    except UnicodeEncodeError:
        # Half a character, from a JSON escape: the file is refused for it, so its text may be mended.
        texts = [value for value in values if isinstance(value, str) or value is None]
        mended = [text and text.encode("utf-8", "replace").decode() for text in texts]
        return pl.Series(name, mended, dtype=dtype)
