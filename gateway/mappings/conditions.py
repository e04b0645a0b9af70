"""Whether the conditions under which a constant is written hold for the rows that are open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from gateway.documents import Document
from gateway.formats import notation
from gateway.formats.definition import Format, Reference
from gateway.formats.row import Row
from gateway.mappings import values, writing
from gateway.mappings.definition import When
from gateway.mappings.values import Place, Refused, Value
from gateway.model import Problem

Test = Callable[[Value | None], bool]


def holding(conditions: Sequence[When], source: Format) -> Callable[[Mapping[str, Row]], bool]:
    """Return what tells, of the open source rows, whether all ``conditions`` hold.

    What it returns raises Refused where a row has no value of its field's type.
    """
    tests = [(one.of, place, _test(one, place)) for one, place in _placed(conditions, source)]

    def all_hold(opened: Mapping[str, Row]) -> bool:
        return all(test(values.read(place, _raw(opened, of))) for of, place, test in tests)

    return all_hold


def condition_problems(
    conditions: Sequence[When], source: Format, document: Document, here: tuple[str | int, ...]
) -> Iterator[Problem]:
    """Yield each condition that could never be asked of its field; every field is known."""
    for number, (one, place) in enumerate(_placed(conditions, source)):
        is_bound = one.above is not None or one.below is not None
        if is_bound and place.field.type not in notation.NUMERIC:
            allowed = "`equals`, `among` or `present`"
            yield document.problem(
                (*here, number), "only a number is above or below another", str(one.of), allowed
            )
            continue
        for text in _texts(one):
            if why := _unfit(place, text):
                yield document.problem((*here, number), f"the value {why}", text)


def _placed(conditions: Sequence[When], source: Format) -> list[tuple[When, Place]]:
    return [(one, _place(one.of, source)) for one in conditions]


def _place(of: Reference, source: Format) -> Place:
    return Place(source.record_type(of.record_type).field(of.field), source.dialect, source.kind)


def _raw(opened: Mapping[str, Row], of: Reference) -> str | None:
    row = opened.get(of.record_type)
    return None if row is None else row.texts.get(of.field)


def _texts(one: When) -> Iterator[str]:
    """Yield the values, in canonical form, that a condition compares its field with."""
    yield from one.among
    yield from (text for text in (one.equals, one.above, one.below) if text is not None)


def _unfit(place: Place, text: str) -> str | None:
    try:
        value = values.of_canonical(place.field.type, text)
        if place.field.type not in notation.NUMERIC:  # a bound need not be a value of the field
            writing.write(place, value)
    except Refused as error:
        return str(error)
    return None


def _test(one: When, place: Place) -> Test:
    known = [values.of_canonical(place.field.type, text) for text in _texts(one)]
    if one.present is not None:
        return lambda value: (value is not None) == one.present
    if one.above is not None or one.below is not None:
        (bound,) = known
        return lambda value: _is_beyond(value, bound, above=one.above is not None)
    return lambda value: value in known


def _is_beyond(value: Value | None, bound: Value, *, above: bool) -> bool:
    """Return whether the number ``value`` is above, or else below, ``bound``; no value is neither."""
    if not isinstance(value, Decimal) or not isinstance(bound, Decimal):
        return False
    return value > bound if above else value < bound
