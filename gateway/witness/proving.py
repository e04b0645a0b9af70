"""Verdicts held against real files: a file is made as the verdict claims, and read under both versions."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.findings import Findings
from gateway.formats.compare.change import Change, Comparison, Demand, Direction, Judgement, Verdict
from gateway.formats.compare.matching import TypePair, match
from gateway.formats.compare.values import Meaning, Refused, Value, meaning, same
from gateway.formats.definition import Field, Format, Reference
from gateway.formats.row import Row
from gateway.readers.rows import rows_of
from gateway.witness.building import build
from gateway.witness.checking import Checked, WitnessFile, checked, has_name
from gateway.witness.showing import shown
from gateway.witness.texts import side_of

#: What is claimed of a change: there is something to prove.
PROVABLE = (Verdict.BREAKING, Verdict.SILENT)
#: Codes of changes of what values are.
_VALUES = "C5"
#: Kinds of changes of what a file is known by.
_WHO = ("identifier", "interchange-key")
#: Files that are tried: in one two values may be alike by chance.
_VARIETIES = (0, 1, 2, 5)


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that the two versions read differently from the same file."""

    record: int | None  #: number of the record in the file, from 1
    field: str  #: ``record_type.field`` of the writer's version
    writer: str  #: what it means there, for people
    reader: str
    said: bool = False  #: the value is the same; only what the definitions say of it differs


@dataclass(frozen=True, slots=True)
class Proof:
    """A file that was read under both versions, and what came of it."""

    file: WitnessFile
    writer: Checked
    reader: Checked
    named: bool  #: the reader's version accepts the file's name
    differences: tuple[Difference, ...]
    confirmed: bool  #: the file does what the verdict says
    masked: bool = False  #: another change refuses the file, which shows a silent one nevertheless


@dataclass(frozen=True, slots=True)
class Proved:
    """One claim of a comparison, and its proof; None where no file was found."""

    change: Change
    direction: Direction
    proof: Proof | None


def prove(old: Format, new: Format, change: Change, direction: Direction) -> Proof | None:
    """Return the proof of what ``change`` claims in ``direction``; None where no file was found.

    Of several files the first that confirms the claim; where none does, the first of all.

    Only ``breaking`` and ``silent`` claim something that a file can prove. Raises FormatError where
    one of the definitions cannot be applied.
    """
    judgement = change.judgement(direction)
    if judgement.verdict not in PROVABLE or judgement.demand is None:
        return None
    writer, reader = (old, new) if direction is Direction.OLD_UNDER_NEW else (new, old)
    if judgement.demand.document is not None:
        found = shown(writer, reader, judgement.demand.document)
        if found is None:
            return None
        breaks = judgement.verdict is Verdict.BREAKING
        return Proof(found.file, found.writer, found.reader, named=True, differences=(), confirmed=breaks)
    first: Proof | None = None
    for variety in _VARIETIES:
        file = build(writer, judgement.demand, variety=variety)
        if file is None:
            continue
        proof = examined(writer, reader, file, judgement.verdict, judgement.demand)
        if judgement.verdict is Verdict.SILENT and proof.writer.accepted and not proof.reader.accepted:
            place = change.old_field if direction is Direction.OLD_UNDER_NEW else change.new_field
            proof = _masked(writer, reader, proof, change, place or "")
        if proof.confirmed:
            return proof
        first = first or proof
    return first


def prove_all(old: Format, new: Format, comparison: Comparison) -> Iterator[Proved]:
    """Yield every breaking or silent claim of ``comparison`` with its proof, old under new first."""
    for direction in Direction:
        for change in comparison.changes:
            if change.judgement(direction).verdict in PROVABLE:
                yield Proved(change, direction, prove(old, new, change, direction))


