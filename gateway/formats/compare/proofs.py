"""What stands between two fields and the proof that one takes every text of the other alike.

A `Gap` is a question that could not be answered with yes. Where there is no gap, every raw text that is
valid for the writer is accepted by the reader and means the same: blanks, null tokens, units, then the
values, one by one where they can be listed and as sets of texts where they cannot.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from gateway.formats.compare.expressions import UndecidedError
from gateway.formats.compare.languages import (
    NEGATIVE,
    Language,
    Lengths,
    Part,
    edge,
    finite,
    gate,
    language,
    limits,
    seen,
    whole_digits,
)
from gateway.formats.compare.moment_texts import MomentTexts
from gateway.formats.compare.number_texts import NumberTexts
from gateway.formats.compare.patterns import ANYTHING
from gateway.formats.compare.samples import padded
from gateway.formats.compare.values import Refused, Side, literal, meaning, same
from gateway.formats.definition import FieldType, Kind
from gateway.formats.notation import NUMERIC, TEMPORAL

#: Settings of a field that do not change what a text means to it, or are in its notation.
_BESIDE: dict[str, Any] = {
    "name": "", "description": "", "id": None, "aliases": (), "required": True, "heading": None,
    "offset": None, "path": None, "rounding": None, "sign": "leading", "digits": None, "decimals": None,
    "implied_decimals": None, "decimal_mark": None, "date_format": None, "time_zone": None,
}  # fmt: skip
#: Settings that refuse texts and give none another meaning.
_UNLIMITED: dict[str, Any] = {
    "min_length": None, "max_length": None, "pattern": None, "minimum": None, "maximum": None,
    "codes": {}, "constant": None, "nullable": True,
}  # fmt: skip
#: Texts that are numbers as they are plainly written, whole ones and others.
_PLAIN_WHOLE = "0|-?[1-9][0-9]*"
_PLAIN = f"{_PLAIN_WHOLE}|-?(?:0|[1-9][0-9]*)\\.[0-9]*[1-9]"
#: The ends of the calendar and of the day, which need no proof.
_ENDS = {"date": (1, date.max.toordinal()), "time": (0, 86_400_000_000_000 - 1)}
#: How moments are written so that the text is what `values.Value` shows.
_ISO = {FieldType.DATE: "YYYY-MM-DD", FieldType.TIME: "HH:MM:SS", FieldType.DATETIME: "YYYY-MM-DDTHH:MM:SS"}


@dataclass(frozen=True, slots=True)
class Gap:
    """A question without a proof, and a text (blanks taken off) that may be a counterexample."""

    question: str  #: after "It could not be proved that every value"
    text: str | None = None


def gaps(writer: Side, reader: Side) -> Iterator[Gap]:
    """Yield what could not be proved about the texts of ``writer`` read by ``reader``."""
    if reading(writer) == reading(reader):
        return
    yield from _blanks(writer, reader)
    yield from _one_by_one(writer, reader, sorted({*writer.tokens, *reader.tokens}))
    listed, found = finite(writer), language(writer, *reader.tokens)
    if listed is not None:
        yield from _one_by_one(writer, reader, listed)
    elif not writer.strict:
        yield from _units(writer, reader)
        yield from _unchecked(writer, reader)
    elif not _empty(found):
        yield from _units(writer, reader)
        yield from _accepted(found, writer, reader)
        yield from _in_range(found, writer, reader)
        yield from _same_values(found, writer, reader)


def reading(side: Side) -> tuple[object, ...]:
    """Return all that decides what a text means to ``side``: where it is equal, nothing differs."""
    kind = side.field.type
    notation: NumberTexts | MomentTexts | None = None
    if kind in NUMERIC:
        notation = side.numbers
    elif kind in TEMPORAL:
        notation = side.moments
    words = (side.dialect.true_tokens, side.dialect.false_tokens) if kind is FieldType.BOOLEAN else None
    field = dataclasses.replace(side.field, **_BESIDE, trim=side.trim, null_tokens=side.tokens)
    return field, notation, words


def _blanks(writer: Side, reader: Side) -> Iterator[Gap]:
    """Blanks are taken off alike, or no valid text has any where it matters."""
    for which in ("left", "right"):
        theirs, ours = (side.trim in (which, "both") for side in (writer, reader))
        question = f"has no blank at its {which} end"
        if theirs and not ours:
            yield from _padding(writer, question)
        elif ours and not theirs:
            yield from _ask(language(writer), writer, question, also=[edge(which)])


def _padding(writer: Side, question: str) -> Iterator[Gap]:
    """Blanks that only the writer takes off are there, unless every value fills its place."""
    length = writer.field.length
    if length is None or writer.kind is not Kind.FIXED_WIDTH or writer.field.nullable or not writer.strict:
        yield Gap(question)
        return
    if writer.field.default is not None:
        yield Gap(question)
    yield from _ask(language(writer), writer, question, lengths=(0, length - 1))


def _one_by_one(writer: Side, reader: Side, texts: Sequence[str]) -> Iterator[Gap]:
    """Each of ``texts`` that is valid for the writer is accepted and means the same."""
    for text in texts:
        raw = padded(writer, text)
        if raw is None:
            continue
        theirs, ours = meaning(writer, raw), meaning(reader, raw)
        if isinstance(theirs, Refused):
            continue
        if isinstance(ours, Refused):
            yield Gap("is accepted", text)
        elif not same(theirs, ours):
            yield Gap("means the same", text)


def _empty(found: Language) -> bool:
    """Return whether there is no text at all that means a value."""
    try:
        return found.find() is None
    except UndecidedError:
        return False


def _units(writer: Side, reader: Side) -> Iterator[Gap]:
    one, other = writer.field, reader.field
    if (one.unit, one.unit_field) != (other.unit, other.unit_field):
        yield Gap("has the same unit")


def _unchecked(writer: Side, reader: Side) -> Iterator[Gap]:
    """A writer whose findings are warnings writes anything: the reader takes it if it is as lenient."""
    if reader.strict:
        yield Gap("is accepted: the writer's findings are warnings, the reader's are errors")
    one, other = (
        reading(dataclasses.replace(side, field=dataclasses.replace(side.field, **_UNLIMITED)))
        for side in (writer, reader)
    )
    if one != other:
        yield Gap("means the same")


def _accepted(found: Language, writer: Side, reader: Side) -> Iterator[Gap]:
    """Every text is of the reader's type, length, pattern, codes and constant."""
    demanded = [*gate(reader), *(limits(reader) if reader.strict else ())]
    for part in demanded:
        if part in found.parts:
            continue
        if not part.exact:
            yield Gap(part.what)
        yield from _ask(found, writer, part.what, outside=[part])
    least, most = reader.field.min_length, reader.field.max_length
    if reader.strict and least:
        yield from _ask(found, writer, f"has at least {least} characters", lengths=(0, least - 1))
    if reader.strict and most is not None:
        yield from _ask(found, writer, f"has at most {most} characters", lengths=(most + 1, None))


