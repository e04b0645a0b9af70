"""How the columns of the frame under validation are called, and what stands in them.

For each field there are up to three columns: its raw text as the reader gave it, its text
after trimming and null tokens (under the field's own name), and its value: a number, a
date, a truth value, or the text with the default filled in.
"""

from __future__ import annotations

import polars as pl

from gateway.formats.definition import Field, FieldType
from gateway.formats.notation import DECIMAL_DIGITS, WHOLE_DIGITS

#: Which file of the batch a row belongs to: its index in the batch.
FILE = "_file"
#: All numbers are exact decimals of this one kind, so that any two can be compared and added.
NUMBER = pl.Decimal(WHOLE_DIGITS + DECIMAL_DIGITS, DECIMAL_DIGITS)
#: Stands between the parts of a key; no text file has it in a value.
UNIT_SEPARATOR = "\x1f"


def raw_name(field: str) -> str:
    """Return the name of the column with the raw text of ``field``."""
    return f"raw:{field}"


def value_name(field: Field) -> str:
    """Return the name of the column with the value of ``field``."""
    plain = field.type is FieldType.STRING and field.default is None
    return field.name if plain else f"value:{field.name}"


def raw(field: str) -> pl.Expr:
    """Return the raw text of ``field``; null where the field is not there at all."""
    return pl.col(raw_name(field))


def text(field: str) -> pl.Expr:
    """Return the text of ``field`` after trimming; null where it is absent or a null token."""
    return pl.col(field)


def value(field: Field) -> pl.Expr:
    """Return the value of ``field``: the default where it has none, null where it is not valid."""
    return pl.col(value_name(field))


def joined(fields: tuple[str, ...]) -> pl.Expr:
    """Return the texts of ``fields`` as one key; null where one of them is null."""
    return pl.concat_str([text(name) for name in fields], separator=UNIT_SEPARATOR)
