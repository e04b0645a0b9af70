"""What follows from the other rows of a witness: stated counts and totals, numbers that count up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.formats.definition import ControlTotal, Format, RecordType, Reference, Rule
from gateway.validation.envelope import EXACT
from gateway.validation.gathering import types_of
from gateway.witness.texts import is_accepted, number_in, written

if TYPE_CHECKING:
    from gateway.witness.draft import DraftRow


def settle(definition: Format, rows: list[DraftRow]) -> None:
    """Give the rows the texts that follow from the others; demanded texts stay as they are."""
    _state_version(definition, rows)
    for rule in definition.rules:
        if rule.kind in ("unique", "contiguous", "constant", "exists", "earlier"):
            _settle_rule(definition, rule, rows)
    for count in definition.envelope.counts:
        number = sum(row.kind.name in count.of for row in rows)
        _state(definition, rows, count.stated, Decimal(number))
    for total in definition.envelope.totals:
        _add_up(definition, rows, total)
        _state(definition, rows, total.stated, _sum(definition, rows, total.sum_of))


def _state_version(definition: Format, rows: list[DraftRow]) -> None:
    place = definition.envelope.format_version
    for row in rows:
        if place is not None and row.kind.name == place.record_type:
            field = row.kind.field(place.field)
            fitting = [t for t in definition.envelope.version_values if is_accepted(definition, field, t)]
            if fitting:
                row.put(place.field, fitting[0])


def _state(definition: Format, rows: list[DraftRow], place: Reference, number: Decimal) -> None:
    field = definition.record_type(place.record_type).field(place.field)
    text = written(definition, field, number)
    for row in rows:
        if row.kind.name == place.record_type and text is not None:
            row.put(place.field, text)


def _add_up(definition: Format, rows: list[DraftRow], total: ControlTotal) -> None:
    """Where the total is demanded, give one record the number that makes the sum right."""
    place, field = total.sum_of, definition.record_type(total.sum_of.record_type).field(total.sum_of.field)
    stated = definition.record_type(total.stated.record_type).field(total.stated.field)
    fixed = [row for row in rows if row.kind.name == total.stated.record_type and stated.name in row.fixed]
    free = [row for row in rows if row.kind.name == place.record_type and place.field not in row.fixed]
    if not fixed or not free:
        return
    number = number_in(definition, stated, fixed[0].texts[stated.name])
    own = number_in(definition, field, free[0].texts.get(place.field)) or Decimal(0)
    if number is not None:
        missing = EXACT.subtract(number, _sum(definition, rows, place))
        text = written(definition, field, EXACT.add(own, missing))
        free[0].put(place.field, text if text is not None else free[0].texts.get(place.field))


def _sum(definition: Format, rows: list[DraftRow], place: Reference) -> Decimal:
    field = definition.record_type(place.record_type).field(place.field)
    total = Decimal(0)
    for row in rows:
        if row.kind.name == place.record_type:
            number = number_in(definition, field, row.texts.get(place.field))
            total = EXACT.add(total, number or Decimal(0))
    return total


def _settle_rule(definition: Format, rule: Rule, rows: list[DraftRow]) -> None:
    """Make the rows hold a rule over the file, as far as that is simple; the repair does the rest."""
    mine = _rows(rows, types_of(definition, rule.record_type, rule.fields))
    if rule.kind == "contiguous":
        for number, row in enumerate(mine, rule.start):
            text = _counted(definition, row, rule.fields[0], number)
            if text is not None:
                row.put(rule.fields[0], text)
    elif rule.kind == "unique":
        _tell_apart(definition, rule, mine)
    elif rule.kind == "constant":
        for name in rule.fields:
            _alike(definition, rule, name, mine, rows)
    else:
        _refer(definition, rule, mine, rows)


def _tell_apart(definition: Format, rule: Rule, mine: list[DraftRow]) -> None:
    """Number the rows that say what a row before them says: many records need more texts than are known."""
    known: set[tuple[str | None, ...]] = set()
    numbers = iter(range(1, 2 * len(mine) + 1))
    for row in mine:
        while _key(rule, row) in known and (number := next(numbers, None)) is not None:
            for name in rule.fields:
                text = _counted(definition, row, name, number)
                row.put(name, text if text is not None else row.texts.get(name))
        known.add(_key(rule, row))


def _key(rule: Rule, row: DraftRow) -> tuple[str | None, ...]:
    return tuple(row.texts.get(name) for name in rule.fields)


def _counted(definition: Format, row: DraftRow, name: str, number: int) -> str | None:
    field = row.kind.field(name)
    text = written(definition, field, Decimal(number))
    if text is not None:
        return text
    widths = sorted({0, field.length or 0, field.min_length or 0, field.max_length or 0, 2, 3, 4, 6})
    digits = (str(number).zfill(width) for width in widths)
    return next((one for one in digits if is_accepted(definition, field, one)), None)


def _alike(definition: Format, rule: Rule, name: str, mine: list[DraftRow], rows: list[DraftRow]) -> None:
    """Give field ``name`` of all of ``mine`` the text of the envelope, or that of one of them."""
    said = [row.texts.get(name) for row in mine if name in row.fixed]
    said += [row.texts.get(rule.of.field) for row in rows if rule.of and row.kind.name == rule.of.record_type]
    said += [row.texts.get(name) for row in mine]
    text = next((one for one in said if one is not None), None)
    for row in mine:
        if text is not None and is_accepted(definition, row.kind.field(name), text):
            row.put(name, text)


def _refer(definition: Format, rule: Rule, mine: list[DraftRow], rows: list[DraftRow]) -> None:
    """Let the rows refer to a row that is there, or to none where the rule has a word for that."""
    if rule.of is None:
        return
    name, of = rule.fields[0], rule.of
    if rule.kind == "earlier" and rule.or_value is not None:
        texts: list[str | None] = [rule.or_value]
    else:
        targets = _rows(rows, types_of(definition, of.record_type, (of.field,)))
        _take_over(definition, of.field, targets, [row.texts.get(name) for row in mine if name in row.fixed])
        texts = [row.texts.get(of.field) for row in targets]
    for row in mine:
        field = row.kind.field(name)
        fitting = [one for one in texts if one is not None and is_accepted(definition, field, one)]
        if fitting and row.texts.get(name) not in fitting:
            row.put(name, fitting[0])


def _take_over(definition: Format, name: str, targets: list[DraftRow], demanded: list[str | None]) -> None:
    """Let the first of ``targets`` that can have them say the texts by which rows must refer to them."""
    free = [row for row in targets if name not in row.fixed]
    for text in dict.fromkeys(demanded):
        if text is None or text in [row.texts.get(name) for row in targets]:
            continue
        taker = next((one for one in free if is_accepted(definition, one.kind.field(name), text)), None)
        if taker is not None:
            taker.put(name, text)
            free.remove(taker)


def _rows(rows: list[DraftRow], kinds: tuple[RecordType, ...]) -> list[DraftRow]:
    names = {kind.name for kind in kinds}
    return [row for row in rows if row.kind.name in names]
