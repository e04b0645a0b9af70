"""Text -> bytes of the declared encoding, strictly; and what a writer cannot put into a file."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, BinaryIO

from gateway.errors import UnwritableRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.formats.definition import Encoding, Format, RecordType
    from gateway.formats.row import Row

_MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
#: Taken for a byte order mark where it begins a file.
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class Output:
    """The bytes of one file, encoded as declared; a byte order mark is written where it is required.

    UTF-16 without a declared byte order is little-endian, with a mark unless that is forbidden.
    """

    def __init__(self, encoding: Encoding, out: BinaryIO) -> None:
        declared = codecs.lookup(encoding.charset).name.removesuffix("-sig")
        self.codec = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(declared, declared)
        self._charset = encoding.charset
        self._out = out
        self._begun = False
        if encoding.bom == "required" or (declared != self.codec and encoding.bom == "optional"):
            self._begun = True
            out.write(_MARKS.get(self.codec, b""))

    def write(self, text: str) -> None:
        """Write ``text``. Raises UnicodeEncodeError where the encoding lacks a character of it."""
        data = text.encode(self.codec)
        if not self._begun and text:
            self._begun = True
            if text.startswith(_MARK):
                raise UnwritableRow("The file would begin with a byte order mark that is none")
        self._out.write(data)

    def write_row(self, text: str, row: Row) -> None:
        """Write ``text``, which was made of ``row``; raises UnwritableRow for what cannot be encoded."""
        try:
            self.write(text)
        except UnicodeEncodeError as error:
            raise self._unencodable(error, row) from error

    def _unencodable(self, error: UnicodeEncodeError, row: Row) -> UnwritableRow:
        character = error.object[error.start]
        for name, text in row.texts.items():
            if character in text:
                return unwritable(row, name, f"{named(character)} does not exist in {self._charset}")
        return unwritable(row, None, f"{named(character)} does not exist in {self._charset}")


def named(character: str) -> str:
    """Return ``character`` for a message, with its code point."""
    shown = f" {character!r}" if character.isprintable() else ""
    return f"the character{shown} (U+{ord(character):04X})"


def unwritable(row: Row, field: str | None, reason: str) -> UnwritableRow:
    """Return the error that says which field of ``row`` cannot be written, and why."""
    place = row.record_type if field is None else f"{row.record_type}.{field}"
    if row.record is not None:
        place += f", record {row.record}"
    error = UnwritableRow(f"{reason[0].upper()}{reason[1:]}", where=place)
    error.record_type, error.field = row.record_type, field
    error.text = row.texts.get(field or "")
    error.record, error.line = row.record, row.line
    return error


class RecordTypes:
    """The record types of a format and the names of their fields, looked up once for all rows."""

    def __init__(self, definition: Format) -> None:
        self._format = definition.name
        self._known = {
            kind.name: (kind, frozenset(field.name for field in kind.fields))
            for kind in definition.record_types
        }

    def of(self, row: Row) -> RecordType:
        """Return the record type of ``row``; UnwritableRow where the format lacks it or a field of it."""
        if row.record_type not in self._known:
            raise unwritable(row, None, f"{self._format} has no such record type")
        kind, names = self._known[row.record_type]
        if not names.issuperset(row.texts):
            stranger = next(name for name in row.texts if name not in names)
            raise unwritable(row, stranger, f"{self._format} has no such field")
        return kind


def refuse(row: Row, texts: Mapping[str, str], characters: str, why: str) -> None:
    """Raise UnwritableRow where one of ``texts`` has one of ``characters``."""
    for name, text in texts.items():
        for character in characters:
            if character in text:
                raise unwritable(row, name, f"{named(character)} cannot be written: {why}")
