"""An IDoc layout as a fixed-width format: control record, and one record type for each segment.

Control record EDI_DC40 has 524 characters, data records EDI_DD40 have 1,063: a head of 63 with
the segment's name, then SDATA. A file may have line ends, with trailing blanks stripped, or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.formats.definition import Version
from gateway.formats.importing.entry import ImportedFormat
from gateway.formats.importing.idoc_layout import HEAD, SDATA, Layout, LayoutField, Segment, read_layout
from gateway.formats.importing.names import quoted, snake, unique

_CONTROL = (
    ("tabnam", 10), ("mandt", 3), ("docnum", 16), ("docrel", 4), ("status", 2), ("direct", 1),
    ("outmod", 1), ("exprss", 1), ("test", 1), ("idoctyp", 30), ("cimtyp", 30), ("mestyp", 30),
    ("mescod", 3), ("mesfct", 3), ("std", 1), ("stdvrs", 6), ("stdmes", 6), ("sndpor", 10),
    ("sndprt", 2), ("sndpfc", 2), ("sndprn", 10), ("sndsad", 21), ("sndlad", 70), ("rcvpor", 10),
    ("rcvprt", 2), ("rcvpfc", 2), ("rcvprn", 10), ("rcvsad", 21), ("rcvlad", 70), ("credat", 8),
    ("cretim", 6), ("refint", 14), ("refgrp", 14), ("refmes", 14), ("arckey", 70), ("serial", 20),
)  # fmt: skip
_CONTROL_TEXTS = {
    "tabnam": "Always EDI_DC40.", "mandt": "Client of the sender.",
    "docnum": "IDoc number of the sender: the message id.", "idoctyp": "Basic type.",
    "mestyp": "Message type.", "sndprn": "Partner number of the sender.",
    "rcvprn": "Partner number of the receiver.", "credat": "Day of creation, local time of the sender.",
    "cretim": "Time of creation, local time of the sender.",
    "serial": "Serialisation. Shows overtaking, not gaps.",
}  # fmt: skip
_HEAD = (("segnam", 30), ("mandt", 3), ("docnum", 16), ("segnum", 6), ("psgnum", 6), ("hlevel", 2))
_HEAD_TEXTS = {
    "segnam": "Name of the segment.", "docnum": "IDoc number, the same on every record.",
    "segnum": "Counts the segments.", "psgnum": "Number of the parent segment.",
    "hlevel": "Level in the hierarchy.", "mandt": "Client.",
}  # fmt: skip
_NOTES = (
    "The code page is taken to be ISO 8859-1; correct `encoding.charset` where the sender has another.",
    "All segment fields are texts that may be empty; add types, codes and `min_occurs` where they are known.",
    "Segments that the layout does not have are refused (F110).",
)


def import_idoc(
    layout: Path,
    message_type: str,
    version: Version,
    *,
    segment: str | None = None,
    title: str | None = None,
) -> ImportedFormat:
    """Return the format of IDoc files with the segments of the file ``layout``.

    ``segment`` names the segment of a table that names none. Raises ImportFailed with every
    problem of the layout, each with its line.
    """
    read = read_layout(layout, segment)
    text = "\n".join(
        [*_front(read, message_type, version, title or _title(read, message_type)), *_records(read)]
    )
    return ImportedFormat(text + "\n", {}, (*read.notes, *_NOTES))


def _title(layout: Layout, message_type: str) -> str:
    return (
        f"IDoc {layout.basic_type} as a flat file" if layout.basic_type else f"IDoc flat file {message_type}"
    )


def _front(layout: Layout, message_type: str, version: Version, title: str) -> Iterator[str]:
    """Yield the lines before the record types."""
    yield from (
        "schema: 1",
        f"message_type: {message_type}",
        f"version: {version}",
        "status: draft",
        f"title: {quoted(title)}",
        "description: >-",
        "  Imported from an IDoc layout: a control record EDI_DC40 of 524 characters, then data records of",
        "  1,063 characters, each with a head of 63 characters and up to 1,000 characters of segment data.",
        '  Offsets count characters. "/" stands for a field that is not transferred.',
        "kind: fixed-width",
        "",
        "encoding:",
        "  charset: iso-8859-1",
        "  bom: forbidden",
        "",
        "dialect:",
        "  line_end: optional",
        "  final_line_end: optional",
        "  stripped_blanks: true",
        "  trim: both",
        '  date_format: "YYYYMMDD"',
        '  time_format: "HHMMSS"',
        '  null_tokens: ["", "/"]',
        "",
        "envelope:",
        "  message_id: control.docnum",
        "  sender: control.sndprn",
        "  receiver: control.rcvprn",
        "  control_number: control.serial",
        "  created_at: control.credat",
    )
    if layout.basic_type:
        yield from (
            "  format_version:",
            "    field: control.idoctyp",
            f"    values: [{quoted(layout.basic_type)}]",
        )
    yield from ("  key: [sender, message_id]", "")


def _records(layout: Layout) -> Iterator[str]:
    yield "records:"
    yield from (
        "  control:",
        "    role: header",
        "    description: The control record, who sends what to whom.",
        "    discriminator: {offset: 0, length: 10, value: EDI_DC40}",
        "    length: 524",
        "    fields:",
    )
    offset = 0
    for name, length in _CONTROL:
        yield _field(name, offset, length, _control_settings(name), _CONTROL_TEXTS.get(name, ""))
        offset += length
    taken = {"control"}
    for segment in layout.segments:
        yield ""
        yield from _segment(segment, unique(snake(segment.name.lower()), taken))


def _control_settings(name: str) -> str:
    if name == "tabnam":
        return ", constant: EDI_DC40"
    if name == "credat":
        return ', type: date, nullable: true, null_tokens: ["", "/", "00000000"]'
    return ", nullable: true"


def _segment(segment: Segment, name: str) -> Iterator[str]:
    yield from (
        f"  {name}:",
        f"    description: {quoted(f'Segment {segment.name}.')}",
        f"    discriminator: {{offset: 0, length: 30, value: {quoted(segment.name)}}}",
        f"    length: {HEAD + SDATA}",
        "    fields:",
    )
    offset = 0
    for head, length in _HEAD:
        settings = f", constant: {quoted(segment.name)}" if head == "segnam" else ", nullable: true"
        yield _field(head, offset, length, settings, _HEAD_TEXTS[head])
        offset += length
    yield f"      # SDATA begins at {HEAD}"
    taken = {head for head, _length in _HEAD}
    for each in sorted(segment.fields, key=lambda one: one.offset):
        yield _field(
            unique(snake(each.name.lower()), taken), each.offset, each.length, ", nullable: true", _text(each)
        )


def _text(field: LayoutField) -> str:
    """Return the description of a field: the layout's, else its name where ours is another."""
    return field.description or (field.name if snake(field.name.lower()) != field.name.lower() else "")


def _field(name: str, offset: int, length: int, settings: str, description: str) -> str:
    told = f", description: {quoted(description)}" if description else ""
    return f"      {name}: {{offset: {offset}, length: {length}{settings}{told}}}"
