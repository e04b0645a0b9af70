"""Columns of raw text -> the data frame of a chunk, as cheap for one row as for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from gateway.readers.base import LINE, PARENT, RECORD, Chunk, FewRows

if TYPE_CHECKING:
    from gateway.formats.definition import RecordType

#: Text of one field in all rows; None: the field is not there at all.
Column = Sequence[str | None] | pl.Series | None

#: From so many rows on, building a polars series pays.
VECTOR_ROWS = 256


def chunk_of(
    kind: RecordType, records: Sequence[int], lines: Sequence[int] | None, columns: Sequence[Column]
) -> Chunk:
    """Return the chunk of ``kind`` with one of ``columns`` for each of its fields, in order."""
    absent = [None] * len(records)
    known = absent if lines is None else lines
    if not any(isinstance(column, pl.Series) for column in columns):
        texts = [absent if column is None else column for column in columns]
        return Chunk(kind, few=FewRows(records, known, texts))  # type: ignore[arg-type] # no series among them
    numbers = pl.DataFrame({RECORD: records, LINE: known}, schema={RECORD: pl.Int64, LINE: pl.Int64})
    return chunk_at_once(kind, numbers, columns)


def chunk_at_once(kind: RecordType, numbers: pl.DataFrame, columns: Sequence[Column]) -> Chunk:
    """Return what `chunk_of` does, with the columns ``_record`` and ``_line`` in ``numbers``."""
    nothing = pl.lit(None, dtype=pl.String)
    texts = [
        (nothing if column is None else pl.lit(pl.Series(column, dtype=pl.String))).alias(field.name)
        for field, column in zip(kind.fields, columns, strict=True)
    ]
    return Chunk(kind, numbers.with_columns(pl.lit(None, dtype=pl.Int64).alias(PARENT), *texts))
