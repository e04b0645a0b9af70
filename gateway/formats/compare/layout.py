"""What a reader's version finds in a row of a writer's version: which text lands in which field.

Delimited rows without headings are read by position, fixed-width ones by offset; the others by name:
heading, element path or pointer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Demand, DemandedRow, Judgement, Verdict
from gateway.formats.compare.discriminators import line_of
from gateway.formats.compare.record_types import length, size_of
from gateway.formats.compare.texts import rows_of, texts_of
from gateway.formats.compare.values import Refused, meaning, same
from gateway.formats.compare.views import View, breaking, review, side_of, silent
from gateway.formats.definition import Format, Kind, Role

if TYPE_CHECKING:
    from gateway.formats.definition import Field, RecordType


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one record type under the other version."""

    view: View
    writer: RecordType
    reader: RecordType

    @property
    def by_name(self) -> bool:
        """Whether fields are found by heading, path or pointer."""
        return found_by_name(self.view.reader, self.reader)

    @property
    def strict(self) -> bool:
        """Whether the reader's version refuses a column, element or member that it does not name."""
        definition = self.view.reader
        schema = definition.dialect.xsd or definition.dialect.json_schema
        return definition.closed and (schema is None or definition.kind is Kind.DELIMITED)

    @property
    def certain(self) -> bool:
        """Whether the writer's version refuses what it does not name: then nothing else is in its files."""
        definition = self.view.writer
        schema = definition.dialect.xsd or definition.dialect.json_schema
        return definition.closed and (schema is None or definition.kind is Kind.DELIMITED)

    def taker(self, field: Field) -> Field | None:
        """Return the reader's field that finds its text where the writer has ``field``."""
        if self.by_name:
            place = place_of(self.view.writer, field)
            return next((one for one in self.reader.fields if place_of(self.view.reader, one) == place), None)
        return _at(self.reader, self.writer.fields.index(field))

    def source(self, field: Field) -> Field | None:
        """Return the writer's field that stands where the reader looks for ``field``."""
        if self.by_name:
            place = place_of(self.view.reader, field)
            return next((one for one in self.writer.fields if place_of(self.view.writer, one) == place), None)
        return _at(self.writer, self.reader.fields.index(field))

    def demand(self, texts: Mapping[str, str | None]) -> Demand:
        """Return the demand for a row with ``texts``."""
        return Demand(rows=(DemandedRow(self.writer.name, dict(texts)),))

    def raw(self, texts: Mapping[str, str], field: Field) -> str | None:
        """Return what the reader's version finds for its ``field`` in a row with ``texts``."""
        if self.view.reader.kind is Kind.FIXED_WIDTH:
            line = line_of(self.writer, dict(texts))
            start, end = field.offset or 0, (field.offset or 0) + (field.length or 0)
            return line[start:end] if end <= len(line) or self.view.reader.dialect.stripped_blanks else None
        found = self.source(field)
        return None if found is None else texts.get(found.name)

    def misread(self, field: Field, written: Field | None) -> Iterator[tuple[Judgement, bool]]:
        """Yield what the reader's ``field`` finds in rows, where ``written`` (None: nothing) was meant.

        With it, whether it is the field's own: not where another field is refused in the same row.
        """
        for texts in rows_of(self.view.writer, self.writer):
            found = self._found(texts, field, written)
            if found is None or found.verdict is Verdict.BREAKING:
                if found is not None:
                    yield found, True
                continue
            refusing = self._refusing(texts)
            if refusing is None:
                yield self._whole(texts, found), True
            else:
                why = f"{found.why} In the same row it refuses what it finds for `{refusing.name}`."
                yield breaking(why, self.demand(self._telling(texts, refusing, None))), False

    def _whole(self, texts: dict[str, str], found: Judgement) -> Judgement:
        """Return ``found`` with a demand for the whole row, in which no other field is refused.

        What a rule or the envelope ties to other fields and rows is left to the file.
        """
        demanded = found.demand.rows[0].texts if found.demand else {}
        tied = _tied(self.view.writer, self.writer)
        free = {name: text for name, text in texts.items() if name not in tied}
        return dataclasses.replace(found, demand=self.demand({**free, **demanded}))

    def _found(self, texts: dict[str, str], field: Field, written: Field | None) -> Judgement | None:
        """Judge what is found for ``field`` in one row; None where it is what was meant."""
        raw = self.raw(texts, field)
        read = meaning(self.view.read(field), raw)
        said = "nothing" if raw is None else f"`{raw}`"
        demand = self.demand(self._telling(texts, field, written))
        if isinstance(read, Refused):
            return breaking(
                f"{self.view.ours} finds {said} for `{field.name}` and refuses it: {read.why}", demand
            )
        meant = meaning(self.view.written(written), texts[written.name]) if written else None
        if meant is not None and (isinstance(meant, Refused) or same(meant, read) is not False):
            return None
        instead = f", not `{texts[written.name]}`" if written else ", which is another field's value"
        return silent(f"{self.view.ours} finds {said} for `{field.name}`{instead}.", demand)

    def _refusing(self, texts: dict[str, str]) -> Field | None:
        """Return the first of the reader's fields that refuses what it finds in the row."""
        return next(
            (
                one
                for one in self.reader.fields
                if isinstance(meaning(self.view.read(one), self.raw(texts, one)), Refused)
            ),
            None,
        )

    def _telling(self, texts: dict[str, str], field: Field, written: Field | None) -> dict[str, str]:
        """Return those of ``texts`` that the reader finds for ``field``, and what was meant by it."""
        if self.view.reader.kind is Kind.FIXED_WIDTH:
            span = span_of(field)
            found = [one for one in self.writer.fields if overlap(span_of(one), span)]
        else:
            found = [one for one in (self.source(field),) if one is not None]
        names = [one.name for one in (*found, *([written] if written else []))]
        return {name: texts[name] for name in names}


