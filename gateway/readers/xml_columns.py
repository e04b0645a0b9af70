"""Many business records of an XML document at once: columns of values from a table of their tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from gateway.readers.base import LINE, PARENT, RECORD
from gateway.readers.xml_paths import FOREIGN, OUTSIDE, Paths, Place
from gateway.readers.xml_plan import FREE_NAMESPACES
from gateway.readers.xml_tags import BLANKS, Kinds, OddError, TagReader, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.readers.xml_plan import TypePlan

_DEEPEST = 32  # levels of elements in a record


@dataclass(frozen=True, slots=True)
class Before:
    """What is known where a run of records begins."""

    number: int  #: of the record before
    line: int
    latest: Mapping[str, int]  #: the number of the latest record of each type


@dataclass(frozen=True, slots=True)
class Found:
    """The records of a run."""

    frames: dict[str, pl.DataFrame]  #: by record type; those that have any
    first: int  #: the number of the first record
    lines: pl.Series  #: on which the records begin, in their order
    units: pl.Series  #: which of the records are business records


class Columns:
    """Reads runs of business records of one type."""

    def __init__(self, paths: Paths, namespaces: Mapping[str | None, str], *, is_strict: bool) -> None:
        """Take the namespaces of prefixes; ``is_strict`` where nothing else may be in the records."""
        self._paths = paths
        self._reader = TagReader(namespaces)
        self._is_strict = is_strict
        self._known: Kinds | None = None
        self._table = pl.Series(dtype=pl.UInt32)  # where the names of the known tags lead

    def read(self, text: str, before: Before) -> Found:
        """Return the records in ``text``, which is nothing but whole business records. Raises OddError."""
        tags, kinds = self._reader.read(text)
        if kinds is not self._known:
            self._known, self._table = kinds, self._paths.table(kinds.names)
        tags = _with_states(tags, self._table, len(kinds.names), self._paths.places[0].number)
        if self._is_strict:
            self._demand_known(tags, kinds)
        is_record = pl.col("state").is_in([state for state, _plan in self._paths.plans])
        records = (
            tags.lazy().filter(is_record).select("state", "line").with_row_index(RECORD, before.number + 1)
        )
        records = records.with_columns(
            pl.col(RECORD).cast(pl.Int64), (pl.col("line") + before.line).cast(pl.Int64)
        )
        own = records.with_columns(
            self._parents(plan, before) for _state, plan in self._paths.plans
        ).collect()
        values = self._values(tags, has_references="&" in text)
        frames = {
            plan.kind.name: frame
            for state, plan in self._paths.plans
            if (frame := self._frame(plan, own.filter(state=state), values, kinds)).height
        }
        units = (own["state"] == self._paths.places[0].number).arg_true()
        return Found(frames, before.number + 1, own["line"], units)

    def _parents(self, plan: TypePlan, before: Before) -> pl.Expr:
        """Return the number of the latest record of the parent's type, for each record."""
        name = plan.kind.parent or ""
        latest = pl.lit(before.latest.get(name), dtype=pl.Int64)
        for state, other in self._paths.plans:
            if other.kind.name == name:
                number = pl.when(pl.col("state") == state).then(pl.col(RECORD)).forward_fill()
                latest = pl.coalesce(number, latest)
        return latest.alias(f"{PARENT} {plan.kind.name}")

    def _values(self, tags: pl.DataFrame, *, has_references: bool) -> dict[int, pl.DataFrame]:
        """Return the tags of each state with a field: with the number of their record among its type's."""
        wanted = [
            place for place in self._paths.places if place.step.text is not None or place.step.attributes
        ]
        owner = pl.lit(0, dtype=pl.UInt32)
        for state, plan in self._paths.plans:
            states = [place.number for place in wanted if place.plan is plan]
            count = (pl.col("state") == state).cum_sum()
            owner = pl.when(pl.col("state").is_in(states)).then(count).otherwise(owner)
        texts = [place.number for place in wanted if place.step.text is not None]
        values = (
            tags.lazy()
            .with_columns(owner=owner)
            .filter(pl.col("owner") > 0)
            .select(
                "state",
                "kind",
                "is_inner",
                "owner",
                text=pl.when(pl.col("step") != 0).then("text").otherwise(pl.lit("")),
            )
            .sort("state", maintain_order=True)
            .collect()
        )
        is_again = (pl.col("state") == pl.col("state").shift()) & (pl.col("owner") == pl.col("owner").shift())
        is_mixed = pl.col("is_inner") & pl.col("state").is_in(texts)
        if values.select((is_again | is_mixed).any()).item():
            raise OddError  # twice in one record, or with other elements in its text
        if has_references:
            values = values.with_columns(plain(values["text"]))
        return {
            int(state): part
            for (state,), part in values.partition_by("state", as_dict=True, maintain_order=True).items()
        }

    def _frame(
        self, plan: TypePlan, own: pl.DataFrame, values: Mapping[int, pl.DataFrame], kinds: Kinds
    ) -> pl.DataFrame:
        """Return the records of one type as a chunk has them."""
        absent = pl.Series([None], dtype=pl.String).new_from_index(0, own.height)
        columns = [absent] * len(plan.kind.fields)
        for place in self._paths.places:
            part = values.get(place.number)
            if part is None or place.plan is not plan:
                continue
            if place.step.text is not None:
                columns[place.step.text] = _spread(part["text"], part, absent)
            for name, column in place.step.attributes.items():
                if name in kinds.attributes:
                    columns[column] = _spread(kinds.attributes[name].gather(part["kind"]), part, absent)
        keys = own.select(
            RECORD, pl.col("line").alias(LINE), pl.col(f"{PARENT} {plan.kind.name}").alias(PARENT)
        )
        fields = [one.alias(field.name) for field, one in zip(plan.kind.fields, columns, strict=True)]
        return pl.DataFrame([*keys.get_columns(), *fields])

    def _demand_known(self, tags: pl.DataFrame, kinds: Kinds) -> None:
        """Raise OddError where there is an element or attribute that the definition does not know."""
        states = tags["state"]
        if (states == FOREIGN).any():
            raise OddError
        known: dict[int, Place] = {place.number: place for place in self._paths.places}
        for name, values in kinds.attributes.items():
            if name.startswith(FREE_NAMESPACES):
                continue
            holders = states.filter(values.is_not_null().gather(tags["kind"])).unique()
            if any(state in known and name not in known[state].step.attributes for state in holders):
                raise OddError


