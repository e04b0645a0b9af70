"""Rows that break a rule of the reader's version and are valid for the writer's."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.formats.compare.change import Judgement, Verdict
from gateway.formats.compare.layout import Rows
from gateway.formats.compare.samples import placed
from gateway.formats.compare.texts import rows_of, tag_of, texts_of
from gateway.formats.compare.values import Refused, Side, Value, literal, meaning
from gateway.formats.compare.views import View, side_of
from gateway.model import Severity

if TYPE_CHECKING:
    from gateway.formats.definition import Condition, Format, RecordType, Rule

#: The kinds of rules about one row.
ROW_KINDS = ("compare", "required", "forbidden", "any-of")
#: Texts of one field, and rows in all, that are tried.
_TEXTS = 8
_ROWS = 600

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}

Raws = Mapping[str, "str | None"]


@dataclass(frozen=True, slots=True)
class Told:
    """A row as one version understands it."""

    definition: Format
    kind: RecordType
    raws: Raws

    def side(self, name: str) -> Side:
        """Return the field called ``name``."""
        return side_of(self.definition, self.kind.field(name))

    def empty(self, name: str) -> bool:
        """Return whether the field has no value of its own; a default is none."""
        raw, side = self.raws.get(name), self.side(name)
        return raw is None or side.text(raw) in side.tokens

    def value(self, name: str) -> Value | None:
        """Return the field's value; None where it has none."""
        found = meaning(self.side(name), self.raws.get(name))
        return found if isinstance(found, Value) else None


def breaks(told: Told, rule: Rule) -> bool:
    """Return whether the row breaks ``rule``, which is about one row; not one that names unknown fields."""
    if not set(named(rule)) <= {field.name for field in told.kind.fields}:
        return False
    if not all(_holds(told, condition) for condition in rule.when):
        return False
    if rule.kind == "any-of":
        return all(told.empty(name) for name in rule.fields)
    if rule.kind == "compare":
        return _unequal(told, rule)
    return any(told.empty(name) == (rule.kind == "required") for name in rule.fields)


def _unequal(told: Told, rule: Rule) -> bool:
    left = told.value(rule.left or "")
    right = told.value(rule.right) if rule.right else literal(told.side(rule.left or ""), rule.value or "")
    if left is None or right is None or left.sort != right.sort:
        return False
    return not _OPERATORS[rule.op or "=="](left.value, right.value)


def _holds(told: Told, condition: Condition) -> bool:
    if condition.present is not None:
        return told.empty(condition.field) is not condition.present
    value, side = told.value(condition.field), told.side(condition.field)
    if value is None:
        return False
    bound = condition.above if condition.above is not None else condition.below
    if bound is not None:
        known = literal(side, bound)
        if known is None or known.sort != value.sort:
            return False
        compare = operator.gt if condition.above is not None else operator.lt
        return bool(compare(value.value, known.value))
    texts = condition.among if condition.equals is None else (condition.equals,)
    return any((known := literal(side, text)) and known.value == value.value for text in texts)


def breaking_row(view: View, writer: RecordType, reader: RecordType, rule: Rule) -> dict[str, str] | None:
    """Return texts of a row that the writer's rules allow and that breaks ``rule``; None if none is found."""
    rows = Rows(view, writer, reader)
    names = [source.name for one in reader.fields if one.name in named(rule) and (source := rows.source(one))]
    own = [each for each in _of(view.writer, writer) if set(named(each)) & set(names)]
    for texts in itertools.islice(_candidates(rows, names, _hints(rule)), _ROWS):
        if breaks(_read(rows, texts), rule) and not _any(Told(view.writer, writer, texts), own):
            return {name: texts[name] for name in names}
    return None


