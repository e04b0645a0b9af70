"""One file under two versions: what differs, which change is behind it, and what contradicts the verdicts."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.custody.look import open_regular
from gateway.errors import CustodyError
from gateway.finding_codes import finding
from gateway.formats.compare.change import Comparison, Direction
from gateway.formats.compare.matching import match
from gateway.formats.definition import Format
from gateway.model import Finding, Severity
from gateway.operations.impact_causes import (
    Cause,
    Causes,
    followed_by,
    is_structural,
    of_finding,
    of_rows,
    of_value,
    turned,
)
from gateway.operations.impact_files import Candidate
from gateway.operations.impact_results import (
    Effect,
    ExplainedValue,
    FileImpact,
    FindingShift,
    Impact,
    Limits,
    TotalShift,
)
from gateway.operations.impact_values import ValueShift, ValueShifts, value_shifts
from gateway.printable import printable
from gateway.rules import file_names

if TYPE_CHECKING:
    from gateway.findings import Findings
    from gateway.validation.reading import Input, Reading

Kind = tuple[str, str, str, str]  # code, rule, record type, column
#: A finding wherever it is found: its kind, severity, record, line and raw value.
Identity = tuple[Kind, Severity, int | None, int | None, str | None]


#: In which direction a finding is seen that only the old, or only the new version has.
_READS = {False: Direction.NEW_UNDER_OLD, True: Direction.OLD_UNDER_NEW}


@dataclass(frozen=True, slots=True)
class _Seen:
    """The findings of one version, by their places in the new version."""

    totals: Counter[Kind]
    listed: Mapping[Identity, Finding]
    per_kind: int  #: findings of one kind are listed up to this number

    @classmethod
    def of(cls, findings: Findings, names: Mapping[str, str], per_kind: int) -> _Seen:
        """Return ``findings`` with what ``names`` renames called by its new name."""
        totals: Counter[Kind] = Counter()
        for (code, rule, record_type, column), count in findings.totals.items():
            totals[code, rule, *_new_place(record_type, column, names)] += count
        listed = {}
        for one in findings.listed():
            kind = (one.code, one.rule or "", *_new_place(one.record_type or "", one.column or "", names))
            listed[kind, one.severity, one.record, one.line, one.value] = one
        return cls(totals, listed, per_kind)

    def beyond(self, other: _Seen) -> Iterator[Finding]:
        """Yield the listed findings that ``other`` lacks; none of a kind that it could not list whole."""
        cut = {identity[:2] for identity in other.listed if other.totals[identity[0]] > other.per_kind}
        for identity, one in self.listed.items():
            if identity not in other.listed and identity[:2] not in cut:
                yield one


def _names(old: Format, new: Format) -> dict[str, str]:
    """Return by old name what record types (``type``) and fields (``type.field``) are called now."""
    names = {}
    for types in match(old, new):
        if types.old is not None and types.new is not None:
            names[types.old.name] = types.new.name
            for pair in types.fields:
                if pair.old is not None and pair.new is not None:
                    names[f"{types.old.name}.{pair.old.name}"] = f"{types.new.name}.{pair.new.name}"
    return names


def _new_place(record_type: str, column: str, names: Mapping[str, str]) -> tuple[str, str]:
    place = names.get(f"{record_type}.{column}", f".{column}")
    return names.get(record_type, record_type), place.rpartition(".")[2]


class Judge:
    """Two versions and what was said of their difference, held against files."""

    def __init__(self, old: Format, new: Format, comparison: Comparison, limits: Limits) -> None:
        self._old, self._new, self._limits = old, new, limits
        # compared are never fewer than usual: a list that is cut would hide what contradicts
        self._per_kind = max(limits.per_kind, Limits().per_kind)
        self._names = _names(old, new)
        self._causes: dict[Direction, Causes] = {way: turned(comparison, way) for way in Direction}

    def files(self, batch: Sequence[Candidate], found: Impact) -> Iterator[FileImpact]:
        """Yield what becomes of each file; one that changes while it is read is noted in ``found``."""
        pairs = zip(self._readings(self._old, batch), self._readings(self._new, batch), strict=True)
        for one, (before, after) in zip(batch, pairs, strict=True):
            if before.sha256 != after.sha256:
                found.leave_out(one.path, "it changed while it was read")
                continue
            if one.sha256 not in (None, before.sha256):
                found.leave_out(one.path, _altered(one.sha256, before.sha256))
                continue
            self._check_name(one, before, after)
            try:
                yield self._file(one, before, after)
            except (CustodyError, OSError) as error:
                found.leave_out(one.path, str(error))

    def _readings(self, definition: Format, batch: Sequence[Candidate]) -> list[Reading]:
        # only here, so that a wrong call is answered without the data libraries
        from gateway.validation.reading import Input, ListingLimits, read_files

        inputs: list[Input] = [
            Input(number, one.name, functools.partial(open_regular, one.path))
            for number, one in enumerate(batch)
        ]
        readings = read_files(definition, inputs, limits=ListingLimits(self._per_kind, sys.maxsize))
        for reading in readings:
            reading.keys.close()
        return readings

    def _check_name(self, one: Candidate, before: Reading, after: Reading) -> None:
        """Add the finding on the name where only one version takes it.

        A name that neither takes was changed on its way here, and tells nothing of the versions.
        """
        fits = [_takes_name(definition, one.name) for definition in (self._old, self._new)]
        for reading, definition, other, mine in (
            (before, self._old, fits[1], fits[0]),
            (after, self._new, fits[0], fits[1]),
        ):
            if other and not mine:
                message = f"The name does not match {definition.file_name}"
                reading.findings.add(finding("F210", message, value=printable(one.name)))

    def _file(self, one: Candidate, before: Reading, after: Reading) -> FileImpact:
        errors = (before.findings.errors, after.findings.errors)
        seen = self._seen(before, after)
        shifts = tuple(self._finding_shifts(*seen))
        found = ValueShifts(self._limits.per_field)
        if errors == (0, 0):
            opened = functools.partial(open_regular, one.path)
            found = value_shifts(self._old, self._new, opened, self._limits.per_field)
        values = tuple(
            ExplainedValue(shift, tuple(self._behind(shift, Direction.OLD_UNDER_NEW)))
            for shift in found.listed
        )
        return FileImpact(
            one.path,
            one.name,
            before.sha256,
            *errors,
            effect=_effect(errors, seen, found),
            findings=tuple(_some_of_each(shifts, self._limits)),
            totals=tuple(_total_shifts(*seen)),
            values=values,
            value_totals=tuple((*key, count) for key, count in found.totals.items()),
            contradictions=tuple(self._contradictions(errors, shifts, found.listed)),
        )

    def _seen(self, before: Reading, after: Reading) -> tuple[_Seen, _Seen]:
        """Return the findings of both versions, all called by their new names."""
        return (
            _Seen.of(before.findings, self._names, self._per_kind),
            _Seen.of(after.findings, {}, self._per_kind),
        )

    def _finding_shifts(self, before: _Seen, after: _Seen) -> Iterator[FindingShift]:
        """Yield the listed findings that only one of the versions has."""
        shifts = [
            FindingShift(under_new, one, tuple(of_finding(one, self._causes[_READS[under_new]])))
            for under_new, beyond in ((False, before.beyond(after)), (True, after.beyond(before)))
            for one in beyond
        ]
        moving = {
            cause.fingerprint
            for one in shifts
            for cause in one.causes
            if cause.is_harmful and is_structural(cause.change)
        }
        for one in shifts:
            yield _followed(one, moving, self._causes[_READS[one.under_new]])

    def _behind(self, shift: ValueShift, direction: Direction) -> list[Cause]:
        """Return the changes that can make a value be read otherwise in ``direction``."""
        place = shift.new_place if direction is Direction.OLD_UNDER_NEW else shift.old_place
        record_type, _dot, name = place.partition(".")
        causes = self._causes[direction]
        return of_value(record_type, name, causes) if name else of_rows(record_type, causes)

    def _contradictions(
        self, errors: tuple[int, int], shifts: Sequence[FindingShift], values: Sequence[ValueShift]
    ) -> Iterator[str]:
        """Yield where the file shows what the comparison says cannot be."""
        if errors[0] == 0 and errors[1]:
            yield from self._against(Direction.OLD_UNDER_NEW, shifts)
        elif errors[1] == 0 and errors[0]:
            yield from self._against(Direction.NEW_UNDER_OLD, shifts)
        said: set[tuple[Direction, str]] = set()
        for direction in Direction:
            for shift in values:
                behind = self._behind(shift, direction)
                key = (direction, shift.new_place)
                if shift.certain and key not in said and not any(one.is_harmful for one in behind):
                    said.add(key)
                    yield _contradiction(direction, _value_words(shift), behind)

    def _against(self, direction: Direction, shifts: Sequence[FindingShift]) -> Iterator[str]:
        """Yield the errors of the reading version that no change explains which can do harm."""
        under_new = direction is Direction.OLD_UNDER_NEW
        mine = [
            one for one in shifts if one.under_new is under_new and one.finding.severity is Severity.ERROR
        ]
        said: set[tuple[str, str]] = set()
        for one in mine:
            key = (one.finding.code, one.finding.column or "")
            if key not in said and not any(cause.is_harmful for cause in one.causes):
                said.add(key)
                yield _contradiction(direction, finding_words(one.finding), one.causes)


def _followed(shift: FindingShift, moving: Collection[str], causes: Causes) -> FindingShift:
    """Return ``shift``; without a harmful cause of its own, as a consequence where it can be one.

    ``moving`` are the fingerprints of the changes that move the values of this file about: a finding can
    come by them, and one of the other version can go.
    """
    if any(cause.is_harmful for cause in shift.causes):
        return shift
    behind = tuple(followed_by(shift.finding, [one for one in causes if one.fingerprint in moving], causes))
    return dataclasses.replace(shift, causes=behind, follows=True) if behind else shift


def _some_of_each(shifts: Sequence[FindingShift], limits: Limits) -> Iterator[FindingShift]:
    """Yield as many of ``shifts`` as are listed, in their order, of each kind as there is room."""
    kinds = Counter(map(_kind_of, shifts))
    share = limits.per_file // max(1, len(kinds)) if len(shifts) > limits.per_file else limits.per_file
    room = min(share, limits.per_kind)
    left = Counter(dict.fromkeys(kinds, max(1, room)))
    for one in shifts:
        if left[_kind_of(one)]:
            left[_kind_of(one)] -= 1
            yield one


def _kind_of(shift: FindingShift) -> tuple[object, ...]:
    found = shift.finding
    return shift.under_new, found.code, found.rule, found.record_type, found.column


def _total_shifts(before: _Seen, after: _Seen) -> Iterator[TotalShift]:
    """Yield the kinds of findings of which there are more or fewer under the other version."""
    for kind in sorted({*before.totals, *after.totals}):
        if before.totals[kind] != after.totals[kind]:
            yield TotalShift(*kind, under_old=before.totals[kind], under_new=after.totals[kind])


def _altered(known: str | None, found: str) -> str:
    return f"it is not the file that was archived: its SHA-256 is {found}, the ledger has {known}"


def _takes_name(definition: Format, name: str) -> bool:
    return definition.file_name is None or file_names.match(definition.file_name, name) is not None


def _effect(errors: tuple[int, int], seen: tuple[_Seen, _Seen], values: ValueShifts) -> Effect:
    if bool(errors[0]) is not bool(errors[1]):
        return Effect.REFUSED if errors[1] else Effect.ACCEPTED
    if values.totals:
        return Effect.DIFFERENT
    before, after = seen
    return (
        Effect.SAME
        if (before.totals, {*before.listed}) == (after.totals, {*after.listed})
        else Effect.FINDINGS
    )


def _contradiction(direction: Direction, what: str, causes: Iterable[Cause]) -> str:
    named = ", ".join(f"{one.id} is said to be ok" for one in list(causes)[:3])
    said = named or "no change is reported that could explain it"
    return f"{direction.value}: {what.removesuffix('.')}; {said}"


def _value_words(shift: ValueShift) -> str:
    where = f", record {shift.record:,}" if shift.record is not None else ""
    return f"{shift.new_place}{where} is read as {shift.old_meaning} or {shift.new_meaning}"


def finding_words(one: Finding) -> str:
    """Return a finding as one line: code, place, message."""
    place = ".".join(part for part in (one.record_type, one.column) if part)
    where = [
        f"{label} {at:,}" for label, at in (("record", one.record), ("line", one.line)) if at is not None
    ]
    return " ".join(part for part in (one.code, place, ", ".join(where)) if part) + f": {one.message}"
