"""Where the parts of a definition stand in ``format.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.complaints import Path_
    from gateway.formats.definition import Field, Format, RecordType


def each_field(definition: Format) -> Iterator[tuple[Path_, RecordType, Field]]:
    """Yield every field of every record type, with its path."""
    for record_type in definition.record_types:
        for field in record_type.fields:
            yield field_path(record_type, field), record_type, field


def field_path(record_type: RecordType, field: Field) -> Path_:
    """Return where ``field`` stands in ``format.yaml``."""
    return ("records", record_type.name, "fields", field.name)
