"""Checks of rules that do nothing: conditions that never or always hold, and demands met or broken anyway.

Only what is proved is told: from codes, constants, ranges, and from fields that always have a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gateway.complaints import Complaint
from gateway.formats.check_possible import is_certain, side_of
from gateway.formats.check_references import ANY, business_types, find_field, find_type
from gateway.formats.definition import Condition, Field, FieldType, Format, RecordType, Rule
from gateway.formats.notation import canonical
from gateway.model import Severity

if TYPE_CHECKING:
    from gateway.complaints import Path_

_NEVER = "it can never hold, so the rule never applies"
_ALWAYS = "it always holds, so it says nothing"
_MET = "every row meets it, so the rule finds nothing"
_BROKEN = "no row can meet it"


@dataclass(frozen=True, slots=True)
class _Span:
    """The values that a field may have: all of them if they can be listed, and the least and greatest."""

    every: tuple[Any, ...] | None = None
    low: Any = None
    high: Any = None

    def may(self, value: Any) -> bool:
        """Return whether ``value`` may be one of them."""
        if self.every is not None:
            return value in self.every
        return not (_less(value, self.low) or _less(self.high, value))


def effects(definition: Format) -> Iterator[Complaint]:
    """Every rule applies to some row, and can be met and broken."""
    for index, rule in enumerate(definition.rules):
        path: Path_ = ("rules", index)
        for record_type in _subjects(definition, rule):
            found = [*_conditions(definition, path, record_type, rule)]
            found += _demand(definition, path, record_type, rule)
            yield from found


def _subjects(definition: Format, rule: Rule) -> list[RecordType]:
    """Return the record type of a rule; of a rule over all types the only one there is, if so."""
    if rule.record_type == ANY:
        types = business_types(definition)
        return types if len(types) == 1 else []
    found = find_type(definition, rule.record_type)
    return [found] if found is not None else []


def _conditions(definition: Format, path: Path_, record_type: RecordType, rule: Rule) -> Iterator[Complaint]:
    wanted: dict[str, set[Any]] = {}
    for index, condition in enumerate(rule.when):
        field = find_field(record_type, condition.field)
        if field is None:
            continue
        here: Path_ = (*path, "when", index)
        span = _span(definition, field)
        yield from _alternatives(here, field, span, condition)
        truth = _truth(field, span, condition)
        if truth is not None:
            yield Complaint(here, _ALWAYS if truth else _NEVER)
        texts = _texts(field, condition)
        if texts is not None:
            before = wanted.setdefault(field.name, set(texts))
            if not before & set(texts):
                yield Complaint(here, f"`{field.name}` must have another value by a condition before it")
            before &= set(texts)


def _alternatives(here: Path_, field: Field, span: _Span, condition: Condition) -> Iterator[Complaint]:
    """Complain about single values of ``among`` that the field never has, where others are possible."""
    known = [(index, _value(field, text)) for index, text in enumerate(condition.among)]
    dead = [index for index, value in known if value is not None and not span.may(value)]
    if len(dead) < len(known):
        for index in dead:
            message = f"`{field.name}` never has this value"
            yield Complaint((*here, "among", index), message, condition.among[index])


def _truth(field: Field, span: _Span, condition: Condition) -> bool | None:
    """Return whether a condition always (True) or never (False) holds; None where that depends."""
    certain = is_certain(field)
    if condition.present is not None:
        return condition.present if certain else None
    if condition.above is not None or condition.below is not None:
        sign, bound = (">", condition.above) if condition.above is not None else ("<", condition.below)
        number = _number(bound or "")
        exact = _Span((number,), number, number) if number is not None else _Span()
        found = _compared(span, sign, exact)
        return found if certain or found is False else None
    values = _texts(field, condition)
    if values is None:
        return None
    if not any(span.may(value) for value in values):
        return False
    covered = span.every is not None and set(span.every) <= set(values)
    return True if covered and certain else None


def _texts(field: Field, condition: Condition) -> list[Any] | None:
    """Return the values that a condition names; None if it is of another sort, or one cannot be read."""
    named = condition.among if condition.equals is None else (condition.equals,)
    values = [_value(field, text) for text in named]
    return values if values and None not in values else None


def _demand(definition: Format, path: Path_, record_type: RecordType, rule: Rule) -> Iterator[Complaint]:
    if rule.kind == "compare":
        yield from _comparison(definition, path, record_type, rule)
    elif rule.kind in _DEMANDS:
        fields = [find_field(record_type, name) for name in rule.fields]
        known = [field for field in fields if field is not None]
        message = _DEMANDS[rule.kind](known)
        if known and len(known) == len(fields) and message is not None:
            yield Complaint((*path, "fields"), message)


def _required(fields: Sequence[Field]) -> str | None:
    return _MET + ": these fields are never empty" if all(map(is_certain, fields)) else None


def _forbidden(fields: Sequence[Field]) -> str | None:
    return _BROKEN + ": a field is never empty" if any(map(is_certain, fields)) else None


def _any_of(fields: Sequence[Field]) -> str | None:
    return _MET + ": one of the fields is never empty" if any(map(is_certain, fields)) else None


def _unique(fields: Sequence[Field]) -> str | None:
    fixed = all(field.constant is not None and is_certain(field) for field in fields)
    return "the fields are constants, so two records never meet it" if fixed else None


_DEMANDS: dict[str, Callable[[Sequence[Field]], str | None]] = {
    "required": _required,
    "forbidden": _forbidden,
    "any-of": _any_of,
    "unique": _unique,
}


def _comparison(definition: Format, path: Path_, record_type: RecordType, rule: Rule) -> Iterator[Complaint]:
    left = find_field(record_type, rule.left or "")
    right = find_field(record_type, rule.right) if rule.right else None
    if left is None or rule.op is None or (rule.right and right is None):
        return
    if left is right:
        yield Complaint((*path, "right"), "a field is compared with itself")
        return
    if right is not None:
        other = _span(definition, right)
    else:
        value = _value(left, rule.value or "")
        other = _Span((value,), value, value) if value is not None else _Span()
    truth = _compared(_span(definition, left), rule.op, other)
    if truth is not None:
        yield Complaint((*path, "op"), _MET if truth else _BROKEN, rule.op)


def _compared(left: _Span, op: str, right: _Span) -> bool | None:
    """Return whether ``left op right`` holds for all values (True) or for none (False)."""
    below = _less(left.high, right.low)
    above = _less(right.high, left.low)
    if op in ("==", "!="):
        single = left.every is not None and left.every == right.every and len(left.every) == 1
        apart = below or above or _disjoint(left, right)
        equal = True if single else False if apart else None
        return equal if op == "==" or equal is None else not equal
    if op in (">", ">="):
        return _compared(right, {">": "<", ">=": "<="}[op], left)
    touching = _not_less(left.low, right.high)
    if op == "<":
        return True if below else False if touching else None
    return True if _not_less(right.low, left.high) else False if above else None


def _disjoint(left: _Span, right: _Span) -> bool:
    if left.every is not None:
        return not any(right.may(value) for value in left.every)
    return right.every is not None and not any(left.may(value) for value in right.every)


def _less(one: Any, other: Any) -> bool:
    """Return whether both are known and ``one`` is less; what cannot be compared is not."""
    try:
        return one is not None and other is not None and bool(one < other)
    except TypeError:  # text and number, or times with and without an offset
        return False


def _not_less(one: Any, other: Any) -> bool:
    try:
        return one is not None and other is not None and bool(one >= other)
    except TypeError:
        return False


def _span(definition: Format, field: Field) -> _Span:
    """Return what values ``field`` may have, as canonical values of its type.

    A field whose findings are warnings may have any.
    """
    if field.severity is not Severity.ERROR:
        return _Span()
    every = _listed(definition, field)
    if every is not None:
        ordered = sorted(every) if field.type is not FieldType.BOOLEAN else list(every)
        if field.default is not None and (default := _value(field, field.default)) is not None:
            every = (*every, default)
            ordered = sorted(every)
        return _Span(every, ordered[0], ordered[-1]) if ordered else _Span()
    low, high = (_value(field, text) if text is not None else None for text in (field.minimum, field.maximum))
    if field.default is not None:
        return _Span()
    return _Span(None, low, high)


def _listed(definition: Format, field: Field) -> tuple[Any, ...] | None:
    """Return the values of a field with codes or a constant, where they can be read."""
    named = (field.constant,) if field.constant is not None else tuple(field.codes)
    if not named:
        return None
    if field.type in (FieldType.STRING, FieldType.BOOLEAN):
        words = {**dict.fromkeys(definition.dialect.true_tokens, "true"),
                 **dict.fromkeys(definition.dialect.false_tokens, "false")}  # fmt: skip
        texts = named if field.type is FieldType.STRING else tuple(words.get(text, "") for text in named)
        return tuple(dict.fromkeys(texts))
    numbers = [side_of(definition, field).numbers.read(text) for text in named] if _is_number(field) else []
    return tuple(numbers) if numbers and None not in numbers else None


def _is_number(field: Field) -> bool:
    return field.type in (FieldType.INTEGER, FieldType.DECIMAL)


def _value(field: Field, text: str) -> Any:
    """Return a canonical text as a value that can be compared, or None where it cannot be read."""
    if _is_number(field):
        return _number(text)
    try:
        return canonical(field.type, text)
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(canonical(FieldType.DECIMAL, text))  # type: ignore[arg-type] # a decimal it is
    except ValueError:
        return None
