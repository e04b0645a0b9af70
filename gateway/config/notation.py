"""How durations, sizes, times of day and addresses are written in the configuration."""

from __future__ import annotations

import ipaddress
import re
from datetime import time

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SIZE = re.compile(r"([0-9]+)(B|KiB|MiB|GiB)")
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<four>[0-9.]+)):(?P<port>[0-9]{1,5})")
_LARGEST_PORT = 65535


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


def time_of_day(text: str) -> time:
    """Return the local time that ``text`` (``06:30``) means; raises ValueError for anything else."""
    return time.fromisoformat(text)


def loopback(text: str) -> tuple[str, int]:
    """Return address and port of ``127.0.0.1:9420`` or ``[::1]:9420``.

    Raises ValueError for anything else: what is served there is for this machine only.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match["port"]) <= _LARGEST_PORT:
        raise ValueError(f"{text!r} is not an address and port such as 127.0.0.1:9420")
    address = ipaddress.ip_address(match["six"] or match["four"])
    if not address.is_loopback:
        raise ValueError(f"{address} is no loopback address")
    return str(address), int(match["port"])
