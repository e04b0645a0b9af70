"""Rules between the fields of one record, as questions of the same kind as those about one field."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING

import polars as pl

from gateway.validation.columns import text, value
from gateway.validation.values import literal
from gateway.validation.verdicts import Row, Verdict, Wrong, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.formats.definition import Condition, Dialect, RecordType, Rule

KINDS = ("compare", "required", "forbidden", "any-of")

_OPERATORS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


def verdicts(rules: tuple[Rule, ...], record_type: RecordType, dialect: Dialect) -> Iterator[Verdict]:
    """Yield the questions that the cross-field rules ask of the rows of ``record_type``."""
    for rule in rules:
        if rule.kind in KINDS and rule.record_type == record_type.name:
            yield from _verdicts(rule, record_type, dialect)


def _verdicts(rule: Rule, record_type: RecordType, dialect: Dialect) -> Iterator[Verdict]:
    applies = _applies(rule.when, record_type, dialect)
    shown = tuple(condition.field for condition in rule.when)
    if rule.kind == "compare":
        names = [name for name in (rule.left, rule.right) if name]
        yield _verdict(
            rule, "F401", names[0], applies & _unequal(rule, record_type, dialect), (*names, *shown)
        )
    elif rule.kind == "any-of":
        none = pl.all_horizontal(text(name).is_null() for name in rule.fields)
        yield _verdict(rule, "F402", None, applies & none, (*rule.fields, *shown))
    elif rule.kind == "required":
        for name in rule.fields:
            yield _verdict(rule, "F402", name, applies & text(name).is_null(), (name, *shown))
    else:
        for name in rule.fields:
            yield _verdict(rule, "F403", name, applies & text(name).is_not_null(), (name, *shown))


def _unequal(rule: Rule, record_type: RecordType, dialect: Dialect) -> pl.Expr:
    """Return where both sides have a value and the comparison does not hold."""
    left = record_type.field(rule.left or "")
    other = record_type.field(rule.right) if rule.right else None
    right = literal(left, dialect, rule.value or "") if other is None else value(other)
    return ~_OPERATORS[rule.op or "=="](value(left), right)


def _applies(when: tuple[Condition, ...], record_type: RecordType, dialect: Dialect) -> pl.Expr:
    return functools.reduce(
        operator.and_, (_holds(one, record_type, dialect).fill_null(False) for one in when), pl.lit(True)
    )


def _holds(condition: Condition, record_type: RecordType, dialect: Dialect) -> pl.Expr:
    field = record_type.field(condition.field)
    if condition.present is not None:
        return text(field.name).is_not_null() == condition.present
    if condition.above is not None:
        return value(field) > literal(field, dialect, condition.above)
    if condition.below is not None:
        return value(field) < literal(field, dialect, condition.below)
    texts = condition.among if condition.equals is None else (condition.equals,)
    return pl.any_horizontal(value(field) == literal(field, dialect, one) for one in texts)


def _verdict(rule: Rule, code: str, column: str | None, failed: pl.Expr, shown: tuple[str, ...]) -> Verdict:
    shown = tuple(dict.fromkeys(shown))
    failed = failed.fill_null(False)
    words = functools.partial(_contradiction, rule.message)
    wrong = Wrong(code, rule.id, column, failed, words, shown, rule.severity)
    return Verdict(column or shown[0], rule.id, ~failed, (wrong,))


def _contradiction(message: str, row: Row) -> str:
    values = ", ".join(f"{name} is {quoted(raw_text)}" for name, raw_text in row.items())
    return f"{message} ({values})"
