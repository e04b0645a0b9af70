"""Which texts a field can really have in a file of the writer, and what the reader's field makes of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from gateway.formats.compare.change import Demand, Judgement, Verdict
from gateway.formats.compare.layout import missing_with
from gateway.formats.compare.record_types import MOST_DEMANDED
from gateway.formats.compare.references import unreachable
from gateway.formats.compare.rule_rows import ROW_KINDS, allowed, fulfilling, named
from gateway.formats.compare.spaces import ValueJudgement, judge_values
from gateway.formats.compare.sums import tied, under_totals
from gateway.formats.compare.texts import tag_of
from gateway.formats.compare.values import Side, Value, meaning
from gateway.formats.compare.views import View, row
from gateway.formats.definition import Kind, Reference
from gateway.formats.notation import notation_of
from gateway.model import Severity

if TYPE_CHECKING:
    from gateway.formats.definition import Field, Format, RecordType

#: Settings of the dialect that say how values are read.
VALUE_SETTINGS = (
    "decimal_mark",
    "thousands_mark",
    "date_format",
    "time_format",
    "datetime_format",
    "time_zone",
    "null_tokens",
    "true_tokens",
    "false_tokens",
    "trim",
)
#: Settings of a field that say nothing about its values.
_NOT_VALUES = ("name", "description", "id", "aliases", "heading", "offset", "path", "required", "rounding")
#: Settings that a field leaves to the dialect where it has none of its own.
_LEFT_TO_DIALECT = ("decimal_mark", "time_zone", "null_tokens", "trim")


@dataclasses.dataclass(frozen=True, slots=True)
class Spot:
    """A field and the record type in which it stands."""

    kind: RecordType
    field: Field


def writing(view: View, spot: Spot) -> Side:
    """Return the writer's field with the texts that it can have: where it tells the type, one alone."""
    tag = tag_of(view.writer, spot.kind, spot.field)
    if tag is None:
        return view.written(spot.field)
    tags = {tag: "", tag.strip(): ""}
    told = dataclasses.replace(spot.field, codes=tags, severity=Severity.ERROR, nullable=False, default=None)
    if view.writer.kind is Kind.DELIMITED:  # what tells the type may have blanks behind it, none before
        right = view.written(spot.field).trim in ("right", "both")
        told = dataclasses.replace(told, trim="right" if right else "none", codes={**tags, f"{tag} ": ""})
    return view.written(told)


def reading(view: View, writer: Spot, reader: Spot) -> Side:
    """Return the reader's field, in the same file: only how values are read is the reader's.

    Its unit's field is called as the writer's version calls it.
    """
    field, theirs = reader.field, view.written(writer.field)
    for (kind, name), mine in view.fields.items():
        if kind == writer.kind.name and mine == field.unit_field and name != mine:
            field = dataclasses.replace(field, unit_field=name)
            break
    told = {name: getattr(view.reader.dialect, name) for name in VALUE_SETTINGS}
    return dataclasses.replace(theirs, field=field, dialect=dataclasses.replace(theirs.dialect, **told))


def alike(view: View, writer: Spot, reader: Spot) -> bool:
    """Return whether both versions read the field's values by the same settings."""
    theirs, mine = view.written(writer.field), reading(view, writer, reader)
    return (
        dataclasses.replace(mine.field, **_apart(theirs.field)) == theirs.field
        and mine.dialect == theirs.dialect
    )


def _apart(field: Field) -> dict[str, Any]:
    """Return the settings that say nothing about values: names, words and places."""
    return {name: getattr(field, name) for name in _NOT_VALUES}


def partly(view: View, writer: Spot, reader: Spot, attributes: tuple[str, ...]) -> Side:
    """Return the writer's field with ``attributes`` alone as the reader's version has them."""
    mine, theirs = reading(view, writer, reader), writing(view, writer)
    values = {name: _effective(mine, name) for name in attributes}
    if theirs.field.codes != writer.field.codes:  # it tells the record type
        values.pop("codes", None)
    return dataclasses.replace(theirs, field=dataclasses.replace(theirs.field, **values))


def _effective(side: Side, name: str) -> Any:
    own = getattr(side.field, name)
    if name == "date_format":
        return notation_of(side.field, side.dialect)
    return getattr(side.dialect, name) if own is None and name in _LEFT_TO_DIALECT else own


def judged(view: View, writer: Spot, reader: Spot, mine: Side) -> Judgement:
    """Return whether all texts of the writer's field are accepted by ``mine`` and mean the same.

    ``mine`` is the writer's field with some aspect of the reader's; a text that proves harm does so
    under the reader's whole field as well.
    """
    theirs = writing(view, writer)
    found = judge_values(theirs, mine, reading(view, writer, reader))
    if found.verdict is Verdict.OK:
        return _absence(view, writer, reader) or Judgement(found.verdict, found.why)
    if found.text is None:
        return Judgement(found.verdict, found.why)
    return with_text(view, writer, found)


