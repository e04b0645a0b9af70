"""Records of a run -> rows: each gets its number, its line, and the number of the record around it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from gateway.readers.base import LINE, PARENT
from gateway.readers.base import RECORD as NUMBER
from gateway.readers.json_alike import DOWN, OWNER, ROW, Found, earlier
from gateway.readers.json_runs import Place, places
from gateway.readers.json_shape import Shape, Sort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.readers.document_text import DocumentText
    from gateway.readers.json_plan import TypePlan
    from gateway.readers.json_records import JsonRecords
    from gateway.readers.json_scan import Run

#: Column: how many record numbers an object takes, with all that is in it.
_SIZE = "size"


def settle(
    run: Run,
    found: list[Found],
    odd: pl.Series,
    records: JsonRecords,
    document: DocumentText,
    take: Callable[[Place], bool],
) -> Place | None:
    """Add the records of a run; ``take`` adds an odd one, and returns False where nothing can be read on.

    Returns the place where that was; the records from there on are left out.
    """
    sizes = _sizes(found, len(run.texts))
    base, used, stopped = records.rows.number, [0], None
    for place, before in zip(places(run, odd, document), sizes.cum_sum().gather(odd), strict=True):
        records.rows.number = base + before + used[-1]
        if not take(place):
            stopped = place
            break
        used.append(records.rows.number - base - before)
    of_odd = pl.Series(used, dtype=pl.Int64).diff().tail(-1)
    sizes = sizes.scatter(odd.head(len(of_odd)), of_odd)
    if stopped is not None:
        gone = pl.int_range(stopped.number, len(sizes), dtype=pl.UInt32, eager=True)
        found, sizes = [one.without(gone) for one in found], sizes.head(stopped.number)
    _place(run, found, base + 1 + sizes.cum_sum() - sizes, records)
    records.rows.number = base + int(sizes.sum())
    return stopped


def _sizes(found: list[Found], height: int) -> pl.Series:
    """Return how many numbers each record takes; none yet where it is odd."""
    rows = pl.DataFrame({ROW: pl.int_range(height, dtype=pl.UInt32, eager=True)})
    for one in found:
        _measure(one)
    sizes = pl.concat([one.rows.select(ROW, _SIZE) for one in found])
    return rows.join(sizes, on=ROW, how="left", maintain_order="left")[_SIZE].fill_null(0)


def _nested(found: Found) -> list[Found]:
    """Return the records in those of a type, as far as there are any, by type."""
    inside = found.plan.nested if found.plan else ()
    return [found.below[pointer] for pointer, _ in inside if pointer in found.below]


def _measure(found: Found) -> None:
    """Give each row its size, and the sum of those of each nested type."""
    size, rows = pl.lit(1, dtype=pl.Int64), found.rows
    for number, below in enumerate(_nested(found)):
        _measure(below)
        sums = below.rows.group_by(OWNER).agg(pl.col(_SIZE).sum().alias(f"{_SIZE}{number}"))
        rows = rows.join(sums, left_on=ROW, right_on=OWNER, how="left", maintain_order="left")
        size += _sum_of(number)
    found.rows = rows.with_columns(size.alias(_SIZE))


def _sum_of(number: int) -> pl.Expr:
    return pl.col(f"{_SIZE}{number}").fill_null(0)


def _place(run: Run, found: list[Found], numbers: pl.Series, records: JsonRecords) -> None:
    """Give the records their ``numbers``, and add them and those in them."""
    table = pl.DataFrame({ROW: pl.int_range(len(numbers), dtype=pl.UInt32, eager=True), NUMBER: numbers})
    for one in found:
        rows = one.rows.join(table, on=ROW, how="left", maintain_order="left")
        lines = (pl.col(DOWN) + run.line).alias(LINE)
        one.rows = rows.with_columns(lines, pl.lit(None, dtype=pl.Int64).alias(PARENT))
        _add(one, records, has_escapes="\\" in run.text)


def _add(found: Found, records: JsonRecords, *, has_escapes: bool) -> None:
    plan = found.plan
    if plan is None or found.rows.is_empty():
        return
    keys = found.rows.select(ROW, NUMBER, LINE, PARENT)
    for shape, values in found.values:
        is_all = values.height == keys.height
        frame = (
            pl.concat([keys, values.drop(ROW)], how="horizontal")
            if is_all
            else keys.join(values, ROW, maintain_order="left")
        )
        texts = frame.select(NUMBER, LINE, PARENT, *_texts(plan, shape))
        records.add(plan, texts.with_columns(map(_unescaped, texts[:, 3:])) if has_escapes else texts)
    begin = pl.col(NUMBER) + 1
    for number, below in enumerate(_nested(found)):
        _place_below(found, below, begin)
        _add(below, records, has_escapes=has_escapes)
        begin += _sum_of(number)


def _place_below(found: Found, below: Found, begin: pl.Expr) -> None:
    """Give the rows ``below`` their lines, and their numbers from ``begin`` on in each record around."""
    has_parent = below.plan is not None and below.plan.kind.parent is not None
    parent = pl.col(NUMBER) if has_parent else pl.lit(None, dtype=pl.Int64)
    around = found.rows.select(
        pl.col(ROW).alias(OWNER), begin.alias("begin"), pl.col(LINE).alias("around"), parent.alias(PARENT)
    )
    below.rows = below.rows.join(around, on=OWNER, how="left", maintain_order="left").with_columns(
        (pl.col("begin") + earlier(pl.col(_SIZE))).alias(NUMBER),
        (pl.col("around") + pl.col(DOWN)).alias(LINE),
    )


def _texts(plan: TypePlan, shape: Shape) -> Iterator[pl.Expr]:
    """Yield the raw text of each field: null where its member is absent, ``""`` where it is JSON's null."""
    for field, pointer in zip(plan.kind.fields, plan.fields, strict=True):
        text = pl.lit(None, dtype=pl.String)
        if pointer in shape.values:
            text = pl.col(shape.values[pointer])
            if shape.sorts[pointer] is Sort.ANY:
                inner = text.str.strip_prefix('"').str.strip_suffix('"')
                text = pl.when(text == "null").then(pl.lit("")).otherwise(inner)
        yield text.alias(field.name)


def _unescaped(texts: pl.Series) -> pl.Series:
    """Return raw texts with the characters for which their escapes stand."""
    is_escaped = texts.str.contains("\\", literal=True)
    if not is_escaped.any():
        return texts
    raw = '","'.join(texts.filter(is_escaped))
    characters = json.loads(f'["{raw}"]')
    return texts.scatter(is_escaped.arg_true(), pl.Series(characters, dtype=pl.String))
