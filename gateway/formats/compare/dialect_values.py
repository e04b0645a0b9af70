"""Changes of how the dialect writes values: one change for all fields that leave it to the dialect."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Judgement, Verdict
from gateway.formats.compare.value_sides import Spot, judged, writing
from gateway.formats.compare.values import Side
from gateway.formats.compare.views import View, Views, ok, shown
from gateway.formats.definition import FieldType
from gateway.formats.notation import NUMERIC

if TYPE_CHECKING:
    from gateway.formats.definition import Dialect, Field

#: Fields that a sentence names.
_NAMED = 3
#: How telling a verdict is for all fields together: one refused file is the end of the question.
_WEIGHT = {Verdict.OK: 0, Verdict.REVIEW: 1, Verdict.SILENT: 2, Verdict.BREAKING: 3}


@dataclass(frozen=True, slots=True)
class Place:
    """A field of both versions and its change path."""

    path: str
    old: Spot
    new: Spot


@dataclass(slots=True)
class FieldVerdicts:
    """What changes of the dialect do to each field, by its path, in both directions."""

    worst: dict[tuple[bool, str], Verdict] = field(default_factory=dict)

    def note(self, path: str, verdict: Verdict, *, forward: bool) -> None:
        """Keep ``verdict`` if it is the worst one of the field so far."""
        self.worst[forward, path] = max(verdict, self.worst.get((forward, path), Verdict.OK))

    def of(self, path: str) -> tuple[Verdict, Verdict]:
        """Return the verdicts old under new and new under old."""
        return self.worst.get((True, path), Verdict.OK), self.worst.get((False, path), Verdict.OK)


@dataclass(frozen=True, slots=True)
class _Setting:
    """A setting of the dialect, which fields use it, and what has to change with it."""

    kind: str | Callable[[Dialect, Dialect], str]
    name: str
    types: tuple[FieldType, ...]
    own: str | None = None  #: the field's setting that goes before it
    together: tuple[str, ...] = ()


def _order(name: str) -> Callable[[Dialect, Dialect], str]:
    def kind(old: Dialect, new: Dialect) -> str:
        orders = [re.findall("YYYY|DD|MM(?!:)", getattr(each, name)) for each in (old, new)]
        return "date-order" if orders[0] != orders[1] else "date-notation"

    return kind


_ALL = tuple(FieldType)
_SETTINGS = (
    _Setting("decimal-mark", "decimal_mark", (FieldType.DECIMAL,), "decimal_mark", ("thousands_mark",)),
    _Setting("thousands-mark", "thousands_mark", NUMERIC, None, ("decimal_mark",)),
    _Setting(_order("date_format"), "date_format", (FieldType.DATE,), "date_format"),
    _Setting("date-notation", "time_format", (FieldType.TIME,), "date_format"),
    _Setting(_order("datetime_format"), "datetime_format", (FieldType.DATETIME,), "date_format"),
    _Setting("time-zone", "time_zone", (FieldType.TIME, FieldType.DATETIME), "time_zone"),
    _Setting("null-tokens", "null_tokens", _ALL, "null_tokens"),
    _Setting("boolean-words", "true_tokens", (FieldType.BOOLEAN,), None, ("false_tokens",)),
    _Setting("boolean-words", "false_tokens", (FieldType.BOOLEAN,), None, ("true_tokens",)),
    _Setting("trim", "trim", _ALL, "trim"),
)


def changes(views: Views, places: Sequence[Place], verdicts: FieldVerdicts) -> Iterator[Change]:
    """Yield the changes of the dialect's notations; note in ``verdicts`` what they do to each field."""
    old, new = views.forward.writer.dialect, views.forward.reader.dialect
    for setting in _SETTINGS:
        values = (getattr(old, setting.name), getattr(new, setting.name))
        if values[0] == values[1]:
            continue
        kind = setting.kind if isinstance(setting.kind, str) else setting.kind(old, new)
        using = [
            place for place in places if _uses(setting, place.old.field) and _uses(setting, place.new.field)
        ]
        using.sort(key=lambda place: place.path)  # the same, whichever version is the old one
        judge = _judge(setting, using, views, verdicts)
        words = (shown(values[0]), shown(values[1]))
        yield views.change(kind, f"dialect.{setting.name}", words, judge, (None, None))


def _uses(setting: _Setting, one: Field) -> bool:
    own = setting.own is not None and getattr(one, setting.own) is not None
    return one.type in setting.types and not own


def _judge(
    setting: _Setting, using: list[Place], views: Views, verdicts: FieldVerdicts
) -> Callable[[View, None, None], Judgement]:
    def judge(view: View, _writer: None, _reader: None) -> Judgement:
        forward = view is views.forward
        found = []
        for place in using:
            writer, reader = (place.old, place.new) if forward else (place.new, place.old)
            one = judged(view, writer, reader, _replaced(view, writer, setting))
            verdicts.note(place.path, one.verdict, forward=forward)
            found.append((one, writer))
        return _summed(setting.name, found)

    return judge


def _replaced(view: View, writer: Spot, setting: _Setting) -> Side:
    side = writing(view, writer)
    names = (setting.name, *setting.together)
    values = {name: getattr(view.reader.dialect, name) for name in names}
    return dataclasses.replace(side, dialect=dataclasses.replace(side.dialect, **values))


def _summed(name: str, found: list[tuple[Judgement, Spot]]) -> Judgement:
    """Return the most telling judgement, with the fields that have the same one."""
    if not found:
        return ok(f"No field leaves its `{name}` to the dialect.")
    worst = max((one for one, _spot in found), key=lambda one: _WEIGHT[one.verdict])
    same = [f"`{spot.kind.name}.{spot.field.name}`" for one, spot in found if one.verdict is worst.verdict]
    if worst.verdict is Verdict.OK:
        return ok("Every value is read alike.")
    more = f" and {len(same) - _NAMED} more" if len(same) > _NAMED else ""
    return dataclasses.replace(worst, why=f"{worst.why} It concerns {', '.join(same[:_NAMED])}{more}.")
