"""Which change is behind a difference that a real file shows; pure decisions.

A finding has its cause in a change whose kind can cause its code, at the same field or over the whole
file; of several the nearest is named. What is told of a whole file (a count, a total, a rule across
fields) can also be the consequence of a value that is read otherwise.

The changes are always turned so that ``new`` is the reader: for files of the new version under the
old one they are swapped first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.formats.compare.change import Change, Comparison, Direction, Verdict
from gateway.formats.compare.kinds import KINDS
from gateway.model import Finding

#: Kinds that move values about: what they cause may show at any field.
_STRUCTURAL = ("C1", "C2", "C3", "C401", "C402", "C403", "C404", "C405", "C406", "C407", "C408", "C409", "C7")
#: Kinds by which a row has more or fewer fields, or another length.
_SIZING = ("C401", "C402", "C403", "C404", "C407")
#: Kinds that change rules: each names the findings that it can cause.
_RULES = "C6"
#: Findings on how many fields, or characters, a row has.
_SIZES = ("F108", "F109")
#: Findings on the file as a whole, to which a value read otherwise can lead.
_CONSEQUENCES = ("F205", "F206", "F207", "F4")


@dataclass(frozen=True, slots=True, eq=False)
class Cause:
    """A change seen in one direction: what is ``new`` of it reads what is ``old`` of it."""

    change: Change
    fingerprint: str
    id: str  #: of the change as the comparison has it, whichever way it is seen here

    @property
    def verdict(self) -> Verdict:
        """What the comparison says the change does in this direction."""
        return self.change.old_under_new.verdict

    @property
    def is_harmful(self) -> bool:
        """Whether the change is said to be able to do something to files."""
        return self.verdict is not Verdict.OK


Causes = Sequence[Cause]


def turned(comparison: Comparison, direction: Direction) -> list[Cause]:
    """Return the changes of ``comparison`` for files read in ``direction``."""
    forwards = direction is Direction.OLD_UNDER_NEW
    return [
        Cause(one if forwards else one.swapped(), comparison.fingerprint(one), one.id)
        for one in comparison.changes
    ]


def of_finding(finding: Finding, causes: Causes) -> list[Cause]:
    """Return the changes that can be behind ``finding`` of the reading version: the nearest ones."""
    fitting = [one for one in causes if finding.code in KINDS[one.change.kind].explains]
    if finding.rule:
        fitting = _by_rule(fitting, finding.rule) or fitting
    # a column that nobody knows belongs to no record type: any field may have been called so
    place = _place(finding.record_type, finding.column) if finding.record_type else ""
    found = [one for one in fitting if _can_show_at(one.change, place)]
    if not any(one.is_harmful for one in found):
        # what happens to one field can show in more ways than its kind names; a rule finds what it says
        found += [one for one in causes if place and one.is_harmful and _is_about(one.change, place)]
    return _nearest(found, lambda one: _distance(one, finding, place))


def followed_by(finding: Finding, moving: Causes, causes: Causes) -> list[Cause]:
    """Return what a finding that no change causes by itself can be the consequence of.

    ``moving`` are the changes that move the values of this very file about: everything can follow from
    them. A count, a total or a rule can also follow from any value that is read otherwise.
    """
    if moving or not finding.code.startswith(_CONSEQUENCES):
        return list(moving)
    return [one for one in causes if one.is_harmful and one.change.code.startswith(("C3", "C4", "C5"))]


def of_value(record_type: str, field: str, causes: Causes) -> list[Cause]:
    """Return the changes that can make a field of the reading version be read otherwise: the nearest ones."""
    place = _place(record_type, field)
    found = [one for one in causes if one.change.new_field == place or _reaches_values(one.change)]
    return _nearest(found, lambda one: (_remoteness(one.change, place),))


def of_rows(record_type: str, causes: Causes) -> list[Cause]:
    """Return the changes that can make another number of rows of ``record_type`` be read."""
    near = [one for one in causes if one.change.new_field == record_type]
    return near + [one for one in causes if one not in near and is_structural(one.change)]


def is_structural(change: Change) -> bool:
    """Return whether ``change`` moves values about, so that its consequences show anywhere."""
    return change.code.startswith(_STRUCTURAL)


def _nearest(causes: Causes, distance: Callable[[Cause], tuple[int, ...]]) -> list[Cause]:
    """Return those that can do harm and are nearest; all of ``causes`` where none can do harm."""
    harmful = [one for one in causes if one.is_harmful]
    least = min(map(distance, harmful), default=())
    return [one for one in harmful if distance(one) == least] or list(causes)


def _distance(cause: Cause, finding: Finding, place: str) -> tuple[int, ...]:
    """Return how far a change is from a finding, the most telling measure first."""
    if finding.code in _SIZES and not finding.column:
        return _of_size(cause.change, place), 0
    named = {part.lower() for part in re.split(r"[^0-9A-Za-z_]+", cause.change.path)}
    return _remoteness(cause.change, place), (finding.column or "").lower() not in named


def _of_size(change: Change, record_type: str) -> int:
    """Return how far a change is from rows of ``record_type`` of another size than needed."""
    mine = (change.new_field or change.old_field or "").partition(".")[0]
    if change.new_field is not None and change.new_field == record_type:
        return 0
    if change.code.startswith(_SIZING) and record_type in (mine, ""):
        return 1
    return 2 if not mine else 3


def _remoteness(change: Change, place: str) -> int:
    """Return how far a change is from the field or record type at ``place``."""
    field = change.new_field
    if field is not None and field == place:
        return 0
    if field is None and not is_structural(change):
        return 1
    if field is None or not place:
        return 2
    return 3 if field.partition(".")[0] == place.partition(".")[0] else 4


def _by_rule(causes: Iterable[Cause], rule: str) -> list[Cause]:
    return [one for one in causes if rule in one.change.path.split(".")]


def _is_about(change: Change, place: str) -> bool:
    """Return whether ``change`` is one of the field or record type itself, not of a rule on it."""
    return change.new_field == place and not change.code.startswith(_RULES)


def _place(record_type: str | None, column: str | None) -> str:
    return ".".join(part for part in (record_type, column) if part)


def _can_show_at(change: Change, place: str) -> bool:
    """Return whether ``change`` can show at the field or record type ``place``; "" is the whole file."""
    field = change.new_field
    if field is None or not place or is_structural(change):
        return True
    return field in (place, place.partition(".")[0]) or place == field.partition(".")[0]


def _reaches_values(change: Change) -> bool:
    """Return whether a change that is not about a certain field can reach its values."""
    if change.new_field is None:
        return change.code.startswith(("C2", "C3", "C5", "C6", "C7"))
    return is_structural(change)
