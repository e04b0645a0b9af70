"""Rows of one delimited file -> chunks: headings, record numbers, field counts, record types."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.formats.definition import Dialect, Format, RecordType, Role
from gateway.readers.base import Chunk, Cut, UncutRows
from gateway.readers.delimited_cells import ParsedCells, PlainCells, cells_of, whole_cells
from gateway.readers.delimited_cut import ParsedRows
from gateway.readers.lines import Rows, WholeLines, clip, report
from gateway.readers.row_table import RowTable
from gateway.readers.row_types import Kinds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from gateway.findings import Findings
    from gateway.model import Finding
    from gateway.readers.frames import Column
    from gateway.readers.row_types import Place

#: Wrong column headings that are listed one by one.
_HEADINGS_LISTED = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """In which column each field of a record type stands, and how many columns a row may have."""

    positions: tuple[int | None, ...]
    least: int
    most: int | None  #: None: any number, the format is not closed

    def fits(self, dialect: Dialect, text: str, width: int) -> bool:
        """Return whether a row ``text`` of ``width`` cells has a permitted number of fields."""
        closing = text.endswith(dialect.delimiter)
        if dialect.trailing_delimiter == "required":
            if not closing:
                return False
            width -= 1
        elif dialect.trailing_delimiter == "optional" and closing and self.most is not None:
            width -= width == self.most + 1
        return self.least <= width and (self.most is None or width <= self.most)

    def fits_all(self, dialect: Dialect, cells: Sequence[pl.Series]) -> bool:
        """Return whether rows that all have ``cells`` have a permitted number of fields."""
        width, trailing = len(cells), dialect.trailing_delimiter
        if trailing == "required" or (trailing == "optional" and width - 1 == self.most):
            if not (cells[-1] == "").all():
                return False
            width -= 1
        return self.least <= width and (self.most is None or width <= self.most)

    def cut(self, delimiter: str, width: int) -> Cut:
        """Return how rows of ``width`` cells are cut; fields beyond are not there."""
        if width == self.most:
            return Cut(delimiter, width, self.positions)
        there = (None if at is None or at >= width else at for at in self.positions)
        return Cut(delimiter, width, tuple(there))

    def __str__(self) -> str:
        """Return the permitted numbers in words."""
        if self.most is None:
            return f"at least {self.least}"
        return f"{self.most}" if self.least == self.most else f"{self.least} to {self.most}"


def positional(definition: Format, kind: RecordType) -> Plan:
    """Return the plan of a record type whose fields stand in the definition's order.

    Only fields that are not required may be missing, and only at the end.
    """
    count = len(kind.fields)
    least = next((n for n in range(count, 0, -1) if kind.fields[n - 1].required), 1)
    return Plan(tuple(range(count)), least, count if definition.closed else None)


class Layout:
    """What is worked out of a definition once for all its files."""

    def __init__(self, definition: Format) -> None:
        self.definition = definition
        self.kinds = Kinds(definition)
        self.plans = {kind.name: positional(definition, kind) for kind in definition.record_types}
        self.by_heading = [kind for kind in definition.record_types if kind.role is Role.RECORD]


class DelimitedTable(RowTable):
    """The rows of one delimited file as they come, block by block."""

    def __init__(self, layout: Layout, findings: Findings) -> None:
        definition = layout.definition
        super().__init__(definition, layout.kinds, findings)
        self._closed = definition.closed
        self._plans = dict(layout.plans)
        self._by_heading = layout.by_heading
        self._awaits_heading = definition.dialect.header_row
        self._cells: PlainCells | ParsedCells

    def take(self, rows: Rows) -> Iterator[Chunk]:
        """Yield the records of ``rows``, one chunk for each record type; report what is wrong."""
        if rows.texts:
            yield from super().take(rows)

    def take_whole(self, lines: WholeLines) -> Iterator[Chunk]:
        """Yield what `take` does of lines that are not cut apart, if they can be read without being so."""
        cells = None if self._awaits_heading else self._cells_of(lines)
        if cells is None and len(lines.numbers) > 2:
            # A heading, a header or a trailer has other fields than the rows between. Where the first row is
            # right, all that is said comes in the order in which it comes of all rows together.
            first, rest = lines.split(1)
            between, last = rest.split(-1)
            cells = self._cells_of(between) if self._awaits_heading or self._is_right(first) else None
            if cells is not None:
                yield from self.take(first.rows())
                chunks = self._assembled(between, cells)
                yield from self.take(rest.rows()) if chunks is None else chunks
                yield from () if chunks is None else self.take(last.rows())
                return
        yield from (cells and self._assembled(lines, cells)) or self.take(lines.rows())

    def begin(self, rows: Rows) -> None:
        """Cut the rows into cells."""
        super().begin(rows)
        self._cells = cells_of(rows, self.dialect.delimiter)

    def tags(self, place: Place) -> Sequence[str | None]:
        """Return the cells in the discriminator's column."""
        return self._cells.tags(place[0] or 0)

    def chunk(self, kind: RecordType, indices: list[int], records: list[int], lines: list[int]) -> Chunk:
        """Return the rows ``indices``, which are cut together with those of other files where that can be."""
        widths = {self._cells.widths[index] for index in indices}
        if isinstance(self._cells, ParsedCells) or len(widths) > 1:
            return super().chunk(kind, indices, records, lines)
        cut = self._plans[kind.name].cut(self.dialect.delimiter, widths.pop())
        return Chunk(kind, few=UncutRows(records, lines, [self.rows.texts[index] for index in indices], cut))

    def columns(self, kind: RecordType, indices: list[int]) -> Sequence[Column]:
        """Return the cells of each field."""
        return self._cells.columns(indices, self._plans[kind.name].positions)

    def at_once(self, rows: Rows) -> list[Chunk] | None:
        """Return the records of ``rows`` if nothing is odd about them; cells with quotes are cut already."""
        if self._awaits_heading or isinstance(rows, ParsedRows):
            return None
        return super().at_once(rows)

    def _cells_of(self, lines: WholeLines) -> list[pl.Series] | None:
        """Return the cells of ``lines`` by column, if they are many and alike."""
        return whole_cells(lines, self.dialect.delimiter) if self.are_many(len(lines.numbers)) else None

    def _is_right(self, line: WholeLines) -> bool:
        """Return whether nothing is to be said of a single row."""
        rows, kinds = line.rows(), self._types.kinds
        cells = cells_of(rows, self.dialect.delimiter)
        (index,) = kinds.assign(1, lambda place: cells.tags(place[0] or 0))
        if not rows.texts[0] or index is None or kinds.ranks[index] < self._types.rank:
            return False
        plan = self._plans[kinds.types[index].name]
        return plan.fits(self.dialect, rows.texts[0], cells.widths[0])

    def _assembled(self, lines: WholeLines, cells: list[pl.Series]) -> list[Chunk] | None:
        """Return the records of ``lines`` with these ``cells``, if nothing is odd about them."""
        if self._awaits_heading:
            return None

        def tags(place: Place) -> pl.Series:
            column = place[0] or 0
            return cells[column] if column < len(cells) else cells[0].clear(len(cells[0]))

        def columns(kind: RecordType, mine: pl.Series | None) -> Sequence[Column] | None:
            plan = self._plans[kind.name]
            if not plan.fits_all(self.dialect, cells):
                return None
            there = (None if at is None or at >= len(cells) else cells[at] for at in plan.positions)
            return [each if each is None or mine is None else each.filter(mine) for each in there]

        return self.assemble(lines.numbers, tags, columns)

    def tags_at_once(self, place: Place, texts: pl.Series) -> pl.Series:
        """Return the cells in the discriminator's column."""
        column = place[0] or 0
        return texts.str.split_exact(self.dialect.delimiter, column + 1).struct.field(f"field_{column}")

    def columns_at_once(self, kind: RecordType, texts: pl.Series) -> Sequence[Column] | None:
        """Return the cells of each field, if every row has as many as there are at most."""
        plan, delimiter = self._plans[kind.name], self.dialect.delimiter
        if plan.most is None or self.dialect.trailing_delimiter == "required":
            return None
        if not (texts.str.count_matches(delimiter, literal=True) == plan.most - 1).all():
            return None
        cells = texts.str.split_exact(delimiter, plan.most - 1).struct.unnest().get_columns()
        return [None if position is None else cells[position] for position in plan.positions]

    def sound(self, kind: RecordType, indices: list[int], records: Sequence[int]) -> list[int]:
        """Return the rows with the right number of fields; the others are F108."""
        plan, widths = self._plans[kind.name], self._cells.widths
        if self.dialect.trailing_delimiter != "required" and {widths[i] for i in indices} == {plan.most}:
            return indices
        sound = [i for i in indices if plan.fits(self.dialect, self.rows.texts[i], widths[i])]
        if len(sound) < len(indices):
            self._report_ragged(kind, sorted(set(indices).difference(sound)), records)
        return sound

    def without_heading(self, kept: Sequence[int]) -> Sequence[int]:
        """Return ``kept`` without its first row if that is the file's heading; read that."""
        if not (self._awaits_heading and kept):
            return kept
        self._awaits_heading = False
        if kept[0] in self.rows.faults:
            self.report_faults(kept[:1], [0] * len(self.rows.texts))
        else:
            self._read_heading(kept[0])
        return kept[1:]

    def _report_ragged(self, kind: RecordType, indices: list[int], records: Sequence[int]) -> None:
        plan, delimiter = self._plans[kind.name], self.dialect.delimiter
        required = self.dialect.trailing_delimiter == "required"

        def describe(index: int) -> Finding:
            text, found = self.rows.texts[index], self._cells.widths[index]
            closed = text.endswith(delimiter)
            found -= required and closed
            message = f"The row has {found} field{'s'[: found != 1]}; expected: {plan}."
            if required and not closed:
                message += f" A {delimiter!r} must stand after the last one."
            return finding("F108", message, record_type=kind.name, record=records[index],
                           line=self.rows.numbers[index], value=clip(text))  # fmt: skip

        report(self.findings, "F108", indices, describe, kind.name)

    def _read_heading(self, index: int) -> None:
        """Find the columns of the business records by their headings."""
        line, text = self.rows.numbers[index], self.rows.texts[index]
        headings = self._cells.row(index)
        if self.dialect.trailing_delimiter != "forbidden" and headings[-1] == "":
            headings.pop()
        known = {field.heading or field.name for kind in self._by_heading for field in kind.fields}
        if not known.intersection(headings):
            message = "The first line has none of the format's column headings."
            self.findings.add(finding("F111", message, line=line, value=clip(text)))
            return
        self._check_headings(headings, known, line, text)
        for kind in self._by_heading:
            self._plan_by_heading(kind, headings, line)

    def _check_headings(self, headings: list[str], known: set[str], line: int, text: str) -> None:
        counts = Counter(headings)
        for heading in islice((h for h, count in counts.items() if count > 1), _HEADINGS_LISTED):
            message = f"The column heading {clip(heading)!r} stands more than once."
            self.findings.add(finding("F111", message, line=line, column=clip(heading), value=clip(text)))
        unknown = [heading for heading in counts if heading not in known] if self._closed else []
        for heading in unknown[:_HEADINGS_LISTED]:
            message = f"The column {clip(heading)!r} is not part of the format."
            self.findings.add(finding("F313", message, line=line, column=clip(heading), value=clip(heading)))
        more = len(unknown) - _HEADINGS_LISTED
        if more > 0:
            message = f"{more} more columns are not part of the format."
            self.findings.add(finding("F313", message, line=line), total=more)

    def _plan_by_heading(self, kind: RecordType, headings: list[str], line: int) -> None:
        positions: list[int | None] = []
        for field in kind.fields:
            heading = field.heading or field.name
            positions.append(headings.index(heading) if heading in headings else None)
            if positions[-1] is None and field.required:
                message = f"The column {heading!r} is missing."
                self.findings.add(
                    finding("F312", message, record_type=kind.name, line=line, column=field.name)
                )
        self._plans[kind.name] = replace(
            self._plans[kind.name], positions=tuple(positions), least=len(headings), most=len(headings)
        )
