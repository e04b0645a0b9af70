"""What a report is about: comparisons, what was asked of them, what is approved and what is proved.

Every renderer takes a `Report` and returns a text; nothing here or there touches a file, knows the
time or the terminal, so that the same comparison gives the same report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.formats.compare.change import Change, Comparison, Direction, Judgement, Unread, Verdict
from gateway.formats.compare.kinds import KINDS

#: What each verdict says about the files of the writer's version.
MEANINGS: Mapping[Verdict, str] = {
    Verdict.SILENT: "accepted, and understood differently: nobody notices",
    Verdict.BREAKING: "at least one valid file is refused",
    Verdict.REVIEW: "not decided by the gateway: a person has to look",
    Verdict.OK: "every valid file is accepted and means the same",
}
#: Who reads whose files, in each direction.
READINGS: Mapping[Direction, str] = {
    Direction.OLD_UNDER_NEW: "old files under the new version",
    Direction.NEW_UNDER_OLD: "new files under the old version",
}
#: Values and sentences for people are cut here; JSON has them whole.
LONGEST_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Approved:
    """A break that somebody has allowed on record: who, when (UTC) and why."""

    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Witness:
    """A file that proves a verdict, or what became of the attempt to make one."""

    name: str
    said: str  #: what reading it under both versions found
    confirmed: bool
    size: int = 0  #: bytes
    sha256: str = ""
    path: str | None = None  #: where it was written
    excerpt: tuple[str, ...] = ()  #: its first lines, where it was not written


@dataclass(frozen=True, slots=True)
class Entry:
    """One change as it is reported."""

    comparison: Comparison
    change: Change
    fingerprint: str
    verdict: Verdict  #: the worst in the judged directions
    approved: Approved | None
    fails: bool  #: counts for --fail-on
    witnesses: Mapping[Direction, Witness]

    @property
    def title(self) -> str:
        """What changed, in a few words."""
        return KINDS[self.change.kind].title

    def judgements(self) -> Iterator[tuple[Direction, Judgement]]:
        """Yield both directions with their judgement."""
        for direction in Direction:
            yield direction, self.change.judgement(direction)


@dataclass(frozen=True, slots=True)
class Report:
    """Comparisons with everything that is said about them.

    ``judged`` are the directions that ``limit`` is about: a change fails with this verdict or a
    worse one, unless it is approved. ``approvals`` are by fingerprint, ``witnesses`` by fingerprint
    and direction, ``summaries`` are lines by the place of their comparison.
    """

    comparisons: tuple[Comparison, ...]
    gateway: str  #: version of the program
    judged: tuple[Direction, ...] = (Direction.OLD_UNDER_NEW,)
    limit: Verdict | None = None
    approvals: Mapping[str, Approved] = field(default_factory=dict)
    witnesses: Mapping[tuple[str, Direction], Witness] = field(default_factory=dict)
    summaries: Mapping[int, Sequence[str]] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()  #: versions of two catalogues that could not be compared

    @property
    def total(self) -> int:
        """How many changes there are in all comparisons."""
        return sum(len(one.changes) for one in self.comparisons)

    def entries(self, comparison: Comparison) -> list[Entry]:
        """Return the changes of ``comparison`` in its order."""
        return [self._entry(comparison, change) for change in comparison.changes]

    def grouped(self, comparison: Comparison) -> Iterator[tuple[Verdict, list[Entry]]]:
        """Yield the changes by their worst judged verdict, the worst first; no empty group."""
        entries = self.entries(comparison)
        for verdict in sorted(Verdict, reverse=True):
            mine = [one for one in entries if one.verdict is verdict]
            if mine:
                yield verdict, mine

    def failing(self) -> list[Entry]:
        """Return the changes that count for --fail-on, over all comparisons."""
        return [entry for one in self.comparisons for entry in self.entries(one) if entry.fails]

    def _entry(self, comparison: Comparison, change: Change) -> Entry:
        fingerprint = comparison.fingerprint(change)
        verdict = max(change.judgement(direction).verdict for direction in self.judged)
        approved = self.approvals.get(fingerprint)
        shown = {
            way: self.witnesses[fingerprint, way] for way in Direction if (fingerprint, way) in self.witnesses
        }
        fails = self.limit is not None and verdict >= self.limit and approved is None
        return Entry(comparison, change, fingerprint, verdict, approved, fails, shown)
