"""How often a record type occurs in a file, as validation really counts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.formats.definition import Kind, Role

if TYPE_CHECKING:
    from gateway.formats.definition import Format, RecordType, Reference

IDENTIFIERS = ("message_id", "sender", "receiver", "control_number", "previous_number", "created_at")
_TEXT_KINDS = (Kind.DELIMITED, Kind.FIXED_WIDTH)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """From ``least`` to ``most`` (None: any number) in a file, or under each ``parent``."""

    least: int
    most: int | None
    parent: str | None = None

    def __contains__(self, number: int) -> bool:
        """Return whether ``number`` records are accepted."""
        return number >= self.least and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        """Return both bounds in words."""
        most = "any number" if self.most is None else str(self.most)
        where = f" under each {self.parent}" if self.parent else ""
        return f"{self.least} to {most}{where}"


def stated(kind: RecordType) -> Occurrence:
    """Return what the definition says of ``kind``, counted or not."""
    return Occurrence(kind.min_occurs, kind.max_occurs, kind.parent)


def counted(definition: Format, kind: RecordType) -> Occurrence:
    """Return how many records of ``kind`` a valid file has.

    Text kinds do not say what stands under what, so that nothing is counted there. A header or
    trailer that holds a required identifier must occur, whatever ``min_occurs`` says; and so must the
    only business record type where files without any record are refused.
    """
    if kind.parent is not None and kind.role is Role.RECORD and definition.kind in _TEXT_KINDS:
        return Occurrence(0, None)
    least = kind.min_occurs
    if kind.role is not Role.RECORD and _relied_on(definition, kind):
        least = max(least, 1)
    business = [each for each in definition.record_types if each.role is Role.RECORD]
    if kind.role is Role.RECORD and len(business) == 1 and _never_empty(definition):
        least = max(least, 1)
    return Occurrence(least, kind.max_occurs, kind.parent if kind.role is Role.RECORD else None)


def _never_empty(definition: Format) -> bool:
    """Return whether a valid file has a business record: without one it is refused, or has no byte."""
    return definition.zero_records == "refuse" or may_not_be_empty(definition)


def may_not_be_empty(definition: Format) -> bool:
    """Return whether a file without business records has no byte at all, which is refused anyway."""
    in_rows = definition.kind in _TEXT_KINDS or definition.dialect.lines
    alone = all(each.role is Role.RECORD for each in definition.record_types)
    return in_rows and alone and not definition.dialect.header_row


def _relied_on(definition: Format, kind: RecordType) -> bool:
    """Return whether the envelope names a required field of ``kind``."""
    envelope = definition.envelope
    named: list[Reference | None] = [getattr(envelope, name) for name in (*IDENTIFIERS, "format_version")]
    named += [count.stated for count in envelope.counts] + [total.stated for total in envelope.totals]
    return any(
        ref is not None and ref.record_type == kind.name and kind.field(ref.field).required for ref in named
    )
