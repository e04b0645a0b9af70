"""The texts that are valid for a field, as a set that can be compared with another one.

The set is made of parts (the gate of the type, length, pattern, codes ...) that a text has to be in.
It may hold too much, never too little: a day that the calendar lacks, a number beyond a bound. A part
that holds exactly what validation accepts is ``exact``.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.formats.compare.automata import Automaton, Words, expression
from gateway.formats.compare.number_texts import counted_digits
from gateway.formats.compare.patterns import ANYTHING
from gateway.formats.compare.searching import shortest
from gateway.formats.compare.values import BLANKS, Side, literal
from gateway.formats.definition import FieldType, Kind
from gateway.formats.notation import NUMERIC, TEMPORAL, WHOLE_DIGITS

Lengths = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Part:
    """One set that a text has to be in: a regular expression, or a list of words."""

    what: str  #: for people, after "whether every value"
    pattern: str | None = None
    words: tuple[str, ...] = ()
    exact: bool = True

    @property
    def automaton(self) -> Automaton:
        """The set as an automaton; UndecidedError where it cannot be made."""
        return _words(self.words) if self.pattern is None else expression(self.pattern)


def gate(side: Side) -> list[Part]:
    """Return what a text has to be in so that it is a value of the field's type at all."""
    kind = side.field.type
    if kind in NUMERIC:
        numbers = side.numbers
        parts = [Part(f"is {numbers.described}", numbers.fitting), Part("can be computed with", numbers.room)]
        if numbers.most_digits is not None:
            parts.append(Part(f"has at most {numbers.digits} digits", numbers.most_digits))
        return parts
    if kind in TEMPORAL:
        moments = side.moments
        return [Part(f"is a {kind.value} written {moments.format}", moments.pattern, exact=False)]
    if kind is FieldType.BOOLEAN:
        words = (*side.dialect.true_tokens, *side.dialect.false_tokens)
        return [Part("is one of the words for true and false", words=words)]
    return []


def limits(side: Side) -> list[Part]:
    """Return what else a text has to be in; lengths and ranges aside."""
    field = side.field
    parts = []
    if field.pattern is not None:
        parts.append(Part(f"has the shape `{field.pattern}`", field.pattern))
    if field.codes:
        parts.append(Part("is one of the codes", words=tuple(field.codes)))
    if field.constant is not None:
        parts.append(Part("is the constant", words=(field.constant,)))
    return parts


def lengths(side: Side) -> Lengths:
    """Return how many characters a text of the field may have."""
    field = side.field
    most = field.max_length
    if side.kind is Kind.FIXED_WIDTH and field.length is not None:
        most = field.length if most is None else min(most, field.length)
    least = field.min_length or 0
    if side.kind is Kind.FIXED_WIDTH and side.trim == "none":
        least = max(least, field.length or 0)
    return least, most


@dataclass(frozen=True, slots=True)
class Language:
    """All texts, blanks taken off, that are valid for a field and mean a value."""

    parts: tuple[Part, ...]
    without: tuple[str, ...]  #: the texts that mean: no value
    lengths: Lengths

    def find(
        self,
        also: Sequence[Part] = (),
        outside: Sequence[Part] = (),
        lengths: Lengths | None = None,
        turn: int = 0,
    ) -> str | None:
        """Return a shortest text of the language that is in ``also`` and not in ``outside``, or None.

        Raises UndecidedError where the question is too large.
        """
        inside = [one.automaton for one in (*self.parts, *also)]
        within = _both(self.lengths, lengths or (0, None))
        if within is None:
            return None
        return shortest(
            inside or [expression(ANYTHING)],
            [_words(self.without), *(one.automaton for one in outside)],
            within,
            turn,
        )


def language(side: Side, *others: str) -> Language:
    """Return the texts of ``side``, those apart that mean no value, and apart from ``others``.

    A field whose findings are warnings takes every text.
    """
    if not side.strict:
        parts, within = [*_trimmed(side)], (0, side.field.length if side.kind is Kind.FIXED_WIDTH else None)
    else:
        parts, within = [*gate(side), *limits(side), *_ranged(side), *_trimmed(side)], lengths(side)
    return Language(tuple(parts), tuple(sorted({*side.tokens, *others})), within)


