"""Verdicts that a schema beside the definition puts in doubt, held against files before anybody sees them.

What a definition is said to break, its schema may forbid anyway, and the other way round. So where there is
a schema, a verdict of breaking or silent stands only with a file that the whole format accepts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Comparison, Direction, Verdict
from gateway.witness.building import file_name
from gateway.witness.checking import WitnessFile, checked
from gateway.witness.grafting import dressed
from gateway.witness.proving import PROVABLE, prove, with_doubts

if TYPE_CHECKING:
    from gateway.formats.definition import Format


def held(old: Format, new: Format, comparison: Comparison) -> Comparison:
    """Return ``comparison`` with every claim as ``review`` that no file of the whole format shows.

    Without a schema beside either definition it is returned as it is. Raises FormatError where one of
    the definitions cannot be applied.
    """
    if not any(one.dialect.xsd or one.dialect.json_schema for one in (old, new)):
        return comparison
    doubtful = {(change.id, direction) for change, direction in _unproved(old, new, comparison)}
    changes = tuple(with_doubts(change, doubtful) for change in comparison.changes)
    return dataclasses.replace(comparison, changes=changes)


def _unproved(old: Format, new: Format, comparison: Comparison) -> Iterator[tuple[Change, Direction]]:
    for direction in Direction:
        claims = [one for one in comparison.changes if one.judgement(direction).verdict in PROVABLE]
        known = _shown_at_once(old, new, claims, direction)
        for change in claims:
            proof = None if change.id in known else prove(old, new, change, direction)
            if change.id not in known and not (proof and proof.confirmed):
                yield change, direction


def _shown_at_once(old: Format, new: Format, claims: list[Change], direction: Direction) -> set[str]:
    """Return the breaking claims that the document of the schemas' comparison shows as it is."""
    writer, reader = (old, new) if direction is Direction.OLD_UNDER_NEW else (new, old)
    name, files = file_name(writer), {}
    for change in claims:
        judgement = change.judgement(direction)
        if judgement.verdict is Verdict.BREAKING and judgement.demand and judgement.demand.document:
            data = dressed(writer, judgement.demand.document)
            if data is not None:
                files[change.id] = WitnessFile(name, data)
    there, here = (checked(one, list(files.values())) for one in (writer, reader))
    verdicts = zip(files, there, here, strict=True)
    return {key for key, mine, other in verdicts if mine.accepted and not other.accepted}
