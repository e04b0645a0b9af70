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

_dialects = st.builds(
    Dialect,
    delimiter=st.just(";"),
    decimal_mark=st.sampled_from((".", ",")),
    thousands_mark=st.sampled_from((None, None, ".", ",", "'", " ")),
    date_format=st.sampled_from(("YYYY-MM-DD", "DD.MM.YYYY", "MM.DD.YYYY", "YYYYMMDD", "DD/MM/YYYY")),
    time_format=st.sampled_from(("HH:MM:SS", "HHMM", "HH:MM:SS.FFF", "HH:MM:SS.FFFFFFFFF")),
    datetime_format=st.sampled_from(
        ("YYYY-MM-DDTHH:MM:SS", "DD.MM.YYYY HH:MM", "YYYYMMDDHHMMSSFFF", "YYYY-MM-DDTHH:MM:SS.FFFFFFZ",
         "HH:MM DD.MM.YYYY")
    ),
    time_zone=st.sampled_from((None, "Europe/Berlin", "UTC", "America/New_York")),
    null_tokens=st.sampled_from(((), ("",), ("", "NULL"), ("-",), ("", "0"))),
    true_tokens=st.sampled_from((("true",), ("X", "1"), ("J",))),
    false_tokens=st.sampled_from((("false",), ("-", "0"), ("N",))),
    trim=st.sampled_from(("none", "none", "both", "left", "right")),
)  # fmt: skip


def _settings(kind: FieldType) -> dict[str, st.SearchStrategy[Any]]:
    """Return a strategy for each setting that means something for ``kind``, None included."""
    size = st.none() | st.integers(0, 12)
    found: dict[str, st.SearchStrategy[Any]] = {
        "nullable": st.booleans(),
        "min_length": st.none() | st.none() | st.integers(0, 5),
        "max_length": st.none() | st.none() | st.integers(1, 20),
        "pattern": st.none() | st.none() | st.sampled_from(PATTERNS),
        "codes": st.just({}) | st.just({}) | st.sets(st.sampled_from(CODES), min_size=1).map(dict.fromkeys),
        "constant": st.none() | st.none() | st.none() | st.sampled_from(CODES),
        "trim": st.none() | st.sampled_from(("none", "both", "left", "right")),
        "null_tokens": st.none() | st.sampled_from(((), ("",), ("NULL", ""))),
        "unit": st.none() | st.sampled_from(("kg", "KG", "g")),
        "severity": st.sampled_from((Severity.ERROR,) * 7 + (Severity.WARNING,)),
        "time_zone": st.none() | st.just("Europe/Rome"),
    }
    bounds: tuple[str, ...] = ()
    if kind in (FieldType.INTEGER, FieldType.DECIMAL):
        whole = tuple(number for number in NUMBERS if "." not in number)
        bounds = whole if kind is FieldType.INTEGER else NUMBERS
        found |= {
            "digits": st.none() | st.integers(1, 25),
            "sign": st.sampled_from(("leading", "trailing", "none")),
        }
    if kind is FieldType.DECIMAL:
        found |= {"decimals": size, "implied_decimals": st.none() | st.none() | st.integers(1, 4)}
        found |= {"decimal_mark": st.none() | st.sampled_from((".", ","))}
    if kind is FieldType.DATE:
        bounds = DAYS
    if kind is FieldType.TIME:
        bounds = CLOCKS
    if kind is FieldType.DATETIME:
        bounds = tuple(f"{day}T{clock}" for day, clock in itertools.product(DAYS, CLOCKS))
    if bounds:
        found |= {
            "minimum": st.none() | st.sampled_from(bounds),
            "maximum": st.none() | st.sampled_from(bounds),
        }
    defaults: dict[FieldType, tuple[str, ...]] = {
        **dict.fromkeys(FieldType, ("A",)),
        FieldType.INTEGER: ("5",),
        FieldType.DECIMAL: ("1.50",),
    }
    defaults |= {FieldType.BOOLEAN: ("true",), FieldType.DATE: DAYS, FieldType.TIME: CLOCKS}
    defaults[FieldType.DATETIME] = ("2026-01-01T00:00:00",)
    found["default"] = st.none() | st.none() | st.sampled_from(defaults[kind])
    return found


@st.composite
def fields(draw: st.DrawFn, kind: FieldType | None = None) -> Field:
    """A field with some settings."""
    kind = kind or draw(st.sampled_from(list(FieldType)))
    known = _settings(kind)
    names = draw(st.sets(st.sampled_from(sorted(known)), max_size=4))
    return Field("f", kind, **{name: draw(known[name]) for name in sorted(names)})


@st.composite
def sides(draw: st.DrawFn, physical: Kind = Kind.DELIMITED) -> Side:
    """A field with a dialect; in a fixed-width file with a length."""
    one = draw(fields())
    if physical is Kind.FIXED_WIDTH:
        one = dataclasses.replace(one, length=draw(st.integers(1, 14)))
    return Side(one, draw(_dialects), physical)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Side, Side]:
    """A side, and the same with one to three settings changed, the type at times."""
    one = draw(sides(draw(st.sampled_from((Kind.DELIMITED, Kind.DELIMITED, Kind.FIXED_WIDTH)))))
    field, dialect = one.field, one.dialect
    if draw(st.integers(0, 5)) == 0:
        changed = draw(fields())
        field = dataclasses.replace(changed, length=field.length)
    known = _settings(field.type)
    for name in draw(st.lists(st.sampled_from(sorted(known)), max_size=2, unique=True)):
        field = dataclasses.replace(field, **{name: draw(known[name])})
    if draw(st.integers(0, 2)) == 0:
        other, names = draw(_dialects), sorted(one.name for one in dataclasses.fields(Dialect))
        name = draw(st.sampled_from(names))
        dialect = dataclasses.replace(dialect, **{name: getattr(other, name)})
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
