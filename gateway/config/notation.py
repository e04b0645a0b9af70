"""How durations, sizes and shares are written in the configuration."""

from __future__ import annotations

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SIZE = re.compile(r"([0-9]+)(B|KiB|MiB|GiB)")


def seconds(text: str) -> float:
    """Return the seconds that ``text`` means: ``500ms``, ``10s``, ``5m``, ``1.5h``, ``1d``.

    Raises ValueError for anything else.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 10s")
    return float(match[1]) * _SECONDS[match[2]]


def size(text: str) -> int:
    """Return the bytes that ``text`` means: ``512B``, ``64KiB``, ``64MiB``, ``2GiB``.

    Raises ValueError for anything else.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 64MiB")
    return int(match[1]) * _BYTES[match[2]]
