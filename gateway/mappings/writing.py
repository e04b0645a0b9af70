"""A value as the text of a field: exact, or refused with the reason.

Nothing is rounded unless the mapping or the target field says how, and no time changes the instant it
stands for. What the target would refuse is refused here, while the place in the source is still known.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from gateway.formats import notation
from gateway.formats.compare import values as meanings
from gateway.formats.compare.values import meaning
from gateway.formats.definition import Dialect, FieldType, Kind
from gateway.mappings.values import (
    LONGEST_NUMBER,
    Place,
    Refused,
    Value,
    canonical_text,
    in_zone,
    of_canonical,
    trimmed,
)
from gateway.validation.numbers import NumberNotation

_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_LETTERS = re.compile(r"YYYY|MM|DD|HH|SS|F+|Z|.", re.DOTALL)


def write(place: Place, value: Value | None, rounding: str | None = None) -> str | None:
    """Return the text of ``value`` in ``place``; None where nothing is to be written.

    Raises Refused where the field cannot hold the value as it is.
    """
    if value is None:
        return _nothing(place)
    kind, is_open = place.field.type, place.is_open
    if kind in notation.NUMERIC:
        value = _as_number(value)
        text = _number_text(place, value, rounding)
        is_open = is_open and rounding is None and _is_between(value, *place.bounds)
    elif kind in notation.TEMPORAL:
        text = _moment_text(place, _as_moment(kind, value))
    elif kind is FieldType.BOOLEAN:
        text = _truth_text(place.dialect, value)
    else:
        text = canonical_text(value)
    _demand_room(place, text)
    if not is_open:
        _demand_allowed(place, text)
    return text


def _is_between(value: Decimal | Fraction, least: Decimal | None, most: Decimal | None) -> bool:
    return (least is None or least <= value) and (most is None or value <= most)


def _nothing(place: Place) -> str | None:
    field, tokens = place.field, place.null_tokens
    if not field.nullable and field.default is None:
        raise Refused("is empty, and the target needs a value")
    if not field.required:
        return None
    if not tokens:
        raise Refused("is empty, and the target has no text for that")
    return "" if "" in tokens else tokens[0]


def _demand_room(place: Place, text: str) -> None:
    """Refuse what the target would not take, while the place in the source is still known."""
    field = place.field
    if field.length is not None and len(text) > field.length:
        raise Refused(f"has {len(text)} characters, and the target takes {field.length}")
    if trimmed(place.trim, text) in place.null_tokens:
        raise Refused("would be no value in the target")
    if trimmed(place.trim, text) != text:
        raise Refused("begins or ends with a blank, which the target would not keep")


def _demand_allowed(place: Place, text: str) -> None:
    found = meaning(place.side, text)
    if isinstance(found, meanings.Refused):
        raise Refused(f"is not what the target takes: {found.why.rstrip('.')}")


def _as_number(value: Value) -> Decimal | Fraction:
    if isinstance(value, Decimal | Fraction):
        return value
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and _PLAIN_NUMBER.fullmatch(value):
        return Decimal(value)
    raise Refused("is not a number")


def _number_text(place: Place, value: Decimal | Fraction, rounding: str | None) -> str:
    written = place.numbers
    most = 0 if place.field.type is FieldType.INTEGER else written.most_decimals
    least = max(0, -int(value.as_tuple().exponent)) if isinstance(value, Decimal) else 0
    if written.implied:
        most = least = written.implied
    if isinstance(value, Decimal) and -int(value.as_tuple().exponent) == least <= most:
        units, decimals = int(format(value, "f").replace(".", "")), least
    else:
        units, decimals = scaled(Fraction(value), min(least, most), most, rounding)
    digits = str(abs(units))
    if written.digits is not None and len(digits.lstrip("0")) > written.digits:
        raise Refused(f"has more digits than the {written.digits} of the target")
    if decimals and not written.implied:
        digits = digits.zfill(decimals + 1)
        digits = f"{digits[:-decimals]}{written.mark}{digits[-decimals:]}"
    return _signed(place, written, digits, units < 0)


def _signed(place: Place, written: NumberNotation, digits: str, negative: bool) -> str:
    if negative and written.sign == "none":
        raise Refused("is below zero, and the target has no sign")
    length = place.field.length
    if length is not None and place.trim in ("none", "left"):
        digits = digits.zfill(length - negative)  # blanks behind it would belong to the number
    elif place.kind is Kind.FIXED_WIDTH and written.implied and written.digits is not None:
        digits = digits.zfill(written.digits)  # as every program expects that cuts such a number out
    if not negative:
        return digits
    return f"{digits}-" if written.sign == "trailing" else f"-{digits}"


def scaled(value: Fraction, least: int, most: int, rounding: str | None) -> tuple[int, int]:
    """Return ``value`` as a whole number of units of 10^-decimals, and the decimals: the fewest that do.

    Args:
        value: the exact number.
        least: at least so many decimals.
        most: at most so many; a number that needs more is rounded.
        rounding: how; None refuses such a number.
    """
    for decimals in range(least, most + 1):
        units = value * 10**decimals
        if units.denominator == 1:
            return int(units), decimals
    if rounding is None:
        words = "no decimals" if most == 0 else f"{most} decimals"
        raise Refused(f"does not fit into the target's {words}, and nothing says how to round")
    return rounded(value * 10**most, rounding), most


def rounded(units: Fraction, rounding: str) -> int:
    """Return ``units`` as a whole number, rounded as ``rounding`` says."""
    whole, rest = divmod(abs(units), 1)
    above = {
        "up": rest > 0,
        "down": False,
        "floor": rest > 0 and units < 0,
        "ceiling": rest > 0 and units > 0,
        "half-up": rest >= Fraction(1, 2),
        "half-down": rest > Fraction(1, 2),
        "half-even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
    }[rounding]
    result = int(whole) + above
    return -result if units < 0 else result


def _truth_text(dialect: Dialect, value: Value) -> str:
    if isinstance(value, str):
        value = of_canonical(FieldType.BOOLEAN, value)
    if not isinstance(value, bool):
        raise Refused("is neither true nor false")
    tokens = dialect.true_tokens if value else dialect.false_tokens
    if not tokens:
        raise Refused(f"is {'true' if value else 'false'}, for which the target has no word")
    return tokens[0]


_TEMPORAL = {FieldType.DATE: date, FieldType.TIME: time, FieldType.DATETIME: datetime}


def _as_moment(kind: FieldType, value: Value) -> date | time | datetime:
    if isinstance(value, str):
        value = of_canonical(kind, value)
    if type(value) is not _TEMPORAL[kind]:
        raise Refused(f"is not a {kind.value}")
    assert isinstance(value, date | time)  # noqa: S101 - narrows what the line above has found out
    return value


def _moment_text(place: Place, value: date | time | datetime) -> str:
    letters = _letters(place.moments.format)
    if isinstance(value, datetime):
        value = _located(place, value, "Z" in letters)
    _demand_exact(letters, value)
    parts = _parts(value)
    return "".join(
        parts["F"][: len(letter)].ljust(len(letter), "0") if letter[0] == "F" else parts.get(letter, letter)
        for letter in letters
    )


@functools.cache
def _letters(form: str) -> tuple[str, ...]:
    """Return the parts of a notation; the ``MM`` after the hour is ``minute``."""
    letters, seen_hour = [], False
    for letter in _LETTERS.findall(form):
        name = "minute" if letter == "MM" and seen_hour else letter
        seen_hour = (seen_hour or letter == "HH") and name != "minute"
        letters.append(name)
    return tuple(letters)


def _parts(value: date | time | datetime) -> dict[str, str]:
    """Return what stands for each letter of a notation."""
    parts = {}
    if isinstance(value, date):
        parts = {"YYYY": f"{value.year:04d}", "MM": f"{value.month:02d}", "DD": f"{value.day:02d}"}
    if isinstance(value, time | datetime):
        parts.update(HH=f"{value.hour:02d}", minute=f"{value.minute:02d}", SS=f"{value.second:02d}")
        parts["F"] = f"{value.microsecond:06d}"
    if isinstance(value, datetime) and value.tzinfo is not None:
        parts["Z"] = value.isoformat()[-6:] if value.utcoffset() else "Z"
    return parts


def _demand_exact(letters: tuple[str, ...], value: date | time | datetime) -> None:
    if not isinstance(value, time | datetime):
        return
    decimals = next((len(letter) for letter in letters if letter[0] == "F"), 0)
    lost = value.microsecond % 10 ** max(0, 6 - decimals)
    if lost or (value.second and "SS" not in letters):
        raise Refused("is more exact than the target writes times")


def _located(place: Place, value: datetime, with_offset: bool) -> datetime:
    """Return the instant as the clock of the target shows it."""
    zone = ZoneInfo(place.zone) if place.zone else None
    if value.tzinfo is None:
        if with_offset or zone is not None:
            raise Refused("says nothing of its offset, and the target does")
        return value
    if zone is None:
        if not with_offset:
            raise Refused("has an offset, and the target has no place for it")
        return _whole_minutes(value)
    local = in_zone(value, zone)
    if with_offset:
        return _whole_minutes(local)
    if local.fold:
        raise Refused(f"is an hour that {place.zone} has twice, and the target shows no offset")
    return local


def _whole_minutes(value: datetime) -> datetime:
    """Old zones have offsets with seconds, which no notation has; the instant is what counts."""
    offset = value.utcoffset() or timedelta()
    return value if offset % timedelta(minutes=1) == timedelta() else value.astimezone(UTC)
