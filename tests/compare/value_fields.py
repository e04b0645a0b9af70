"""Generated fields, pairs of fields of which one is the other changed, and texts that try them."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

from hypothesis import strategies as st

from gateway.formats.compare.samples import samples
from gateway.formats.compare.values import Side
from gateway.formats.definition import Dialect, Field, FieldType, Kind
from gateway.model import Severity

PATTERNS = (
    "[A-Z]*", "[0-9]{4}", "[A-Z]{2}[0-9]{1,4}", "[^ ]+", "(?:A|B|CD)+", ".{0,6}", "[0-9]+(?:[.,][0-9]+)?",
    "0*[1-9][0-9]{0,3}", "[-+]?[0-9]{1,6}", "^[A-Za-z0-9 ]{2,8}$", "(?:X|-)?", "[1-9][0-9]{0,5}",
)  # fmt: skip
CODES = ("A", "B", "CD", "0042", "42", "X", "-", "1", "true", "NULL", "1.5", "01.02.2026")
DAYS = ("2026-01-01", "2026-06-30", "2024-02-29", "1999-12-31")
CLOCKS = ("00:00:00", "12:30:00", "23:59:59")
NUMBERS = ("0", "1", "-1", "9.99", "100", "999", "-50.5", "0.001", "12345678901234567890")

#: Settings of a dialect, each with the values that are tried; what stands oftener is drawn oftener.
DIALECTS: dict[str, tuple[Any, ...]] = {
    "decimal_mark": (".", ","),
    "thousands_mark": (None, None, ".", ",", "'", " "),
    "date_format": ("YYYY-MM-DD", "DD.MM.YYYY", "MM.DD.YYYY", "YYYYMMDD", "DD/MM/YYYY"),
    "time_format": ("HH:MM:SS", "HHMM", "HH:MM:SS.FFF", "HH:MM:SS.FFFFFFFFF"),
    "datetime_format": (
        "YYYY-MM-DDTHH:MM:SS", "DD.MM.YYYY HH:MM", "YYYYMMDDHHMMSSFFF", "YYYY-MM-DDTHH:MM:SS.FFFFFFZ",
        "HH:MM DD.MM.YYYY",
    ),
    "time_zone": (None, "Europe/Berlin", "UTC", "America/New_York"),
    "null_tokens": ((), ("",), ("", "NULL"), ("-",), ("", "0")),
    "true_tokens": (("true",), ("X", "1"), ("J",)),
    "false_tokens": (("false",), ("-", "0"), ("N",)),
    "trim": ("none", "none", "both", "left", "right"),
}  # fmt: skip
_ANY: dict[str, tuple[Any, ...]] = {
    "nullable": (True, False),
    "min_length": (None, 0, 1, 3, 5),
    "max_length": (None, 1, 3, 5, 8, 12, 20),
    "pattern": (None, None, None, *PATTERNS),
    "codes": ({}, {}, dict.fromkeys(CODES, ""), dict.fromkeys(CODES[:3], ""), dict.fromkeys(CODES[3:7], "")),
    "constant": (None, None, None, *CODES),
    "trim": (None, "none", "both", "left", "right"),
    "null_tokens": (None, (), ("",), ("NULL", "")),
    "unit": (None, None, "kg", "KG", "g"),
    "severity": (Severity.ERROR,) * 5 + (Severity.WARNING,),
    "time_zone": (None, "Europe/Rome"),
}
_NUMBER: dict[str, tuple[Any, ...]] = {
    "digits": (None, 1, 2, 3, 5, 8, 25),
    "sign": ("leading", "trailing", "none"),
}
_DECIMAL: dict[str, tuple[Any, ...]] = {
    "decimals": (None, 0, 1, 2, 3, 12),
    "implied_decimals": (None, None, 1, 2, 4),
    "decimal_mark": (None, ".", ","),
}
_WHOLE = tuple(number for number in NUMBERS if "." not in number)
_MOMENTS = tuple(f"{day}T{clock}" for day, clock in itertools.product(DAYS, CLOCKS))
#: Bounds and defaults by type.
_BOUNDS = {
    FieldType.INTEGER: _WHOLE,
    FieldType.DECIMAL: NUMBERS,
    FieldType.DATE: DAYS,
    FieldType.TIME: CLOCKS,
    FieldType.DATETIME: _MOMENTS,
}


def settings_of(kind: FieldType) -> dict[str, tuple[Any, ...]]:
    """Return the settings that mean something for ``kind``, each with the values that are tried."""
    bounds = (None, None, *_BOUNDS.get(kind, ()))
    found = dict(_ANY, default=(None, None, _BOUNDS.get(kind, ("true",))[0]))
    if kind in (FieldType.INTEGER, FieldType.DECIMAL):
        found |= _NUMBER
    if kind is FieldType.DECIMAL:
        found |= _DECIMAL
    return found | ({"minimum": bounds, "maximum": bounds} if kind in _BOUNDS else {})


@st.composite
def fields(draw: st.DrawFn) -> Field:
    """A field with some settings."""
    kind = draw(st.sampled_from(list(FieldType)))
    known = settings_of(kind)
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=4, unique=True))
    return Field("f", kind, **{name: draw(st.sampled_from(known[name])) for name in names})


@st.composite
def sides(draw: st.DrawFn, physical: Kind = Kind.DELIMITED) -> Side:
    """A field with a dialect; in a fixed-width file with a length."""
    one = draw(fields())
    if physical is Kind.FIXED_WIDTH:
        one = dataclasses.replace(one, length=draw(st.integers(1, 14)))
    dialect = Dialect(**{name: draw(st.sampled_from(known)) for name, known in DIALECTS.items()})
    return Side(one, dialect, physical)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Side, Side]:
    """A side, and the same with one to three settings changed, the type at times."""
    one = draw(sides(draw(st.sampled_from((Kind.DELIMITED, Kind.DELIMITED, Kind.FIXED_WIDTH)))))
    field, dialect = one.field, one.dialect
    if draw(st.integers(0, 5)) == 5:
        field = dataclasses.replace(draw(fields()), length=field.length)
    known = settings_of(field.type)
    for name in draw(st.lists(st.sampled_from(sorted(known)), max_size=2, unique=True)):
        field = dataclasses.replace(field, **{name: draw(st.sampled_from(known[name]))})
    if draw(st.integers(0, 2)) == 2:
        name = draw(st.sampled_from(sorted(DIALECTS)))
        dialect = dataclasses.replace(dialect, **{name: draw(st.sampled_from(DIALECTS[name]))})
    there = Side(field, dialect, one.kind)
    return (one, there) if draw(st.booleans()) else (there, one)


def trials(*several: Side) -> st.SearchStrategy[list[str]]:
    """Texts that try the sides: their samples, samples with a character changed, and anything."""
    known = [text for side in several for text in itertools.islice(samples(side), 40)] or ["A"]
    character = st.sampled_from("0123456789+-.,' AaBJNXTZ:/\té٣")
    changed = st.builds(
        lambda text, place, new: text[: place % (len(text) + 1)] + new + text[place % (len(text) + 1) + 1 :],
        st.sampled_from(known),
        st.integers(0, 40),
        st.just("") | character,
    )
    anything = st.text(character, max_size=12)
    length = several[0].field.length
    texts = st.one_of(st.sampled_from(known), changed, changed, anything)
    if several[0].kind is Kind.FIXED_WIDTH and length is not None:
        texts = texts.map(lambda text: text[:length].ljust(length))
    return st.lists(texts, min_size=20, max_size=60)
