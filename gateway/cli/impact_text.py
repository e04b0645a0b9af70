"""What `gateway formats impact` prints for people: totals, the changes behind them, then file by file."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.cli.output import number, print_lines, say
from gateway.printable import printable

if TYPE_CHECKING:
    from gateway.operations.impact_causes import Cause
    from gateway.operations.impact_results import ExplainedValue, FileImpact, FindingShift, Impact

_MORE = "`--listed all` shows each"
#: A longer text of a file is cut.
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Room:
    """How much is shown."""

    files: int = 20
    kinds: int = 10  #: of differences in one file
    records: int = 12  #: of one kind
    values: int = 1  #: of one field; the other records are named
    compared: int = 200  #: more findings of one kind than these were not compared one by one

    @classmethod
    def of(cls, listed: int | None) -> Room:
        """Return the room for so many files, records and values, with every kind of difference."""
        return cls() if listed is None else cls(listed, sys.maxsize, listed, listed, max(200, listed))


def show(found: Impact, room: Room) -> None:
    """Print what the files show."""
    from gateway.formats.compare.change import Direction
    from gateway.formats.compare.reports.words import verdict_line

    for direction in Direction:
        print_lines(verdict_line(found.comparison, direction), indent=0)
    say("")
    _show_totals(found, room)
    _show_changes(found)
    for one in itertools.islice(found.listed, room.files):
        _show_file(one, room)
    left = found.changed - min(len(found.listed), room.files)
    if left:
        say("")
        say(f"... and {number(left, 'file')} more; {_MORE}.")
    _show_contradictions(found, room)


def _show_totals(found: Impact, room: Room) -> None:
    from gateway.operations.impact_results import Effect

    say(f"{number(found.files, 'file')} read under both versions" if found.files else "No file was judged.")
    for effect in Effect:
        if found.effects[effect]:
            say(f"  {found.effects[effect]:>9,}  {effect.value}")
    if found.others:
        say(f"  {found.others:>9,}  left out: of another message type")
    if found.unread_total:
        say(f"  {found.unread_total:>9,}  NOT JUDGED:")
    for line in found.unread[: room.files]:
        print_lines(line, indent=13)
    if found.unread_total > min(len(found.unread), room.files):
        print_lines(f"...; {_MORE}", indent=13)


def _show_changes(found: Impact) -> None:
    if not found.by_change:
        return
    say("")
    say("Changes behind it, by the number of files")
    known = {found.comparison.fingerprint(one): one for one in found.comparison.changes}
    for fingerprint, count in found.by_change.most_common():
        change = known[fingerprint]
        say(f"  {count:>9,}  {change.code} {change.kind}  {change.path}")


def _show_file(one: FileImpact, room: Room) -> None:
    say("")
    print_lines(f"{one.path}: {one.effect.value}", indent=0)
    print_lines(f"old version: {_verdict(one.old_errors)}; new version: {_verdict(one.new_errors)}")
    groups = [*_finding_groups(one, room), *_value_groups(one, room)]
    for lines in groups[: room.kinds]:
        for number_of_line, line in enumerate(lines):
            print_lines(line, indent=6 if number_of_line else 2)
    if len(groups) > room.kinds:
        more = len(groups) - room.kinds
        print_lines(f"... and {number(more, 'more kind', 'more kinds')} of differences; {_MORE}")


def _verdict(errors: int) -> str:
    return f"refused with {number(errors, 'error')}" if errors else "accepted"


def _finding_groups(one: FileImpact, room: Room) -> Iterator[list[str]]:
    """Yield the lines of each kind of finding that only one version has: the first one, records, causes."""
    groups: dict[tuple[object, ...], list[FindingShift]] = {}
    for shift in one.findings:
        found = shift.finding
        key = (shift.under_new, found.code, found.rule, found.record_type, found.column)
        groups.setdefault(key, []).append(shift)
    for shifts in groups.values():
        first = shifts[0]
        records = _records([each.finding.record for each in shifts], _total(one, first, room), room)
        because = _because(first.causes, follows=first.follows, back=not first.under_new)
        yield [_finding_line(first), *records, because]


def _total(one: FileImpact, shift: FindingShift, room: Room) -> int:
    """Return how many findings of this kind its version alone has; 0 where every one is listed."""
    found = shift.finding
    kind = (found.code, found.rule or "", found.record_type or "", found.column or "")
    for each in one.totals:
        if (each.code, each.rule, each.record_type, each.column) == kind:
            both = (each.under_old, each.under_new)
            mine, other = both[shift.under_new], both[not shift.under_new]
            return mine if not other or mine > room.compared else 0
    return 0


def _finding_line(shift: FindingShift) -> str:
    from gateway.operations.impact_judging import finding_words

    said = finding_words(shift.finding)
    value = printable(shift.finding.value or "")
    shown = f' (the value is "{value}")' if value and value not in said and len(value) <= _LONGEST else ""
    side = "new" if shift.under_new else "old"
    return f"{shift.finding.severity.value} only under the {side} version: {said}{shown}"


def _records(records: Sequence[int | None], total: int, room: Room) -> list[str]:
    """Return the line that names all records, where there are several; ``total`` counts unlisted ones too."""
    known = [f"{record:,}" for record in dict.fromkeys(records) if record is not None]
    if not known or max(len(known), total) < 2:
        return []
    more = f", ... ({_MORE})" if len(known) > room.records or total > len(records) else ""
    unlisted = f"{total:,} places, first in records" if total > len(records) else number(len(known), "record")
    return [f"in {unlisted}: {', '.join(known[: room.records])}{more}"]


def _value_groups(one: FileImpact, room: Room) -> Iterator[list[str]]:
    """Yield the lines of each field that is read otherwise: the first values, how many there are, causes."""
    for old, new, certain, count in one.value_totals:
        mine = [
            each
            for each in one.values
            if (each.shift.old_place, each.shift.new_place, each.shift.certain) == (old, new, certain)
        ]
        records = _records([each.shift.record for each in mine], count, room)
        yield [*map(_value_line, mine[: room.values]), *records, _because(mine[0].causes)]


def _value_line(value: ExplainedValue) -> str:
    shift = value.shift
    where = [
        f"{label} {at:,}" for label, at in (("record", shift.record), ("line", shift.line)) if at is not None
    ]
    place = (
        shift.old_place
        if shift.old_place == shift.new_place
        else f"{shift.old_place} (now {shift.new_place})"
    )
    doubt = "" if shift.certain else " (a person has to judge whether that is the same)"
    old, new = _text(shift.old_text), _text(shift.new_text)
    said = (
        f"{old} was read as {shift.old_meaning}, is read as {shift.new_meaning}"
        if old == new
        else f"the old version takes {old} as {shift.old_meaning}, the new one {new} as {shift.new_meaning}"
    )
    return f"{', '.join([place, *where])}: {said}{doubt}"


def _text(text: str | None) -> str:
    if text is None:
        return "nothing"
    return f'"{text if len(text) <= _LONGEST else text[:_LONGEST] + "..."}"'


def _because(causes: Sequence[Cause], *, follows: bool = False, back: bool = False) -> str:
    """Return the changes that can be behind a difference, those that can do harm first.

    ``back`` is for what only the old version finds: the verdicts are those of that direction.
    """
    if not causes:
        return "unexplained: no reported change causes this"
    way = "new-under-old: " if back else ""
    ordered = sorted(causes, key=lambda one: not one.is_harmful)
    named = ", or ".join(f"{one.id} ({way}{one.verdict.value})" for one in ordered[:2])
    more = f" and {len(ordered) - 2} more" if len(ordered) > 2 else ""
    return f"{'follows from' if follows else 'explained by'} {named}{more}"


def _show_contradictions(found: Impact, room: Room) -> None:
    if not found.contradicting_total:
        return
    say("")
    say(f"CONTRADICTIONS in {number(found.contradicting_total, 'file')}: the comparison says this cannot be")
    for one in itertools.islice(found.contradicting, room.files):
        for line in one.contradictions[: room.kinds]:
            print_lines(f"{one.path}: {line}")
    if found.contradicting_total > min(len(found.contradicting), room.files):
        print_lines(f"...; {_MORE}")
