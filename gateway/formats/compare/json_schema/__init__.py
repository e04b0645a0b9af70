"""JSON Schemas compared as schemas: drafts 4 to 2020-12, by what they take and refuse."""

from __future__ import annotations

from pathlib import Path

from gateway.formats.compare.change import Change

__all__ = ["compare_json_schema"]


def compare_json_schema(old: Path, new: Path) -> list[Change]:
    """Return every change from the JSON Schema in the file ``old`` to that in ``new``, by path.

    The ``*.json`` files beside each are what references lead to; nothing is fetched. Paths begin
    with ``schema.json#`` and lead to the place in the document: ``*`` is any element or other
    member. Raises FormatError where a schema cannot be read or is not valid.
    """
    from gateway.formats.compare.json_schema.comparing import compare_files
    from gateway.formats.json_schemas import read

    return compare_files(read(old), read(new))