def _with_states(tags: pl.DataFrame, table: pl.Series, width: int, unit: int) -> pl.DataFrame:
    """Return the tags with ``state``, that of each element at its first tag; ``OUTSIDE`` at end tags.

    ``table`` tells where names lead, see `Paths.table`, ``width`` how many those are; ``unit`` is the state
    of a business record.

    ``is_inner`` are the tags of elements that have elements in them.
    """
    is_start, is_end = pl.col("step") == 1, pl.col("step") == -1
    tags = tags.with_columns(
        depth=pl.col("step").cum_sum(),
        is_inner=(is_start & ~is_end.shift(-1, fill_value=True))
        | (is_end & ~is_start.shift(1, fill_value=False)),
    )
    depth, step = tags["depth"], tags["step"]
    if depth[-1] != 0 or depth.min() < 0 or depth.max() > _DEEPEST:  # type: ignore[operator] # numbers
        raise OddError
    if (tags["text"].filter(depth == 0).str.strip_chars(BLANKS) != "").any():
        raise OddError  # text between the records
    inner = tags.filter("is_inner").select("name", "depth", "step")
    behind = _behind(inner, pl.lit(table), width)
    # an element without elements has the state to which the one leads that it is in
    begins = (pl.col("step") >= 0) & ~pl.col("is_inner")
    holder = pl.lit(behind).gather(pl.col("is_inner").cum_sum())
    state = pl.when(begins).then(pl.lit(table).gather(holder * width + pl.col("name"))).otherwise(OUTSIDE)
    tags = tags.with_columns(state=state)
    starts = tags.select((pl.col("is_inner") & is_start).arg_true()).to_series()
    own = behind.slice(1).filter(inner["step"] == 1)
    states = tags["state"].scatter(starts, own)
    is_unit = (depth == step) & (step >= 0)
    if (states.filter(is_unit) != unit).any():
        raise OddError  # another element among the records
    return tags.with_columns(states)


def _behind(inner: pl.DataFrame, table: pl.Expr, width: int) -> pl.Series:
    """Return in which state each of the ``inner`` tags leaves, with ``OUTSIDE`` first."""
    outside = pl.lit(OUTSIDE, dtype=pl.UInt32)
    is_start = pl.col("step") == 1
    levels = inner.lazy().with_columns(
        level=pl.col("depth") + (~is_start).cast(pl.Int32), around=outside, behind=outside
    )
    for level in range(1, int(inner["depth"].max() or 0) + 1):  # type: ignore[arg-type] # a number
        is_here = pl.col("level") == level
        own = pl.when(is_here & is_start).then(table.gather(pl.col("around") * width + pl.col("name")))
        levels = levels.with_columns(own=own).with_columns(
            behind=pl.when(is_here).then(pl.coalesce("own", "around")).otherwise("behind"),
            around=pl.col("own").forward_fill().fill_null(OUTSIDE),
        )
    behind = levels.select("behind").collect().to_series()
    return pl.concat([pl.Series("behind", [OUTSIDE], dtype=pl.UInt32), behind])


def _spread(values: pl.Series, part: pl.DataFrame, absent: pl.Series) -> pl.Series:
    """Return ``values`` as a column, each in the row of its owner."""
    if len(values) == len(absent):
        return values
    return absent.clone().scatter(part["owner"] - 1, values)
