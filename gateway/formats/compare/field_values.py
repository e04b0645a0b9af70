"""Changes of what the values of one field are, aspect by aspect, and of all of them together."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Demand, Judgement, Verdict
from gateway.formats.compare.field_kinds import length_kind, pattern_kind, range_kind, type_kind
from gateway.formats.compare.spaces import judge_values
from gateway.formats.compare.value_sides import Spot, alike, judged, partly, reading, with_text, writing
from gateway.formats.compare.values import Side
from gateway.formats.compare.views import View, Views, ok, review, row, shown, silent

if TYPE_CHECKING:
    from gateway.formats.definition import Field

#: What belongs to the notation of a type: with another type, it is another one as a whole.
_NOTATION = ("digits", "decimals", "implied_decimals", "sign", "decimal_mark", "date_format", "time_zone",
             "minimum", "maximum")  # fmt: skip

Judge = Callable[[View, Spot, Spot], Judgement]


@dataclass(frozen=True, slots=True)
class Aspect:
    """Settings of a field that are compared as one."""

    kind: str
    key: str  #: the last part of the change's path
    attributes: tuple[str, ...]
    values: tuple[str | None, str | None]  #: old and new, as shown
    judge: Judge | None = None  #: None: by the texts


def aspects(views: Views, old: Spot, new: Spot) -> Iterator[Aspect]:
    """Yield the aspects in which two fields differ, codes apart."""
    one, other = old.field, new.field
    retyped = one.type is not other.type
    if retyped:
        values = (_typed(one), _typed(other))
        yield Aspect(type_kind(one.type, other.type), "type", ("type", "default", *_NOTATION), values)
    for attribute, kind in _SIMPLE.items():
        if not (retyped and attribute in _NOTATION) and getattr(one, attribute) != getattr(other, attribute):
            yield _simple(kind(one, other) if callable(kind) else kind, attribute, one, other)
    yield from _bounds(one, other, retyped=retyped)
    yield from _units(views, old, new)
    if one.rounding != other.rounding:
        yield Aspect("rounding", "rounding", (), (one.rounding, other.rounding), _rounding)
    if bool(one.codes) != bool(other.codes):
        kind = "codes-closed" if other.codes else "codes-opened"
        yield Aspect(kind, "codes", ("codes",), (_codes(one), _codes(other)))


def _typed(field: Field) -> str:
    said = [
        f"{name} {getattr(field, name)}"
        for name in _NOTATION
        if getattr(field, name) not in (None, "leading")
    ]
    return f"{field.type.value} ({', '.join(said)})" if said else field.type.value


def _codes(field: Field) -> str | None:
    return ", ".join(field.codes) or None


def _simple(kind: str, attribute: str, one: Field, other: Field) -> Aspect:
    values = (getattr(one, attribute), getattr(other, attribute))
    words = tuple(shown(getattr(each, "value", each)) for each in values)
    return Aspect(kind, attribute, (attribute,), (words[0], words[1]))


def _nullable(_one: Field, other: Field) -> str:
    return "nullable" if other.nullable else "not-nullable"


def _date_kind(one: Field, other: Field) -> str:
    orders = [re.findall("YYYY|DD|MM(?!:)", each.date_format or "") for each in (one, other)]
    return "date-order" if all(orders) and orders[0] != orders[1] else "date-notation"


_SIMPLE: dict[str, str | Callable[[Field, Field], str]] = {
    "nullable": _nullable,
    "null_tokens": "null-tokens",
    "trim": "trim",
    "pattern": pattern_kind,
    "constant": "constant",
    "digits": "digits",
    "decimals": "decimals",
    "implied_decimals": "implied-decimals",
    "sign": "sign-position",
    "decimal_mark": "decimal-mark",
    "date_format": _date_kind,
    "time_zone": "time-zone",
    "default": "default",
    "severity": "severity",
}


def _bounds(one: Field, other: Field, *, retyped: bool) -> Iterator[Aspect]:
    """Yield the changes of lengths and ranges, each with both its bounds if both changed."""
    groups = [("lengths", ("min_length", "max_length"), length_kind)]
    groups += [] if retyped else [("range", ("minimum", "maximum"), range_kind)]
    for name, bounds, kind in groups:
        changed = tuple(bound for bound in bounds if getattr(one, bound) != getattr(other, bound))
        if len(changed) == 1:
            values = (shown(getattr(one, changed[0])), shown(getattr(other, changed[0])))
            yield Aspect(kind(one, other), changed[0], changed, values)
        elif changed:
            yield Aspect(kind(one, other), name, changed, (_span(one, bounds), _span(other, bounds)))


def _span(field: Field, bounds: tuple[str, str]) -> str:
    least, most = (getattr(field, bound) for bound in bounds)
    return f"{'any' if least is None else least} to {'any' if most is None else most}"


def _units(views: Views, old: Spot, new: Spot) -> Iterator[Aspect]:
    one, other = old.field, new.field
    named = views.forward.fields.get((old.kind.name, one.unit_field or ""), one.unit_field)
    if one.unit != other.unit:
        yield Aspect("unit", "unit", ("unit", "unit_field"), (_unit(one), _unit(other)), _unit_judgement)
    elif named != other.unit_field:
        values = (one.unit_field, other.unit_field)
        yield Aspect("unit-field", "unit_field", ("unit", "unit_field"), values, _unit_judgement)


def _unit(field: Field) -> str | None:
    return field.unit or (f"as `{field.unit_field}` says" if field.unit_field else None)


def _unit_judgement(view: View, writer: Spot, reader: Spot) -> Judgement:
    one, other = writer.field, reading(view, writer, reader).field
    units = (_unit(one), _unit(other))
    if None in units:
        said = units[0] or units[1]
        return review(f"The unit is {said} in one version and not said in the other; is it the same?")
    if (one.unit or "").casefold() == (other.unit or "").casefold() and one.unit_field == other.unit_field:
        return review(f"{units[0]} and {units[1]} differ in capitals alone; is it the same unit?")
    why = f"The same number of `{one.name}` means {units[0]} in {view.theirs} and {units[1]} in {view.ours}."
    return silent(why, Demand(rows=(row(writer.kind),)))


def _rounding(view: View, writer: Spot, reader: Spot) -> Judgement:
    ways = (writer.field.rounding, reader.field.rounding)
    if None in ways:
        return review("How the sender rounds is said in one version only; no file shows it.")
    why = f"{view.theirs} rounds {ways[0]}, {view.ours} rounds {ways[1]}: values differ in their last place."
    return silent(why, Demand(rows=(row(writer.kind),)))


def judge_of(aspect: Aspect) -> Judge:
    """Return how ``aspect`` is judged: in its own way, or by all texts that the field can have."""
    if aspect.judge is not None:
        return aspect.judge

    def by_texts(view: View, writer: Spot, reader: Spot) -> Judgement:
        return judged(view, writer, reader, partly(view, writer, reader, aspect.attributes))

    return by_texts


def changes(
    views: Views, spots: tuple[Spot, Spot], path: str, names: tuple[str, str], others: tuple[Verdict, Verdict]
) -> Iterator[Change]:
    """Yield the changes of one field's values; ``others`` is what the dialect alone does to it."""
    found: list[Change] = []
    for aspect in aspects(views, *spots):
        where = f"{path}.{aspect.key}"
        found.append(views.change(aspect.kind, where, aspect.values, judge_of(aspect), spots, names))
    found += _single_codes(views, spots, path, names)
    yield from found
    yield from _together(views, spots, path, names, found, others)


