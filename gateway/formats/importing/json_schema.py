"""A JSON Schema as a JSON format: arrays of objects become record types, single values fields.

The schema is copied and enforced as it stands; fields say only what it implies, so that nothing
it accepts is refused. Numbers are read with `severity: warning`, for JSON has more ways to write a
number (`1e3`, `1.0` for a whole one) than the gateway computes with.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.errors import FormatError, ImportFailed
from gateway.formats import json_schemas
from gateway.formats.compare.json_schema.normal import Normal, normal
from gateway.formats.definition import Version
from gateway.formats.importing.entry import ImportedFormat
from gateway.formats.importing.json_records import Making
from gateway.formats.importing.names import quoted, quoted_exactly
from gateway.model import Problem

#: Levels of a schema file; those who check schemas go down by themselves, and end where Python does.
_DEEPEST = 100
_MOST_PROBLEMS = 20


def import_json_schema(
    file: Path, message_type: str, version: Version, *, title: str | None = None
) -> ImportedFormat:
    """Return the format of JSON documents that the schema in ``file`` describes.

    Raises ImportFailed where the schema cannot be read, is not valid, or describes no record.
    """
    files, form = _usable(file)
    made = Making(form, message_type)
    made.run()
    if not made.records:
        hint = "A format needs an object or an array of objects with at least one single value"
        raise ImportFailed("The JSON Schema describes no record", where=str(file), hint=hint)
    main = file.name if re.fullmatch(r"[A-Za-z0-9._-]+\.json", file.name) else "schema.json"
    told = title or _told(files.contents) or f"JSON documents {message_type}"
    text = "\n".join([*_front(message_type, version, told, main), *_records(made)]) + "\n"
    copies = {main: file.read_bytes(), **_beside(files, form)}
    if main != file.name:
        made.notes.append(f"{file.name} is copied as {main}; references to it by its old name lead nowhere.")
    return ImportedFormat(text, copies, (*made.notes, *_NOTES))


def _usable(file: Path) -> tuple[json_schemas.SchemaFiles, Normal]:
    """Return the schema in ``file`` and its normal form; ImportFailed with its problems."""
    nowhere: list[Problem] = []
    try:
        files = json_schemas.read_for_import(file)
        _bounded(files)
        nowhere = list(_leading_nowhere(files))
        json_schemas.validator(files)
        return files, normal(files, "")
    except FormatError as error:
        hint = "Files come along from the directory of the schema; nothing is fetched from a network"
        reason = None if nowhere else error.cause or ValueError(error.message)
        raise ImportFailed(
            "The JSON Schema cannot be used",
            where=str(file),
            cause=reason,
            hint=hint if nowhere else error.hint,
            problems=nowhere,
        ) from error


def _bounded(files: json_schemas.SchemaFiles) -> None:
    """Raise ImportFailed where the schema is nested deeper than it can be checked."""
    level: list[Any] = [files.contents]
    depth = 0
    while level:
        depth += 1
        inside = (inner for part in level for inner in (part.values() if isinstance(part, dict) else part))
        level = [inner for inner in inside if isinstance(inner, dict | list)]
    if depth > _DEEPEST:
        message = f"The JSON Schema is nested {depth} levels deep; {_DEEPEST} can be checked"
        raise ImportFailed(message, where=str(files.main), hint="Give its parts names under definitions")


def _leading_nowhere(files: json_schemas.SchemaFiles) -> Iterator[Problem]:
    """Yield the references of the schema that lead to nothing that is here; no more than a person reads."""
    lines = files.main.read_text("utf-8-sig").splitlines()
    for pointer, reference in itertools.islice(json_schemas.leading_nowhere(files), _MOST_PROBLEMS):
        line = next((number for number, text in enumerate(lines, 1) if reference in text), None)
        message = "the reference leads to nothing that is here"
        yield Problem(files.main.name, message, line, path=pointer, found=reference)


_NOTES = (
    "The schema decides what a document may hold; the fields only name what tables and reports show.",
    "Numbers have `severity: warning`, JSON has 1e3 for 1000: such a text is a warning, and has no value.",
    "Take the line away from a field that a rule or a control total looks at.",
    "No envelope is known: name the fields for `message_id`, `sender` and `control_number` where there are.",
)


def _told(contents: dict[str, Any]) -> str:
    title = contents.get("title")
    return title if isinstance(title, str) and title.strip() else ""


def _beside(files: json_schemas.SchemaFiles, form: Normal) -> dict[str, bytes]:
    """Return the files beside the schema that its references lead to."""
    used = {name.strip().partition("#")[0] for name in form.definitions} - {files.uri}
    names = sorted(uri.removeprefix(json_schemas.BASE) for uri in used)
    return {name: (files.main.parent / name).read_bytes() for name in names}


def _front(message_type: str, version: Version, title: str, main: str) -> Iterator[str]:
    yield from (
        "schema: 1",
        f"message_type: {message_type}",
        f"version: {version}",
        "status: draft",
        f"title: {quoted(title)}",
        "description: >-",
        "  Imported from a JSON Schema, which is enforced as it stands; the fields name the values in it.",
        "kind: json",
        "zero_records: accept",
        "",
        "dialect:",
        f"  json_schema: {quoted(main)}",
        '  date_format: "YYYY-MM-DD"',
        "",
    )


def _records(made: Making) -> Iterator[str]:
    yield "records:"
    types = [*([made.header] if made.header else []), *made.records]
    for number, each in enumerate(types):
        if number:
            yield ""
        yield f"  {each.name}:"
        if each is made.header:
            yield "    role: header"
        if each.description.strip():
            yield f"    description: {quoted(each.description)}"
        yield f"    path: {quoted_exactly(each.pointer)}"
        if each.parent:
            yield f"    parent: {each.parent}"
        yield "    fields:"
        yield from each.fields
