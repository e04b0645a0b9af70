"""Texts that may be valid for one simple type and refused by another."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd.builtin import SAMPLES
from gateway.formats.compare.xsd.values import (
    LONGEST,
    NUMBERS,
    accepts,
    joined,
    length_range,
    limits,
    number_of,
)

if TYPE_CHECKING:
    from gateway.formats.compare.xsd.model import Simple

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
_MOST = 12  #: candidates that are worth a try
_TRIED = 400  #: texts of which candidates are taken
_SAMPLES = 4096  #: types whose sample is remembered: every document that is made asks for many of them


def candidates(writer: Simple, reader: Simple | None = None) -> list[str]:
    """Return texts that may be valid for ``writer`` and refused by ``reader``, the likeliest first."""
    taken = dict(_fitting(writer, reader))
    if reader is None:
        return sorted(taken, key=lambda text: taken[text] is None)[:_MOST]
    rank = {False: 0, None: 1, True: 2}
    judged = {text: rank[accepts(reader, text)] for text in taken}
    return sorted((text for text in taken if judged[text] < 2), key=lambda text: judged[text])[:_MOST]


@functools.lru_cache(maxsize=_SAMPLES)
def sample(simple: Simple) -> str | None:
    """Return a text that is valid for ``simple`` as far as is known here, None where none was found."""
    unsure = None
    for text, taken in _fitting(simple, None):
        if taken:
            return text
        unsure = text if unsure is None else unsure
    return unsure


def _fitting(writer: Simple, reader: Simple | None) -> Iterator[tuple[str, bool | None]]:
    """Yield the texts that ``writer`` may take, and whether it is known to take them."""
    for text in itertools.islice(_texts(writer, reader), _TRIED):
        if len(text) <= LONGEST and (taken := accepts(writer, text)) is not False:
            yield text, taken


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
    for number in sorted(one for one in numbers if one <= LONGEST // (len(plain) + 1)):
        yield " ".join([plain] * number)
        for other in others:
            yield " ".join([other] * max(number, 1))


def _pattern_texts(writer: Simple, reader: Simple | None) -> Iterator[str]:
    own = _pattern(writer)
    if own is None:
        return
    from gateway.formats.compare import patterns

    other = _pattern(reader) if reader is not None else None
    if other is not None:
        found = patterns.difference(own, other)
        if isinstance(found, str):
            yield found
    low, high = length_range(writer.facets)
    yield from itertools.islice(patterns.examples(own, (low, high)), 8)


def _pattern(simple: Simple) -> str | None:
    """Return the last pattern of ``simple`` as an expression that is good enough for examples."""
    return joined(simple.facets.patterns[-1], near=True) if simple.facets.patterns else None


def _number_texts(writer: Simple, reader: Simple | None) -> Iterator[str]:
    if writer.builtin not in NUMBERS:
        return
    known = [
        number_of(limit, one) for one in (writer, reader) if one is not None for limit in limits(one.facets)
    ]
    for limit in (one for one in known if one is not None):
        for step in ("0", "1", "-1", "0.5", "-0.5", "0.000001", "-0.000001"):
            text = f"{limit + Decimal(step):f}"
            yield text.rstrip("0").rstrip(".") if "." in text else text
    for one in (each for each in (writer, reader) if each is not None):
        for digits in (one.facets.total_digits, one.facets.fraction_digits):
            for number in (digits or 0, (digits or 0) + 1):
                if digits is not None and number <= LONGEST // 2:
                    yield from ("1" * number, f"0.{'1' * number}", f"1.{'1' * max(number - 1, 0)}")
    yield from ("+1", "-1", "0", "1.0", "1.5", "1E5", "INF", "1" + "0" * 30, "-1" + "0" * 30)


def _length_texts(writer: Simple, reader: Simple | None) -> Iterator[str]:
    sizes: set[int] = set()
    for one in (each for each in (writer, reader) if each is not None):
        for size in length_range(one.facets):
            sizes |= {max((size or 0) - 1, 0), size or 0, (size or 0) + 1}
    for size in sorted(one for one in sizes if one <= LONGEST):
        yield "a" * size
        yield "1" * size
        if writer.facets.patterns and (own := _pattern(writer)):
            from gateway.formats.compare import patterns

            yield from itertools.islice(patterns.examples(own, (size, size)), 1)
