"""A whole file rewritten: source rows in, target rows out, in memory that does not grow with the file.

Counts and totals of the target are computed from what is written, never copied. Where its header states
them, or its header is made from a record that comes late, the source is read twice: once to make the
headers and to count, once to write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import BinaryIO

from gateway.errors import UnwritableRow
from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.formats.definition import Format, Reference, Role
from gateway.formats.row import Row
from gateway.mappings import values, writing
from gateway.mappings.definition import Bound
from gateway.mappings.transform import Refusal, RowMaker, computed, makers_of, place_of
from gateway.mappings.values import Place, Refused
from gateway.model import Finding
from gateway.printable import printable
from gateway.readers.rows import rows_of
from gateway.writers import writer_for

#: Sums are exact: numbers have at most 38 digits, and no file has 10^60 of them.
_EXACT = Context(prec=120)

#: Characters of a raw text that a message shows.
_SHOWN = 60

#: Opens the source from its beginning; it is opened once for each reading.
Open = Callable[[], AbstractContextManager[BinaryIO]]


def convert(bound: Bound, source: Open, out: BinaryIO, findings: Findings) -> None:
    """Write to ``out`` the file that ``source`` becomes; what cannot be carried over goes to ``findings``.

    What was written is worth nothing where there are findings of severity error. The source is a
    file that was found valid; the output is still to be validated.

    Raises OSError as the files do, FormatError where a definition cannot be applied.
    """
    work = _Work(bound, findings)
    if _needs_two(bound):
        with source() as stream:
            for _row in work.rows(stream):
                pass
        if findings.errors:
            return
        work = _Work(bound, findings, first=work)
    with source() as stream:
        try:
            writer_for(bound.target.kind).write(bound.target, work.rows(stream), out)
        except UnwritableRow as error:
            findings.add(work.unwritable(error))


def _needs_two(bound: Bound) -> bool:
    """Return whether a row that is written early needs what is known late."""
    roles = {one.name: one.role for one in bound.target.record_types}
    if any(roles[one.record_type] is not Role.TRAILER for one in computed(bound.target)):
        return True
    of = {one.target: one.source for one in bound.mapping.records}
    sources = {one.name: one.role for one in bound.source.record_types}
    late = any(
        sources[of[name]] is not Role.HEADER
        for name, role in roles.items()
        if role is Role.HEADER and name in of
    )
    return late or _uses_trailers(bound)


def _uses_trailers(bound: Bound) -> bool:
    trailers = {one.name for one in bound.source.record_types if one.role is Role.TRAILER}
    return any(
        one.record_type in trailers
        for record in bound.mapping.records
        for feed in record.feeds
        for one in feed.sources
        if record.source not in trailers
    )


def _shortened(raw: str) -> str:
    """Return the beginning of a raw text as messages show it; the finding itself has all of it."""
    return printable(raw if len(raw) <= _SHOWN else f"{raw[:_SHOWN]}...")


@dataclass(slots=True)
class _Tally:
    """What the target's envelope states, counted from the rows made."""

    counts: dict[str, int] = field(default_factory=dict)
    totals: dict[Reference, Decimal] = field(default_factory=dict)

    def note(self, summed: Iterable[tuple[Reference, Place]], row: Row) -> None:
        """Count one row, and add its numbers to the totals of the fields ``summed``."""
        self.counts[row.record_type] = self.counts.get(row.record_type, 0) + 1
        for of, place in summed:
            if of.record_type == row.record_type and of.field in row.texts:
                value = values.read(place, row.texts[of.field])
                if isinstance(value, Decimal):
                    self.totals[of] = _EXACT.add(self.totals.get(of, Decimal(0)), value)

    def stated(self, target: Format, record_type: str) -> Iterator[tuple[str, Decimal]]:
        """Yield the fields of ``record_type`` that state a count or a total, each with its value."""
        for count in target.envelope.counts:
            if count.stated.record_type == record_type:
                yield count.stated.field, Decimal(sum(self.counts.get(name, 0) for name in count.of))
        for total in target.envelope.totals:
            if total.stated.record_type == record_type:
                yield total.stated.field, self.totals.get(total.sum_of, Decimal(0))


