"""What is put aside of every row, because it can only be judged when the whole file has been seen.

A slot is one column that some rule over the file needs: the joined texts of some fields
(keys, references), a number that counts up, or the record a row stands under.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from gateway.formats.definition import FieldType, Format, RecordType, Reference, Role, Rule
from gateway.readers.base import LINE, PARENT, RECORD
from gateway.validation.columns import joined, text, value
from gateway.validation.spool import FrameSpool, Stretch

if TYPE_CHECKING:
    from collections.abc import Iterator

ACROSS_KINDS = ("unique", "constant", "contiguous", "earlier", "exists")
#: Rows of a type that are looked at one by one.
FEW_ROWS = 5000
ANY = "*"  #: as a record type: all of role record together


def text_slot(fields: tuple[str, ...]) -> str:
    """Return the name of the slot with the joined texts of ``fields``."""
    return "text:" + ",".join(fields)


def number_slot(name: str) -> str:
    """Return the name of the slot with the whole number in field ``name``."""
    return f"number:{name}"


def types_of(definition: Format, name: str, fields: tuple[str, ...]) -> tuple[RecordType, ...]:
    """Return the record types that a rule's ``name`` means: one, or all that have ``fields``."""
    if name != ANY:
        return (definition.record_type(name),)
    return tuple(
        one
        for one in definition.record_types
        if one.role is Role.RECORD and set(fields) <= {candidate.name for candidate in one.fields}
    )


def counts_children(record_type: RecordType) -> bool:
    """Return whether the rows of ``record_type`` are counted under each parent."""
    bounded = record_type.min_occurs > 0 or record_type.max_occurs is not None
    return record_type.parent is not None and bounded


def slots(definition: Format) -> dict[str, dict[str, pl.Expr]]:
    """Return for each record type the slots to gather, by slot name; types without any are left out."""
    result: dict[str, dict[str, pl.Expr]] = {}
    for record_type in definition.record_types:
        if record_type.key:
            _put(result, record_type, text_slot(record_type.key), joined(record_type.key))
        if counts_children(record_type):
            _put(result, record_type, PARENT, pl.col(PARENT))
            _put(result, definition.record_type(record_type.parent or ""), None, None)
    for rule in definition.rules:
        if rule.kind in ACROSS_KINDS:
            for record_type, slot, expression in _of_rule(definition, rule):
                _put(result, record_type, slot, expression)
    return result


def _of_rule(definition: Format, rule: Rule) -> Iterator[tuple[RecordType, str, pl.Expr]]:
    for record_type in types_of(definition, rule.record_type, rule.fields):
        if rule.kind == "unique":
            yield record_type, text_slot(rule.fields), joined(rule.fields)
        elif rule.kind == "contiguous":
            yield record_type, number_slot(rule.fields[0]), _whole_number(record_type, rule.fields[0])
        else:
            for name in rule.fields:
                yield record_type, text_slot((name,)), text(name)
    if rule.kind in ("earlier", "exists"):
        yield from _targets(definition, rule.of)


def _targets(definition: Format, of: Reference | None) -> Iterator[tuple[RecordType, str, pl.Expr]]:
    if of is not None:
        for record_type in types_of(definition, of.record_type, (of.field,)):
            yield record_type, text_slot((of.field,)), text(of.field)


def _whole_number(record_type: RecordType, name: str) -> pl.Expr:
    declared = record_type.field(name)
    if declared.type in (FieldType.INTEGER, FieldType.DECIMAL):
        return value(declared).cast(pl.Int64, strict=False)
    digits = pl.when(text(name).str.contains(r"\A[0-9]+\z")).then(text(name))
    return digits.cast(pl.Int64, strict=False)


def _put(
    result: dict[str, dict[str, pl.Expr]],
    record_type: RecordType,
    slot: str | None,
    expression: pl.Expr | None,
) -> None:
    mine = result.setdefault(record_type.name, {})
    if slot is not None and expression is not None:
        mine[slot] = expression


@dataclass(slots=True)
class Gathered:
    """What was put aside of one file, by record type."""

    spools: dict[str, FrameSpool] = field(default_factory=dict)

    def append(self, record_type: str, rows: Stretch) -> None:
        """Put aside rows with ``_record``, ``_line`` and the slots of their type."""
        spool = self.spools.get(record_type)
        if spool is None:
            spool = self.spools[record_type] = FrameSpool()
        spool.append(rows)

    def rows(
        self, types: tuple[RecordType, ...], slot: str, only: pl.Expr | None = None
    ) -> Iterator[pl.DataFrame]:
        """Yield ``_record``, ``_line`` and ``slot`` as ``value``, in file order, where ``only`` holds.

        Rows of one type stream by; rows of several types are few or small enough to be
        sorted together.
        """
        columns = [pl.col(RECORD), pl.col(LINE), pl.col(slot).alias("value")]
        parts = (
            frame.select(columns) if only is None else frame.select(columns).filter(only)
            for one in types
            if one.name in self.spools
            for frame in self.spools[one.name].frames()
        )
        if len(types) == 1:
            yield from parts
        else:
            together = list(parts)
            if together:
                yield pl.concat(together).sort(RECORD)

    def count(self, types: tuple[RecordType, ...]) -> int:
        """Return how many rows of ``types`` were put aside."""
        return sum(len(self.spools[one.name]) for one in types if one.name in self.spools)

    def few(self, types: tuple[RecordType, ...], slot: str) -> list[Any] | None:
        """Return ``slot`` of a small file as a list in file order; None where the file is not small.

        Most files are small and right: with all values at hand that is told in microseconds.
        """
        found = [self.spools[one.name].only() for one in types if one.name in self.spools]
        parts = [part for part in found if part is not None and part.rows <= FEW_ROWS]
        if len(parts) < len(found):
            return None
        if len(parts) == 1:
            return parts[0].column(slot)
        rows = [row for part in parts for row in zip(part.column(RECORD), part.column(slot), strict=True)]
        return [value for _, value in sorted(rows, key=operator.itemgetter(0))]

    def close(self) -> None:
        """Free memory and disk."""
        for spool in self.spools.values():
            spool.close()