def _single_codes(
    views: Views, spots: tuple[Spot, Spot], path: str, names: tuple[str, str]
) -> Iterator[Change]:
    """Yield a change for each code that came, went or means something else."""
    old, new = spots[0].field.codes, spots[1].field.codes
    if not old or not new:
        return
    for code in dict.fromkeys((*old, *new)):
        if old.get(code) == new.get(code):
            continue
        kind = "code-added" if code not in old else "code-removed" if code not in new else "code-redefined"
        values = tuple(f"{code}: {codes[code]}" if code in codes else None for codes in (old, new))
        yield views.change(
            kind, f"{path}.codes.{code}", (values[0], values[1]), _judge_code(code), spots, names
        )


def _judge_code(code: str) -> Judge:
    def judge(view: View, writer: Spot, reader: Spot) -> Judgement:
        theirs, ours = writer.field.codes, reader.field.codes
        if code not in theirs:
            return ok(f"Files of {view.theirs} do not have {code}.")
        if code in ours:
            return _redefined(view, writer, code, theirs[code], ours[code])
        one = _only(view, writer, code)
        found = judge_values(one, partly(view, writer, reader, ("codes",)), reading(view, writer, reader))
        return (
            with_text(view, writer, found) if found.text is not None else Judgement(found.verdict, found.why)
        )

    return judge


def _only(view: View, spot: Spot, code: str) -> Side:
    """Return the writer's field with one code alone."""
    side = writing(view, spot)
    return dataclasses.replace(side, field=dataclasses.replace(side.field, codes={code: ""}))


def _redefined(view: View, spot: Spot, code: str, theirs: str, ours: str) -> Judgement:
    if not theirs or not ours or theirs.casefold().split() == ours.casefold().split():
        return review(f"The words for {code} changed; whether it means the same a person has to say.")
    why = f"{code} means {theirs!r} in {view.theirs} and {ours!r} in {view.ours}."
    return silent(why, Demand(rows=(row(spot.kind, **{spot.field.name: code}),)))


def _together(
    views: Views,
    spots: tuple[Spot, Spot],
    path: str,
    names: tuple[str, str],
    found: list[Change],
    others: tuple[Verdict, Verdict],
) -> Iterator[Change]:
    """Yield one change more where all changes together are worse than every single one."""
    if not found and alike(views.forward, *spots):
        return
    forward = max([others[0], *(each.old_under_new.verdict for each in found)])
    back = max([others[1], *(each.new_under_old.verdict for each in found)])
    worst = {id(views.forward): forward, id(views.back): back}

    def judge(view: View, writer: Spot, reader: Spot) -> Judgement:
        whole = judged(view, writer, reader, reading(view, writer, reader))
        if whole.verdict > worst[id(view)]:
            return whole
        return ok("The single changes of the field say all there is.")

    change = views.change("values-together", path, (None, None), judge, spots, names)
    if change.worst is not Verdict.OK:
        yield change