def fulfilling(view: View, writer: RecordType, texts: dict[str, str]) -> tuple[dict[str, str], bool] | None:
    """Return a row with ``texts`` that the writer's rules allow, and whether the reader's do so too.

    A row that both allow goes before one that the reader refuses; None if no row is found.
    """
    reader = view.reading(writer)
    if reader is None:
        return None
    rows = Rows(view, writer, reader)
    mine = {view.fields.get((writer.name, name)) for name in texts}
    own = [rule for rule in _of(view.writer, writer) if set(named(rule)) & set(texts)]
    theirs = [rule for rule in _of(view.reader, reader) if set(named(rule)) & mine]
    sources = [source.name for rule in theirs for one in reader.fields if one.name in named(rule)
               and (source := rows.source(one))]  # fmt: skip
    names = [name for name in dict.fromkeys((*(name for rule in own for name in named(rule)), *sources))
             if name not in texts]  # fmt: skip
    hints = [hint for rule in (*own, *theirs) for hint in _hints(rule)]
    refused = None
    for candidate in itertools.islice(_candidates(rows, names, hints), _ROWS):
        one = {**candidate, **texts}
        if _any(Told(view.writer, writer, one), own):
            continue
        shown = {name: one[name] for name in (*names, *texts)}
        if not _any(_read(rows, one), theirs):
            return shown, True
        refused = refused or shown
    return None if refused is None else (refused, False)


def allowed(view: View, writer: RecordType, judgement: Judgement) -> Judgement:
    """Return ``judgement``; review where the writer's own rules refuse the row that it demands.

    Only a demand for one row of ``writer`` is looked at; it is completed with texts of the fields that
    those rules look at.
    """
    demanded = judgement.demand.rows if judgement.demand else ()
    reader = view.reading(writer)
    if len(demanded) != 1 or demanded[0].record_type != writer.name or reader is None:
        return judgement
    texts = demanded[0].texts
    own = [rule for rule in _of(view.writer, writer) if set(named(rule)) & set(texts)]
    names = [name for rule in own for name in named(rule) if name not in texts]
    if not own:
        return judgement
    hints = [hint for rule in own for hint in _hints(rule)]
    for candidate in itertools.islice(_candidates(Rows(view, writer, reader), names, hints), _ROWS):
        whole = {**candidate, **texts}
        if not _any(Told(view.writer, writer, whole), own):
            return judgement
    why = f"{judgement.why} But no such row was found that the rules of {view.theirs} allow."
    return Judgement(Verdict.REVIEW, why)


def _of(definition: Format, kind: RecordType) -> list[Rule]:
    """Return the rules that refuse single rows of ``kind``."""
    return [rule for rule in definition.rules if rule.kind in ROW_KINDS and rule.record_type == kind.name
            and rule.severity is Severity.ERROR]  # fmt: skip


def _any(told: Told, rules: list[Rule]) -> bool:
    return any(breaks(told, rule) for rule in rules)


def _read(rows: Rows, texts: Mapping[str, str]) -> Told:
    """Return a row of the writer as the reader's version understands it."""
    raws = {one.name: rows.raw(texts, one) for one in rows.reader.fields}
    return Told(rows.view.reader, rows.reader, raws)


def _candidates(rows: Rows, names: list[str], hints: list[str]) -> Iterator[dict[str, str]]:
    """Yield rows in which the writer's fields ``names`` have all combinations of some texts."""
    first = next(rows_of(rows.view.writer, rows.writer), None)
    if first is None:
        return
    choices = [_choices(rows, name, hints) for name in dict.fromkeys(names)]
    for combination in itertools.product(*choices):
        yield {**first, **dict(zip(dict.fromkeys(names), combination, strict=True))}


def _choices(rows: Rows, name: str, hints: list[str]) -> list[str]:
    field = rows.writer.field(name)
    if tag_of(rows.view.writer, rows.writer, field) is not None:
        return [tag_of(rows.view.writer, rows.writer, field) or ""]
    side = rows.view.written(field)
    hinted = [raw for text in hints if (raw := placed(side, text)) is not None]
    nulls = [raw for text in side.tokens if (raw := placed(side, text)) is not None]
    known = [raw for raw in (*hinted, *nulls) if not isinstance(meaning(side, raw), Refused)]
    different = {repr(meaning(side, raw)): raw for raw in reversed(texts_of(side))}  # one for each value
    return list(dict.fromkeys((*known, *list(reversed(different.values()))[:_TEXTS])))


def _hints(rule: Rule) -> list[str]:
    """Return the texts that the rule itself names."""
    told = [
        rule.value,
        *(text for one in rule.when for text in (one.equals, one.above, one.below, *one.among)),
    ]
    return [text for text in told if text is not None]


def named(rule: Rule) -> list[str]:
    """Return the fields that ``rule`` looks at in one row."""
    return [name for name in (rule.left, rule.right, *rule.fields, *(one.field for one in rule.when)) if name]
