"""Rows -> the nested records of one unit: a business record with all that stands within it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.formats.definition import Format, RecordType, Role
from gateway.formats.row import Row
from gateway.writers.output import RecordTypes, unwritable

Steps = tuple[str, ...]


@dataclass(slots=True)
class Unit:
    """One record and the records nested in it, in the order of their rows."""

    kind: RecordType
    row: Row
    nested: list[Unit] = field(default_factory=list)


def holders(definition: Format, places: Mapping[str, Steps]) -> dict[str, str]:
    """Return, by record type, the business record type in whose records it stands; outer ones are left out.

    ``places`` has the way to each type's records. A type of the whole document (no way at all) holds
    those alone that name it as their parent.
    """
    found = {}
    for kind in definition.record_types:
        place = places[kind.name]
        around = [
            other
            for other in definition.record_types
            if other.role is Role.RECORD
            and len(places[other.name]) < len(place)
            and place[: len(places[other.name])] == places[other.name]
            and (places[other.name] or other.name == kind.parent)
        ]
        if around:
            found[kind.name] = max(around, key=lambda other: len(places[other.name])).name
    return found


def units(definition: Format, holder: Mapping[str, str], rows: Iterable[Row]) -> Iterator[Unit]:
    """Yield the outer records of ``rows`` with what is nested in them, one at a time.

    Raises UnwritableRow for a row of a type that is not the format's, and for a nested one without
    a record to stand in.
    """
    kinds = RecordTypes(definition)
    latest: dict[str, Unit] = {}
    outer: Unit | None = None
    for row in rows:
        unit = Unit(kinds.of(row), row)
        around = holder.get(row.record_type)
        if around is None:
            if outer is not None:
                yield outer
            outer, latest = unit, {}
        elif around not in latest:
            raise unwritable(row, None, f"there is no {around} record before it to stand in")
        else:
            latest[around].nested.append(unit)
            latest = {
                name: one for name, one in latest.items() if row.record_type not in _around(name, holder)
            }
        latest[row.record_type] = unit
    if outer is not None:
        yield outer


def _around(name: str, holder: Mapping[str, str]) -> Iterator[str]:
    """Yield the types in whose records those of ``name`` stand, the nearest first."""
    while name in holder:
        name = holder[name]
        yield name
