"""Is a file unlike those before it on its route?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnusualPolicy:
    """When a file is unlike those before it on its route."""

    history: int = 50  #: processed files that it is compared with
    at_least: int = 10  #: with fewer nothing is said
    size_factor: float | None = None  #: more than so many times, or less than such a part of, the median
    records_factor: float | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """What is compared of a file."""

    size: int  #: bytes
    records: int | None  #: business records; None where they were not counted


def unusual(policy: UnusualPolicy, history: Sequence[Measures], one: Measures) -> list[str]:
    """Return in words, with exact numbers, what is unusual about ``one`` after ``history``."""
    sizes = [each.size for each in history]
    counts = [each.records for each in history if each.records is not None]
    said = [
        _compared("bytes", policy.size_factor, policy.at_least, sizes, one.size),
        _compared("records", policy.records_factor, policy.at_least, counts, one.records),
    ]
    return [text for text in said if text is not None]


def _compared(
    word: str, factor: float | None, at_least: int, history: Sequence[int], value: int | None
) -> str | None:
    if factor is None or value is None or not history or len(history) < at_least:
        return None
    import statistics  # slow to load, and nobody else needs it

    median = statistics.median(history)
    if median / factor <= value <= median * factor:
        return None
    times = f"more than {factor:g} times" if value > median else f"less than 1/{factor:g} of"
    return f"{value:,} {word}, {times} the median of {median:,.10g} in the {len(history)} files before"
