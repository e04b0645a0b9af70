"""Sets of whole numbers as sorted ranges: a gap of a million numbers is one pair."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Span:
    """All whole numbers from ``first`` to ``last``, and since when they are in the set."""

    first: int
    last: int
    since: datetime

    def __contains__(self, number: int) -> bool:
        """Return whether ``number`` lies in the range."""
        return self.first <= number <= self.last

    @property
    def count(self) -> int:
        """How many numbers the range has: more than ``len`` can tell where numbers are long."""
        return self.last - self.first + 1


Spans = tuple[Span, ...]  #: sorted, not overlapping


def holds(spans: Spans, number: int) -> bool:
    """Return whether ``number`` is in the set."""
    return any(number in span for span in spans)


def add(spans: Spans, new: Span) -> Spans:
    """Return the set with ``new`` in it; numbers that were there keep their time."""
    return tuple(sorted([*spans, *without_all([new], spans)], key=lambda span: span.first))


def without(spans: Iterable[Span], first: int, last: int) -> Spans:
    """Return the set without the numbers from ``first`` to ``last``."""
    rest: list[Span] = []
    for span in spans:
        if span.last < first or span.first > last:
            rest.append(span)
            continue
        if span.first < first:
            rest.append(replace(span, last=first - 1))
        if span.last > last:
            rest.append(replace(span, first=last + 1))
    return tuple(rest)


def without_all(spans: Iterable[Span], others: Iterable[Span]) -> Spans:
    """Return the set without any number of ``others``."""
    rest = tuple(spans)
    for other in others:
        rest = without(rest, other.first, other.last)
    return rest


def common(spans: Iterable[Span], first: int, last: int) -> Spans:
    """Return the part of the set that lies between ``first`` and ``last``."""
    return tuple(
        replace(span, first=max(span.first, first), last=min(span.last, last))
        for span in spans
        if span.last >= first and span.first <= last
    )