def seen(side: Side) -> Part:
    """Return the texts of ASCII characters that need no quotes or escapes in a file of ``side``."""
    dialect, barred = side.dialect, ""
    if side.kind is Kind.DELIMITED:
        barred = "".join(one for one in (dialect.delimiter, dialect.quote, dialect.escape) if one)
    shown = "".join(
        f"\\{char}" for char in map(chr, range(33, 127)) if char not in barred and not char.isalnum()
    )
    letters = "".join(char for char in map(chr, range(48, 123)) if char.isalnum() and char not in barred)
    blank = "" if " " in barred else " "
    return Part("can be read", f"[{letters}{shown}{blank}]*")


def finite(side: Side) -> list[str] | None:
    """Return every text that can be a value of the field, and maybe more, if they can be listed.

    None where they cannot, or where the field takes every text because its findings are warnings.
    """
    field = side.field
    if not side.strict:
        return None
    if field.constant is not None:
        return [field.constant]
    if field.codes:
        return list(field.codes)
    if field.type is FieldType.BOOLEAN:
        return [*side.dialect.true_tokens, *side.dialect.false_tokens]
    return None


def whole_digits(found: Language, side: Side) -> int:
    """Return how many digits before the mark, leading zeros apart, a number of ``found`` may have."""
    numbers = side.numbers
    low, high = 0, WHOLE_DIGITS
    while low < high:
        middle = (low + high) // 2
        fewer = Part("", counted_digits(middle + numbers.implied, numbers.mark))
        if found.find(outside=[fewer]) is None:
            high = middle
        else:
            low = middle + 1
    return low


def edge(which: str) -> Part:
    """Return the texts with a blank at their ``left`` or ``right`` end."""
    return Part("", f"[{BLANKS}]{ANYTHING}" if which == "left" else f"{ANYTHING}[{BLANKS}]")


#: Texts that are negative numbers: a minus, and a digit that is not zero.
NEGATIVE = (Part("", f"{ANYTHING}-{ANYTHING}"), Part("", f"{ANYTHING}[1-9]{ANYTHING}"))


def _ranged(side: Side) -> list[Part]:
    """Return what the bounds of a number say about its digits and sign."""
    if side.field.type not in NUMERIC:
        return []
    least, most = (
        literal(side, bound) if bound is not None else None
        for bound in (side.field.minimum, side.field.maximum)
    )
    parts = []
    if least is not None and Decimal(least.value) >= 0:
        parts.append(Part("is not negative", "[^-]*|[^1-9]*"))
    if least is not None and Decimal(least.value) > 0:
        parts.append(Part("is not zero", f"{ANYTHING}[1-9]{ANYTHING}"))
    if most is not None and Decimal(most.value) < 0:
        parts += NEGATIVE
    low = Decimal(least.value) if least is not None else None
    if low is None and side.numbers.sign == "none":
        low = Decimal(0)
    if low is not None and most is not None:
        digits = min(WHOLE_DIGITS, max(_whole_digits(low), _whole_digits(Decimal(most.value))))
        parts.append(Part("is in range", counted_digits(digits + side.numbers.implied, side.numbers.mark)))
    return parts


def _whole_digits(number: Decimal) -> int:
    return max(0, number.adjusted() + 1) if number else 0


def _trimmed(side: Side) -> list[Part]:
    """Return the texts that are left when blanks are taken off."""
    solid = f"[^{BLANKS}]"
    shapes = {
        "left": f"(?:{solid}{ANYTHING})?",
        "right": f"(?:{ANYTHING}{solid})?",
        "both": f"(?:{solid}(?:{ANYTHING}{solid})?)?",
    }
    return [Part("", shapes[side.trim])] if side.trim in shapes else []


def _both(one: Lengths, other: Lengths) -> Lengths | None:
    least = max(one[0], other[0])
    ends = [end for end in (one[1], other[1]) if end is not None]
    most = min(ends) if ends else None
    return None if most is not None and least > most else (least, most)


@functools.lru_cache(maxsize=64)
def _words(words: tuple[str, ...]) -> Words:
    return Words(words)