def confirmed(old: Format, new: Format, comparison: Comparison) -> tuple[Comparison, tuple[Proved, ...]]:
    """Return ``comparison`` with every claim that no file confirms as ``review``; and all proofs.

    What is left as breaking or silent has a file that proves it.
    """
    proofs = tuple(prove_all(old, new, comparison))
    doubtful = {(one.change.id, one.direction) for one in proofs if not (one.proof and one.proof.confirmed)}
    changes = tuple(with_doubts(change, doubtful) for change in comparison.changes)
    return dataclasses.replace(comparison, changes=changes), proofs


def with_doubts(change: Change, doubtful: set[tuple[str, Direction]]) -> Change:
    """Return ``change`` as ``review`` in each direction in which ``doubtful`` has its id."""
    forward, back = (
        _doubted(change.judgement(one)) if (change.id, one) in doubtful else change.judgement(one)
        for one in Direction
    )
    return dataclasses.replace(change, old_under_new=forward, new_under_old=back)


def _doubted(judgement: Judgement) -> Judgement:
    claim = "are refused" if judgement.verdict is Verdict.BREAKING else "are read differently"
    why = f"Looked like files that {claim}, but no file was found that shows it. {judgement.why}"
    return Judgement(Verdict.REVIEW, why)


def examined(writer: Format, reader: Format, file: WitnessFile, verdict: Verdict, demand: Demand) -> Proof:
    """Return what ``file`` proves of ``verdict``, read under both versions.

    Values read otherwise are looked for in a file that is refused as well, where the verdict is silent:
    another change may refuse it.
    """
    (there,) = checked(writer, [file])
    (here,) = checked(reader, [file])
    named = has_name(reader, file.name) or demand.file_name is None
    differences: tuple[Difference, ...] = ()
    if there.accepted and (here.accepted or verdict is Verdict.SILENT):
        said = _said_differently(writer, reader, there, here) if here.accepted else ()
        differences = (*said, *read_differently(writer, reader, file.data))
    if verdict is Verdict.BREAKING:
        confirmed = there.accepted and (not here.accepted or not named)
    else:
        confirmed = there.accepted and here.accepted and bool(differences)
    return Proof(file, there, here, named, differences, confirmed)


def _masked(writer: Format, reader: Format, proof: Proof, change: Change, place: str) -> Proof:
    """Return ``proof`` of a silent change whose file is refused for another change.

    What is silent comes to light as soon as that other break is mended, so that it is shown all the same:
    in what the reader's version reads there, or else in what its field makes of the writer's text.
    ``place`` is the writer's field or record type, "" where the change is about the whole file.
    """
    refused = {f"{one.record_type}.{one.column}" for one in proof.reader.findings}
    found = [one for one in proof.differences if one.field not in refused and _is_at(one.field, place)]
    if not found and change.code.startswith(_VALUES):
        found = [one for one in _by_itself(writer, reader, proof.file.data) if _is_at(one.field, place)]
    elif not found and change.kind in _WHO:
        found = [one for one in _who(writer, reader, proof) if one.field == change.path]
    return dataclasses.replace(proof, differences=tuple(found), confirmed=bool(found), masked=True)


def _is_at(field: str, place: str) -> bool:
    return not place or field == place or field.startswith(f"{place}.")


def _by_itself(writer: Format, reader: Format, data: bytes) -> Iterator[Difference]:
    """Yield the values of ``data`` whose texts mean something else to the reader's field for them."""
    pairs = {pair.old.name: pair for pair in match(writer, reader) if pair.old and pair.new}
    for row in rows_of(writer, io.BytesIO(data), Findings()):
        pair = pairs.get(row.record_type)
        if pair is None or pair.new is None:
            continue
        both = _in_both(pair)
        known = {new.name: row.texts[old.name] for old, new in both if old.name in row.texts}
        other = dataclasses.replace(row, record_type=pair.new.name, texts=known)
        for old, new in both:
            yield from _difference(writer, reader, (row, old), (other, new))


def _in_both(pair: TypePair) -> list[tuple[Field, Field]]:
    return [(one.old, one.new) for one in pair.fields if one.old is not None and one.new is not None]


