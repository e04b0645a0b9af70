"""Which record type a row is, and whether it may stand where it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

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


class RowTypes:
    """The record types of one file: tells them apart (F110) and watches their order (F203)."""

    def __init__(self, definition: Format, findings: Findings) -> None:
        self._types = definition.record_types
        self._findings = findings
        self._trim = definition.dialect.trim
        self._places: dict[Place, dict[str, int]] = {}
        for index, kind in enumerate(self._types):
            if kind.discriminator:
                values = self._places.setdefault(_place(kind.discriminator), {})
                values.setdefault(self._bare(kind.discriminator.value), index)
        plain = [index for index, kind in enumerate(self._types) if kind.discriminator is None]
        self._default = plain[0] if plain else None
        self._ordered = len({kind.role for kind in self._types}) > 1
        self._rank = 0

    def assign(self, count: int, tags: Tags) -> list[int | None]:
        """Return for each of ``count`` rows the index of its record type, None if it has none."""
        found: list[int | None] = [self._default] * count
        for place, values in reversed(self._places.items()):
            matches = [values.get(self._bare(tag)) if tag is not None else None for tag in tags(place)]
            found = [old if new is None else new for old, new in zip(found, matches, strict=True)]
        return found

    def at(self, text: str, start: int) -> int | None:
        """Return the index of the fixed-width record type that begins at ``start`` of ``text``."""
        for (_, offset, length), values in self._places.items():
            begin = start + (offset or 0)
            found = values.get(self._bare(text[begin : begin + (length or 0)]))
            if found is not None:
                return found
        return self._default

    def split(
        self, rows: Rows, kept: Sequence[int], records: Sequence[int], kinds: Sequence[int | None]
    ) -> list[tuple[RecordType, list[int]]]:
        """Return the ``kept`` rows by record type, in the definition's order; report the misfits."""
        if self._ordered:
            self._watch(rows, kept, records, kinds)
        if None in kinds:
            self._report_unknown(rows, [index for index in kept if kinds[index] is None], records)
        present = {kinds[index] for index in kept}
        if len(present) == 1 and None not in present:
            return [(self._types[kind], list(kept)) for kind in present if kind is not None]
        groups: dict[int, list[int]] = {kind: [] for kind in range(len(self._types)) if kind in present}
        for index in kept:
            kind = kinds[index]
            if kind is not None:
                groups[kind].append(index)
        return [(self._types[kind], indices) for kind, indices in groups.items()]

    def _watch(
        self, rows: Rows, kept: Sequence[int], records: Sequence[int], kinds: Sequence[int | None]
    ) -> None:
        ranks = [_RANK[kind.role] for kind in self._types]
        misplaced: dict[int, list[int]] = {}
        for index in kept:
            kind = kinds[index]
            if kind is None:
                continue
            if ranks[kind] < self._rank:
                misplaced.setdefault(kind, []).append(index)
            else:
                self._rank = ranks[kind]
        for kind, indices in misplaced.items():
            role, name = self._types[kind].role, self._types[kind].name
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

    def _bare(self, tag: str) -> str:
        if self._trim == "none":
            return tag.rstrip(" ")
        return tag.strip(" ")


def _place(discriminator: Discriminator) -> Place:
    return discriminator.column, discriminator.offset, discriminator.length
