"""In which order are the files of a pass taken?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.rules.file_names import match

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.model import Sighting

_NUMBER = re.compile(r"[0-9]{1,30}")


def take_order(sightings: Iterable[Sighting], name_pattern: str | None = None) -> list[Sighting]:
    """Return ``sightings`` in the order in which a pass takes them.

    Files whose name carries a control number come first, by that number; the others follow by
    modification time, then by name, so that two gateways would choose the same order. The
    order is a courtesy that saves holds: what may be delivered is decided by ``rules.sequence``.
    """

    def place(sighting: Sighting) -> tuple[int, int, int, str]:
        number = _number_in(sighting.name, name_pattern)
        if number is not None:
            return (0, number, sighting.mtime_ns, sighting.name)
        return (1, sighting.mtime_ns, 0, sighting.name)

    return sorted(sightings, key=place)


def _number_in(name: str, pattern: str | None) -> int | None:
    text = (match(pattern, name) or {}).get("control", "") if pattern else ""
    return int(text) if _NUMBER.fullmatch(text) else None
