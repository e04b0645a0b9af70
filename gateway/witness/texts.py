"""Raw texts for the fields of a witness: valid ones to choose from, and numbers in a field's notation."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.formats.compare.samples import samples
from gateway.formats.compare.values import Refused, Side, Value, meaning
from gateway.formats.definition import FieldType, Kind
from gateway.formats.notation import NUMERIC
from gateway.writers.json_values import is_number

if TYPE_CHECKING:
    from gateway.formats.definition import Field, Format

#: Texts that are tried for one field.
_MOST = 40
#: So many texts are enough for the rows of a witness to differ.
_ENOUGH = 12
_CHARACTERS = "123456789ABCDEFGHabcdefgh"
#: Fields whose texts are remembered: the proofs of one comparison ask for the same ones again and again.
_MOST_KEPT = 2000
_KEPT: dict[str, tuple[str | None, ...]] = {}


def side_of(definition: Format, field: Field) -> Side:
    """Return ``field`` with all that decides how its texts are understood."""
    return Side(field, definition.dialect, definition.kind, definition.encoding.charset)


def options(definition: Format, field: Field) -> tuple[str | None, ...]:
    """Return raw texts that ``field`` accepts, those with a value first; None: the field is absent."""
    side = side_of(definition, field)
    key = repr(side)
    if key not in _KEPT:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[key] = _options(side)
    return _KEPT[key]


def _options(side: Side) -> tuple[str | None, ...]:
    found = list(itertools.islice((text for text in samples(side) if _is_plain(side, text)), _MOST))
    full = [text for text in found if isinstance(meaning(side, text), Value)]
    empty: list[str | None] = [text for text in found if text not in full]
    if side.field.type is FieldType.STRING and len(full) < _ENOUGH:
        full += [text for text in _neighbours(full) if isinstance(meaning(side, text), Value)]
    if not side.field.required and side.kind in (Kind.XML, Kind.JSON):
        empty.append(None)
    return (*full, *empty)


def _neighbours(texts: list[str]) -> list[str]:
    """Return texts that differ from the first of ``texts`` in one character: keys must not be alike."""
    found: dict[str, None] = {}
    for text in texts[:2]:
        last = len(text.rstrip()) - 1
        for character in _CHARACTERS if last >= 0 else "":
            found[text[:last] + character + text[last + 1 :]] = None
    return [text for text in found if text not in texts]


def _is_plain(side: Side, text: str) -> bool:
    """Whether ``text`` is what a JSON Schema calls a number or a boolean, where one is beside the format.

    Definitions read numbers in strings as well; schemas hardly ever do.
    """
    if side.dialect.json_schema is None or text in side.tokens:
        return True
    if side.field.type in NUMERIC:
        return is_number(text)
    return side.field.type is not FieldType.BOOLEAN or text in ("true", "false")


def is_accepted(definition: Format, field: Field, text: str) -> bool:
    """Return whether ``text`` is a valid raw text of ``field``."""
    return not isinstance(meaning(side_of(definition, field), text), Refused)


def number_in(definition: Format, field: Field, text: str | None) -> Decimal | None:
    """Return the number that ``text`` means to ``field``; None where it means none."""
    found = meaning(side_of(definition, field), text)
    if isinstance(found, Value) and isinstance(found.value, Decimal | int):
        return Decimal(found.value)
    return None


def written(definition: Format, field: Field, number: Decimal) -> str | None:
    """Return the raw text that means ``number`` to ``field``; None where there is no such text."""
    for text in _spellings(definition, field, number):
        if number_in(definition, field, text) == number:
            return text
    return None


def _spellings(definition: Format, field: Field, number: Decimal) -> list[str]:
    """Return ways to write ``number``; whether one fits is asked of the field itself."""
    mark = field.decimal_mark or definition.dialect.decimal_mark
    shifted = number.scaleb(field.implied_decimals or 0)
    digits = format(abs(shifted), "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    digits = digits.replace(".", mark)
    signs = [("-", ""), ("", "-")] if number < 0 else [("", ""), ("+", ""), ("", "+")]
    widths = {0, field.length or 0, field.min_length or 0, (field.length or 1) - 1}
    found = [
        before + digits.zfill(width - len(before + after)) + after
        for before, after in signs
        for width in sorted(widths)
    ]
    room = field.length or 0
    return [*found, *(text.rjust(room) for text in found), *(text.ljust(room) for text in found)]
