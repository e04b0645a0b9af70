"""Raw texts that are valid for a field: its boundaries first, then what people write.

Deterministic, bounded, and each one checked by `values.meaning`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext
from typing import TypeVar

from gateway.formats.compare.expressions import UndecidedError
from gateway.formats.compare.languages import Language, finite, language, lengths, seen
from gateway.formats.compare.moment_samples import moments
from gateway.formats.compare.number_texts import NumberTexts, plain
from gateway.formats.compare.patterns import members
from gateway.formats.compare.values import Refused, Side, literal, meaning
from gateway.formats.definition import FieldType, Kind
from gateway.formats.notation import NUMERIC, TEMPORAL

Item = TypeVar("Item")

#: At most so many texts of one field.
MOST = 200
#: Longest texts, and longest numbers, that are made without a need.
_LONG, _LONG_NUMBER = 300, 24
#: At most so many codes: the first and the last ones.
_CODES = 40
#: Texts that look like something else: numbers with zeros, dates, words for null and true.
_USUAL = (
    "A", "0042", "42", "0", "-1", "+1", "1.5", "1,5", "1.50", "1.500", "1,500", "007", "2026-01-02",
    "01.02.2026", "20260102", "true", "J", "X", "1", "NULL", "null", "-", "n/a", "a b", "Ab-9", "AB", "abc",
    "ABCD", "12345", "123456", "1234567", "12345678", "0000012345", "100-100", "ABCDEFGHIJKLMNOPQRST",
    "000000000000001234", "kg", "#", "é", "ß",
)  # fmt: skip
_NUMBERS = ("1", "0", "5", "42", "-1", "-7", "0.5", "1.5", "-0.5", "12.34", "1.005", "999", "1234", "1234.5",
            "12345.678", "1000000", "99999999", "-1234", "-999999")  # fmt: skip


def samples(side: Side) -> Iterator[str]:
    """Yield at most 200 different raw texts that are valid for the field of ``side``.

    For a fixed-width field they have the field's length.
    """
    found = 0
    for raw in distinct(_raws(side)):
        if stands(side, raw) and not isinstance(meaning(side, raw), Refused):
            yield raw
            found += 1
            if found == MOST:
                return


def placed(side: Side, text: str) -> str | None:
    """Return ``text`` as it stands in its place, padded in a fixed-width field; None where it cannot."""
    raw = padded(side, text)
    return raw if raw is not None and stands(side, raw) else None


def padded(side: Side, text: str) -> str | None:
    """Return ``text`` with the blanks that its place demands; None where it is too long or too short."""
    length, raw = side.field.length, text
    if side.kind is Kind.FIXED_WIDTH and length is not None:
        if side.trim in ("right", "both"):
            raw = text.ljust(length)
        elif side.trim == "left":
            raw = text.rjust(length)
        if len(raw) != length:
            return None
    return raw if side.text(raw) == side.text(text) else None


def stands(side: Side, raw: str) -> bool:
    """Return whether a file of the kind can have ``raw`` as the text of this field."""
    dialect, bare = side.dialect, True
    if side.kind is Kind.FIXED_WIDTH and side.field.length is not None and len(raw) != side.field.length:
        return False
    if side.kind is Kind.DELIMITED:
        bare = dialect.quote is None and dialect.escape is None
        if bare and dialect.delimiter in raw:
            return False
    breaks = "\n" if side.kind is Kind.JSON or (side.kind is Kind.DELIMITED and dialect.quote) else ""
    tab = "" if side.kind is Kind.XML else "\t"
    if any((char < " " and char not in breaks + tab) or "\x7f" <= char < "\xa0" for char in raw):
        return False
    try:
        raw.encode(side.charset)
    except (UnicodeError, LookupError):
        return False
    return True


def texts(side: Side) -> Iterator[str]:
    """Yield texts that may be valid for the field, before they are padded; many are not."""
    listed = finite(side)
    if listed is not None:
        yield from [*listed[: _CODES // 2], *listed[-_CODES // 2 :]]
        return
    if side.field.type in NUMERIC:
        yield from numbers(side)
    elif side.field.type in TEMPORAL:
        yield from moments(side)
    elif side.field.type is FieldType.BOOLEAN:
        yield from (*side.dialect.true_tokens, *side.dialect.false_tokens)
    if side.field.type is FieldType.STRING or side.field.pattern is not None or side.field.min_length:
        yield from _members(side)
    if side.field.type is FieldType.STRING or not side.strict:
        yield from _USUAL


def numbers(side: Side) -> Iterator[str]:
    """Yield numbers in the field's notation: its bounds and their neighbours, then usual ones."""
    written, most = side.numbers, lengths(side)[1]
    for number in distinct(_values(side, written)):
        yield from spellings(written, number)
    if written.mark and most is not None:  # as many decimals as there is room for
        for whole in ("1", "-1", "0"):
            yield f"{whole}{written.mark}".ljust(min(most, _LONG_NUMBER), "0")


