"""Columns of raw text -> the data frame of a chunk, as cheap for one row as for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from gateway.readers.base import LINE, PARENT, RECORD, Chunk

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
    count = len(records)
    absent = [None] * count
    data: dict[str, object] = {RECORD: records, LINE: absent if lines is None else lines, PARENT: absent}
    schema: dict[str, type[pl.DataType]] = {RECORD: pl.Int64, LINE: pl.Int64, PARENT: pl.Int64}
    for field, column in zip(kind.fields, columns, strict=True):
        data[field.name] = absent if column is None else column
        schema[field.name] = pl.String
    return Chunk(kind, pl.DataFrame(data, schema=schema))


def chunk_at_once(kind: RecordType, numbers: pl.DataFrame, columns: Sequence[Column]) -> Chunk:
    """Return what `chunk_of` does, with the columns ``_record`` and ``_line`` in ``numbers``."""
    nothing = pl.lit(None, dtype=pl.String)
    texts = [
        (nothing if column is None else pl.lit(pl.Series(column, dtype=pl.String))).alias(field.name)
        for field, column in zip(kind.fields, columns, strict=True)
    ]
    return Chunk(kind, numbers.with_columns(pl.lit(None, dtype=pl.Int64).alias(PARENT), *texts))
