"""The catalogue of finding codes: stable, documented, one meaning each.

A code is never reused or redefined. The operator's page in ``docs/findings.md`` is
generated from this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import Finding, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """What a finding code means and what the reader of a report can do about it."""

    code: str
    title: str
    meaning: str
    action: str
    severity: Severity = Severity.ERROR


_SENDER = "Ask the sender for a corrected file; reprocess it with `--corrected`."

_TABLE = (
    # F1: the file as bytes and lines
    Code(
        "F101",
        "empty-file",
        "The file has no bytes at all.",
        "Ask the sender whether the export ran; the route's `empty_file` rule says what becomes of it.",
    ),
    Code(
        "F102",
        "undecodable-byte",
        "A byte does not decode in the declared encoding.",
        "Check which encoding the sender wrote; the finding names byte offset and line.",
    ),
    Code(
        "F103",
        "byte-order-mark",
        "A byte order mark is missing or not allowed.",
        "Compare the file's first bytes with the format's `encoding.bom`.",
    ),
    Code(
        "F104",
        "line-end",
        "A line does not end as the format declares.",
        "Transfer the file in binary mode, or correct the sender's line ends.",
    ),
    Code(
        "F105", "unterminated-last-line", "The last line has no line end: the file may be cut off.", _SENDER
    ),
    Code("F106", "open-quote", "A quoted field is never closed.", _SENDER),
    Code("F107", "stray-quote", "Text stands after a closing quote.", _SENDER),
    Code("F108", "field-count", "A row has more or fewer fields than the format declares.", _SENDER),
    Code(
        "F109",
        "record-length",
        "A fixed-width record is longer or shorter than declared.",
        "A cut-off transfer or a changed layout: compare with the format version.",
    ),
    Code("F110", "unknown-record-type", "A row's discriminator names no record type of the format.", _SENDER),
    Code(
        "F111",
        "header-row",
        "The column headings are not those of the format.",
        "Compare the headings; a new column usually means a new format version.",
    ),
    Code("F112", "blank-line", "A blank line stands where a record should.", _SENDER),
    Code(
        "F113",
        "row-too-long",
        "A row or record is longer than the gateway's limit.",
        "Usually an open quote or a file of another kind.",
    ),
    Code(
        "F114",
        "null-character",
        "A NUL character stands in a text file.",
        "Often a file that was pre-allocated and never filled: ask for a new transfer.",
    ),
    Code(
        "F115",
        "read-error",
        "The file could not be read to its end.",
        "Check the disk or the network share; then reprocess.",
    ),
    Code(
        "F116",
        "changed-while-read",
        "The file changed while it was read.",
        "The sender wrote without waiting; the file is tried again on the next pass.",
    ),
    Code(
        "F199",
        "not-examined",
        "The gateway met an error of its own while it examined the file.",
        "Keep the file and report the error text; nothing is lost, reprocess after an update.",
    ),
    # F2: the envelope
    Code("F201", "header-missing", "The header record is missing.", _SENDER),
    Code("F202", "trailer-missing", "The trailer record is missing: the file is probably cut off.", _SENDER),
    Code("F203", "record-order", "A record stands where its type is not allowed.", _SENDER),
    Code("F204", "record-occurrence", "A record type occurs too often or not often enough.", _SENDER),
    Code("F205", "count-mismatch", "The stated number of records is not the number found.", _SENDER),
    Code("F206", "total-mismatch", "A stated control total is not the sum found.", _SENDER),
    Code("F207", "identifier-missing", "An identifier that the route needs is missing.", _SENDER),
    Code(
        "F208",
        "version-unknown",
        "The file states a version that the catalogue does not have.",
        "Add the version to the catalogue, or ask the sender which layout this is.",
    ),
    Code(
        "F209",
        "version-not-accepted",
        "The file's version is outside the range the route accepts.",
        "Widen the route's `versions`, or ask the sender for the agreed version.",
    ),
    Code(
        "F210",
        "name-not-matched",
        "The file name does not match the format's or the route's pattern.",
        "Correct the name, or the route's pattern.",
    ),
    Code(
        "F211",
        "zero-records",
        "The file has an envelope but no business record.",
        "Allowed only where the format says `zero_records: accept`.",
    ),
    Code(
        "F212",
        "control-file-mismatch",
        "The control file states another size, count or checksum.",
        "Ask the sender for a new transfer of file and control file.",
    ),
    Code(
        "F213",
        "checksum-mismatch",
        "The checksum file does not match the file's bytes.",
        "The transfer damaged the file: ask for a new one.",
    ),
    # F3: one field of one record
    Code("F301", "value-missing", "A value that must be there is empty.", _SENDER),
    Code("F302", "not-a-number", "The value is not a number in the declared notation.", _SENDER),
    Code("F303", "too-many-decimals", "The number has more decimals than the format allows.", _SENDER),
    Code("F304", "too-many-digits", "The number has more digits than the format allows.", _SENDER),
    Code("F305", "not-a-date", "The value is not a date or time in the declared notation.", _SENDER),
    Code("F306", "not-a-boolean", "The value is none of the declared words for true and false.", _SENDER),
    Code("F307", "length", "The value is shorter or longer than the format allows.", _SENDER),
    Code("F308", "pattern", "The value does not have the declared shape.", _SENDER),
    Code("F309", "range", "The value is below the minimum or above the maximum.", _SENDER),
    Code(
        "F310",
        "code-unknown",
        "The value is not in the code list.",
        "A new code needs a new format version; a wrong one a corrected file.",
    ),
    Code("F311", "constant", "The value is not the one constant the format declares.", _SENDER),
    Code("F312", "field-missing", "A required column, element or member is not there.", _SENDER),
    Code("F313", "field-unknown", "A column, element or member is not part of the format.", _SENDER),
    # F4: rules across fields and records
    Code("F401", "fields-disagree", "Two values of one record contradict each other.", _SENDER),
    Code("F402", "field-needed", "A value is needed because of another value.", _SENDER),
    Code("F403", "field-forbidden", "A value must be empty because of another value.", _SENDER),
    Code("F404", "not-unique", "The same key occurs more than once in the file.", _SENDER),
    Code("F405", "not-constant", "A value that must be the same in all records is not.", _SENDER),
    Code("F406", "not-contiguous", "A number that must count up by one does not.", _SENDER),
    Code("F407", "reference-unresolved", "A record refers to another one that is not in the file.", _SENDER),
    # F5: XML
    Code("F501", "xml-not-well-formed", "The XML cannot be parsed.", _SENDER),
    Code("F502", "xml-doctype", "The XML has a DOCTYPE, which is never accepted.", _SENDER),
    Code("F503", "xml-schema", "The XML does not satisfy the XSD.", _SENDER),
    Code("F504", "xml-limit", "The XML exceeds a safety limit (depth, attributes, text size).", _SENDER),
    Code(
        "F505",
        "xml-root",
        "The root element or its namespace is not that of the format.",
        "Usually another version or another message type: check the route.",
    ),
    Code(
        "F506",
        "xml-encoding",
        "The XML declares another encoding than the format.",
        "Ask the sender which encoding is right; a new one needs a new format version.",
    ),
    # F6: JSON
    Code("F601", "json-not-well-formed", "The JSON cannot be parsed.", _SENDER),
    Code("F602", "json-duplicate-key", "An object has the same member twice.", _SENDER),
    Code("F603", "json-number", "A number is not valid JSON (NaN, Infinity) or too large.", _SENDER),
    Code("F604", "json-limit", "The JSON exceeds a safety limit (depth, size of one record).", _SENDER),
    Code("F605", "json-schema", "The JSON does not satisfy the JSON Schema.", _SENDER),
    Code(
        "F606",
        "json-structure",
        "An object, array or single value stands where the format has another.",
        _SENDER,
    ),
    # F7: duplicates
    Code(
        "F701",
        "resend",
        "The same message with the same bytes was accepted before.",
        "Nothing to post: the first transfer did. Replay it if the receiver lost it.",
    ),
    Code(
        "F702",
        "conflict",
        "A message with the same key but other bytes was accepted before.",
        "Ask the sender which one is right before anything is reprocessed.",
    ),
    Code(
        "F703",
        "copy",
        "The same bytes were accepted before under another name or key.",
        "Ask the sender why the file was copied.",
    ),
    Code(
        "F704",
        "record-duplicate",
        "The same record was accepted before in another file.",
        "The finding names the first file and row; the sender must say which is right.",
    ),
    # F8: sequence
    Code(
        "F801",
        "sequence-late",
        "The number was already passed over: the file arrives late.",
        "Decide whether it may still be posted; reprocess with a reason.",
    ),
    Code(
        "F802", "sequence-number-invalid", "The control number is missing, reserved or not a number.", _SENDER
    ),
    Code(
        "F803",
        "sequence-gap-expired",
        "The predecessor did not come before the deadline.",
        "Find the missing file, or waive it: `gateway sequence waive`.",
    ),
    Code(
        "F804",
        "sequence-overtaken",
        "A newer file of the stream was accepted before this one.",
        "Decide whether the older content may still be posted.",
    ),
    Code(
        "F805",
        "sequence-gap",
        "The file was delivered although its predecessor is missing.",
        "Find the missing file or waive it; the route's policy is `report`.",
        Severity.WARNING,
    ),
    Code(
        "F806",
        "sequence-broken-chain",
        "The file names a predecessor that is not the last file.",
        "Find the missing interchange, or waive it.",
    ),
    Code(
        "F807",
        "sequence-repeated",
        "The control number was already used by another file of the stream.",
        "Ask the sender which file is right; a restarted counter is declared with `sequence reset`.",
    ),
    # F9: entries that cannot be taken
    Code(
        "F901",
        "not-a-regular-file",
        "The entry is a directory, link, FIFO, socket or device.",
        "Remove it; the gateway takes regular files only and follows no links.",
    ),
    Code("F902", "unreadable", "The gateway may not read the file.", "Correct owner or permissions."),
    Code(
        "F903",
        "waiting",
        "The file is not yet proved complete.",
        "The reason names the evidence that is missing.",
    ),
    Code(
        "F904",
        "unsafe-name",
        "The name cannot be used on every system; it is archived in a safe form.",
        "Nothing to do; the manifest keeps the original name.",
        Severity.WARNING,
    ),
)

CODES: dict[str, Code] = {entry.code: entry for entry in _TABLE}


def finding(code: str, message: str, **place: object) -> Finding:
    """Return a finding of a catalogued ``code``; its severity is the catalogue's unless given.

    Raises KeyError for a code that is not in the catalogue.
    """
    place.setdefault("severity", CODES[code].severity)
    place.setdefault("hint", CODES[code].action)
    return Finding(code=code, message=message, **place)  # type: ignore[arg-type]
