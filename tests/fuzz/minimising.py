"""Making a finding short: pieces are left out as long as it stays the same finding."""

from __future__ import annotations

import time

from tests.fuzz.engine import signature
from tests.fuzz.target import Target

#: Seconds after which what has been reached is good enough.
SECONDS = 30.0


def minimise(target: Target, data: bytes) -> bytes:
    """Return the shortest input found that goes wrong as ``data`` does; it must not hang."""
    cause = _cause(target, data)
    end, size = time.monotonic() + SECONDS, max(1, len(data) // 2)
    while cause is not None and time.monotonic() < end:
        shorter = _without_some(target, data, size, cause, end)
        if shorter == data and size == 1:
            break
        data, size = shorter, max(1, min(size, len(shorter)) // 2)
    return data


def _without_some(target: Target, data: bytes, size: int, cause: str, end: float) -> bytes:
    at = 0
    while at < len(data) and time.monotonic() < end:
        shorter = data[:at] + data[at + size :]
        if _cause(target, shorter) == cause:
            data = shorter
        else:
            at += size
    return data


def _cause(target: Target, data: bytes) -> str | None:
    try:
        target.attack(data)
    except Exception as error:  # noqa: BLE001 - whatever comes is compared
        return signature(error)
    return None
