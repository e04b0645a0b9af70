"""What a check of a definition says before it is given a line: where, what, and what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.documents import Path_
    from gateway.formats.definition import Field, Format, RecordType


class Complaint(NamedTuple):
    """One contradiction, at a path of ``format.yaml``."""

    path: Path_
    message: str
    found: str | None = None
    allowed: str | None = None


def each_field(definition: Format) -> Iterator[tuple[Path_, RecordType, Field]]:
    """Yield every field of every record type, with its path."""
    for record_type in definition.record_types:
        for field in record_type.fields:
            yield field_path(record_type, field), record_type, field


def field_path(record_type: RecordType, field: Field) -> Path_:
    """Return where ``field`` stands in ``format.yaml``."""
    return ("records", record_type.name, "fields", field.name)
