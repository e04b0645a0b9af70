"""The catalogue of finding codes: stable, documented, one meaning each.

A code is never reused or redefined. The operator's page `docs/findings.md` is made from this table,
and the report beside a failed file quotes it: it is written for whoever has to decide at night.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gateway.model import Finding, Severity


class Party(enum.Enum):
    """Who has to act."""

    SENDER = "sender"  #: another file must come
    OPERATOR = "operator"  #: a decision here, with a command
    ADMINISTRATOR = "administrator"  #: configuration, formats, disks, permissions


@dataclass(frozen=True, slots=True)
class Code:
    """What a finding code means, what to do about it, and who has to do it."""

    code: str
    title: str
    meaning: str
    action: str
    who: Party
    severity: Severity = Severity.ERROR


_CORRECTED = "Send this report to the sender and ask for a corrected file (`--corrected`)."
_AGAIN = "Ask the sender to send the whole file again."
_LAYOUT = (
    "Ask the sender whether the layout changed. A mistake: a corrected file. A new layout: the administrator"
    " adds a new format version."
)


def _by_sender(code: str, title: str, meaning: str, action: str = _CORRECTED) -> Code:
    return Code(code, title, meaning, action, Party.SENDER)


def _by_operator(
    code: str, title: str, meaning: str, action: str, severity: Severity = Severity.ERROR
) -> Code:
    return Code(code, title, meaning, action, Party.OPERATOR, severity)


def _by_administrator(code: str, title: str, meaning: str, action: str) -> Code:
    return Code(code, title, meaning, action, Party.ADMINISTRATOR)


# One code to a paragraph, so that the texts can be read one after the other.
# fmt: off
_FILE = (
    _by_sender("F101", "empty-file", "The file has a name and no content: 0 bytes.",
        "Ask the sender whether the export ran. For files that are empty on purpose: the route's"
        " `empty_file`."),
    _by_sender("F102", "undecodable-byte",
        "Bytes stand in the file that are no text in the encoding that the format declares.",
        "Ask the sender in which encoding the file was written. A new encoding needs a new format version."),
    _by_sender("F103", "byte-order-mark",
        "The invisible mark at the beginning of the file (the byte order mark) is missing, is not allowed,"
        " or is that of another encoding.",
        "Ask the sender whether the export program or its settings changed."),
    _by_sender("F104", "line-end", "A line does not end in the way that the format declares.",
        "A transfer program may have changed the file: have it sent in binary mode. Else the sender"
        " corrects the line ends."),
    _by_sender("F105", "unterminated-last-line",
        "The last line has no line end, and the format asks for one: the file was probably cut off.", _AGAIN),
    _by_sender("F106", "open-quote",
        "A quote is opened and never closed; the rows after it cannot be told apart."),
    _by_sender("F107", "stray-quote", "Text stands directly after a closing quote."),
    _by_sender("F108", "field-count",
        "A row has more or fewer fields than the format. It was cut off, or a value contains the separator."),
    _by_sender("F109", "record-length",
        "A fixed-width record is longer or shorter than declared: the file was cut off, or its layout"
        " changed."),
    _by_sender("F110", "unknown-record-type",
        "A row or record is of no kind that the format knows; the mark that tells its kind has an"
        " unknown value."),
    _by_sender("F111", "header-row", "The column headings in the first line are not those of the format.",
        _LAYOUT),
    _by_sender("F112", "blank-line", "A blank line stands where a record should be."),
    _by_sender("F113", "row-too-long",
        "A row is longer than the gateway reads. Often a quote is left open, or it is a file of another"
        " kind."),
    _by_sender("F114", "null-character",
        "Characters of value zero stand in the text. Often the file was reserved on a disk and never filled.",
        _AGAIN),
    _by_administrator("F115", "read-error",
        "The disk or the network share failed while the file was read. The file itself may be in order.",
        "Look into the system log. A file in work is read again with each pass; one that was failed by an"
        ' older gateway needs `gateway reprocess --code F115 --reason "..."`.'),
    _by_sender("F116", "changed-while-read",
        "The file had another size when it was read than when it was proved complete: it was still being"
        " written.",
        "Ask the sender to send the whole file again. If it happens often, the route needs stronger evidence"
        " (`completeness`)."),
    _by_administrator("F199", "not-examined",
        "The gateway itself failed while it examined the file. This says nothing about the file; nothing"
        " is lost.",
        "Give the report to the administrator. After the repair:"
        ' `gateway reprocess --code F199 --reason "..."`.'),
)
_ENVELOPE = (
    _by_sender("F201", "header-missing", "The opening record, which says who sent what, is missing."),
    _by_sender("F202", "trailer-missing", "The closing record is missing: the file was probably cut off.",
        _AGAIN),
    _by_sender("F203", "record-order", "A record stands in a place where its kind is not allowed."),
    _by_sender("F204", "record-occurrence", "A kind of record occurs too often, or not often enough."),
    _by_sender("F205", "count-mismatch",
        "The file says how many records it has, and another number was found: records are missing or too"
        " many."),
    _by_sender("F206", "total-mismatch",
        "The file states a sum over its records, and another sum was found: a record is missing or was"
        " changed."),
    _by_sender("F207", "identifier-missing",
        "A value that says which message this is, who sent it, or its number is empty."),
    _by_administrator("F208", "version-unknown", "The file states a layout version that no format here has.",
        "Ask the sender which layout this is. A new one: the administrator adds the format version; then"
        ' `gateway reprocess --code F208 --reason "..."`.'),
    _by_administrator("F209", "version-not-accepted",
        "The file has a layout version that its route does not accept, or that is retired.",
        "Agree with the sender on the version. To accept this one the administrator widens the route's"
        ' `versions`; then `gateway reprocess --code F209 --reason "..."`.'),
    _by_sender("F210", "name-not-matched",
        "The file's name is not one that the route or the format expects. A file whose name does not match"
        " the route's `source.pattern` stays in the inbox, untouched.",
        "A wrong name or a wrong inbox: the sender sends the file anew. A wrong pattern: the administrator"
        " corrects it."),
    _by_sender("F211", "zero-records", "The file has its opening and closing records and nothing in between.",
        "Ask the sender whether there was really nothing to send. A format may allow it:"
        " `zero_records: accept`."),
    _by_sender("F212", "control-file-mismatch",
        "The control file states another size, checksum or number of records than the file has.",
        "Ask the sender to send file and control file again."),
    _by_sender("F213", "checksum-mismatch",
        "The checksum file states another checksum than the file has, or cannot be read: one of the two was"
        " damaged on its way.",
        "Ask the sender to send file and checksum file again."),
    _by_sender("F214", "not-in-force",
        "The file has a layout version that was not in force on the day on which the file arrived.",
        "Ask the sender which layout is agreed for that day. To let such files pass: the route's"
        ' `effective_dates: note`; then `gateway reprocess --code F214 --reason "..."`.'),
    _by_administrator("F220", "value-not-mapped",
        "The file is in order, and a value in it has no place in the layout that the route delivers: the"
        " mapping has no translation for it, or the target cannot hold it as it is.",
        "A wrong value: ask the sender for a corrected file. A value the mapping does not know yet: a new"
        ' mapping or format version, then `gateway reprocess --code F220 --reason "..."`.'),
    _by_administrator("F221", "output-invalid",
        "The file is in order, but what the mapping made of it breaks the layout that the route delivers."
        " The first findings of the output stand in the message; nothing was delivered.",
        "Compare mapping and target format: `gateway formats map` shows the output. After a new version of"
        ' one of them: `gateway reprocess --code F221 --reason "..."`.'),
)
_VALUES = (
    _by_sender("F301", "value-missing", "A value is empty that must not be."),
    _by_sender("F302", "not-a-number", "The value is not a number as the format writes numbers."),
    _by_sender("F303", "too-many-decimals", "The number has more decimals than the format allows."),
    _by_sender("F304", "too-many-digits", "The number has more digits than the format allows."),
    _by_sender("F305", "not-a-date",
        "The value is not a date or time as the format writes them, or there is no such day or hour."),
    _by_sender("F306", "not-a-boolean", "The value is none of the words for yes and no that the format has."),
    _by_sender("F307", "length", "The value is shorter or longer than the format allows."),
    _by_sender("F308", "pattern", "The value does not have the shape that the format asks for."),
    _by_sender("F309", "range", "The value is too small or too large, or the day too early or too late."),
    _by_sender("F310", "code-unknown", "The value is not in the list of codes that the format allows.",
        "A wrong code: ask the sender for a corrected file. A new code: the administrator adds a new format"
        " version."),
    _by_sender("F311", "constant", "The value is not the one that must always stand there."),
    _by_sender("F312", "field-missing", "A required column, element or member is not there at all."),
    _by_sender("F313", "field-unknown", "A column, element or member is not part of the format.", _LAYOUT),
)
_RULES = (
    _by_sender("F401", "fields-disagree", "Two values of one record contradict each other."),
    _by_sender("F402", "field-needed", "A value is empty that another value of the record makes necessary."),
    _by_sender("F403", "field-forbidden", "A value stands where another value of the record forbids one."),
    _by_sender("F404", "not-unique", "Two records of the file have the same key."),
    _by_sender("F405", "not-constant", "A value that must be the same in all records is not."),
    _by_sender("F406", "not-contiguous",
        "A number that must go up by one from record to record does not: a record is missing, doubled or"
        " moved."),
    _by_sender("F407", "reference-unresolved", "A record refers to another one that is not in the file."),
)
_XML = (
    _by_sender("F501", "xml-not-well-formed",
        "The XML is broken: a tag is not closed, a character is not allowed, or the end is missing."),
    _by_sender("F502", "xml-doctype",
        "The XML has a document type declaration (DOCTYPE). None is accepted, because it can make a program"
        " read other files."),
    _by_sender("F503", "xml-schema", "The XML breaks a rule of the schema (XSD) that belongs to the format."),
    _by_sender("F504", "xml-limit",
        "The XML is nested deeper, or one part of it is larger, than is safe to read."),
    _by_sender("F505", "xml-root",
        "The outermost element is not that of the format: another version, another message type, or the"
        " wrong inbox.", _LAYOUT),
    _by_sender("F506", "xml-encoding", "The XML says that it has another encoding than the format.",
        "Ask the sender which encoding is right. A new encoding needs a new format version."),
)
_JSON = (
    _by_sender("F601", "json-not-well-formed",
        "The JSON is broken: a bracket, comma or quote is missing, or the end."),
    _by_sender("F602", "json-duplicate-key",
        "One object has the same member twice; it is not clear which counts."),
    _by_sender("F603", "json-number",
        "A number is none of JSON (NaN, Infinity), or has more digits than can be kept."),
    _by_sender("F604", "json-limit",
        "The JSON is nested deeper, or one value is larger, than is safe to read."),
    _by_sender("F605", "json-schema",
        "The JSON breaks a rule of the JSON Schema that belongs to the format."),
    _by_sender("F606", "json-structure",
        "A list, an object or a single value stands where the format has something else."),
)
_DUPLICATES = (
    _by_operator("F701", "resend", "The same message with the same content was accepted before.",
        "Nothing is missing: the first one was taken. If the receiver lost that:"
        ' `gateway replay TRANSFER --reason "..."` with the first transfer.'),
    _by_operator("F702", "conflict",
        "A message with the same key was accepted before, with other content. One of the two is wrong.",
        "Ask the sender which one counts, and tell the receiver. Only if it is this one:"
        ' `gateway reprocess TRANSFER --allow conflict --reason "..."`.'),
    _by_operator("F703", "copy", "The same content was accepted before under another name or message key.",
        "Ask the sender why it came twice. Only if it must be posted twice:"
        ' `gateway reprocess TRANSFER --allow copy --reason "..."`.'),
    _by_operator("F704", "record-duplicate",
        "A record was accepted before in another file; the finding names that file and row.",
        "Ask the sender which record is right. Only if both are meant:"
        ' `gateway reprocess TRANSFER --allow record-duplicate --reason "..."`.'),
)
_SEQUENCE = (
    _by_operator("F801", "sequence-late",
        "The file comes late: its number was given up, or its successors did not wait for it.",
        "Ask the receiver whether it may still be posted. If so:"
        ' `gateway reprocess TRANSFER --allow late --reason "..."`.'),
    _by_sender("F802", "sequence-number-invalid",
        "The file's control number is missing, no number, reserved, or not one that can come now.",
        "Ask the sender. If the counter began anew:"
        ' `gateway sequence reset STREAM NUMBER --reason "..."`, then reprocess.'),
    _by_operator("F803", "sequence-gap-expired",
        "The file waited for the one before it, which did not come before the deadline.",
        "Have the missing file sent, or give its number up:"
        ' `gateway sequence waive STREAM NUMBER --reason "..."`. Then reprocess this one.'),
    _by_operator("F804", "sequence-overtaken",
        "A newer file of the same sender was accepted before this one.",
        "Ask the receiver whether the older content may still be posted. If so:"
        ' `gateway reprocess TRANSFER --allow overtaken --reason "..."`.'),
    _by_operator("F805", "sequence-gap",
        "The file was delivered although one before it is missing; its route does not wait.",
        "Ask the sender for the missing file. If it never comes:"
        ' `gateway sequence waive STREAM NUMBER --reason "..."`.', Severity.WARNING),
    _by_operator("F806", "sequence-broken-chain",
        "The file names a predecessor that another file followed already, or that has not come.",
        "Ask the sender which file comes next. If it is this one:"
        ' `gateway sequence reset STREAM PREDECESSOR --reason "..."`, then reprocess.'),
    _by_operator("F807", "sequence-repeated",
        "Another file of the same sender had this control number already.",
        "Ask the sender. If the counter began anew:"
        ' `gateway sequence reset STREAM NUMBER --reason "..."`, then reprocess. If both files count:'
        ' `gateway reprocess TRANSFER --allow repeated --reason "..."`.'),
)
_ENTRIES = (
    _by_sender("F901", "not-a-regular-file",
        "The entry in the inbox is a directory, link, pipe, socket or device. It is left alone and never"
        " followed.",
        "Have it taken out of the inbox; the sender puts an ordinary file there."),
    _by_administrator("F902", "unreadable",
        "The gateway may not read the file, or a file that belongs to it.",
        "Correct owner or permissions; the next pass takes the file."),
    Code("F903", "waiting", "The file is not yet proved complete; the reason says what is missing.",
        "Wait: every pass looks again. If it is old, ask the sender for what is missing.",
        Party.SENDER, Severity.WARNING),
    Code("F904", "unsafe-name",
        "The name cannot be used on every system; the file is kept under a safe form of it.",
        "Nothing to do: the manifest keeps the original name. The sender might choose plainer ones.",
        Party.SENDER, Severity.WARNING),
    _by_operator("F905", "delivery-uncertain",
        "The file was in work when the ledger was lost or set back. Whether it was delivered before that is"
        " not known, so the gateway does not deliver it again by itself.",
        "Ask those who receive it. Have they got it: leave it here. Else:"
        ' `gateway reprocess TRANSFER --allow repeated --reason "..."`.'),
)
# fmt: on

#: The codes by what they are about, in the order of their numbers.
FAMILIES: tuple[tuple[str, tuple[Code, ...]], ...] = (
    ("The file as bytes and lines", _FILE),
    ("What surrounds the records", _ENVELOPE),
    ("Values", _VALUES),
    ("Values and records that contradict each other", _RULES),
    ("XML", _XML),
    ("JSON", _JSON),
    ("Duplicates", _DUPLICATES),
    ("Order", _SEQUENCE),
    ("Entries that are not taken", _ENTRIES),
)

CODES: dict[str, Code] = {entry.code: entry for _, family in FAMILIES for entry in family}


def finding(code: str, message: str, **place: object) -> Finding:
    """Return a finding of a catalogued ``code``; its severity is the catalogue's unless given.

    Raises KeyError for a code that is not in the catalogue.
    """
    place.setdefault("severity", CODES[code].severity)
    place.setdefault("hint", CODES[code].action)
    return Finding(code=code, message=message, **place)  # type: ignore[arg-type] # checked by Finding
