"""An XSD set as a format version: the schema enforced as it stands, its records and fields named.

Nothing that the XSD accepts is refused: see ``xsd_records``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.errors import FormatError, ImportFailed
from gateway.formats.compare.xsd.building import build
from gateway.formats.compare.xsd.documents import read_set
from gateway.formats.compare.xsd.model import Element, Schema, namespace
from gateway.formats.importing.entry import ImportedFormat
from gateway.formats.importing.names import quoted
from gateway.formats.importing.xsd_files import flat_files
from gateway.formats.importing.xsd_records import FieldPlan, Plan, RecordPlan, plan_records

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.formats.definition import Version

_WORDS = 200  #: characters of a description
_SHOWN = 40  #: names that an error lists
#: Fields of the header that look like a part of the envelope, by the end of their names.
_ENVELOPE = {
    "message_id": ("bodid", "bod_id", "message_id", "messageid", "docnum", "document_id"),
    "sender": ("sender", "sender_id", "logical_id"),
    "receiver": ("receiver", "receiver_id"),
    "created_at": ("creation_date_time", "created_at", "creation_time"),
}


def import_xsd(
    entry: Path, root: str | None, message_type: str, version: Version, *, title: str | None = None
) -> ImportedFormat:
    """Return the format of documents that are valid under the XSD in ``entry``.

    ``root`` names the root element; it may be None where the file declares only one. Raises ImportFailed
    where the set cannot be read or used, or the root element is not clear.
    """
    if entry.is_dir():
        raise ImportFailed(
            "A directory cannot be imported", where=str(entry), hint="Name the XSD of one message"
        )
    try:
        documents = read_set(entry)
    except FormatError as error:
        raise ImportFailed(error.message, where=str(entry), problems=error.problems) from error
    schema = build(documents)
    home = documents.found[-1].root.get("targetNamespace", "")
    start = _root(schema, root, home, entry, {child.get("name") for child in documents.found[-1].root})
    main, files, notes = flat_files(documents, entry)
    plan = plan_records(schema, start, home)
    shown = title or f"{start.local} of {entry.name}"
    text = "\n".join(
        [*_front(start, home, main, message_type, version, shown), *_envelope(plan), *_records(plan)]
    )
    return ImportedFormat(text + "\n", files, (*notes, *plan.notes, *_advice(plan)))


def _root(schema: Schema, root: str | None, home: str, entry: Path, own: set[str | None]) -> Element:
    """Return the root element: the one that is named, or the only one that the entry file declares."""
    every = [one for one in schema.elements.values() if namespace(one.name) == home and not one.abstract]
    found = (
        [one for one in every if one.local == root]
        if root is not None
        else [e for e in every if e.local in own]
    )
    if len(found) == 1:
        return found[0]
    names = sorted(one.local for one in every)
    some = ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")
    if not names:
        raise ImportFailed("The XSD declares no element that a document can start with", where=str(entry))
    what = (
        f"There is no root element {root!r}"
        if root is not None
        else "Several elements can be the root element"
    )
    raise ImportFailed(what, where=str(entry), hint=f"Choose one: {some}")


def _front(
    root: Element, home: str, main: str, message_type: str, version: Version, title: str
) -> Iterator[str]:
    """Yield the lines before the record types."""
    yield from (
        "schema: 1",
        f"message_type: {message_type}",
        f"version: {version}",
        "status: draft",
        f"title: {quoted(title)}",
        "description: >-",
        "  Imported from an XSD. The schema beside this file is enforced as it stands; the fields name what",
        "  is read from a document and refuse nothing that the schema accepts.",
        "kind: xml",
        "",
        "dialect:",
        f"  namespace: {quoted(home) if home else 'null'}",
        f"  root: {root.local}",
        f"  xsd: {quoted(main)}",
        '  true_tokens: ["true", "1"]',
        '  false_tokens: ["false", "0"]',
        "",
        "# The schema decides what must and what else may stand in a document, and whether it may be without",
        "# records: so no field is required here.",
        "closed: false",
        "zero_records: accept",
        "",
    )


def _envelope(plan: Plan) -> Iterator[str]:
    """Yield what may become the envelope, as comments: only a person knows who the sender is."""
    header = plan.records[0]
    found = {}
    for part, ends in _ENVELOPE.items():
        fitting = [one.name for end in ends for one in header.fields if one.name == end]
        if fitting and header.role == "header":
            found[part] = f"{header.name}.{fitting[0]}"
    if found:
        yield "# Where the document says who it is. Take the marks off what holds for your sender."
        yield "# envelope:"
        yield from (f"#   {part}: {where}" for part, where in found.items())
        yield ""


def _records(plan: Plan) -> Iterator[str]:
    yield "records:"
    for record in plan.records:
        yield from _record(record)
        yield ""


def _record(record: RecordPlan) -> Iterator[str]:
    yield f"  {record.name}:"
    if record.role != "record":
        yield f"    role: {record.role}"
    if record.description:
        yield f"    description: {quoted(_cut(record.description))}"
    yield f"    path: {quoted(record.path)}"
    if record.parent is not None:
        yield f"    parent: {record.parent}"
    yield "    fields:"
    for one in record.fields:
        yield from _field(one)


def _field(one: FieldPlan) -> Iterator[str]:
    settings = [f"path: {quoted(one.path)}"]
    settings += [f"type: {one.type}"] if one.type != "string" else []
    settings += ["required: false", "nullable: true"]
    settings += ["trim: both"] if one.trimmed else []
    settings += ["severity: warning"] if one.lenient else []
    settings += [f"description: {quoted(_cut(one.description))}"] if one.description else []
    if not one.codes:
        yield f"      {one.name}: {{{', '.join(settings)}}}"
        return
    yield f"      {one.name}:"
    yield from (f"        {setting}" for setting in settings)
    yield "        codes:"
    yield from (f"          - {quoted(code)}" for code in one.codes)


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS else text[: _WORDS - 3] + "..."


def _advice(plan: Plan) -> Iterator[str]:
    yield "Name the envelope (message id, sender) where documents state it; else their bytes identify them"
    if any(one.lenient for record in plan.records for one in record.fields):
        yield "Numbers and dates that the gateway cannot read are warnings, for XML writes them more freely"
