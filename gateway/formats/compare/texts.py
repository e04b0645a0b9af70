"""Raw texts of a writer's fields, and whole rows of them, from which demands are made."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.formats.compare.patterns import Unknown, difference
from gateway.formats.compare.samples import samples, stands
from gateway.formats.compare.values import Refused, Side, meaning
from gateway.formats.compare.views import side_of
from gateway.formats.definition import FieldType, Kind
from gateway.formats.notation import NUMERIC, TEMPORAL

if TYPE_CHECKING:
    from gateway.formats.definition import Discriminator, Field, Format, RecordType

#: Texts of one field that are tried.
_TEXTS = 60
#: Texts of each field of a row that are tried.
_ROW_TEXTS = 10
#: What numbers and dates can be made of, whatever their notation.
_NUMBER_MARKS = frozenset("0123456789+-.,' ")
_MOMENT_MARKS = frozenset("0123456789+-.,:/ TZ")


def texts_of(side: Side) -> list[str]:
    """Return some texts that are valid for the field, the telling ones first."""
    return list(_texts(_Key(side)))


@functools.lru_cache(maxsize=512)
def _texts(key: _Key) -> tuple[str, ...]:
    return tuple(itertools.islice(samples(key.side), _TEXTS))


class _Key:
    """A side that can be looked up: fields have a mapping, which has no hash."""

    __slots__ = ("_hash", "side")

    def __init__(self, side: Side) -> None:
        """Remember ``side``."""
        self.side = side
        self._hash = hash((repr(side.field), side.dialect, side.kind, side.charset))

    def __hash__(self) -> int:
        """Return the hash of all that the side says."""
        return self._hash

    def __eq__(self, other: object) -> bool:
        """Return whether both sides say the same."""
        return isinstance(other, _Key) and self.side == other.side


def rows_of(definition: Format, kind: RecordType) -> Iterator[dict[str, str]]:
    """Yield rows of ``kind``, each value valid for its own field: a first one, then one value varied.

    Rules between the fields are not looked at. Nothing is yielded where a field has no valid text.
    """
    known = {field.name: _own_texts(definition, kind, field) for field in kind.fields}
    if not all(known.values()):
        return
    # neighbours get different texts, so that it shows where one is read for the other
    first = {name: texts[index % len(texts)] for index, (name, texts) in enumerate(known.items())}
    yield first
    for name, texts in known.items():
        for text in texts:
            if text != first[name]:
                yield {**first, name: text}


def _own_texts(definition: Format, kind: RecordType, field: Field) -> list[str]:
    tag = tag_of(definition, kind, field)
    return texts_of(side_of(definition, field))[:_ROW_TEXTS] if tag is None else [tag]


def tag_of(definition: Format, kind: RecordType, field: Field) -> str | None:
    """Return the raw text of ``field`` where it is the discriminator of ``kind``; None for other fields."""
    mark = kind.discriminator
    if mark is None:
        return None
    if definition.kind is Kind.DELIMITED:
        return mark.value if kind.fields.index(field) == mark.column else None
    if definition.kind is Kind.FIXED_WIDTH:
        return _tag_within(mark, field)
    return mark.value if (field.path or "").strip("/") == (mark.path or "").strip("/") else None


def _tag_within(mark: Discriminator, field: Field) -> str | None:
    """Return the text of ``field`` that has the tag where ``mark`` looks; None where there is no room."""
    start, length = field.offset or 0, field.length or 0
    first = max(start, mark.offset or 0)
    room = min(start + length, (mark.offset or 0) + (mark.length or 0)) - first
    if room <= 0 or room < len(mark.value):
        return None
    return (" " * (first - start) + mark.value).ljust(length)


def text_with(side: Side, character: str) -> str | Unknown | None:
    """Return a text valid for the field that has ``character`` in it; None: there is proved to be none."""
    field = side.field
    fixed = _fixed_texts(side)
    if fixed is not None:
        return next((text for text in fixed if character in text), None)
    if not side.strict:
        return _checked(side, character)
    if field.type in (*NUMERIC, *TEMPORAL):
        marks = _NUMBER_MARKS if field.type in NUMERIC else _MOMENT_MARKS
        tokens = "".join(side.tokens)
        return Unknown.UNKNOWN if character in marks or character in tokens else None
    if field.pattern is not None:
        most = field.length if side.kind is Kind.FIXED_WIDTH else field.max_length
        bounds = (field.min_length or 0, field.max_length if most is None else most)
        found = difference(field.pattern, f"[^{re.escape(character)}]*", lengths=bounds)
        return _checked(side, found) if isinstance(found, str) else found
    return _checked(side, character + "x" * max(0, (field.min_length or 0) - 1))


def _fixed_texts(side: Side) -> list[str] | None:
    """Return all texts of a field that has few; None where there are others."""
    field = side.field
    if not side.strict or side.trim != "none":
        return None
    nulls = list(side.tokens) if field.nullable or field.default is not None else []
    if field.constant is not None:
        return [field.constant, *nulls]
    if field.codes:
        return [*field.codes, *nulls]
    if field.type is FieldType.BOOLEAN:
        return [*side.dialect.true_tokens, *side.dialect.false_tokens, *nulls]
    return None


def _checked(side: Side, text: str) -> str | Unknown:
    if side.kind is Kind.FIXED_WIDTH:
        text = text.ljust(side.field.length or 0)
        if len(text) != side.field.length:
            return Unknown.UNKNOWN
    if not stands(side, text) or isinstance(meaning(side, text), Refused):
        return Unknown.UNKNOWN
    return text