class _Work:
    """One reading of the source, and the target rows it makes; ``first`` is the reading before it."""

    def __init__(self, bound: Bound, findings: Findings, first: _Work | None = None) -> None:
        self._target = bound.target
        self._source = bound.source
        self._mapping = bound.mapping
        self._findings = findings
        self._first = first
        self._makers = makers_of(bound.mapping, bound.source, bound.target)
        self._above = {one.name: one.parent for one in bound.source.record_types}
        self._roles = {one.name: one.role for one in bound.source.record_types}
        self._open: dict[str, Row] = {} if first is None else first.surroundings()
        self._groups: dict[str, tuple[str | None, ...]] = {}
        self.tally = _Tally()
        summed = dict.fromkeys(total.sum_of for total in bound.target.envelope.totals)
        self._summed = [(one, place_of(one, bound.target)) for one in summed]
        self.headers: list[Row] = []
        self._trailers: list[Row] = []

    def surroundings(self) -> dict[str, Row]:
        """Return the headers and trailers of the source, as far as they were read."""
        return {name: row for name, row in self._open.items() if self._roles[name] is not Role.RECORD}

    def rows(self, stream: BinaryIO) -> Iterator[Row]:
        """Yield the target rows in the order in which they are written."""
        if self._first is not None:
            yield from (self._completed(row, self._first) for row in self._first.headers)
        for row in rows_of(self._source, stream, Findings()):
            self._opened(row)
            for maker in self._makers.get(row.record_type, ()):
                if self._begins(maker):
                    yield from self._made(maker, row)
        yield from (self._completed(row, self) for row in self._trailers)

    def unwritable(self, error: UnwritableRow) -> Finding:
        """Return the finding that a row cannot stand in the target, with the place it was made from.

        The writer may hold rows back, so the place is that of the row and not of the source's last one.
        """
        target = Reference(error.record_type or "", error.field or "")
        source = next(
            (one for one in self._sources(target) if one.record_type == self._made_from(target)), None
        )
        return finding(
            "F220",
            f"The row made from it cannot be written: {error.message}.",
            rule=str(target) if error.field else None,
            record_type=self._made_from(target),
            record=error.record,
            line=error.line,
            column=source.field if source else None,
            value=error.text,
        )

    def _made_from(self, target: Reference) -> str | None:
        """Return the source record type that rows like that of ``target`` are made from."""
        mapping = self._mapping.records
        return next((one.source for one in mapping if one.target == target.record_type), None)

    def _sources(self, target: Reference) -> Iterator[Reference]:
        """Yield the source fields that ``target`` is made from."""
        for record in self._mapping.records:
            if record.target == target.record_type:
                yield from (
                    one for feed in record.feeds if feed.target == target.field for one in feed.sources
                )

    def _opened(self, row: Row) -> None:
        """Let ``row`` stand where its kind stood; what stood below the one before is closed."""
        self._open[row.record_type] = row
        for name in [name for name in self._open if self._is_below(name, row.record_type)]:
            del self._open[name]

    def _is_below(self, name: str | None, above: str) -> bool:
        parent = self._above.get(name or "")
        return parent is not None and (parent == above or self._is_below(parent, above))

    def _begins(self, maker: RowMaker) -> bool:
        """Return whether the open row begins a row of ``maker``: always, or with another group."""
        if maker.group_by is None:
            return True
        key = tuple(
            self._open[one.record_type].texts.get(one.field) if one.record_type in self._open else None
            for one in maker.group_by
        )
        if self._groups.get(maker.target.name) == key:
            return False
        for name in [name for name in self._groups if self._is_within(name, maker.target.name)]:
            del self._groups[name]  # a new row above begins new groups below it
        self._groups[maker.target.name] = key
        return True

    def _is_within(self, name: str, above: str) -> bool:
        parent = self._target.record_type(name).parent
        return parent is not None and (parent == above or self._is_within(parent, above))

    def _made(self, maker: RowMaker, source: Row) -> Iterator[Row]:
        """Yield what ``maker`` makes now: headers were written before the rest, trailers come after it."""
        made = maker.make(self._open)
        for refusal in made.refusals:
            self._refuse(refusal, source)
        if made.refusals:
            return
        row = Row(maker.target.name, made.texts, source.record, source.line)
        self.tally.note(self._summed, row)
        role = maker.target.role
        if role is Role.HEADER:
            self.headers.append(row)
            if self._first is None:
                yield row
        elif role is Role.TRAILER:
            self._trailers.append(row)
        else:
            yield row

    def _refuse(self, refusal: Refusal, row: Row) -> None:
        """Add the finding, at the row that the value stands in."""
        place = row
        if refusal.source is not None:
            place = self._open.get(refusal.source.record_type, row)
        shown = f'"{_shortened(refusal.raw)}" ' if refusal.raw else ""
        message = f"{shown}{refusal.why}: `{refusal.target}` cannot be made."
        if self._first is None:
            self._findings.add(
                finding(
                    "F220",
                    message[0].upper() + message[1:],
                    rule=str(refusal.target),
                    record_type=place.record_type,
                    record=place.record,
                    line=place.line,
                    column=refusal.source.field if refusal.source else None,
                    value=refusal.raw,
                )
            )

    def _completed(self, row: Row, counted: _Work) -> Row:
        """Return ``row`` with the counts and totals it states, as ``counted`` found them."""
        texts = dict(row.texts)
        for name, value in counted.tally.stated(self._target, row.record_type):
            reference = Reference(row.record_type, name)
            try:
                text = writing.write(place_of(reference, self._target), value)
            except Refused as error:
                self._refuse_total(Refusal(reference, None, str(value), str(error)), row)
                continue
            if text is not None:
                texts[name] = text
        return Row(row.record_type, texts, row.record, row.line)

    def _refuse_total(self, refusal: Refusal, row: Row) -> None:
        self._findings.add(
            finding(
                "F220",
                f"{refusal.raw} {refusal.why}: `{refusal.target}` cannot be computed.",
                rule=str(refusal.target),
                record=row.record,
                line=row.line,
                value=refusal.raw,
            )
        )
