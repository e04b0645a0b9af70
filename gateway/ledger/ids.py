"""Ids of transfers: ULIDs, whose text order is the order in which they were made.

26 characters of Crockford's base 32 (no I, L, O, U): 48 bits of milliseconds since 1970, then 80
random bits. Within a process each id is greater than the one before, also when the clock stands
still or is set back; and a gateway begins above every id that is in its ledger (`grow_from`). So id
order is arrival order.
"""

from __future__ import annotations

import os
import re
import threading
from datetime import UTC, datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_RANDOM_BITS = 80
# 26 characters hold 130 bits, so a first character above 7 is no 128-bit number.
_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


class _Source:
    """Makes ids that only ever grow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def after(self, milliseconds: int) -> int:
        """Return a number made of ``milliseconds`` and chance, greater than every one before."""
        chance = int.from_bytes(os.urandom(_RANDOM_BITS // 8), "big")
        with self._lock:
            self._last = max((milliseconds << _RANDOM_BITS) | chance, self._last + 1)
            return self._last

    def grow_from(self, number: int) -> None:
        """Let every number from now on be greater than ``number``."""
        with self._lock:
            self._last = max(self._last, number)


_SOURCE = _Source()


def _text(number: int) -> str:
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def new_id(now: datetime) -> str:
    """Return a new id for the moment ``now``; ValueError for a naive datetime."""
    if now.tzinfo is None:
        raise ValueError(f"a time without a zone cannot make an id: {now.isoformat()}")
    number = _SOURCE.after(int(now.timestamp() * 1000))
    return _text(number)


def grow_from(identifier: str | None) -> None:
    """Let every id from now on be greater than ``identifier``, whatever the clock says.

    Other processes and nodes made ids by their own clocks, and this one's may have been set back since.
    Raises ValueError for a text that is no id.
    """
    if identifier is None:
        return
    if not is_id(identifier):
        raise ValueError(f"not an id: {identifier!r}")
    number = 0
    for letter in identifier:
        number = number << 5 | _ALPHABET.index(letter)
    _SOURCE.grow_from(number)


def earliest(moment: datetime) -> str:
    """Return an id that no transfer made at or after ``moment`` is below; ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone bounds no id: {moment.isoformat()}")
    return _text(max(0, int(moment.timestamp() * 1000)) << _RANDOM_BITS)


def made_at(identifier: str) -> datetime:
    """Return when an id was made, exact to the millisecond; ValueError for a text that is no id."""
    if not is_id(identifier):
        raise ValueError(f"not an id: {identifier!r}")
    number = 0
    for letter in identifier:
        number = number << 5 | _ALPHABET.index(letter)
    return datetime.fromtimestamp((number >> _RANDOM_BITS) / 1000, UTC)


def is_id(text: str) -> bool:
    """Return whether ``text`` has the form of an id."""
    return _ID.fullmatch(text) is not None