def _in_range(found: Language, writer: Side, reader: Side) -> Iterator[Gap]:
    """Every value lies between the reader's bounds."""
    if not reader.strict:
        return
    for name, sign in (("minimum", -1), ("maximum", 1)):
        bound = getattr(reader.field, name)
        if bound is None or _covered(found, writer, reader, name, sign):
            continue
        yield Gap(f"is at {'least' if sign < 0 else 'most'} {bound}")


def _covered(found: Language, writer: Side, reader: Side, name: str, sign: int) -> bool:
    """Return whether the writer's own bound, or its digits and sign, keep to the reader's bound."""
    theirs, ours = getattr(writer.field, name), literal(reader, getattr(reader.field, name))
    known = None if theirs is None else literal(writer, theirs)
    if known is not None and ours is not None and known.sort == ours.sort:
        inside = known.value <= ours.value if sign > 0 else known.value >= ours.value  # type: ignore[operator] # one sort
        if inside:
            return True
    if ours is not None and ours.sort in _ENDS:
        first, last = _ENDS[ours.sort]
        return int(ours.value) <= first if sign < 0 else int(ours.value) >= last
    if ours is None or ours.sort != "number" or writer.field.type not in NUMERIC:
        return False
    try:
        return _kept(found, writer, Decimal(ours.value), sign)
    except UndecidedError:
        return False


def _kept(found: Language, writer: Side, bound: Decimal, sign: int) -> bool:
    """Return whether no number of the writer's notation is beyond ``bound`` on the side of ``sign``."""
    if sign < 0 and found.find(also=NEGATIVE) is None:
        return bound <= 0
    numbers = writer.numbers
    decimals = numbers.implied or (numbers.most_decimals if numbers.mark else 0)
    farthest = Decimal(f"0{'9' * whole_digits(found, writer)}.{'9' * decimals}0")
    return bound >= farthest if sign > 0 else bound <= farthest.copy_negate()


def _same_values(found: Language, writer: Side, reader: Side) -> Iterator[Gap]:
    """What both accept stands for the same value."""
    theirs, ours = writer.field.type, reader.field.type
    question = "means the same"
    if theirs in NUMERIC and ours in NUMERIC:
        yield from _same_numbers(found, writer, reader)
    elif FieldType.STRING in (theirs, ours) and {theirs, ours} & {*NUMERIC}:
        numbers = (writer if theirs in NUMERIC else reader).numbers
        if numbers.implied:
            yield Gap(question)
        plainly = Part("is plainly written", _PLAIN if numbers.mark == "." else _PLAIN_WHOLE)
        yield from _ask(found, writer, question, outside=[plainly])
    elif theirs in TEMPORAL and ours is FieldType.STRING:
        if writer.moments.format != _ISO[theirs] or (writer.moments.zone and theirs is not FieldType.DATE):
            yield Gap(question)
    elif theirs in TEMPORAL and ours is theirs:
        one, other = writer.moments, reader.moments
        if one.format != other.format or (
            one.zone != other.zone and theirs is not FieldType.DATE and not one.offset
        ):
            yield Gap(question)
    elif theirs is not ours:
        yield Gap(question)


def _same_numbers(found: Language, writer: Side, reader: Side) -> Iterator[Gap]:
    theirs, ours = writer.numbers, reader.numbers
    if theirs.implied != ours.implied:
        yield Gap("means the same")
    roles = ours.roles()
    for char, role in theirs.roles().items():
        if roles.get(char, role) != role:
            holding = Part("", f"{ANYTHING}\\{char}{ANYTHING}")
            yield from _ask(found, writer, "means the same", also=[holding, *gate(reader)])


def _ask(
    found: Language,
    writer: Side,
    question: str,
    *,
    also: Sequence[Part] = (),
    outside: Sequence[Part] = (),
    lengths: Lengths | None = None,
) -> Iterator[Gap]:
    """Yield a gap with a text of the language that answers the question with no; nothing if there is none."""
    try:
        text = found.find(also, outside, lengths)
        if text is None:
            return
        for turn in range(3):
            shown = found.find([*also, seen(writer)], outside, lengths, turn)
            if shown is not None:
                yield Gap(question, shown)
        yield Gap(question, text)
    except UndecidedError:
        yield Gap(question)
