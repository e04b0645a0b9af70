"""Numbers whose sum the file states: what a file must have so that both fit, and when they do not."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.formats.compare.change import DemandedRow, Judgement, Verdict
from gateway.formats.compare.number_texts import plain
from gateway.formats.compare.samples import placed
from gateway.formats.compare.values import Value, meaning
from gateway.formats.compare.views import review
from gateway.formats.definition import Reference

if TYPE_CHECKING:
    from gateway.formats.compare.views import View
    from gateway.formats.definition import Field, RecordType


def tied(view: View, kind: RecordType, field: Field, text: str) -> tuple[DemandedRow, ...] | None:
    """Return the rows that a file must have beside one in which ``field`` has ``text``.

    A stated total must be the sum of one record; and the number of a record must be one that the
    total can state. None: no such file is known.
    """
    here = Reference(kind.name, field.name)
    rows: list[DemandedRow] = []
    value = meaning(view.written(field), text)
    if not isinstance(value, Value) or not isinstance(value.value, Decimal):
        return ()
    for total in view.writer.envelope.totals:
        if here not in (total.stated, total.sum_of):
            continue
        there = total.sum_of if here == total.stated else total.stated
        other = _spelled(view, there, value.value)
        if other is None:
            return None
        rows.append(DemandedRow(there.record_type, {there.field: other}))
    return tuple(rows)


def _spelled(view: View, where: Reference, number: Decimal) -> str | None:
    """Return ``number`` as the field at ``where`` writes it; None where it cannot."""
    field = view.writer.record_type(where.record_type).field(where.field)
    side = view.written(field)
    mark = field.decimal_mark or side.dialect.decimal_mark
    spellings = [plain(number).replace(".", mark), plain(number.scaleb(field.implied_decimals or 0))]
    if field.sign == "trailing" and number < 0:
        spellings = [f"{text.lstrip('-')}-" for text in spellings]
    for spelling in spellings:
        raw = placed(side, spelling)
        value = meaning(side, raw) if raw is not None else None
        if isinstance(value, Value) and value.value == number:
            return raw
    return None


def under_totals(view: View, kind: RecordType, field: Field, found: Judgement) -> Judgement:
    """Return ``found``, or what a control total makes of it where the values of ``field`` are added up.

    A silent change of a summed field is no silent one: the file is refused, if what it states
    is itself read as before.
    """
    if found.verdict is not Verdict.SILENT or not _summed(view, kind, field):
        return found
    if not _stated_alike(view, kind, field):
        return review(f"{found.why} Whether the stated total shows it was not decided.")
    demand = found.demand and dataclasses.replace(found.demand, counts={kind.name: 1})
    why = f"{found.why} The stated total does not fit any more."
    return Judgement(Verdict.BREAKING, why, demand)


def _summed(view: View, kind: RecordType, field: Field) -> bool:
    """Return whether the reader's version adds the field up."""
    mine = view.reading_field(kind, field)
    here = mine and Reference(view.types[kind.name], mine.name)
    return any(total.sum_of == here for total in view.reader.envelope.totals)


def _stated_alike(view: View, kind: RecordType, field: Field) -> bool:
    """Return whether the writer's version holds the same total against the same stated field, unchanged."""
    here = Reference(kind.name, field.name)
    for total in view.writer.envelope.totals:
        if total.sum_of != here:
            continue
        stated = view.writer.record_type(total.stated.record_type)
        theirs = stated.field(total.stated.field)
        mine = view.reading_field(stated, theirs)
        return mine == theirs and view.reader.dialect == view.writer.dialect
    return False
