"""An XSD set as a format version: the schema enforced as it stands, its records and fields named.

Nothing that the XSD accepts is refused: see ``xsd_records``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.errors import FormatError, ImportFailed
from gateway.formats import xsd_cost
from gateway.formats.compare.xsd.building import build
from gateway.formats.compare.xsd.documents import read_set
from gateway.formats.compare.xsd.model import Element, Schema, local, namespace
from gateway.formats.importing.entry import ImportedFormat
from gateway.formats.importing.names import quoted
from gateway.formats.importing.xsd_files import flat_files, unusable
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
#: Where OAGIS, and B2MML after it, say who sent a message.
_APPLICATION_AREA = {
    "message_id": "ApplicationArea/BODID",
    "sender": "ApplicationArea/Sender/LogicalID",
    "created_at": "ApplicationArea/CreationDateTime",
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
    if refused := unusable(documents):
        raise ImportFailed(
            "A file of the XSD set cannot be used", where=str(entry), hint="Mend the file", problems=refused
        )
    if problem := xsd_cost.too_costly(one.root for one in documents.found):
        raise ImportFailed(f"The XSD could hang the gateway: {problem}", where=str(entry))
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
    names = sorted(one.local for one in (found or every))
    names = difflib.get_close_matches(root or "", names) or names
    some = ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")
    if not names:
        raise ImportFailed("The XSD declares no element that a document can start with", where=str(entry))
    what = (
        f"There is no root element {root!r}"
        if root is not None
        else "Several elements can be the root element"
    )
    raise ImportFailed(what, where=str(entry), hint=f"Choose one with --root: {some}")


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


def _application_area(plan: Plan) -> dict[str, str]:
    """Return the envelope of a message with the ApplicationArea of OAGIS, as B2MML has it; else nothing."""
    header = plan.records[0]
    names = {"/".join(map(local, one.path.split("/"))): one.name for one in header.fields}
    whole = header.role == "header" and all(path in names for path in _APPLICATION_AREA.values())
    return {part: f"{header.name}.{names[path]}" for part, path in _APPLICATION_AREA.items()} if whole else {}


def _envelope(plan: Plan) -> Iterator[str]:
    """Yield the envelope where its names are those of a standard; else as comments what may become it."""
    standard = _application_area(plan)
    if standard:
        yield "# The ApplicationArea says who sent the document and which one it is, where it says so at all."
        yield "envelope:"
        yield from (f"  {part}: {where}" for part, where in standard.items())
        yield "  key: [sender, message_id]"
        yield ""
        return
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
    if _application_area(plan):
        yield (
            "The envelope is the ApplicationArea: BODID is the message id, Sender/LogicalID the sender. "
            "A file without a BODID is known by its bytes alone; one without a sender comes from the partner"
        )
    else:
        yield (
            "Name the envelope (message id, sender) where documents state it; else a file is known by its "
            "bytes alone"
        )
    if any(one.lenient for record in plan.records for one in record.fields):
        yield (
            "Numbers and dates have `severity: warning`, for XML has more ways to write them (`.5`, `1.`, "
            "2026-01-31Z) than the gateway computes with: such a text passes with a warning, and has no "
            "value here. Take the line away from a field that a rule or a control total looks at"
        )
