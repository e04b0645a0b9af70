"""How dates and times are written, and the canonical form of values in definitions.

A notation is made of ``YYYY`` ``MM`` ``DD`` ``HH`` ``MM`` ``SS``, ``F`` to ``FFFFFFFFF``
(decimals of the second), ``Z`` (an offset: ``Z`` or ``+01:00``), ``T`` and the marks
``- . / : ,`` and blank. ``MM`` after ``HH`` is the minute. Years have four digits: two would
leave the century to a guess.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.formats.definition import FieldType

if TYPE_CHECKING:
    from gateway.formats.definition import Dialect, Field

#: What a canonical value becomes, so that two of them can be compared.
Value = int | Decimal | date | time | datetime | str

TEMPORAL = (FieldType.DATE, FieldType.TIME, FieldType.DATETIME)
NUMERIC = (FieldType.INTEGER, FieldType.DECIMAL)

_PART = re.compile(r"YYYY|MM|DD|HH|SS|F{1,9}|Z|[T./:, -]")
_DATE = ["DD", "MM", "YYYY"]
_TIMES = (["HH", "MM"], ["HH", "MM", "SS"], ["HH", "MM", "SS", "F"])

#: Digits that a number of a definition, or one that is computed with, may have before and after the mark.
WHOLE_DIGITS, DECIMAL_DIGITS = 20, 18
_CANONICAL = {
    FieldType.INTEGER: f"a whole number such as 5, of at most {WHOLE_DIGITS} digits",
    FieldType.DECIMAL: "a number such as 1.5, without an exponent, "
    f"with at most {WHOLE_DIGITS} digits before the point and {DECIMAL_DIGITS} after it",
    FieldType.DATE: "a date such as 2026-11-22",
    FieldType.TIME: "a time such as 14:30:00",
    FieldType.DATETIME: "a date and time such as 2026-11-22T14:30:00",
    FieldType.BOOLEAN: "true or false",
    FieldType.STRING: "text",
}
_INTEGER = re.compile(rf"-?(0|[1-9][0-9]{{0,{WHOLE_DIGITS - 1}}})")
_DECIMAL = re.compile(rf"{_INTEGER.pattern}(\.[0-9]{{1,{DECIMAL_DIGITS}}})?")
_SHAPES = {
    FieldType.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    FieldType.TIME: re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"),
    FieldType.DATETIME: re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
    ),
}


def notation_of(field: Field, dialect: Dialect) -> str | None:
    """Return how ``field`` writes its dates or times; None for other types."""
    if field.type not in TEMPORAL:
        return None
    own = {
        FieldType.DATE: dialect.date_format,
        FieldType.TIME: dialect.time_format,
        FieldType.DATETIME: dialect.datetime_format,
    }
    return field.date_format or own[field.type]


def notation_problem(notation: str, kind: FieldType) -> str | None:
    """Return why ``notation`` cannot stand for a date, time or datetime, or None if it can."""
    rest = _PART.sub("", notation)
    if rest:
        return f"{rest!r} is no part of a date or time"
    parts = [part[0] if part[0] == "F" else part for part in _PART.findall(notation) if part not in "T./:, -"]
    zoned = "Z" in parts
    if zoned and (parts[-1] != "Z" or kind is FieldType.DATE):
        return "an offset (`Z`) stands at the end, after the time"
    parts = parts[:-1] if zoned else parts
    if kind is FieldType.DATE:
        return None if sorted(parts) == _DATE else "a date needs YYYY, MM and DD once each"
    if kind is FieldType.TIME:
        return None if parts in _TIMES else "a time needs HH and MM in this order, then SS, then F"
    return _datetime_problem(parts)


def _datetime_problem(parts: list[str]) -> str | None:
    if "HH" not in parts:
        return "a date with a time needs HH and MM"
    start = parts.index("HH")
    for count in (4, 3, 2):  # the longest run of time parts first
        if parts[start : start + count] in _TIMES:
            rest = parts[:start] + parts[start + count :]
            return None if sorted(rest) == _DATE else "a date needs YYYY, MM and DD once each"
    return "a time needs HH and MM in this order, then SS, then F"


def canonical_form(kind: FieldType) -> str:
    """Return, in words, how a definition writes a value of type ``kind``."""
    return _CANONICAL[kind]


def canonical(kind: FieldType, text: str) -> Value:
    """Return the value that the canonical ``text`` stands for; ValueError if it is none."""
    if kind is FieldType.INTEGER and _INTEGER.fullmatch(text):
        return int(text)
    if kind is FieldType.DECIMAL and _DECIMAL.fullmatch(text):
        return Decimal(text)
    if kind is FieldType.BOOLEAN and text in ("true", "false"):
        return text
    if kind is FieldType.STRING:
        return text
    shape = _SHAPES.get(kind)
    if shape is not None and shape.fullmatch(text):
        return _moment(kind, text)
    raise ValueError(f"{text!r} is not {canonical_form(kind)}")


def _moment(kind: FieldType, text: str) -> Value:
    if kind is FieldType.DATE:
        return date.fromisoformat(text)
    return time.fromisoformat(text) if kind is FieldType.TIME else datetime.fromisoformat(text)
