"""Whether one simple type takes every value of another, and texts that may show that it does not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from gateway.formats.compare import patterns
from gateway.formats.compare.xsd.builtin import SAMPLES
from gateway.formats.compare.xsd.regexes import translated

if TYPE_CHECKING:
    from gateway.formats.compare.xsd.model import Facets, Simple

_NUMBERS = ("decimal", "integer", "float", "double")
#: Which basic types take every text of which others (of the same blanks).
_WIDER = {
    "decimal": ("integer",),
    "float": ("integer", "decimal", "double"),
    "double": ("integer", "decimal", "float"),
}
_LEXICAL = {
    "boolean": r"true|false|1|0",
    "integer": r"[+-]?[0-9]+",
    "decimal": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)",
    "float": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-?INF|NaN",
    "hexBinary": r"(?:[0-9A-Fa-f]{2})*",
    "date": r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})?",
    "dateTime": (
        r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
        r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
    ),
    "time": r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?",
    "gYear": r"-?[0-9]{4,}(?:Z|[+-][0-9]{2}:[0-9]{2})?",
    "duration": (
        r"-?P(?=.)(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
        r"(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?"
    ),
}
_LEXICAL["double"] = _LEXICAL["float"]
_GENERIC = (
    "a",
    "",
    "1",
    "0",
    "-1",
    "1.5",
    "true",
    " a ",
    "1E5",
    "2026-01-02",
    "2026-01-02T03:04:05Z",
    "P1D",
    "é\u4e2d",
    "a b",
)
_LONGEST = 3000
_COUNTABLE = 200  #: characters that a pattern is asked about
_MOST = 12  #: candidates that are worth a try


# proof


def covers(reader: Simple, writer: Simple) -> bool:
    """Whether it is proved that ``reader`` takes every text that is valid for ``writer``."""
    if reader == writer or (reader.builtin == "anySimpleType" and _unrestricted(reader.facets)):
        return True
    if writer.members:
        return all(covers(reader, one) for one in writer.members) or _same_variety(reader, writer)
    if reader.members:
        plain = _unrestricted(reader.facets)
        return (plain and any(covers(one, writer) for one in reader.members)) or _finite(reader, writer)
    if (reader.item is None) != (writer.item is None):
        return reader.builtin == "string" and _unrestricted(reader.facets)
    if reader.item is not None and writer.item is not None:
        return covers(reader.item, writer.item) and _facets_cover(reader, writer)
    if reader.builtin == "string" and _unrestricted(reader.facets):
        return True
    return _finite(reader, writer) or (_base_covers(reader, writer) and _facets_cover(reader, writer))


def _same_variety(reader: Simple, writer: Simple) -> bool:
    """Whether both are unions of the same members, the reader's facets no stricter."""
    return reader.members == writer.members and _facets_cover(reader, writer)


def _base_covers(reader: Simple, writer: Simple) -> bool:
    return reader.builtin == writer.builtin or writer.builtin in _WIDER.get(reader.builtin, ())


def _unrestricted(facets: Facets) -> bool:
    return not _lexical(facets) and all(limit is None for limit in _limits(facets)) and _no_digits(facets)


def _no_digits(facets: Facets) -> bool:
    return facets.total_digits is None and facets.fraction_digits is None


def _limits(facets: Facets) -> tuple[str | None, ...]:
    return (facets.min_inclusive, facets.min_exclusive, facets.max_inclusive, facets.max_exclusive)


def _lexical(facets: Facets) -> bool:
    """Whether anything about the text itself is restricted."""
    lengths = (facets.length, facets.min_length, facets.max_length)
    return bool(facets.patterns) or facets.enumeration is not None or any(one is not None for one in lengths)


def _finite(reader: Simple, writer: Simple) -> bool:
    """Whether the writer has a list of texts, each of which the reader takes."""
    if writer.facets.enumeration is None or writer.builtin != "string":
        return False
    return all(accepts(reader, text) is True for text in writer.facets.enumeration)


