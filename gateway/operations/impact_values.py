"""Whether two versions read the same values out of one file that both accept.

The file is read under both at once; rows are paired by their order within their record type, fields as a
comparison matches them. Only stretches of the file are in memory.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from gateway.findings import Findings
from gateway.formats.compare.matching import match
from gateway.formats.compare.values import Null, Refused, Side, Value, meaning, same
from gateway.formats.definition import Format, RecordType
from gateway.readers import reader_for
from gateway.readers.base import LINE, RECORD

#: Pairs of texts whose comparison is remembered.
_REMEMBERED = 50_000
#: What decides how a text is understood beside the field itself.
_DIALECT = (
    "decimal_mark", "thousands_mark", "date_format", "time_format", "datetime_format", "time_zone",
    "null_tokens", "true_tokens", "false_tokens", "trim",
)  # fmt: skip

#: A data frame as readers yield it; only they and validation know the library behind it.
Frame = Any
Open = Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, slots=True)
class ValueShift:
    """One value that the two versions read otherwise; places are those of the old version's reading."""

    old_place: str  #: ``type.field`` of the old version; the type alone where the number of rows differs
    new_place: str
    record: int | None
    line: int | None
    old_text: str | None  #: the raw text; None where the field is absent
    new_text: str | None
    old_meaning: str
    new_meaning: str
    certain: bool  #: False: only a person can tell whether they mean the same


@dataclass(slots=True)
class ValueShifts:
    """The first differences of one file, and exactly how many there are by place."""

    per_field: int  #: differences that are listed of one field
    listed: list[ValueShift] = field(default_factory=list)
    totals: Counter[tuple[str, str, bool]] = field(default_factory=Counter)  #: both places, certain

    def add(self, shift: ValueShift) -> None:
        """Count ``shift``, and list it while there is room for its place."""
        key = (shift.old_place, shift.new_place, shift.certain)
        if self.totals[key] < self.per_field:
            self.listed.append(shift)
        self.totals[key] += 1

    @property
    def certain(self) -> int:
        """How many values certainly mean something else."""
        return sum(count for key, count in self.totals.items() if key[2])


def value_shifts(old: Format, new: Format, opened: Open, per_field: int) -> ValueShifts:
    """Read a file that both versions accept under either, and return where they differ.

    Of each field ``per_field`` differences are listed, and all are counted.
    """
    pairs = {pair.old.name: pair for pair in _paired(old, new)}
    found = ValueShifts(per_field)
    waiting = {name: (_Rows(), _Rows()) for name in pairs}
    by_new = {pair.new.name: name for name, pair in pairs.items()}
    with opened() as one, opened() as other:
        sides = [_frames(old, one), _frames(new, other)]
        while any(sides):
            for index, frames in enumerate(sides):
                item = next(frames, None) if frames else None
                if item is None:
                    sides[index] = None
                    continue
                name = item[0] if index == 0 else by_new.get(item[0])
                if name in waiting:
                    waiting[name][index].add(item[1])
                    pairs[name].compare(*waiting[name], found)
    for name, rows in waiting.items():
        _count(name, pairs[name].new.name, rows, found)
    return found


def _frames(definition: Format, stream: BinaryIO) -> Iterator[tuple[str, Frame]] | None:
    chunks = reader_for(definition.kind).read(definition, stream, Findings())
    return ((chunk.record_type.name, chunk.frame) for chunk in chunks)


def _count(old: str, new: str, rows: tuple[_Rows, _Rows], found: ValueShifts) -> None:
    """Note where one version reads more rows of a record type than the other."""
    if rows[0].seen != rows[1].seen:
        counts = [f"{one.seen:,} rows" for one in rows]
        found.add(ValueShift(old, new, None, None, None, None, counts[0], counts[1], certain=True))


