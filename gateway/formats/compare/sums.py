"""Numbers whose sum the file states: what a file must have so that both fit, and when they do not."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Demand, DemandedRow, Judgement, Verdict
from gateway.formats.compare.number_texts import plain
from gateway.formats.compare.samples import placed
from gateway.formats.compare.texts import texts_of
from gateway.formats.compare.values import Value, meaning
from gateway.formats.compare.views import review
from gateway.formats.definition import Kind, Reference

if TYPE_CHECKING:
    from gateway.formats.compare.layout import Rows
    from gateway.formats.compare.views import View
    from gateway.formats.definition import ControlCount, Field, RecordType


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


def under_counts(rows: Rows, field: Field, mine: Field, found: Judgement) -> Judgement:
    """Return ``found``, or what the numbers that a file states make of it where one of them is misread.

    Each of them follows from the records, so that no row can have just any two of them; but where the
    number of records is read from elsewhere, one record and another number there show it.
    """
    if found.verdict is not Verdict.SILENT or not {field.name, mine.name} & _stated_in(rows):
        return found
    view = rows.view
    for count in view.reader.envelope.counts:
        demand = _miscounted(rows, count) if count.stated.record_type == rows.reader.name else None
        if demand is not None:
            why = f"{found.why} What it takes for `{count.stated.field}` is not the number of records."
            return Judgement(Verdict.BREAKING, why, demand)
    return review(f"{found.why} But the file states that number of itself; whether it shows was not decided.")


def _stated_in(rows: Rows) -> set[str]:
    """Return the fields in which either version states a number of the file in this record type."""
    found: set[str] = set()
    for definition, kind in ((rows.view.writer, rows.writer), (rows.view.reader, rows.reader)):
        stated = [one.stated for one in definition.envelope.counts]
        stated += [one.stated for one in definition.envelope.totals]
        found |= {one.field for one in stated if one.record_type == kind.name}
    return found


def _miscounted(rows: Rows, count: ControlCount) -> Demand | None:
    """Return a file with one record in which the reader finds another number of records."""
    view = rows.view
    source = rows.source(rows.reader.field(count.stated.field))
    types = {mine: name for name, mine in view.types.items()}
    of = types.get(count.of[0]) if len(count.of) == 1 else None
    if source is None or of is None or view.writer.kind is not Kind.DELIMITED:
        return None
    if source.name not in {one.stated.field for one in view.writer.envelope.totals}:
        return None
    side = view.written(source)
    for text in texts_of(side):
        value = meaning(side, text)
        if isinstance(value, Value) and isinstance(value.value, Decimal) and value.value not in (0, 1):
            beside = tied(view, rows.writer, source, text)
            if beside is not None:
                row = DemandedRow(rows.writer.name, {source.name: text})
                return Demand(rows=(row, *beside), counts={of: 1})
    return None


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