def _facets_cover(reader: Simple, writer: Simple) -> bool:
    mine, theirs = reader.facets, writer.facets
    if _lexical(mine) and mine.white_space != theirs.white_space:
        return False
    numbers = (_no_less(_digits(theirs), _digits(mine)), _no_less(_decimals(writer), mine.fraction_digits))
    return (
        _lengths_cover(mine, theirs)
        and all(numbers)
        and _ranges_cover(reader, writer)
        and all(_implied(group, theirs.patterns) for group in mine.patterns)
        and (mine.enumeration is None or _listed(reader, writer))
    )


def _listed(reader: Simple, writer: Simple) -> bool:
    mine, theirs = reader.facets.enumeration, writer.facets.enumeration
    return mine is not None and theirs is not None and set(theirs) <= set(mine)


def _digits(facets: Facets) -> int | None:
    return facets.total_digits


def _decimals(simple: Simple) -> int | None:
    return 0 if simple.builtin == "integer" else simple.facets.fraction_digits


def _no_less(theirs: int | None, mine: int | None) -> bool:
    return mine is None or (theirs is not None and theirs <= mine)


def length_range(facets: Facets) -> tuple[int, int | None]:
    """Return the smallest and the greatest length (of a list: number of items)."""
    if facets.length is not None:
        return facets.length, facets.length
    return facets.min_length or 0, facets.max_length


def _lengths_cover(mine: Facets, theirs: Facets) -> bool:
    low, high = length_range(mine)
    their_low, their_high = length_range(theirs)
    return (low <= their_low and _no_less(their_high, high)) or _pattern_bounds(theirs, low, high)


def _pattern_bounds(theirs: Facets, low: int, high: int | None) -> bool:
    """Whether a pattern of the writer matches texts of ``low`` to ``high`` characters only."""
    if low > _COUNTABLE or (high or 0) > _COUNTABLE:
        return False
    within = f"(?:.|\n){{{low},{'' if high is None else high}}}"
    exact = (_joined(group) for group in theirs.patterns)
    return any(one is not None and patterns.difference(one, within) is None for one in exact)


def _ranges_cover(reader: Simple, writer: Simple) -> bool:
    mine, theirs = reader.facets, writer.facets
    low = _bound_covers(
        mine.min_inclusive, mine.min_exclusive, theirs.min_inclusive, theirs.min_exclusive, reader, 1
    )
    high = _bound_covers(
        mine.max_inclusive, mine.max_exclusive, theirs.max_inclusive, theirs.max_exclusive, reader, -1
    )
    return low and high


def _bound_covers(
    mine: str | None,
    mine_open: str | None,
    theirs: str | None,
    theirs_open: str | None,
    of: Simple,
    sign: int,
) -> bool:
    """Whether a lower bound (``sign`` 1; -1: an upper one) is no stricter than the writer's."""
    if mine is None and mine_open is None:
        return True
    if (mine, mine_open) == (theirs, theirs_open):
        return True
    own, other = _value(mine or mine_open, of), _value(theirs or theirs_open, of)
    if own is None or other is None:
        return False
    if own != other:
        return own * sign < other * sign
    return mine_open is None or theirs_open is not None


def _value(text: str | None, of: Simple) -> Decimal | None:
    """Return ``text`` as a number; None where it is none, or the type has no numbers."""
    if text is None or of.builtin not in _NUMBERS or len(text) > _LONGEST:
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _joined(group: tuple[str, ...], *, near: bool = False) -> str | None:
    parts = [translated(one, near=near) for one in group]
    return None if None in parts else "|".join(f"(?:{part})" for part in parts)


def _implied(group: tuple[str, ...], theirs: tuple[tuple[str, ...], ...]) -> bool:
    """Whether every text that one of ``theirs`` matches is matched by ``group`` as well."""
    mine = _joined(group)
    for one in theirs:
        if set(one) <= set(group):
            return True
        other = _joined(one)
        if mine is not None and other is not None and patterns.difference(other, mine) is None:
            return True
    return False