def with_text(view: View, spot: Spot, found: ValueJudgement) -> Judgement:
    """Return ``found`` with the demand for a row that has its text; review where no file can have it."""
    text = found.text
    assert text is not None  # noqa: S101 - the caller has looked
    demand = Demand(rows=(row(spot.kind, **{spot.field.name: text}),))
    number = _number(writing(view, spot), text)
    if _counts_up(view.writer, spot, number):
        return Judgement(Verdict.REVIEW, f"{found.why} But only a file with so many records has that number.")
    of = _counted_types(view.writer, spot)
    most = min(
        (one.max_occurs or MOST_DEMANDED for one in view.writer.record_types if one.name in of), default=0
    )
    if of and (number is None or len(of) > 1 or not 0 < number <= most):
        return Judgement(Verdict.REVIEW, f"{found.why} But only a file with so many records states that.")
    if unreachable(view, spot.kind, spot.field, text):
        return Judgement(Verdict.REVIEW, f"{found.why} But a rule of {view.theirs} ties it to other records.")
    beside = tied(view, spot.kind, spot.field, text)
    if beside is None:
        return Judgement(Verdict.REVIEW, f"{found.why} But no file is known whose control total fits to it.")
    if beside:
        counted = {one.record_type: 1 for one in (*beside, *demand.rows)}
        demand = dataclasses.replace(demand, rows=(*demand.rows, *beside), counts=counted)
    if of and number is not None:
        demand = dataclasses.replace(demand, counts={of[0]: int(number)})
    if found.verdict is Verdict.SILENT and _ruled(view, spot):
        return _under_rules(view, spot, found, demand)
    judgement = under_totals(view, spot.kind, spot.field, Judgement(found.verdict, found.why, demand))
    return allowed(view, spot.kind, judgement)


def _ruled(view: View, spot: Spot) -> bool:
    """Return whether a rule of the reader's version looks at the field."""
    mine = view.reading_field(spot.kind, spot.field)
    return mine is not None and any(
        mine.name in named(rule) and rule.severity is Severity.ERROR and rule.kind in ROW_KINDS
        for rule in view.reader.rules
    )


def _under_rules(view: View, spot: Spot, found: ValueJudgement, demand: Demand) -> Judgement:
    """Return ``found`` with a row that the rules accept: a value read otherwise may break one."""
    kept = fulfilling(view, spot.kind, {spot.field.name: found.text or ""})
    if kept is None:
        return Judgement(Verdict.REVIEW, f"{found.why} Whether a rule refuses such rows was not decided.")
    texts, accepted = kept
    demand = dataclasses.replace(demand, rows=(row(spot.kind, **texts),))
    if accepted:
        return Judgement(found.verdict, found.why, demand)
    return Judgement(Verdict.BREAKING, f"{found.why} By that it breaks a rule of {view.ours}.", demand)


def _absence(view: View, writer: Spot, reader: Spot) -> Judgement | None:
    """Return that an absent field stands for another value now; None where it does not."""
    theirs, mine = writing(view, writer), reading(view, writer, reader)
    absent = _absent_with(view, writer)
    if writer.field.name not in absent or theirs.field.default == mine.field.default:
        return None
    missing, found = meaning(theirs, None), meaning(mine, None)
    if missing == found:
        return None
    why = f"Where `{writer.field.name}` is absent, it stands for {_said(found)}, not for {_said(missing)}."
    demand = Demand(rows=(row(writer.kind, **dict.fromkeys(absent)),))
    return allowed(view, writer.kind, Judgement(Verdict.SILENT, why, demand))


def _absent_with(view: View, spot: Spot) -> tuple[str, ...]:
    """Return the fields that a row lacks where it lacks this one; none where no row can lack it.

    Of columns that are found by position only the last ones can be missing, and with one all behind it;
    the characters of a fixed-width record are always there.
    """
    if spot.field.required or view.writer.kind is Kind.FIXED_WIDTH:
        return ()
    return missing_with(view.writer, spot.kind, spot.field)


def _said(value: object) -> str:
    return f"`{value.shown}`" if isinstance(value, Value) else "no value"


def _number(side: Side, text: str) -> int | None:
    value = meaning(side, text)
    if not isinstance(value, Value) or value.sort != "number":
        return None
    return int(value.value) if value.value == int(value.value) else None


def _counts_up(definition: Format, spot: Spot, number: int | None) -> bool:
    """Return whether the field counts rows up by a rule, and ``number`` is not where it begins."""
    return any(
        rule.kind == "contiguous"
        and rule.record_type in (spot.kind.name, "*")
        and rule.fields[:1] == (spot.field.name,)
        and rule.severity is Severity.ERROR
        and number != rule.start
        for rule in definition.rules
    )


def _counted_types(definition: Format, spot: Spot) -> tuple[str, ...]:
    """Return the record types whose number the field states; none for other fields."""
    here = Reference(spot.kind.name, spot.field.name)
    return next((count.of for count in definition.envelope.counts if count.stated == here), ())
