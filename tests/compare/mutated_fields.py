"""What can be said of one field, with values of each setting: changed definitions take theirs from here."""

from __future__ import annotations

from typing import Any

from gateway.formats.definition import Field, FieldType, RecordType
from gateway.model import Severity
from tests.compare.generated import CODES, DATES, PATTERNS, UNITS

#: Values that stand for an absent one.
DEFAULTS = {
    FieldType.STRING: ("A", "KG"),
    FieldType.INTEGER: ("1", "20"),
    FieldType.DECIMAL: ("1.5", "20"),
    FieldType.BOOLEAN: ("true", "false"),
    FieldType.DATE: ("2026-02-03",),
    FieldType.TIME: ("10:11:12",),
    FieldType.DATETIME: ("2026-02-03T10:11:12",),
}
#: What the codes mean, in two versions.
MEANT, OTHERWISE = ("apple", "pear"), ("apple", "plum", "weight")
_STRINGS = (FieldType.STRING,)
_NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL)


def settings_of(field: Field, kind: RecordType) -> dict[str, tuple[Any, ...]]:
    """Return what can be said of ``field``, with some values of each setting."""
    options: dict[str, tuple[Any, ...]] = {
        "nullable": (True, False),
        "required": (True, False),
        "null_tokens": (None, ("",), ("", "X")),
        "trim": (None, "both", "none"),
        "severity": tuple(Severity),
        "type": tuple(FieldType),
        "description": ("", "In other words."),
        "default": (None, *DEFAULTS[field.type]),
    }
    if field.type in _STRINGS:
        options |= {"max_length": (None, 3, 6, 20), "min_length": (None, 2, 5), "pattern": (None, *PATTERNS)}
        meant, other = (dict(zip(CODES, words, strict=False)) for words in (MEANT, OTHERWISE))
        options |= {"codes": ({}, dict.fromkeys(CODES[:2], ""), dict.fromkeys(CODES[1:], ""), meant, other)}
        options |= {"constant": (None, "K", "A")}
    elif field.type in _NUMBERS:
        units = tuple(one.name for one in kind.fields if one.type is FieldType.STRING)
        options |= {"minimum": (None, "0", "10", "-9"), "maximum": (None, "100", "500"), "unit": UNITS}
        options |= {"sign": ("leading", "trailing", "none"), "unit_field": (None, *units)}
        if field.type is FieldType.DECIMAL:
            options |= {"digits": (None, 5, 9), "decimals": (None, 1, 3), "implied_decimals": (None, 2, 3)}
            options |= {"rounding": (None, "half-up", "down"), "decimal_mark": (None, ".", ",")}
    elif field.type is FieldType.DATE:
        options |= {"date_format": (None, *DATES), "minimum": (None, "2026-01-01")}
    elif field.type in (FieldType.TIME, FieldType.DATETIME):
        options |= {"time_zone": (None, "Europe/Berlin", "UTC")}
    return options
