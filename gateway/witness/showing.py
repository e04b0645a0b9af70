"""Files of a whole format that show what a document of its schema shows.

The document itself is tried first, then valid files that have one thing of it, then valid files with
other texts in the field that the reader's schema complains of.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import UnwritableRow
from gateway.findings import Findings
from gateway.formats.compare.change import Demand, DemandedRow
from gateway.readers.rows import rows_of
from gateway.witness.building import NOTHING, Press, build, file_name
from gateway.witness.checking import Checked, WitnessFile, checked
from gateway.witness.draft import composed
from gateway.witness.grafting import dressed, grafts, taken
from gateway.witness.repairing import is_about
from gateway.witness.settling import settle
from gateway.witness.texts import options

if TYPE_CHECKING:
    from gateway.formats.definition import Field, Format, RecordType

#: Valid files that are tried: one may lack the place that counts.
_VARIETIES = (0, 1, 2)
#: Files that are read together.
_AT_ONCE = 12
#: Valid files that are remembered: the proofs of one comparison ask for the same ones again and again.
_MOST_KEPT = 32
_KEPT: dict[tuple[str, int], WitnessFile | None] = {}

#: What a finding is about: its code, its rule, and where it is.
_Cause = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A file that is valid under the writer's version, and what both versions say of it."""

    file: WitnessFile
    writer: Checked
    reader: Checked


def shown(writer: Format, reader: Format, document: bytes) -> Shown | None:
    """Return a file valid under ``writer`` that ``reader`` refuses as it refuses ``document``.

    Where there is none, one that it refuses for anything else; None where there is none either. Raises
    FormatError where one of the definitions cannot be applied.
    """
    plain = dressed(writer, document)
    if plain is None:
        return None
    as_it_is = WitnessFile(file_name(writer), plain)
    (there,), (here,) = checked(writer, [as_it_is]), checked(reader, [as_it_is])
    if there.accepted and not here.accepted:
        return Shown(as_it_is, there, here)
    causes = _about(here) - _about(there)
    other: Shown | None = None
    for batch in _batches((writer, reader), plain, document, causes):
        for one in _refused(writer, reader, batch):
            if _about(one.reader) & causes:
                return one
            other = other or one
    return other


def _refused(writer: Format, reader: Format, batch: Sequence[bytes]) -> Iterator[Shown]:
    """Yield the files that ``writer`` accepts and ``reader`` refuses."""
    files = [WitnessFile(file_name(writer), data) for data in dict.fromkeys(batch)]
    judged = zip(files, checked(writer, files), strict=True)
    valid = [(file, one) for file, one in judged if one.accepted]
    for (file, there), here in zip(valid, checked(reader, [file for file, _ in valid]), strict=True):
        if not here.accepted:
            yield Shown(file, there, here)


def _about(verdict: Checked) -> set[_Cause]:
    return {(one.code, one.rule or "", one.column or "") for one in verdict.findings}


def _batches(
    sides: tuple[Format, Format], plain: bytes, document: bytes, causes: set[_Cause]
) -> Iterator[list[bytes]]:
    """Yield files to be tried, the likeliest first: of those made, the ones on which the schemas differ."""
    writer = sides[0]
    for variety in _VARIETIES:
        valid = _valid(writer, variety)
        if valid is not None:
            made = [one for one in grafts(writer, valid.data, document) if _parts(sides, one)]
            made.append(valid.data)
            yield from (made[start : start + _AT_ONCE] for start in range(0, len(made), _AT_ONCE))
    columns = sorted({column for _, _, column in causes if column})
    made = [one for one in _with_texts(writer, plain, columns) if _parts(sides, one)]
    yield from (made[start : start + _AT_ONCE] for start in range(0, len(made), _AT_ONCE))


def _parts(sides: tuple[Format, Format], data: bytes) -> bool:
    """Return whether the schema of the writer takes ``data`` and that of the reader does not."""
    return taken(sides[0], data) and not taken(sides[1], data)


def _valid(definition: Format, variety: int) -> WitnessFile | None:
    key = (repr(definition), variety)
    if key not in _KEPT:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[key] = build(definition, variety=variety)
    return _KEPT[key]


def _with_texts(definition: Format, plain: bytes, columns: Sequence[str]) -> Iterator[bytes]:
    """Yield files with each text of the fields that ``columns`` are about, those of ``plain`` first."""
    name = file_name(definition)
    press = Press(definition, NOTHING, name)
    for kind, field in _fields(definition, columns):
        texts = (*_stated(definition, plain, kind, field), *options(definition, field))
        for text in dict.fromkeys(texts):
            rows = composed(definition, Demand(rows=(DemandedRow(kind.name, {field.name: text}),)))
            settle(definition, rows)
            try:
                yield press.file(rows).data
            except UnwritableRow:
                continue


def _fields(definition: Format, columns: Sequence[str]) -> Iterator[tuple[RecordType, Field]]:
    for kind in definition.record_types:
        for field in kind.fields:
            if any(is_about(field, column) for column in columns):
                yield kind, field


def _stated(definition: Format, plain: bytes, kind: RecordType, field: Field) -> Iterator[str | None]:
    """Yield the texts that ``field`` has in the first records of a file."""
    for row in itertools.islice(rows_of(definition, io.BytesIO(plain), Findings()), 10):
        if row.record_type == kind.name:
            yield row.texts.get(field.name)
