"""Whether one simple type takes every value of another, and whether it takes one text."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd.regexes import translated

if TYPE_CHECKING:
    from gateway.formats.compare.xsd.model import Facets, Simple

NUMBERS = ("decimal", "integer", "float", "double")
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
LONGEST = 3000
_COUNTABLE = 200  #: characters that a pattern is asked about


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
    return not _lexical(facets) and all(limit is None for limit in limits(facets)) and _no_digits(facets)


def _no_digits(facets: Facets) -> bool:
    return facets.total_digits is None and facets.fraction_digits is None


def limits(facets: Facets) -> tuple[str | None, ...]:
    """Return the four bounds of a range."""
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
    if not theirs.patterns or low > _COUNTABLE or (high or 0) > _COUNTABLE:
        return False
    from gateway.formats.compare import patterns

    within = f"(?:.|\n){{{low},{'' if high is None else high}}}"
    exact = (joined(group) for group in theirs.patterns)
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
    own, other = number_of(mine or mine_open, of), number_of(theirs or theirs_open, of)
    if own is None or other is None:
        return False
    if own != other:
        return own * sign < other * sign
    return mine_open is None or theirs_open is not None


def number_of(text: str | None, of: Simple) -> Decimal | None:
    """Return ``text`` as a number; None where it is none, or the type has no numbers."""
    if text is None or of.builtin not in NUMBERS or len(text) > LONGEST:
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def joined(group: tuple[str, ...], *, near: bool = False) -> str | None:
    """Return the patterns of one restriction as one expression; None where they cannot be said."""
    parts = [translated(one, near=near) for one in group]
    return None if None in parts else "|".join(f"(?:{part})" for part in parts)


def _implied(group: tuple[str, ...], theirs: tuple[tuple[str, ...], ...]) -> bool:
    """Whether every text that one of ``theirs`` matches is matched by ``group`` as well."""
    from gateway.formats.compare import patterns

    mine = joined(group)
    for one in theirs:
        if set(one) <= set(group):
            return True
        other = joined(one)
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
        from gateway.formats.compare import patterns

        pattern = joined(group)
        found.append(patterns.matches(pattern, value) if pattern is not None else None)
    return _all(found)


def _number_accepts(simple: Simple, value: str) -> bool | None:
    facets = simple.facets
    number = number_of(value, simple)
    if all(limit is None for limit in limits(facets)) and _no_digits(facets):
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
    bound = number_of(limit, of)
    if bound is None:
        return None
    return number * sign > bound * sign or (number == bound and not strict)


def _count_digits(value: str) -> tuple[int, int]:
    """Return the digits that count, in all and after the mark (Part 2, section 4.3.11)."""
    whole, _, part = value.lstrip("+-").partition(".")
    whole, part = whole.lstrip("0"), part.rstrip("0")
    return max(len(whole) + len(part), 1), len(part)
