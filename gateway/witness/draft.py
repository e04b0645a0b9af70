"""The rows of a witness before they are written: which there are, and what is fixed in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.formats.definition import Field, Format, Kind, RecordType, Role
from gateway.formats.row import Row
from gateway.witness.texts import number_in, options

if TYPE_CHECKING:
    from gateway.formats.compare.change import Demand

#: So many rows a witness has at most: it is read by people.
MOST_ROWS = 2000
#: What a column, element or member is called that the format does not name; and the text in it.
EXTRA, EXTRA_TEXT = "additional", "1"

_ROLES = (Role.HEADER, Role.RECORD, Role.TRAILER)


@dataclass(slots=True)
class DraftRow:
    """One row that may still be changed, but for the texts that are demanded."""

    kind: RecordType
    texts: dict[str, str | None]
    fixed: frozenset[str] = frozenset()

    def copy(self) -> DraftRow:
        """Return the same row, to be changed by itself."""
        return DraftRow(self.kind, dict(self.texts), self.fixed)

    def put(self, name: str, text: str | None) -> None:
        """Give field ``name`` another text, unless that is fixed."""
        if name not in self.fixed:
            self.texts[name] = text

    def row(self) -> Row:
        """Return the row as writers take it."""
        return Row(self.kind.name, {name: text for name, text in self.texts.items() if text is not None})


@dataclass(slots=True)
class _Composer:
    """Decides how many rows there are of each type, and in which order they stand."""

    definition: Format
    demand: Demand
    parents: Mapping[str, str]
    variety: int
    made: dict[str, int] = field(default_factory=dict)  #: rows of each type so far

    def rows(self) -> Iterator[DraftRow]:
        """Yield all rows in the order of the file."""
        for role in _ROLES:
            for kind in self.definition.record_types:
                if kind.role is role and kind.name not in self.parents:
                    yield from self._of(kind)

    def _of(self, kind: RecordType) -> Iterator[DraftRow]:
        for _ in range(self._number(kind)):
            yield self._row(kind)
            for below in self.definition.record_types:
                if self.parents.get(below.name) == kind.name:
                    yield from self._of(below)

    def _number(self, kind: RecordType) -> int:
        """Return how many rows of ``kind`` come now; the first time those that are demanded."""
        least = kind.min_occurs if kind.max_occurs == 0 else max(kind.min_occurs, 1)
        if kind.name in self.demand.counts:
            demanded = self.demand.counts[kind.name]
            return demanded if kind.name not in self.made else min(demanded, least)
        demanded = len(self._demanded(kind)) if kind.name not in self.made else 0
        return max(least, demanded)

    def _demanded(self, kind: RecordType) -> list[Mapping[str, str | None]]:
        return [one.texts for one in self.demand.rows if one.record_type == kind.name]

    def _row(self, kind: RecordType) -> DraftRow:
        number = self.made.get(kind.name, 0)
        self.made[kind.name] = number + 1
        demanded = self._demanded(kind)
        fixed: Mapping[str, str | None] = demanded[number] if number < len(demanded) else {}
        texts: dict[str, str | None] = {}
        for place, one in enumerate(kind.fields):
            known = options(self.definition, one)
            texts[one.name] = known[self._choice(number, place, len(known))] if known else None
        if self.demand.extra and kind is _first_record(self.definition):
            texts[EXTRA] = EXTRA_TEXT
        return DraftRow(kind, texts | dict(fixed), frozenset(fixed))

    def _choice(self, number: int, place: int, count: int) -> int:
        """Return which of ``count`` texts to take: plain files have the first ones, other ones vary."""
        if self.variety == 0:
            return number % count
        return (self.variety * (place + 3) + number * 7 + place) % count


def parents_of(definition: Format) -> dict[str, str]:
    """Return under which record type the rows of each type stand; types of the top are left out.

    In XML and JSON the paths decide, as they do for readers; elsewhere the declared parent.
    """
    if definition.kind in (Kind.XML, Kind.JSON):
        from gateway.writers.json_plan import tokens
        from gateway.writers.units import holders
        from gateway.writers.xml_plan import steps_of

        split = tokens if definition.kind is Kind.JSON else steps_of
        found = holders(definition, {kind.name: split(kind.path or "") for kind in definition.record_types})
    else:
        found = {}
    names = {kind.name for kind in definition.record_types}
    declared = {kind.name: kind.parent for kind in definition.record_types if kind.parent in names}
    return {name: parent for name, parent in (declared | found).items() if parent is not None}


def composed(definition: Format, demand: Demand, variety: int = 0) -> list[DraftRow]:
    """Return rows with everything that ``demand`` asks for; [] where they would be too many.

    ``variety`` chooses among the texts that fit: the same number, the same rows.
    """
    demand = _with_counts(definition, demand)
    rows: list[DraftRow] = []
    for row in _Composer(definition, demand, parents_of(definition), variety).rows():
        rows.append(row)
        if len(rows) > MOST_ROWS:
            return []
    return rows


def _with_counts(definition: Format, demand: Demand) -> Demand:
    """Return ``demand`` with as many records as a number that it demands states."""
    counts = dict(demand.counts)
    for count in definition.envelope.counts:
        stated = definition.record_type(count.stated.record_type).field(count.stated.field)
        for row in demand.rows:
            text = row.texts.get(stated.name) if row.record_type == count.stated.record_type else None
            number = number_in(definition, stated, text)
            if number is not None and len(count.of) == 1 and 0 <= number <= MOST_ROWS:
                counts.setdefault(count.of[0], int(number))
    return dataclasses.replace(demand, counts=counts)


def reshaped(definition: Format, demand: Demand) -> Format:
    """Return ``definition`` with the columns of the witness: unknown names are added to their type.

    An optional column that is demanded to be absent is taken away where headings name the columns.
    """
    kinds = tuple(_reshaped(definition, kind, demand) for kind in definition.record_types)
    return dataclasses.replace(definition, record_types=kinds)


def _reshaped(definition: Format, kind: RecordType, demand: Demand) -> RecordType:
    demanded = [one.texts for one in demand.rows if one.record_type == kind.name]
    fields = list(kind.fields)
    if definition.kind is Kind.DELIMITED and definition.dialect.header_row and kind.role is Role.RECORD:
        absent = {name for texts in demanded for name, text in texts.items() if text is None}
        fields = [one for one in fields if one.name not in absent]
    known = {one.name for one in kind.fields}
    added = dict.fromkeys(name for texts in demanded for name in texts if name not in known)
    if demand.extra and kind is _first_record(definition):
        added[EXTRA] = None
    for name in added:
        path = {Kind.XML: name, Kind.JSON: f"/{name}"}.get(definition.kind)
        fields.append(Field(name, required=False, path=path))
    return dataclasses.replace(kind, fields=tuple(fields))


def _first_record(definition: Format) -> RecordType | None:
    return next((kind for kind in definition.record_types if kind.role is Role.RECORD), None)