# single texts


def normalized(text: str, facets: Facets) -> str:
    """Return ``text`` with its blanks as the type has them (Part 2, section 4.3.6)."""
    if facets.white_space in ("replace", "collapse"):
        text = re.sub(r"[\t\n\r]", " ", text)
    return re.sub(" +", " ", text).strip(" ") if facets.white_space == "collapse" else text


def accepts(simple: Simple, text: str) -> bool | None:
    """Whether ``text`` is valid for ``simple``; None where that is not known here."""
    value = normalized(text, simple.facets)
    if simple.members:
        return _any([accepts(one, value) for one in simple.members], _facets_accept(simple, value))
    if simple.item is not None:
        items = value.split(" ") if value else []
        found = [accepts(simple.item, item) for item in items]
        return _all([*found, _lengths_accept(simple.facets, len(items)), _facets_accept(simple, value)])
    form = _LEXICAL.get(simple.builtin)
    if form is not None and not re.fullmatch(form, value):
        return False
    known = True if form is not None or simple.builtin in ("string", "anySimpleType") else None
    if simple.builtin in ("date", "dateTime", "time", "gYear", "duration", "float", "double"):
        known = None if known else known
    length = _lengths_accept(simple.facets, len(value)) if simple.builtin == "string" else True
    return _all([known, length, _facets_accept(simple, value), _number_accepts(simple, value)])


def _any(found: list[bool | None], other: bool | None) -> bool | None:
    one = True if True in found else (None if None in found else False)
    return _all([one, other])


def _all(found: list[bool | None]) -> bool | None:
    return False if False in found else (None if None in found else True)


def _lengths_accept(facets: Facets, length: int) -> bool:
    low, high = length_range(facets)
    return low <= length and (high is None or length <= high)


def _facets_accept(simple: Simple, value: str) -> bool | None:
    found: list[bool | None] = []
    if simple.facets.enumeration is not None:
        listed = value in (normalized(one, simple.facets) for one in simple.facets.enumeration)
        found.append(True if listed else (False if simple.builtin == "string" else None))
    for group in simple.facets.patterns:
        pattern = _joined(group)
        found.append(patterns.matches(pattern, value) if pattern is not None else None)
    return _all(found)


def _number_accepts(simple: Simple, value: str) -> bool | None:
    facets = simple.facets
    number = _value(value, simple)
    if all(limit is None for limit in _limits(facets)) and _no_digits(facets):
        return True
    if number is None:
        return None
    found = [
        _within(number, facets.min_inclusive, simple, 1, strict=False),
        _within(number, facets.min_exclusive, simple, 1, strict=True),
        _within(number, facets.max_inclusive, simple, -1, strict=False),
        _within(number, facets.max_exclusive, simple, -1, strict=True),
    ]
    digits, decimals = _count_digits(value)
    found.append(facets.total_digits is None or digits <= facets.total_digits)
    found.append(facets.fraction_digits is None or decimals <= facets.fraction_digits)
    return _all(found)


def _within(number: Decimal, limit: str | None, of: Simple, sign: int, *, strict: bool) -> bool | None:
    if limit is None:
        return True
    bound = _value(limit, of)
    if bound is None:
        return None
    return number * sign > bound * sign or (number == bound and not strict)


def _count_digits(value: str) -> tuple[int, int]:
    """Return the digits that count, in all and after the mark (Part 2, section 4.3.11)."""
    whole, _, part = value.lstrip("+-").partition(".")
    whole, part = whole.lstrip("0"), part.rstrip("0")
    return max(len(whole) + len(part), 1), len(part)


# candidates


def candidates(writer: Simple, reader: Simple | None = None) -> list[str]:
    """Return texts that may be valid for ``writer`` and refused by ``reader``, the likeliest first."""
    found = dict.fromkeys(itertools.islice(_texts(writer, reader), 400))
    fitting = [text for text in found if len(text) <= _LONGEST and accepts(writer, text) is not False]
    if reader is not None:
        rank = {False: 0, None: 1, True: 2}
        judged = {text: rank[accepts(reader, text)] for text in fitting}
        fitting = sorted((text for text in fitting if judged[text] < 2), key=lambda text: judged[text])
    else:
        fitting.sort(key=lambda text: accepts(writer, text) is None)
    return fitting[:_MOST]


