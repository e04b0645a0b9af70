"""Verdicts held against real files: a file is made as the verdict claims, and read under both versions."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.findings import Findings
from gateway.formats.compare.change import Change, Comparison, Demand, Direction, Verdict
from gateway.formats.compare.matching import match
from gateway.formats.compare.values import Refused, meaning, same
from gateway.formats.definition import Field, Format
from gateway.formats.row import Row
from gateway.readers.rows import rows_of
from gateway.witness.building import build
from gateway.witness.checking import Checked, WitnessFile, checked, has_name
from gateway.witness.texts import side_of

#: What is claimed of a change: there is something to prove.
PROVABLE = (Verdict.BREAKING, Verdict.SILENT)


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that the two versions read differently from the same file."""

    record: int | None  #: number of the record in the file, from 1
    field: str  #: ``record_type.field`` of the writer's version
    writer: str  #: what it means there, for people
    reader: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A file that was read under both versions, and what came of it."""

    file: WitnessFile
    writer: Checked
    reader: Checked
    named: bool  #: the reader's version accepts the file's name
    differences: tuple[Difference, ...]
    confirmed: bool  #: the file does what the verdict says


@dataclass(frozen=True, slots=True)
class Proved:
    """One claim of a comparison, and its proof; None where no file was found."""

    change: Change
    direction: Direction
    proof: Proof | None


def prove(old: Format, new: Format, change: Change, direction: Direction) -> Proof | None:
    """Return the proof of what ``change`` claims in ``direction``; None where no file was found.

    Only ``breaking`` and ``silent`` claim something that a file can prove. Raises FormatError where
    one of the definitions cannot be applied.
    """
    judgement = change.judgement(direction)
    if judgement.verdict not in PROVABLE or judgement.demand is None:
        return None
    writer, reader = (old, new) if direction is Direction.OLD_UNDER_NEW else (new, old)
    file = build(writer, judgement.demand)
    if file is None:
        return None
    return examined(writer, reader, file, judgement.verdict, judgement.demand)


def prove_all(old: Format, new: Format, comparison: Comparison) -> Iterator[Proved]:
    """Yield every breaking or silent claim of ``comparison`` with its proof, old under new first."""
    for direction in Direction:
        for change in comparison.changes:
            if change.judgement(direction).verdict in PROVABLE:
                yield Proved(change, direction, prove(old, new, change, direction))


def examined(writer: Format, reader: Format, file: WitnessFile, verdict: Verdict, demand: Demand) -> Proof:
    """Return what ``file`` proves of ``verdict``, read under both versions."""
    (there,) = checked(writer, [file])
    (here,) = checked(reader, [file])
    named = has_name(reader, file.name) or demand.file_name is None
    differences: tuple[Difference, ...] = ()
    if there.accepted and here.accepted:
        differences = tuple(read_differently(writer, reader, file.data))
    if verdict is Verdict.BREAKING:
        confirmed = there.accepted and (not here.accepted or not named)
    else:
        confirmed = there.accepted and here.accepted and bool(differences)
    return Proof(file, there, here, named, differences, confirmed)


def read_differently(writer: Format, reader: Format, data: bytes) -> Iterator[Difference]:
    """Yield the values of ``data``, a file valid under both versions, that mean something else to ``reader``.

    Records are compared one by one in file order, the fields that both versions have by their match.
    """
    others = {pair.old.name: pair for pair in match(writer, reader) if pair.old and pair.new}
    theirs = list(rows_of(reader, io.BytesIO(data), Findings()))
    ours = list(rows_of(writer, io.BytesIO(data), Findings()))
    if len(ours) != len(theirs):
        yield Difference(None, "", f"{len(ours)} records", f"{len(theirs)} records")
        return
    for one, other in zip(ours, theirs, strict=True):
        pair = others.get(one.record_type)
        if pair is None or pair.new is None or pair.new.name != other.record_type:
            yield Difference(one.record, one.record_type, f"a {one.record_type}", f"a {other.record_type}")
            continue
        for fields in pair.fields:
            if fields.old is not None and fields.new is not None:
                yield from _difference(writer, reader, (one, fields.old), (other, fields.new))


def _difference(
    writer: Format, reader: Format, ours: tuple[Row, Field], theirs: tuple[Row, Field]
) -> Iterator[Difference]:
    (row, field), (other, its) = ours, theirs
    one = meaning(side_of(writer, field), row.texts.get(field.name))
    two = meaning(side_of(reader, its), other.texts.get(its.name))
    if isinstance(one, Refused) or isinstance(two, Refused) or same(one, two) is not False:
        return
    shown = [getattr(each, "shown", "no value") for each in (one, two)]
    units = [f" {each.unit}" if each.unit else "" for each in (field, its)]
    place = f"{row.record_type}.{field.name}"
    yield Difference(row.record, place, shown[0] + units[0], shown[1] + units[1])