def _who(writer: Format, reader: Format, proof: Proof) -> Iterator[Difference]:
    """Yield by what else the file would be known, were the reader to find every text where it stands."""
    names = {
        (pair.new.name, new.name): (pair.old.name, old.name)
        for pair in match(writer, reader)
        if pair.old and pair.new
        for old, new in _in_both(pair)
    }
    rows = list(rows_of(writer, io.BytesIO(proof.file.data), Findings()))
    theirs: dict[str, str | None] = {}
    for name in proof.writer.identity:
        place: Reference | None = getattr(reader.envelope, name)
        kind, field = names.get((place.record_type, place.field), ("", "")) if place else ("", "")
        theirs[name] = next((row.texts.get(field) for row in rows if row.record_type == kind), None)
    here = dataclasses.replace(proof.reader, identity=theirs)
    yield from _said_differently(writer, reader, proof.writer, here)


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
            elif fields.old is not None:
                yield from _lost(writer, one, fields.old)


def _lost(writer: Format, row: Row, field: Field) -> Iterator[Difference]:
    found = meaning(side_of(writer, field), row.texts.get(field.name))
    if isinstance(found, Value):
        yield Difference(row.record, f"{row.record_type}.{field.name}", found.shown, "not read")


def _difference(
    writer: Format, reader: Format, ours: tuple[Row, Field], theirs: tuple[Row, Field]
) -> Iterator[Difference]:
    (row, field), (other, its) = ours, theirs
    one = meaning(side_of(writer, field), row.texts.get(field.name))
    two = meaning(side_of(reader, its), other.texts.get(its.name))
    if isinstance(one, Refused) or isinstance(two, Refused):
        return
    sense, other_sense = _sense(field, one, row), _sense(its, two, other)
    if (field.unit_field is None) != (its.unit_field is None):
        sense, other_sense = sense or _fixed_unit(field, one), other_sense or _fixed_unit(its, two)
    if same(one, two) is False or (None not in (sense, other_sense) and sense != other_sense):
        place = f"{row.record_type}.{field.name}"
        words = _shown(field, one, sense), _shown(its, two, other_sense)
        said = field.unit_field is None and same(one, two) is not False
        yield Difference(row.record, place, *words, said=said)


def _sense(field: Field, found: Meaning, row: Row) -> str | None:
    """Return what is said of the value beside the value itself: its unit, rounding, or code's meaning."""
    if not isinstance(found, Value):
        return None
    if found.sort == "number" and field.unit_field is not None:
        return f"in {row.texts.get(field.unit_field) or 'no unit'}"
    if found.sort == "number" and field.rounding is not None:
        return f"rounded {field.rounding}"
    return field.codes.get(found.shown) or None


def _fixed_unit(field: Field, found: Meaning) -> str | None:
    """Return the unit that the definition gives a number, said as one that stands in the file."""
    return f"in {field.unit}" if field.unit and isinstance(found, Value) else None


def _shown(field: Field, found: Meaning, sense: str | None) -> str:
    if not isinstance(found, Value):
        return "no value"
    unit = f" {field.unit}" if field.unit and not (sense or "").startswith("in ") else ""
    return f"{found.shown}{unit}" + (f" ({sense})" if sense else "")


def _said_differently(writer: Format, reader: Format, there: Checked, here: Checked) -> Iterator[Difference]:
    """Yield what the two versions take differently for the file's own identity."""
    for name, ours in there.identity.items():
        theirs = here.identity[name]
        if ours != theirs:
            yield Difference(None, f"envelope.{name}", ours or "nothing", theirs or "nothing")
    keys = [
        " + ".join(f"{part} {found.identity.get(part) or ''}".strip() for part in definition.envelope.key)
        for definition, found in ((writer, there), (reader, here))
    ]
    if keys[0] != keys[1]:
        yield Difference(None, "envelope.key", keys[0] or "nothing", keys[1] or "nothing")
