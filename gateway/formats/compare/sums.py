"""A number that is read otherwise and whose sum the file states: the sum shows it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Judgement, Verdict
from gateway.formats.compare.views import review
from gateway.formats.definition import Reference

if TYPE_CHECKING:
    from gateway.formats.compare.views import View
    from gateway.formats.definition import Field, RecordType


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
