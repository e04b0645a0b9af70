"""All targets, by name."""

from __future__ import annotations

from tests.fuzz import beside, contents, definitions, wire
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    one.name: one for room in (contents, beside, definitions, wire) for one in room.targets()
}
