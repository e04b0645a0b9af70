"""Rows that together break a rule over the records of a file, and are valid for the writer's version."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.formats.compare.change import DemandedRow
from gateway.formats.compare.occurrences import counted
from gateway.formats.compare.texts import texts_of
from gateway.formats.compare.value_sides import Spot, writing
from gateway.formats.compare.values import Value, meaning
from gateway.formats.definition import Role
from gateway.model import Severity

if TYPE_CHECKING:
    from gateway.formats.compare.views import View
    from gateway.formats.definition import Rule

Rows = tuple[DemandedRow, ...]
_ACROSS = ("unique", "constant", "contiguous", "earlier", "exists")


def breaking_rows(view: View, rule: Rule) -> Rows | None:
    """Return rows of the writer that break the reader's ``rule``; None where none could be made up."""
    spots = _spots(view, rule.record_type, rule.fields)
    if spots is None or any(_bound(view, spot, rule) for spot in spots):
        return None
    makers: dict[str, Callable[[View, Rule, list[Spot]], Rows | None]] = {
        "unique": _twice,
        "constant": _two,
        "contiguous": _elsewhere,
        "earlier": _dangling,
        "exists": _dangling,
    }
    return makers[rule.kind](view, rule, spots)


def _spots(view: View, name: str, fields: tuple[str, ...]) -> list[Spot] | None:
    """Return the writer's fields that the reader calls ``fields`` of its record type ``name``, or ``*``."""
    for kind in view.writer.record_types:
        mine = view.reading(kind)
        if mine is None or (mine.name != name and not (name == "*" and mine.role is Role.RECORD)):
            continue
        names = {view.fields.get((kind.name, field.name)): field for field in kind.fields}
        if all(each in names for each in fields):
            return [Spot(kind, names[each]) for each in fields]
    return None


def _bound(view: View, spot: Spot, rule: Rule) -> bool:
    """Return whether a rule of the writer's version ties the field to other records already."""
    return any(
        each.kind in _ACROSS
        and each.record_type in (spot.kind.name, "*")
        and spot.field.name in each.fields
        and each.severity is Severity.ERROR
        and not (each.kind == "unique" and rule.kind != "unique")
        for each in view.writer.rules
    )


def _values(view: View, spot: Spot) -> list[str]:
    side = writing(view, spot)
    return [text for text in texts_of(side) if isinstance(meaning(side, text), Value)]


def _several(view: View, spot: Spot) -> bool:
    most = counted(view.writer, spot.kind).most
    return most is None or most > 1


def _twice(view: View, _rule: Rule, spots: list[Spot]) -> Rows | None:
    texts = {spot.field.name: _values(view, spot)[:1] for spot in spots}
    if not all(texts.values()) or not _several(view, spots[0]):
        return None
    one = DemandedRow(spots[0].kind.name, {name: each[0] for name, each in texts.items()})
    return one, one


def _two(view: View, _rule: Rule, spots: list[Spot]) -> Rows | None:
    for spot in spots:
        texts = _values(view, spot)
        side = writing(view, spot)
        different = next((text for text in texts[1:] if side.text(text) != side.text(texts[0])), None)
        if different is not None and _several(view, spot):
            return tuple(
                DemandedRow(spot.kind.name, {spot.field.name: text}) for text in (texts[0], different)
            )
    return None


def _elsewhere(view: View, rule: Rule, spots: list[Spot]) -> Rows | None:
    side = writing(view, spots[0])
    for text in _values(view, spots[0]):
        value = meaning(side, text)
        if isinstance(value, Value) and value.sort == "number" and value.value != rule.start:
            # every record has it, so that no order of them goes on from the right number
            return (DemandedRow(spots[0].kind.name, {spots[0].field.name: text}),)
    return None


def _dangling(view: View, rule: Rule, spots: list[Spot]) -> Rows | None:
    """Return a row whose value stands in no record that it could refer to."""
    if rule.of is None:
        return None
    targets = _spots(view, rule.of.record_type, (rule.of.field,))
    side = writing(view, spots[0])
    texts = [text for text in _values(view, spots[0]) if side.text(text) != rule.or_value]
    if targets is None or not texts:
        return None
    known = writing(view, targets[0])
    other = next(
        (text for text in _values(view, targets[0]) if known.text(text) != side.text(texts[0])), None
    )
    if other is None or targets[0] == spots[0]:
        return None
    here, there = spots[0].field.name, targets[0].field.name
    if targets[0].kind.name == spots[0].kind.name:
        return (DemandedRow(spots[0].kind.name, {here: texts[0], there: other}),)
    return DemandedRow(spots[0].kind.name, {here: texts[0]}), DemandedRow(
        targets[0].kind.name, {there: other}
    )
