"""Checks of names that point at record types and fields: envelope, keys, parents, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.complaints import Complaint, nearest
from gateway.formats.definition import Role
from gateway.formats.notation import NUMERIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.complaints import Path_
    from gateway.formats.definition import Field, Format, RecordType, Reference

_IDENTIFIERS = ("message_id", "sender", "receiver", "control_number", "previous_number", "created_at")
#: Stands for all types of role ``record`` in rules over the file.
ANY = "*"


def find_type(definition: Format, name: str) -> RecordType | None:
    """Return the record type called ``name``, or None."""
    return next((each for each in definition.record_types if each.name == name), None)


def find_field(record_type: RecordType | None, name: str) -> Field | None:
    """Return the field called ``name``, or None."""
    return next((each for each in record_type.fields if each.name == name), None) if record_type else None


def unknown_type(definition: Format, path: Path_, name: str) -> Iterator[Complaint]:
    """Complain if there is no record type ``name``."""
    known = [each.name for each in definition.record_types]
    if name not in known:
        yield Complaint(path, _no_such("record type", name, known), allowed=", ".join(known))


def unknown_field(record_type: RecordType, path: Path_, name: str) -> Iterator[Complaint]:
    """Complain if ``record_type`` has no field ``name``."""
    known = [each.name for each in record_type.fields]
    if name not in known:
        yield Complaint(path, _no_such(f"field of `{record_type.name}`", name, known))


def _no_such(what: str, name: str, known: list[str]) -> str:
    near = nearest(name, known)
    return f"`{name}` is no {what}" + (f"; did you mean `{near}`?" if near else "")


def unresolved(definition: Format, path: Path_, reference: Reference) -> Iterator[Complaint]:
    """Complain if ``reference`` names no field; ``*`` means every type of role ``record``."""
    if reference.record_type == ANY:
        for record_type in business_types(definition):
            yield from unknown_field(record_type, path, reference.field)
        return
    found = find_type(definition, reference.record_type)
    if found is None:
        yield from unknown_type(definition, path, reference.record_type)
    else:
        yield from unknown_field(found, path, reference.field)


def business_types(definition: Format) -> list[RecordType]:
    """Return the record types of role ``record``."""
    return [each for each in definition.record_types if each.role is Role.RECORD]


def envelope(definition: Format) -> Iterator[Complaint]:
    """Identifiers, version, counts and totals are fields of headers and trailers."""
    described = definition.envelope
    for name in _IDENTIFIERS:
        reference = getattr(described, name)
        if reference is not None:
            yield from _enveloped(definition, ("envelope", name), reference)
    if described.format_version is not None:
        yield from _enveloped(definition, ("envelope", "format_version", "field"), described.format_version)
    for index, count in enumerate(described.counts):
        path: Path_ = ("envelope", "counts", index)
        yield from _enveloped(definition, (*path, "stated"), count.stated, numeric=True)
        for position, name in enumerate(count.of):
            yield from unknown_type(definition, (*path, "of", position), name)
    for index, total in enumerate(described.totals):
        path = ("envelope", "totals", index)
        yield from _enveloped(definition, (*path, "stated"), total.stated, numeric=True)
        yield from _numeric(definition, (*path, "sum_of"), total.sum_of)


def _enveloped(
    definition: Format, path: Path_, reference: Reference, *, numeric: bool = False
) -> Iterator[Complaint]:
    found = find_type(definition, reference.record_type)
    if found is not None and found.role is Role.RECORD:
        message = f"`{found.name}` is a business record; the envelope stands in a header or trailer"
        yield Complaint(path, message, str(reference))
    elif found is not None and found.max_occurs != 1:
        yield Complaint(path, f"`{found.name}` may occur several times, so the value is not certain")
    if numeric:
        yield from _numeric(definition, path, reference)
    else:
        yield from unresolved(definition, path, reference)


def _numeric(definition: Format, path: Path_, reference: Reference) -> Iterator[Complaint]:
    yield from unresolved(definition, path, reference)
    field = find_field(find_type(definition, reference.record_type), reference.field)
    if field is not None and field.type not in NUMERIC:
        yield Complaint(path, f"`{reference}` is not a number", field.type.value, "integer or decimal")


def interchange_key(definition: Format) -> Iterator[Complaint]:
    """The parts of the interchange key stand in the envelope or the file name."""
    described = definition.envelope
    groups = definition.file_name or ""
    for index, part in enumerate(described.key):
        in_name = f"(?P<{part}>" in groups or (part == "control_number" and "(?P<control>" in groups)
        # The sender may come from the route; without any message id the file's hash identifies it.
        if getattr(described, part) is None and part not in ("sender", "message_id") and not in_name:
            yield Complaint(("envelope", "key", index), f"neither envelope nor file name has `{part}`")


def records(definition: Format) -> Iterator[Complaint]:
    """Parents, record keys, business references and occurrences hold together."""
    for record_type in definition.record_types:
        path = ("records", record_type.name)
        most = record_type.max_occurs
        if most is not None and record_type.min_occurs > most:
            yield Complaint(
                (*path, "min_occurs"), "it is greater than `max_occurs`", str(record_type.min_occurs)
            )
        yield from _parents(definition, record_type)
        for index, name in enumerate(record_type.key):
            yield from unknown_field(record_type, (*path, "key", index), name)
        for meaning, name in record_type.references.items():
            yield from unknown_field(record_type, (*path, "references", meaning), name)


def _parents(definition: Format, record_type: RecordType) -> Iterator[Complaint]:
    path = ("records", record_type.name, "parent")
    seen = {record_type.name}
    above = record_type.parent
    while above is not None:
        found = find_type(definition, above)
        if found is None:
            # A grandparent that is missing is the parent's own complaint.
            if above == record_type.parent:
                yield from unknown_type(definition, path, above)
            return
        if above in seen:
            yield Complaint(path, "the parents go round in a circle", record_type.parent)
            return
        seen.add(above)
        above = found.parent


def field_names(definition: Format) -> Iterator[Complaint]:
    """Units point at fields, and former names are not in use again."""
    for record_type in definition.record_types:
        names = {field.name for field in record_type.fields}
        for field in record_type.fields:
            path: Path_ = ("records", record_type.name, "fields", field.name)
            if field.unit_field is not None:
                yield from unknown_field(record_type, (*path, "unit_field"), field.unit_field)
            for index, alias in enumerate(field.aliases):
                if alias in names:
                    message = f"`{alias}` is the present name of a field"
                    yield Complaint((*path, "aliases", index), message)