def _tied(definition: Format, kind: RecordType) -> set[str]:
    """Return the fields of ``kind`` whose texts follow from other fields or rows."""
    envelope = definition.envelope
    stated = [count.stated for count in envelope.counts]
    stated += [place for total in envelope.totals for place in (total.stated, total.sum_of)]
    stated += [envelope.format_version] if envelope.format_version else []
    found = {one.field for one in stated if one.record_type == kind.name}
    for rule in definition.rules:
        found |= {rule.left or "", rule.right or "", *rule.fields, *(one.field for one in rule.when)}
        found |= {rule.of.field} if rule.of else set()
    return found


def span_of(field: Field) -> range:
    """Return the characters of a fixed-width record that ``field`` has."""
    return range(field.offset or 0, (field.offset or 0) + (field.length or 0))


def overlap(one: range, other: range) -> bool:
    """Return whether two stretches have a character in common."""
    return one.start < other.stop and other.start < one.stop


def found_by_name(definition: Format, kind: RecordType) -> bool:
    """Return whether the fields of ``kind`` are found by heading, element path or pointer."""
    if definition.kind is Kind.DELIMITED:
        return definition.dialect.header_row and kind.role is Role.RECORD
    return definition.kind is not Kind.FIXED_WIDTH


def place_of(definition: Format, field: Field) -> str:
    """Return by what a field is found: its heading, element path or pointer."""
    if definition.kind is Kind.DELIMITED:
        return field.heading or field.name
    place = field.path if field.path is not None else field.name
    return place.removeprefix("/") if definition.kind is Kind.JSON else place


def _at(kind: RecordType, index: int) -> Field | None:
    return kind.fields[index] if index < len(kind.fields) else None


def least_columns(kind: RecordType) -> int:
    """Return how many columns a row by position has at least: optional ones may be missing at its end."""
    return next((n for n in range(len(kind.fields), 0, -1) if kind.fields[n - 1].required), 1)


def missing_with(definition: Format, kind: RecordType, field: Field) -> tuple[str, ...]:
    """Return the fields that a row of ``kind`` lacks where it lacks ``field``; none where it cannot.

    Where a delimiter must stand behind the last value, what would be the first missing one is read as empty.
    """
    if found_by_name(definition, kind):
        return (field.name,)
    at, emptied = kind.fields.index(field), definition.dialect.trailing_delimiter == "required"
    first = at - 1 if emptied else at
    if first < least_columns(kind) or (emptied and not _may_be_empty(definition, kind.fields[first])):
        return ()
    return tuple(one.name for one in kind.fields[first:])


def _may_be_empty(definition: Format, field: Field) -> bool:
    return not isinstance(meaning(side_of(definition, field), ""), Refused)


def form(rows: Rows) -> Judgement | None:
    """Return why rows are refused for their number of columns or characters; None where none is."""
    view, writer, reader = rows.view, rows.writer, rows.reader
    if view.reader.kind is Kind.FIXED_WIDTH:
        return length(view, writer, reader) if size_of(writer) != size_of(reader) else None
    if rows.by_name or view.reader.kind is not Kind.DELIMITED:
        return None
    count, most = len(writer.fields), len(reader.fields)
    if count > most and view.reader.closed:
        optional = [one for one in writer.fields[most:] if not one.required]
        why = (
            f"Rows `{writer.name}` of {view.theirs} have {count} columns; {view.ours} accepts {most} at most."
        )
        full = {one.name: next(iter(texts_of(view.written(one))), "") for one in optional}
        return breaking(why, rows.demand(full))
    short, needed = least_columns(writer), least_columns(reader)
    if short < needed:
        why = f"Rows `{writer.name}` of {view.theirs} may have {short} columns; {view.ours} needs {needed}."
        closed = view.writer.dialect.trailing_delimiter == "required"
        if closed and short < count and not _may_be_empty(view.writer, writer.fields[short]):
            return review(f"{why} But the delimiter at the end stands for an empty value, which is refused.")
        return breaking(why, rows.demand({one.name: None for one in writer.fields[short:]}))
    return None
