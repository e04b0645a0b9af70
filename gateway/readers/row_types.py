"""Which record type a row is, and whether it may stand where it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from gateway.finding_codes import finding
from gateway.formats.definition import Discriminator, Format, RecordType, Role
from gateway.readers.lines import Rows, clip, report

if TYPE_CHECKING:
    from gateway.findings import Findings
    from gateway.model import Finding

#: Where a discriminator stands: column, or offset and length.
Place = tuple[int | None, int | None, int | None]
#: Returns the raw text at a place in each row; None where the row is too short.
Tags = Callable[[Place], Sequence[str | None]]

_RANK = {Role.HEADER: 0, Role.RECORD: 1, Role.TRAILER: 2}
_MISPLACED = {
    Role.HEADER: "A header record stands after other records.",
    Role.RECORD: "A record stands after the trailer.",
}


class Kinds:
    """The record types of a format, and how a row tells of which it is: the same for all files."""

    def __init__(self, definition: Format) -> None:
        self.types = definition.record_types
        self._trim = definition.dialect.trim
        self._places: dict[Place, dict[str, int]] = {}
        for index, kind in enumerate(self.types):
            if kind.discriminator:
                values = self._places.setdefault(_place(kind.discriminator), {})
                values.setdefault(self._bare(kind.discriminator.value), index)
        plain = [index for index, kind in enumerate(self.types) if kind.discriminator is None]
        self._default = plain[0] if plain else None
        self.are_ordered = len({kind.role for kind in self.types}) > 1
        self.ranks = {index: _RANK[kind.role] for index, kind in enumerate(self.types)}

    def assign(self, count: int, tags: Tags) -> list[int | None]:
        """Return for each of ``count`` rows the index of its record type, None if it has none."""
        found: list[int | None] = [self._default] * count
        for place, values in reversed(self._places.items()):
            matches = self._matches(values, tags(place))
            if None in matches:
                matches = [old if new is None else new for old, new in zip(found, matches, strict=True)]
            found = matches
        return found

    def assign_at_once(self, count: int, tags: Callable[[Place], pl.Series]) -> pl.Series:
        """Return what `assign` does for many rows, null for None.

        ``tags`` returns the raw text at a place in each row, null where the row is too short.
        """
        found = pl.repeat(self._default, count, dtype=pl.Int32, eager=True)
        for place, values in reversed(self._places.items()):
            raw = tags(place)
            bare = raw.str.strip_chars_end(" ") if self._trim == "none" else raw.str.strip_chars(" ")
            matches = bare.replace_strict(values, default=None, return_dtype=pl.Int32)
            found = matches.zip_with(matches.is_not_null(), found)
        return found

    def at(self, text: str, start: int) -> int | None:
        """Return the index of the fixed-width record type that begins at ``start`` of ``text``."""
        for (_, offset, length), values in self._places.items():
            begin = start + (offset or 0)
            found = values.get(self._bare(text[begin : begin + (length or 0)]))
            if found is not None:
                return found
        return self._default

    def _matches(self, values: dict[str, int], tags: Sequence[str | None]) -> list[int | None]:
        matches = [values.get(tag) for tag in tags]  # type: ignore[arg-type] # there is no value None
        if None not in matches:
            return matches
        return [values.get(self._bare(tag)) if tag is not None else None for tag in tags]

    def _bare(self, tag: str) -> str:
        if self._trim == "none":
            return tag.rstrip(" ")
        return tag.strip(" ")


class RowTypes:
    """The record types of the rows of one file: tells them apart (F110) and watches their order (F203)."""

    def __init__(self, kinds: Kinds, findings: Findings) -> None:
        self.kinds = kinds
        self._findings = findings
        self.rank = 0  #: that of the last row, which no later one may go below

    def at_once(self, count: int, tags: Callable[[Place], pl.Series]) -> pl.Series | None:
        """Return the types of many rows at once, where each has one and stands right; else None."""
        found = self.kinds.assign_at_once(count, tags)
        if found.null_count():
            return None
        if self.kinds.are_ordered:
            ranks = found.replace_strict(self.kinds.ranks, return_dtype=pl.Int32)
            if ranks[0] < self.rank or not ranks.is_sorted():
                return None
            self.rank = ranks[-1]
        return found

    def split(
        self, rows: Rows, kept: Sequence[int], records: Sequence[int], kinds: Sequence[int | None]
    ) -> list[tuple[RecordType, list[int]]]:
        """Return the ``kept`` rows by record type, in the definition's order; report the misfits."""
        types = self.kinds.types
        if self.kinds.are_ordered:
            self._watch(rows, kept, records, kinds)
        if None in kinds:
            self._report_unknown(rows, [index for index in kept if kinds[index] is None], records)
        present = {kinds[index] for index in kept}
        if len(present) == 1 and None not in present:
            return [(types[kind], list(kept)) for kind in present if kind is not None]
        return [
            (types[kind], [index for index in kept if kinds[index] == kind])
            for kind in range(len(types))
            if kind in present
        ]

    def _watch(
        self, rows: Rows, kept: Sequence[int], records: Sequence[int], kinds: Sequence[int | None]
    ) -> None:
        ranks = [self.kinds.ranks[kind] for index in kept if (kind := kinds[index]) is not None]
        if ranks and ranks[0] >= self.rank and ranks == sorted(ranks):
            self.rank = ranks[-1]
            return
        misplaced: dict[int, list[int]] = {}
        for index in kept:
            kind = kinds[index]
            if kind is None:
                continue
            rank = self.kinds.ranks[kind]
            if rank < self.rank:
                misplaced.setdefault(kind, []).append(index)
            self.rank = max(self.rank, rank)
        for kind, indices in misplaced.items():
            role, name = self.kinds.types[kind].role, self.kinds.types[kind].name
            self._report("F203", _MISPLACED[role], rows, indices, records, name)

    def _report_unknown(self, rows: Rows, indices: Sequence[int], records: Sequence[int]) -> None:
        self._report("F110", "The row is of no record type of the format.", rows, indices, records)

    def _report(
        self,
        code: str,
        message: str,
        rows: Rows,
        indices: Sequence[int],
        records: Sequence[int],
        name: str = "",
    ) -> None:
        def describe(index: int) -> Finding:
            return finding(
                code, message, record_type=name or None, record=records[index],
                line=rows.numbers[index], value=clip(rows.texts[index]),
            )  # fmt: skip

        report(self._findings, code, indices, describe, name)


def _place(discriminator: Discriminator) -> Place:
    return discriminator.column, discriminator.offset, discriminator.length
