"""Which kind of change two settings of a field are: tighter, looser or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.formats.compare.patterns import difference
from gateway.formats.definition import FieldType
from gateway.formats.notation import NUMERIC, canonical

if TYPE_CHECKING:
    from gateway.formats.definition import Field


def type_kind(old: FieldType, new: FieldType) -> str:
    """Return the kind of change from one type to another."""
    if {old, new} & set(NUMERIC) and FieldType.STRING in (old, new):
        return "text-number"
    if new is FieldType.STRING or (old, new) == (FieldType.INTEGER, FieldType.DECIMAL):
        return "type-widened"
    if old is FieldType.STRING or (old, new) == (FieldType.DECIMAL, FieldType.INTEGER):
        return "type-narrowed"
    return "type-changed"


def length_kind(old: Field, new: Field) -> str:
    """Return the kind of change from one range of lengths to another."""
    return f"length-{_span_word((old.min_length, old.max_length), (new.min_length, new.max_length))}"


def range_kind(old: Field, new: Field) -> str:
    """Return the kind of change from one range of values to another."""
    try:
        bounds = [
            tuple(canonical(field.type, text) if text is not None else None for text in _bounds(field))
            for field in (old, new)
        ]
        return f"range-{_span_word(bounds[0], bounds[1])}"
    except (ValueError, TypeError):  # a bound that is none, or one with an offset and one without
        return "range-changed"


def pattern_kind(old: Field, new: Field) -> str:
    """Return the kind of change from one pattern to another."""
    fewer = difference(new.pattern, old.pattern, lengths=(0, None)) is None
    more = difference(old.pattern, new.pattern, lengths=(0, None)) is None
    return f"pattern-{_word(fewer=fewer, more=more)}"


def _bounds(field: Field) -> tuple[str | None, str | None]:
    return field.minimum, field.maximum


def _span_word(old: tuple[Any, ...], new: tuple[Any, ...]) -> str:
    """Return how the second range lies to the first one."""
    return _word(fewer=_inside(new, old), more=_inside(old, new))


def _inside(inner: tuple[Any, ...], outer: tuple[Any, ...]) -> bool:
    below = outer[0] is None or (inner[0] is not None and inner[0] >= outer[0])
    return below and (outer[1] is None or (inner[1] is not None and inner[1] <= outer[1]))


def _word(*, fewer: bool, more: bool) -> str:
    """Return the word for a set that holds fewer or more; neither and both are a change."""
    if fewer == more:
        return "changed"
    return "tightened" if fewer else "loosened"
