"""Checks of what an envelope says about its control numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.complaints import Complaint
from gateway.formats.check_references import find_field, find_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.formats.definition import Format

_PLACE = ("envelope", "sequence")


def numbering(definition: Format) -> Iterator[Complaint]:
    """The control numbers have a field or a place in the name, a beginning before their end, and room."""
    told = definition.envelope.sequence
    if told is None:
        return
    in_name = "(?P<control>" in (definition.file_name or "")
    if definition.envelope.control_number is None and not in_name:
        yield Complaint(_PLACE, "neither envelope nor file name has a control number")
    if told.first is not None and told.last is not None and told.first > told.last:
        yield Complaint((*_PLACE, "first"), "it is greater than `last`", str(told.first))
    room = _room(definition)
    if room is not None and told.last is not None and len(str(told.last)) > room:
        yield Complaint((*_PLACE, "last"), f"the control number has room for {room} digits", str(told.last))


def _room(definition: Format) -> int | None:
    """Return how many characters the control number's field has at most; None: it is not bounded."""
    where = definition.envelope.control_number
    record_type = find_type(definition, where.record_type) if where else None
    field = find_field(record_type, where.field) if where else None
    sizes = [size for size in (field.max_length, field.length, field.digits) if size] if field else []
    return min(sizes, default=None)
