"""How many records stand under each parent, judged when the whole file has been seen."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import polars as pl

from gateway.finding_codes import finding
from gateway.readers.base import PARENT, RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.findings import Findings
    from gateway.formats.definition import Format, RecordType
    from gateway.model import Finding
    from gateway.validation.gathering import Gathered


def check_children(
    definition: Format, record_type: RecordType, gathered: Gathered, findings: Findings
) -> None:
    """F204: under each parent stand as many rows of ``record_type`` as it may have."""
    parent = definition.record_type(record_type.parent or "")
    above = functools.partial(gathered.rows, (parent,), RECORD)
    under = functools.partial(gathered.rows, (record_type,), PARENT)
    if any(rows["value"].null_count() for rows in under()):
        return  # this reader does not say what stands under what
    children = _Children(under(), in_order=_ascend(above()) and _ascend(under()))
    few = pl.col("len") < record_type.min_occurs
    many = pl.lit(False) if record_type.max_occurs is None else pl.col("len") > record_type.max_occurs
    bound = f"{record_type.min_occurs} to {record_type.max_occurs or 'any number'}"
    for rows in above():
        if rows.is_empty():
            continue
        total = children.up_to(rows["value"].max())
        counted = rows.join(total, on="value", how="left", maintain_order="left").with_columns(
            pl.col("len").fill_null(0)
        )
        bad = counted.filter(few | many)
        if not bad.is_empty():
            listed = [_child_finding(record_type, row, bound) for row in bad.head(findings.per_rule).rows()]
            findings.extend(listed, bad.height)


class _Children:
    """How many rows stand under each parent; where both come in order, only some of it is in memory."""

    def __init__(self, rows: Iterator[pl.DataFrame], *, in_order: bool) -> None:
        self._counts = (some.group_by("value").len() for some in rows)
        self._in_order = in_order
        self._read = pl.DataFrame(schema={"value": pl.Int64, "len": pl.UInt32})

    def up_to(self, last: Any) -> pl.DataFrame:
        """Return the number under each parent up to ``last`` that was not asked for yet."""
        read = [self._read]
        while (
            not (self._in_order and _goes_beyond(read[-1], last))
            and (more := next(self._counts, None)) is not None
        ):
            read.append(more)
        self._read = pl.concat(read).group_by("value").agg(pl.col("len").sum())
        if not self._in_order:
            return self._read
        asked = self._read.filter(pl.col("value") <= last)
        self._read = self._read.filter(pl.col("value") > last)
        return asked


def _goes_beyond(counts: pl.DataFrame, last: Any) -> bool:
    highest: Any = counts["value"].max()
    return highest is not None and highest > last


def _ascend(frames: Iterator[pl.DataFrame]) -> bool:
    """Return whether the values of all ``frames`` never go down."""
    last = None
    for rows in frames:
        values = rows["value"]
        if len(values) and (not values.is_sorted() or (last is not None and values[0] < last)):
            return False
        last = values[-1] if len(values) else last
    return True


def _child_finding(record_type: RecordType, row: tuple[int, int | None, int, int], bound: str) -> Finding:
    return finding(
        "F204",
        f"{row[3]} {record_type.name} under the {record_type.parent} of record {row[0]}: allowed are {bound}",
        rule="occurs",
        record_type=record_type.name,
        record=row[0],
        line=row[1],
    )