def sample(simple: Simple) -> str | None:
    """Return a text that is valid for ``simple`` as far as is known here, None where none was found."""
    return next(iter(candidates(simple)), None)


def _texts(writer: Simple, reader: Simple | None) -> Iterator[str]:
    for one in writer.members:
        yield from itertools.islice(_texts(one, reader), 60)
    if writer.facets.enumeration is not None:
        yield from writer.facets.enumeration
        return
    if writer.item is not None:
        yield from _list_texts(writer, writer.item, reader)
        return
    yield from _pattern_texts(writer, reader)
    yield SAMPLES.get(writer.builtin, "a")
    yield from _number_texts(writer, reader)
    yield from _length_texts(writer, reader)
    yield from _GENERIC


def _list_texts(writer: Simple, of: Simple, reader: Simple | None) -> Iterator[str]:
    item = reader.item if reader is not None else None
    others = candidates(of, item) if item is not None else []
    plain = sample(of) or "a"
    numbers = {0, 1, 2, length_range(writer.facets)[0]}
    for each in (writer, reader):
        for number in length_range(each.facets) if each is not None else ():
            numbers |= {max((number or 0) - 1, 0), number or 0, (number or 0) + 1}
    for number in sorted(one for one in numbers if one <= _LONGEST // (len(plain) + 1)):
        yield " ".join([plain] * number)
        for other in others:
            yield " ".join([other] * max(number, 1))


def _pattern_texts(writer: Simple, reader: Simple | None) -> Iterator[str]:
    own = _pattern(writer)
    if own is None:
        return
    other = _pattern(reader) if reader is not None else None
    if other is not None:
        found = patterns.difference(own, other)
        if isinstance(found, str):
            yield found
    low, high = length_range(writer.facets)
    yield from itertools.islice(patterns.examples(own, (low, high)), 8)


def _pattern(simple: Simple) -> str | None:
    """Return the last pattern of ``simple`` as an expression that is good enough for examples."""
    return _joined(simple.facets.patterns[-1], near=True) if simple.facets.patterns else None


def _number_texts(writer: Simple, reader: Simple | None) -> Iterator[str]:
    if writer.builtin not in _NUMBERS:
        return
    limits = [
        _value(limit, one) for one in (writer, reader) if one is not None for limit in _limits(one.facets)
    ]
    for limit in (one for one in limits if one is not None):
        for step in ("0", "1", "-1", "0.5", "-0.5", "0.000001", "-0.000001"):
            text = f"{limit + Decimal(step):f}"
            yield text.rstrip("0").rstrip(".") if "." in text else text
    for one in (each for each in (writer, reader) if each is not None):
        for digits in (one.facets.total_digits, one.facets.fraction_digits):
            for number in (digits or 0, (digits or 0) + 1):
                if digits is not None and number <= _LONGEST // 2:
                    yield from ("1" * number, f"0.{'1' * number}", f"1.{'1' * max(number - 1, 0)}")
    yield from ("+1", "-1", "0", "1.0", "1.5", "1E5", "INF", "1" + "0" * 30, "-1" + "0" * 30)


def _length_texts(writer: Simple, reader: Simple | None) -> Iterator[str]:
    sizes: set[int] = set()
    for one in (each for each in (writer, reader) if each is not None):
        for size in length_range(one.facets):
            sizes |= {max((size or 0) - 1, 0), size or 0, (size or 0) + 1}
    for size in sorted(one for one in sizes if one <= _LONGEST):
        yield "a" * size
        yield "1" * size
        if writer.facets.patterns and (own := _pattern(writer)):
            yield from itertools.islice(patterns.examples(own, (size, size)), 1)
