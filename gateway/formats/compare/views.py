"""Files of one version read under another: what every judgement is asked about.

A judgement is a function of what a writer's version says and what a reader's version says. It is
asked twice, once for each direction, so that exchanging the two versions exchanges the verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gateway.formats.compare.change import Change, Demand, DemandedRow, Judgement, Verdict
from gateway.formats.compare.values import Side

if TYPE_CHECKING:
    from gateway.formats.compare.matching import TypePair
    from gateway.formats.definition import Field, Format, RecordType

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class View:
    """Files valid under ``writer`` read under ``reader``."""

    writer: Format
    reader: Format
    types: Mapping[str, str]  #: record types of the writer by name -> of the reader
    fields: Mapping[tuple[str, str], str]  #: record type and field of the writer -> field of the reader

    @property
    def theirs(self) -> str:
        """The writer's version in a sentence."""
        return str(self.writer.version) if self.writer.version != self.reader.version else "the one version"

    @property
    def ours(self) -> str:
        """The reader's version in a sentence."""
        return str(self.reader.version) if self.writer.version != self.reader.version else "the other version"

    def reading(self, kind: RecordType) -> RecordType | None:
        """Return what the reader's version has for the writer's record type ``kind``."""
        name = self.types.get(kind.name)
        return None if name is None else self.reader.record_type(name)

    def reading_field(self, kind: RecordType, field: Field) -> Field | None:
        """Return what the reader's version has for ``field`` of the writer's record type ``kind``."""
        name = self.fields.get((kind.name, field.name))
        mine = self.reading(kind)
        return None if name is None or mine is None else mine.field(name)

    def written(self, field: Field) -> Side:
        """Return ``field`` as the writer's version understands its texts."""
        return side_of(self.writer, field)

    def read(self, field: Field) -> Side:
        """Return ``field`` as the reader's version understands its texts."""
        return side_of(self.reader, field)


def side_of(definition: Format, field: Field) -> Side:
    """Return ``field`` with all of ``definition`` that decides how its texts are understood."""
    return Side(field, definition.dialect, definition.kind, definition.encoding.charset)


@dataclass(frozen=True, slots=True)
class Views:
    """Both directions of one comparison."""

    forward: View  #: old files under the new version
    back: View  #: new files under the old version

    def change(
        self,
        kind: str,
        path: str,
        shown: tuple[str | None, str | None],
        judge: Callable[[View, Thing, Thing], Judgement],
        things: tuple[Thing, Thing],
        places: tuple[str | None, str | None] = (None, None),
    ) -> Change:
        """Return the change of ``things`` (old, new), judged in both directions by ``judge``.

        ``shown`` are both as text; ``places`` the record type or field of either version.
        """
        old, new = things
        return Change(
            kind,
            path,
            *shown,
            judge(self.forward, old, new),
            judge(self.back, new, old),
            old_field=places[0],
            new_field=places[1],
        )

    def setting(
        self,
        kind: str,
        path: str,
        values: tuple[Thing, Thing],
        judge: Callable[[View, Thing, Thing], Judgement],
        places: tuple[str | None, str | None] = (None, None),
    ) -> Iterator[Change]:
        """Yield the change of a setting with ``values`` (old, new) where they differ."""
        if values[0] != values[1]:
            yield self.change(kind, path, (shown(values[0]), shown(values[1])), judge, values, places)


def views_of(old: Format, new: Format, pairs: Sequence[TypePair]) -> Views:
    """Return both directions; ``pairs`` say which record types and fields belong together."""
    types: dict[str, str] = {}
    fields: dict[tuple[str, str], str] = {}
    back_fields: dict[tuple[str, str], str] = {}
    for pair in pairs:
        if pair.old is None or pair.new is None:
            continue
        types[pair.old.name] = pair.new.name
        for each in pair.fields:
            if each.old is not None and each.new is not None:
                fields[pair.old.name, each.old.name] = each.new.name
                back_fields[pair.new.name, each.new.name] = each.old.name
    back = {name: other for other, name in types.items()}
    return Views(View(old, new, types, fields), View(new, old, back, back_fields))


def ok(why: str) -> Judgement:
    """Return the judgement that every file is accepted and means the same."""
    return Judgement(Verdict.OK, why)


def review(why: str) -> Judgement:
    """Return the judgement that a person has to look."""
    return Judgement(Verdict.REVIEW, why)


def breaking(why: str, demand: Demand | None = None) -> Judgement:
    """Return the judgement that a file with what ``demand`` says (None: any file) is refused."""
    return Judgement(Verdict.BREAKING, why, demand or Demand())


def silent(why: str, demand: Demand | None = None) -> Judgement:
    """Return the judgement that a file with what ``demand`` says is read with another meaning."""
    return Judgement(Verdict.SILENT, why, demand or Demand())


def row(kind: RecordType, **texts: str | None) -> DemandedRow:
    """Return the demand for a row of ``kind`` with these raw texts; None: the field is absent."""
    return DemandedRow(kind.name, texts)


def words_only(_view: View, _writer: object, _reader: object) -> Judgement:
    """Judge a change of words for people."""
    return ok("These words are for people; no file is read by them.")


def shown(value: object) -> str | None:
    """Return a setting as people read it in a change; None where there is none."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(f'"{one}"' if one.strip() != one or not one else str(one) for one in value)
    return str(value)
