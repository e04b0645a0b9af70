"""The gate of each type against a plain Python reference, for all notations."""

from __future__ import annotations

import gc
import itertools
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaError

from gateway.formats.definition import Dialect, Field, FieldType, RecordType, Role
from gateway.readers.base import LINE, RECORD
from gateway.validation.columns import FILE, value_name
from gateway.validation.schema import build_schema
from gateway.validation.verdicts import locate
from tests.validation.validation_kit import field, make_format


def gate(one: Field, dialect: Dialect, texts: list[str]) -> tuple[list[str | None], list[object]]:
    """Return for each text the code of its finding, and its value."""
    record_type = RecordType("item", Role.RECORD, (one,))
    schema = build_schema(make_format(record_type, dialect=dialect), record_type)
    frame = pl.DataFrame(
        {
            FILE: [0] * len(texts),
            RECORD: list(range(len(texts))),
            LINE: list(range(len(texts))),
            one.name: texts,
        }
    )
    prepared = schema.prepare(frame)
    found: list[str | None] = [None] * len(texts)
    for verdict in schema.refused(prepared):
        for wrong in verdict.wrongs:
            for located in locate(prepared, "item", wrong, len(texts)):
                for finding in located.findings:
                    assert finding.record is not None
                    assert found[finding.record] is None, "one finding per value"
                    found[finding.record] = finding.code
    return found, prepared[value_name(one)].to_list()


def test_a_refused_table_is_let_go() -> None:
    """A table with wrong values shall leave memory with the last who uses it, without a garbage collector."""
    gc.collect()
    gc.disable()
    try:
        assert gate(field("count", FieldType.INTEGER), Dialect(), ["1", "x"])[0] == [None, "F302"]
        assert not any(isinstance(one, SchemaError) for one in gc.get_objects())
    finally:
        gc.enable()


def digits(text: str) -> bool:
    """Return whether ``text`` is ASCII digits and nothing else."""
    return text != "" and all("0" <= char <= "9" for char in text)


def split_number(text: str, one: Field, dialect: Dialect) -> tuple[bool, str, str] | None:
    """Return whether negative, the whole digits and the decimals; None for what is not a number."""
    mark = one.decimal_mark or dialect.decimal_mark
    negative = False
    if one.sign == "leading" and text[:1] in ("+", "-"):
        negative, text = text[0] == "-", text[1:]
    elif one.sign == "trailing" and text[-1:] in ("+", "-"):
        negative, text = text[-1] == "-", text[:-1]
    whole, found, decimals = text.partition(mark)
    if found and (one.type is FieldType.INTEGER or one.implied_decimals or not digits(decimals)):
        return None
    grouped = dialect.thousands_mark if dialect.thousands_mark != mark else None
    if grouped and grouped in whole:
        first, *groups = whole.split(grouped)
        if not (
            digits(first) and len(first) <= 3 and all(len(part) == 3 and digits(part) for part in groups)
        ):
            return None
        whole = first + "".join(groups)
    return (negative, whole, decimals) if digits(whole) else None


def reference_number(text: str, one: Field, dialect: Dialect) -> tuple[str | None, Decimal | None]:
    """Return the code a number deserves, and its value."""
    parts = split_number(text, one, dialect)
    if parts is None:
        return "F302", None
    negative, whole, decimals = parts
    if len(decimals) > min(18 if one.decimals is None else one.decimals, 18):
        return "F303", None
    if one.digits is not None and len((whole + decimals).lstrip("0")) > one.digits:
        return "F304", None
    if one.implied_decimals:
        whole = whole.zfill(one.implied_decimals + 1)
        whole, decimals = whole[: -one.implied_decimals], whole[-one.implied_decimals :]
    if len(whole.lstrip("0")) > 20:
        return "F304", None
    return None, Decimal(f"{'-' if negative else ''}{whole}.{decimals or 0}")


