"""Files that are valid under one version of a format and have what a comparison asks for."""

from __future__ import annotations

import codecs
import dataclasses
import io
from typing import TYPE_CHECKING

from gateway.errors import UnwritableRow
from gateway.formats.compare.change import Demand
from gateway.formats.compare.patterns import examples
from gateway.formats.definition import Format, Kind
from gateway.formats.row import Row
from gateway.witness.checking import Checked, WitnessFile, checked, has_name
from gateway.witness.draft import DraftRow, composed, reshaped
from gateway.witness.grafting import dressed
from gateway.witness.repairing import repaired
from gateway.witness.schema_documents import schema_documents
from gateway.writers import writer_for
from gateway.writers.base import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUFFIX = {Kind.DELIMITED: "csv", Kind.FIXED_WIDTH: "txt", Kind.XML: "xml", Kind.JSON: "json"}
#: Longest file name that file systems take everywhere.
_LONGEST_NAME = 200
#: A draft that cannot be written at all; more errors than any other has.
_UNWRITABLE = 1_000_000

NOTHING = Demand()


def build(definition: Format, demand: Demand = NOTHING, *, variety: int = 0) -> WitnessFile | None:
    """Return a file valid under ``definition`` that has what ``demand`` asks for; None if none was found.

    ``variety`` chooses among the files that fit; the same number gives the same file. A demand that is a
    document is for ``showing``. Raises FormatError where the definition cannot be applied.
    """
    name = file_name(definition, demand)
    rows = composed(definition, demand, variety)
    if not rows and any(demand.counts.get(kind.name) != 0 for kind in definition.record_types):
        return None
    press = Press(definition, demand, name)
    found = repaired(definition, rows, press.judge)
    if found is not None:
        return press.file(found)
    return _of_schema(definition, name) if demand == NOTHING else None


def _of_schema(definition: Format, name: str) -> WitnessFile | None:
    """Return a document that the schema beside ``definition`` takes, where that is valid as it stands."""
    dressings = (dressed(definition, one) for one in schema_documents(definition))
    files = [WitnessFile(name, data) for data in dressings if data is not None]
    verdicts = checked(definition, files)
    return next((file for file, one in zip(files, verdicts, strict=True) if one.accepted), None)


def file_name(definition: Format, demand: Demand = NOTHING) -> str:
    """Return a name for a file of ``definition``: the demanded one, or one that its pattern matches."""
    if demand.file_name is not None:
        return demand.file_name
    if definition.file_name is not None:
        for name in examples(definition.file_name, (1, _LONGEST_NAME)):
            if has_name(definition, name) and "/" not in name:
                return name
    return f"witness.{_SUFFIX[definition.kind]}"


class Press:
    """Writes drafts as the demand wants them, and has them judged."""

    def __init__(self, definition: Format, demand: Demand, name: str) -> None:
        """Write files called ``name`` under ``definition``, in the form that ``demand`` asks for."""
        self._definition = definition
        self._written_as = _physical(reshaped(definition, demand), demand)
        self._style = Style(
            quoted=bool(demand.quoted),
            stripped=bool(demand.stripped),
            final_line_end=demand.final_line_end is not False,
            blank_line=bool(demand.blank_line),
        )
        self._name = name

    def file(self, rows: Sequence[DraftRow]) -> WitnessFile:
        """Return ``rows`` as a file; UnwritableRow where they cannot stand in one."""
        out = io.BytesIO()
        fitting = (self._fitting(row.row()) for row in rows)
        writer_for(self._written_as.kind, self._style).write(self._written_as, fitting, out)
        return WitnessFile(self._name, out.getvalue() or self._nothing())

    def _nothing(self) -> bytes:
        """Return a file without any row that is not the empty file, which every version refuses."""
        if self._definition.dialect.blank_lines == "skip":
            return "\n".encode(self._definition.encoding.charset)
        return codecs.BOM_UTF8

    def _fitting(self, row: Row) -> Row:
        """Return ``row`` without the texts of columns that the file shall not have."""
        known = {field.name for field in self._written_as.record_type(row.record_type).fields}
        if known.issuperset(row.texts):
            return row
        texts = {name: text for name, text in row.texts.items() if name in known}
        return dataclasses.replace(row, texts=texts)

    def judge(self, drafts: list[list[DraftRow]]) -> list[Checked]:
        """Return how the definition judges each of ``drafts``, all read together."""
        files: list[WitnessFile | None] = []
        for rows in drafts:
            try:
                files.append(self.file(rows))
            except UnwritableRow:
                files.append(None)
        verdicts = iter(checked(self._definition, [file for file in files if file is not None]))
        wrong = Checked(self._definition.name, _UNWRITABLE, ())
        return [wrong if file is None else next(verdicts) for file in files]


def _physical(definition: Format, demand: Demand) -> Format:
    """Return ``definition`` with the physical form that is demanded, to be written by."""
    encoding, dialect = definition.encoding, definition.dialect
    if demand.bom is not None:
        encoding = dataclasses.replace(encoding, bom="required" if demand.bom else "forbidden")
    if demand.line_end is not None:
        dialect = dataclasses.replace(dialect, line_end=demand.line_end)
    if demand.trailing_delimiter is not None:
        closing = "required" if demand.trailing_delimiter else "forbidden"
        dialect = dataclasses.replace(dialect, trailing_delimiter=closing)
    return dataclasses.replace(definition, encoding=encoding, dialect=dialect)
