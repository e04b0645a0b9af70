"""Is a format version in force on a day? The day is that of the plant's calendar on which a file arrived.

It stays the same however late the file is tried again: a reprocess years later is judged as on that day.
Days are ISO dates, which compare as text; both ends are included.
"""

from __future__ import annotations

import enum


class DatePolicy(enum.Enum):
    """What becomes of a file whose version was not in force when it arrived."""

    ENFORCE = "enforce"  #: it fails
    NOTE = "note"  #: it is accepted with a warning
    IGNORE = "ignore"  #: effective dates mean nothing on this route


def is_in_force(day: str, start: str | None, end: str | None) -> bool:
    """Return whether ``day`` lies from ``start`` to ``end``; None: without limit on that side."""
    return (start is None or start <= day) and (end is None or day <= end)


def out_of_force(day: str, start: str | None, end: str | None) -> str | None:
    """Return why ``day`` lies outside, as a sentence's end, or None if it does not."""
    if start is not None and day < start:
        return f"is in force from {start}; the file arrived on {day}"
    if end is not None and day > end:
        return f"was in force until {end}; the file arrived on {day}"
    return None