number_texts = st.one_of(
    st.text("0123456789.,+-", min_size=1, max_size=12),
    st.text("0123456789eE.,' \n\u0663\uff13_", min_size=1, max_size=8),
    st.from_regex(r"[+-]?[0-9]{1,24}([.,][0-9]{1,20})?[+-]?", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,3}([.,' ][0-9]{3}){0,3}([.,][0-9]{1,4})?", fullmatch=True),
)


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(number_texts, min_size=10, max_size=60),
    kind=st.sampled_from([FieldType.INTEGER, FieldType.DECIMAL]),
    sign=st.sampled_from(["leading", "trailing", "none"]),
    mark=st.sampled_from([".", ","]),
    own_mark=st.sampled_from([None, ".", ","]),
    thousands=st.sampled_from([None, ".", ",", "'", " "]),
    most=st.sampled_from(
        [(None, None, None), (5, None, None), (6, 2, None), (None, 0, None), (None, None, 3)]
    ),
)
def test_numbers_equal_the_reference(
    texts: list[str],
    kind: FieldType,
    sign: str,
    mark: str,
    own_mark: str | None,
    thousands: str | None,
    most: tuple[int | None, int | None, int | None],
) -> None:
    """A number is accepted, refused with its code, and computed exactly as plain Python does it."""
    digits_, decimals, implied = most
    one = field(
        "n",
        kind,
        sign=sign,
        decimal_mark=own_mark,
        digits=digits_,
        decimals=decimals if kind is FieldType.DECIMAL else None,
        implied_decimals=implied if kind is FieldType.DECIMAL else None,
    )
    dialect = Dialect(decimal_mark=mark, thousands_mark=thousands, null_tokens=())
    found, values = gate(one, dialect, texts)
    expected = [reference_number(text, one, dialect) for text in texts]
    assert list(zip(texts, found, strict=True)) == [
        (t, code) for t, (code, _) in zip(texts, expected, strict=True)
    ]
    assert values == [value for _, value in expected]


FORMATS = {
    FieldType.DATE: ["YYYY-MM-DD", "DD.MM.YYYY", "YYYYMMDD", "MM/DD/YYYY"],
    FieldType.TIME: ["HH:MM:SS", "HHMMSS", "HH:MM", "HH:MM:SS.FFF"],
    FieldType.DATETIME: [
        "YYYY-MM-DDTHH:MM:SS",
        "YYYYMMDDHHMMSS",
        "DD.MM.YYYY HH:MM",
        "YYYYMMDDHH",
        "YYYY-MM-DDTHH:MM:SS.FFFFFFZ",
        "YYYY-MM-DDTHH:MM:SSZ",
    ],
}


def take(text: str, size: int) -> tuple[str, str]:
    """Return the first ``size`` characters, which must be digits, and the rest."""
    if not digits(text[:size]) or len(text) < size:
        raise ValueError
    return text[:size], text[size:]


def reference_moment(text: str, kind: FieldType, written: str) -> object:
    """Return the date, time or UTC date and time that ``text`` is; None where it is none."""
    part = {"YYYY": "2000", "MM": "01", "DD": "01", "HH": "00", "mm": "00", "SS": "00", "F": "0"}
    letters = written.replace("HH:MM", "HH:mm").replace("HHMM", "HHmm")
    offset = timedelta(0)
    try:
        while letters:
            token = next(
                (one for one in ("YYYY", "MM", "DD", "HH", "mm", "SS") if letters.startswith(one)), None
            )
            if token:
                part[token], text = take(text, len(token))
                letters = letters[len(token) :]
            elif letters[0] == "F":
                size = len(letters) - len(letters.lstrip("F"))
                part["F"], text = take(text, size)
                part["F"] = part["F"].ljust(6, "0")
                letters = letters[size:]
            elif letters[0] == "Z":
                offset, text, letters = reference_offset(text), "", letters[1:]
            elif text[:1] != letters[0]:
                return None
            else:
                text, letters = text[1:], letters[1:]
        if text:
            return None
        day = date(int(part["YYYY"]), int(part["MM"]), int(part["DD"]))
        clock = time(int(part["HH"]), int(part["mm"]), int(part["SS"]), int(part["F"]))
        if kind is FieldType.DATE:
            return day
        return clock if kind is FieldType.TIME else datetime.combine(day, clock) - offset
    except ValueError:
        return None


def reference_offset(text: str) -> timedelta:
    """Return the offset ``Z`` or ``+01:00``; ValueError for anything else."""
    if text == "Z":
        return timedelta(0)
    if len(text) != 6 or text[0] not in "+-" or text[3] != ":":
        raise ValueError
    hours, minutes = int(take(text[1:], 2)[0]), int(take(text[4:], 2)[0])
    if hours > 14 or minutes > 59:
        raise ValueError
    return timedelta(hours=hours, minutes=minutes) * (1 if text[0] == "+" else -1)


def render(moment: datetime, written: str, zone: str) -> str:
    """Return ``moment`` in the notation ``written``."""
    text = written.replace("HH:MM", f"{moment:%H}:{moment:%M}").replace("HHMM", f"{moment:%H%M}")
    text = (
        text.replace("YYYY", f"{moment.year:04}").replace("DD", f"{moment:%d}").replace("HH", f"{moment:%H}")
    )
    text = text.replace("SS", f"{moment:%S}").replace("MM", f"{moment:%m}").replace("Z", zone)
    return text.replace("FFFFFF", f"{moment:%f}").replace("FFF", f"{moment.microsecond // 1000:03}")


@st.composite
def moment_texts(draw: st.DrawFn, written: str) -> str:
    """Draw a text in the notation, or one that is nearly so."""
    moment = draw(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)))  # noqa: DTZ001
    zone = draw(st.sampled_from(["Z", "+01:00", "-05:30", "+14:00", "+15:00", "", "+1:00", "z"]))
    text = render(moment, written, zone)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(text) - 1))
        text = text[:place] + draw(st.sampled_from("0123456789")) + text[place + 1 :]
    return draw(
        st.sampled_from(
            [text, text, text, text + "\n", " " + text, text.replace("0", ""), text.replace("1", "\u0661")]
        )
    )