def spellings(written: NumberTexts, number: Decimal) -> Iterator[str]:
    """Yield the ways in which ``number`` can be written, the plainest first."""
    digits = plain(number.copy_abs())
    whole, _, fraction = digits.partition(".")
    if written.implied:
        fraction = fraction.ljust(written.implied, "0")
        whole, fraction = (whole + fraction).lstrip("0") or "0", ""
    bodies = [whole + (f"{written.mark}{fraction}" if fraction else "")]
    if written.thousands and len(whole) > 3:
        first = len(whole) % 3 or 3
        grouped = written.thousands.join([whole[:first], *re.findall("...", whole[first:])])
        bodies.append(grouped + (f"{written.mark}{fraction}" if fraction else ""))
    if written.mark:
        full = fraction.ljust(written.most_decimals, "0")
        bodies += [f"{whole}{written.mark}{full}"] if full else []
    bodies += [f"00{bodies[0]}", bodies[0].rjust(written.digits or 1, "0")]
    for sign in ["-"] if number < 0 else ["", "+"]:
        for body in bodies:
            yield f"{sign}{body}" if written.sign == "leading" else f"{body}{sign}"


def distinct(items: Iterable[Item]) -> Iterator[Item]:
    """Yield every item once, in order."""
    seen_ = set()
    for item in items:
        if item not in seen_:
            seen_.add(item)
            yield item


def _raws(side: Side) -> Iterator[str]:
    """Yield raw texts as they stand in their place, the padded ones and the null tokens too."""
    head = list(itertools.islice(texts(side), 2 * MOST))
    for text in head[:_CODES]:
        yield placed(side, text) or text
    for token in side.tokens:
        yield placed(side, token) or token
    for text in head[:4]:
        yield from blanks(side, text)
    for text in head[_CODES:]:
        yield placed(side, text) or text
    yield from head


def blanks(side: Side, text: str) -> Iterator[str]:
    """Yield ``text`` with blanks before and behind it, as long as its place allows."""
    room = side.field.length if side.kind is Kind.FIXED_WIDTH else None
    if room is None:
        yield from (f" {text}", f"{text} ", f" {text} ", "  ")
    elif len(text) < room:
        yield from (text.rjust(room), text.ljust(room), text.center(room), " " * room)


def _values(side: Side, written: NumberTexts) -> Iterator[Decimal]:
    step = Decimal(1).scaleb(-(written.implied or (0 if written.mark is None else written.most_decimals)))
    for bound, towards in ((side.field.minimum, step), (side.field.maximum, -step)):
        known = None if bound is None else literal(side, bound)
        if known is not None and known.sort == "number":
            with localcontext(prec=80):
                near = [Decimal(known.value) + distance for distance in (0, towards, -towards, 1, -1, 100)]
            yield from near
    yield from map(Decimal, _NUMBERS)
    if written.digits:
        most = Decimal("9" * written.digits)
        decimals = -int(step.adjusted()) if written.mark or written.implied else 0
        yield from (
            most,
            -most,
            most.scaleb(-min(decimals, written.digits)),
            Decimal(10) ** (written.digits - 1),
        )
    yield from (step, -step, 1 + step)


def _members(side: Side) -> Iterator[str]:
    """Yield texts of the field's language that can be read, short ones and long ones."""
    found: Language = language(side)
    try:
        inside = [one.automaton for one in (*found.parts, seen(side))]
        longest = _LONG if side.field.type is FieldType.STRING else _LONG_NUMBER
        yield from members(inside, found.lengths, longest)
    except UndecidedError:
        return
