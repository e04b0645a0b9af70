"""The files that prove a comparison: made for each breaking or silent verdict, shown or written.

``breaking`` says that there is a file that shows it: where none was found, the verdict becomes ``review``.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.custody.names import archive_name
from gateway.custody.refusals import refusing
from gateway.custody.writes import replace
from gateway.errors import FormatError
from gateway.formats.compare.change import Change, Comparison, Demand, Direction, Verdict
from gateway.formats.compare.kinds import KINDS
from gateway.formats.compare.reports.subject import Witness
from gateway.formats.definition import Format
from gateway.operations.comparing import Compared
from gateway.printable import printable
from gateway.witness import Checked, Proof, prove, with_doubts

#: Lines of a witness that a report shows, and characters of each.
_LINES, _CHARACTERS = 12, 160
#: Bytes of a witness that are looked at for them.
_BYTES = 16 * 1024
#: Findings, and values read differently, that are named.
_NAMED = 2
_CLAIMS = (Verdict.BREAKING, Verdict.SILENT)
#: Kinds that are what they are without a file: a whole version is missing, or the words of the two
#: definitions alone say that the same text means something else.
_WITHOUT_A_FILE = ("format-added", "format-removed", "code-redefined", "rounding", "unit", "unit-field")

Pair = tuple[Format, Format]
Key = tuple[str, Direction]


def proved(
    compared: Compared, directory: Path | None, progress: Callable[[str], None] = lambda _text: None
) -> tuple[Compared, dict[Key, Witness]]:
    """Return for each breaking or silent verdict its file, or why there is none; and what is left of them.

    In the comparisons that are returned, claims without a file that shows them are ``review``. The key
    is the fingerprint of the change, with the direction. Files are written below ``directory``, one
    directory for each verdict; where it is None their first lines are kept. Raises CustodyError where one
    cannot be written.
    """
    found: dict[Key, Witness] = {}
    comparisons = []
    for comparison, pair in zip(compared.comparisons, compared.pairs, strict=True):
        doubtful = set()
        for change, direction in _claims(comparison):
            progress(f"Proving {change.id}, {direction.value}")
            fingerprint = comparison.fingerprint(change)
            place = directory / f"{fingerprint}-{direction.value}" if directory is not None else None
            witness = _witness(pair, change, direction, place)
            found[fingerprint, direction] = witness
            if not witness.confirmed and change.kind not in _WITHOUT_A_FILE:
                doubtful.add((change.id, direction))
        changes = tuple(with_doubts(one, doubtful) for one in comparison.changes)
        comparisons.append(dataclasses.replace(comparison, changes=changes))
    return dataclasses.replace(compared, comparisons=tuple(comparisons)), found


def _claims(comparison: Comparison) -> Iterator[tuple[Change, Direction]]:
    for change in comparison.changes:
        for direction in Direction:
            if change.judgement(direction).verdict in _CLAIMS:
                yield change, direction


def _witness(pair: Pair | None, change: Change, direction: Direction, place: Path | None) -> Witness:
    """Return the file for one verdict, written into ``place`` where that is given."""
    if pair is None:
        return _from_schemas(change.judgement(direction).demand, place)
    try:
        proof = prove(*pair, change, direction)
    except FormatError as error:
        return Witness("", f"no file could be made: {printable(str(error))}", confirmed=False)
    if proof is None:
        return Witness("", "NOT CONFIRMED: no file was found that shows it", confirmed=False)
    writer = pair[0] if direction is Direction.OLD_UNDER_NEW else pair[1]
    said = "; ".join([*_said(proof), *_hidden(proof, change)])
    return _kept(proof.file.name, proof.file.data, writer.encoding.charset, said, proof.confirmed, place)


def _from_schemas(demand: Demand | None, place: Path | None) -> Witness:
    """Return the document that a comparison of schemas alone has made and checked."""
    if demand is None or demand.document is None:
        return Witness("", "none: no file is made where a whole version is missing", confirmed=False)
    data = demand.document
    name = "witness.xml" if data.lstrip().startswith(b"<") else "witness.json"
    said = "valid under the one schema, refused by the other, as the comparison of the schemas checked"
    return _kept(name, data, "utf-8", said, confirmed=True, place=place)


def _kept(name: str, data: bytes, charset: str, said: str, confirmed: bool, place: Path | None) -> Witness:
    """Return the witness, written into ``place``, or with its first lines where that is None."""
    digest = hashlib.sha256(data).hexdigest()
    if place is None:
        return Witness(name, said, confirmed, len(data), digest, excerpt=tuple(_excerpt(data, charset)))
    path = place / archive_name(name)
    with refusing("make the directory", place):
        place.mkdir(parents=True, exist_ok=True)
    replace(path, data)
    return Witness(name, said, confirmed, len(data), digest, path=str(path))


def _excerpt(data: bytes, charset: str) -> Iterator[str]:
    """Yield the first lines of a file as they can be shown."""
    lines = data[:_BYTES].decode(charset, "backslashreplace").splitlines()
    for line in lines[:_LINES]:
        text = printable(line)
        yield text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]} ..."
    if len(lines) > _LINES or len(data) > _BYTES:
        yield "..."


def _said(proof: Proof) -> Iterator[str]:
    """Yield what reading the file under both versions found."""
    yield _judged(proof.writer)
    yield _judged(proof.reader)
    if proof.masked and proof.confirmed:
        yield "another change refuses it, and hides what this one does"
    if not proof.named:
        yield f"{proof.reader.format} takes no file of this name"
    for one in proof.differences[:_NAMED]:
        record = f", record {one.record:,}" if one.record is not None else ""
        yield f"{one.field}{record} means {one.writer} to the one and {one.reader} to the other"
    if proof.differences and all(one.said for one in proof.differences):
        yield "the file does not show it: the value is the same, what the definitions say of it is not"
    if len(proof.differences) > _NAMED:
        yield f"and {len(proof.differences) - _NAMED:,} more values"


def _hidden(proof: Proof, change: Change) -> Iterator[str]:
    """Yield the sentence that this change is not what the reader complains of, where it is not."""
    kind = KINDS[change.kind]
    usual = {*kind.explains, *KINDS[kind.mirror].explains}
    if proof.reader.findings and usual and not any(one.code in usual for one in proof.reader.findings):
        yield "these findings come from other changes, behind which this one cannot be seen"


def _judged(checked: Checked) -> str:
    if checked.accepted:
        return f"accepted by {checked.format}"
    named = [f"{one.code} {one.message}" for one in checked.findings[:_NAMED]]
    return f"refused by {checked.format}: {' '.join(named).removesuffix('.')}"
