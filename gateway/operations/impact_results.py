"""What `gateway formats impact` finds: what becomes of each file, and of all of them together."""

from __future__ import annotations

import enum
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.formats.compare.change import Comparison
from gateway.model import Finding
from gateway.operations.impact_causes import Cause
from gateway.operations.impact_kept import Kept
from gateway.operations.impact_values import ValueShift


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is listed; what is counted has no limit."""

    files: int = 200  #: that change verdict or meaning; with other findings alone; contradicting; not judged
    per_kind: int = 200  #: findings of one kind in one file
    per_file: int = 2000  #: findings of all kinds in one file, some of each
    per_field: int = 5  #: values of one field in one file

    @classmethod
    def of(cls, listed: int | None) -> Limits:
        """Return the limits for so many files, and so many findings and values of each kind in each."""
        return cls() if listed is None else cls(listed, listed, sys.maxsize, listed)


class Effect(enum.Enum):
    """What becomes of a file when the other version reads it."""

    SAME = "the same"  #: same verdict, same findings, same values
    REFUSED = "refused by the new version"  #: the old one accepts it
    ACCEPTED = "refused by the old version"  #: the new one accepts it
    DIFFERENT = "read differently"  #: both accept it, and values mean something else
    FINDINGS = "other findings"  #: same verdict, with other findings


@dataclass(frozen=True, slots=True)
class FindingShift:
    """A finding that only one of the versions has, and the changes that can be behind it."""

    under_new: bool
    finding: Finding
    causes: tuple[Cause, ...]
    follows: bool = False  #: no change causes such a finding; it follows from what ``causes`` do to the file


@dataclass(frozen=True, slots=True)
class TotalShift:
    """How many findings of one kind there are under either version, where the numbers differ."""

    code: str
    rule: str
    record_type: str
    column: str
    under_old: int
    under_new: int


@dataclass(frozen=True, slots=True)
class ExplainedValue:
    """A value that is read otherwise, and the changes that can be behind it."""

    shift: ValueShift
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class FileImpact:
    """What the two versions make of one file."""

    path: str
    name: str
    sha256: str
    old_errors: int  #: exact numbers
    new_errors: int
    effect: Effect
    findings: tuple[FindingShift, ...] = ()
    totals: tuple[TotalShift, ...] = ()
    values: tuple[ExplainedValue, ...] = ()
    value_totals: tuple[tuple[str, str, bool, int], ...] = ()  #: places, whether certain, exact number
    contradictions: tuple[str, ...] = ()

    def causes(self) -> Iterator[Cause]:
        """Yield the first cause of each difference: one that can do harm before one that cannot."""
        for causes in (*(one.causes for one in self.findings), *(one.causes for one in self.values)):
            first = next((one for one in causes if one.is_harmful), None) or next(iter(causes), None)
            if first is not None:
                yield first


@dataclass(slots=True)
class Impact:
    """All files together: exact numbers, and the first of what differs."""

    comparison: Comparison
    limits: Limits = field(default_factory=Limits)
    effects: Counter[Effect] = field(default_factory=Counter)
    by_change: Counter[str] = field(default_factory=Counter)  #: files by the fingerprint of their causes
    listed: Kept[FileImpact] = field(default_factory=Kept)  #: the first that change verdict or meaning
    only_findings: Kept[FileImpact] = field(default_factory=Kept)  #: the first with other findings alone
    contradicting: Kept[FileImpact] = field(default_factory=Kept)  #: the first of them
    contradicting_total: int = 0
    others: int = 0  #: files in directories that are of another message type
    unread: list[str] = field(default_factory=list)  #: why a file was not read, the first of them
    unread_total: int = 0

    @property
    def files(self) -> int:
        """How many files were read under both versions."""
        return self.effects.total()

    @property
    def changed(self) -> int:
        """How many files change their verdict or their meaning."""
        return sum(self.effects[one] for one in (Effect.REFUSED, Effect.ACCEPTED, Effect.DIFFERENT))

    def add(self, one: FileImpact) -> None:
        """Count a file, and keep it where it differs and there is room.

        Raises CustodyError where there are so many that they are put aside, and the disk has no room.
        """
        self.effects[one.effect] += 1
        self.by_change.update({cause.fingerprint for cause in one.causes()})
        if one.effect is not Effect.SAME:
            kept = self.only_findings if one.effect is Effect.FINDINGS else self.listed
            self._keep(one, kept)
        if one.contradictions:
            self.contradicting_total += 1
            self._keep(one, self.contradicting)

    def _keep(self, one: FileImpact, kept: Kept[FileImpact]) -> None:
        if len(kept) < self.limits.files:
            kept.add(one, len(one.findings) + len(one.values))

    def leave_out(self, path: str, why: str) -> None:
        """Note a file that could not be read."""
        self.unread_total += 1
        if len(self.unread) < self.limits.files:
            self.unread.append(f"{path}: {why}")