@pytest.mark.parametrize("order", list(itertools.permutations(("YYYY", "MM", "DD"))))
@pytest.mark.parametrize("clock", ["", "HHMM", "HH:MM:SS"])
def test_parts_in_any_order_mean_the_same_moment(order: tuple[str, ...], clock: str) -> None:
    """A date shall be read in every order of its parts, with and without marks, before or after the time."""
    moments = [datetime(y, 2, d, 23, 59, d) for y in (1, 99, 1900, 2000, 9999) for d in (1, 28)]  # noqa: DTZ001
    moments += [datetime(2024, 2, 29, 0, 5, 9), datetime(400, 12, 31, 7, 0, 1)]  # noqa: DTZ001
    kind = FieldType.DATETIME if clock else FieldType.DATE
    for mark in ("", "-", ".", " ", "/"):
        for written in dict.fromkeys((mark.join(order) + clock, clock + mark.join(order))):
            texts = [render(moment, written, "") for moment in moments]
            found, values = gate(field("m", kind, date_format=written), Dialect(), texts)
            expected = [reference_moment(text, kind, written) for text in texts]
            assert (found, values) == ([None] * len(texts), expected), written


@pytest.mark.parametrize("kind", list(FORMATS))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_moments_equal_the_reference(kind: FieldType, data: st.DataObject) -> None:
    """A date or time is accepted only if the calendar and the notation have it, and means that instant."""
    written = data.draw(st.sampled_from(FORMATS[kind]))
    texts = [*data.draw(st.lists(moment_texts(written), min_size=10, max_size=30)), "1", "x" * len(written)]
    one = field("m", kind, date_format=written)
    found, values = gate(one, Dialect(null_tokens=()), texts)
    expected = [reference_moment(text, kind, written) for text in texts]
    assert list(zip(texts, values, strict=True)) == list(zip(texts, expected, strict=True))
    assert found == [None if value is not None else "F305" for value in expected]


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.sampled_from(["X", "J", "N", "true", "x", " X", "", "1"]), min_size=1, max_size=30))
def test_booleans_equal_the_reference(texts: list[str]) -> None:
    """A truth value is one of the declared words, letter for letter."""
    dialect = Dialect(true_tokens=("X", "J"), false_tokens=("N",), null_tokens=())
    found, values = gate(field("b", FieldType.BOOLEAN), dialect, texts)
    expected = [{"X": True, "J": True, "N": False}.get(text) for text in texts]
    assert values == expected
    assert found == [None if value is not None else "F306" for value in expected]


def test_named_zone_gives_the_instant() -> None:
    """A time without an offset is understood in the declared zone, summer time included."""
    one = field("m", FieldType.DATETIME, time_zone="Europe/Berlin")
    texts = ["2026-07-01T12:00:00", "2026-12-01T12:00:00", "2026-03-29T02:30:00"]
    found, values = gate(one, Dialect(), texts)
    assert found == [None, None, None]
    assert values[:2] == [datetime(2026, 7, 1, 10), datetime(2026, 12, 1, 11)]  # noqa: DTZ001 - UTC without its name