class _Rows:
    """Rows of one record type that wait for those of the other version."""

    def __init__(self) -> None:
        self.seen = 0
        self._frames: deque[Frame] = deque()

    def add(self, frame: Frame) -> None:
        if frame.height:
            self.seen += frame.height
            self._frames.append(frame)

    @property
    def first(self) -> int:
        """How many rows can be taken at once."""
        return self._frames[0].height if self._frames else 0

    def take(self, count: int) -> Frame:
        frame = self._frames.popleft()
        if frame.height > count:
            self._frames.appendleft(frame.slice(count))
        return frame.head(count)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A record type of both versions, and its fields that both have."""

    old: RecordType
    new: RecordType
    fields: tuple[_FieldPair, ...]

    def compare(self, before: _Rows, after: _Rows, found: ValueShifts) -> None:
        """Compare as many rows as both versions have given so far."""
        while count := min(before.first, after.first):
            old, new = before.take(count), after.take(count)
            for pair in self.fields:
                pair.compare(old, new, found)


class _FieldPair:
    """A field of both versions, with what was found out about pairs of its texts."""

    def __init__(self, old: Side, new: Side, places: tuple[str, str]) -> None:
        self._old, self._new, self._places = old, new, places
        self._alike = _understood(old) == _understood(new)
        self._known: dict[tuple[str | None, str | None], _Difference | None] = {}

    def compare(self, old: Frame, new: Frame, found: ValueShifts) -> None:
        """Add the rows in which the two texts do not mean the same."""
        before, after = old[self._old.field.name], new[self._new.field.name]
        rows = before.ne_missing(after).arg_true().to_list() if self._alike else range(len(before))
        if not rows:
            return
        texts, others = before.to_list(), after.to_list()
        for row in rows:
            difference = self._difference(texts[row], others[row])
            if difference is not None:
                place = (*self._places, old.item(row, RECORD), old.item(row, LINE))
                said = (difference.old, difference.new, difference.certain)
                found.add(ValueShift(*place, texts[row], others[row], *said))

    def _difference(self, old: str | None, new: str | None) -> _Difference | None:
        if (old, new) not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[old, new] = _differ(self._old, old, self._new, new)
        return self._known[old, new]


@dataclass(frozen=True, slots=True)
class _Difference:
    old: str
    new: str
    certain: bool


def _differ(writer: Side, old: str | None, reader: Side, new: str | None) -> _Difference | None:
    """Return how two texts differ in meaning; None where they mean the same."""
    before, after = meaning(writer, old), meaning(reader, new)
    if isinstance(before, Refused) or isinstance(after, Refused):
        # the file was accepted: what a single text cannot tell is not judged here
        return None if old == new else _Difference(_said(before), _said(after), certain=False)
    alike = same(before, after)
    if alike:
        return _redefined(writer, before, reader, after)
    return _Difference(_said(before), _said(after), certain=alike is False)


def _redefined(writer: Side, before: Any, reader: Side, after: Any) -> _Difference | None:
    """Return how the words for one code differ; whether it means something else, people know."""
    if not isinstance(before, Value) or not isinstance(after, Value):
        return None
    old, new = writer.field.codes.get(before.shown), reader.field.codes.get(after.shown)
    if not old or not new or old == new:
        return None
    return _Difference(f"{before.shown}: {old}", f"{after.shown}: {new}", certain=False)


def _said(one: Refused | Null | Value) -> str:
    if isinstance(one, Refused):
        return one.why
    if isinstance(one, Null):
        return "no value"
    unit = one.unit or (f"in the unit of {one.unit_field}" if one.unit_field else None)
    return " ".join(part for part in (one.sort, one.shown, unit, one.zone) if part)


def _understood(side: Side) -> tuple[object, ...]:
    """Return everything that decides how a text of the field is understood."""
    plain = dataclasses.replace(
        side.field,
        name="", description="", id=None, aliases=(), required=True, heading=None,
        offset=None, length=None, path=None, codes={},
    )  # fmt: skip
    return plain, dict(side.field.codes), side.kind, *(getattr(side.dialect, name) for name in _DIALECT)


def _paired(old: Format, new: Format) -> Iterator[_Pair]:
    """Yield the record types that both versions have, with the fields that both have."""
    for types in match(old, new):
        if types.old is not None and types.new is not None:
            names = (types.old.name, types.new.name)
            fields = (
                _FieldPair(
                    Side(pair.old, old.dialect, old.kind),
                    Side(pair.new, new.dialect, new.kind),
                    (f"{names[0]}.{pair.old.name}", f"{names[1]}.{pair.new.name}"),
                )
                for pair in types.fields
                if pair.old is not None and pair.new is not None
            )
            yield _Pair(types.old, types.new, tuple(fields))
