"""Changes of cross-field and cross-record rules, which belong together by their ``id``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.formats.compare.across_rules import breaking_rows
from gateway.formats.compare.change import Change, Demand, DemandedRow, Judgement
from gateway.formats.compare.rule_rows import ROW_KINDS, breaking_row
from gateway.formats.compare.views import View, Views, breaking, ok, review, words_only
from gateway.formats.definition import Reference
from gateway.model import Severity

if TYPE_CHECKING:
    from gateway.formats.definition import Condition, RecordType, Rule


def changes(views: Views) -> Iterator[Change]:
    """Yield the changes of rules, in the order of the new version, those that are gone at the end."""
    old = {rule.id: rule for rule in views.forward.writer.rules}
    new = {rule.id: rule for rule in views.forward.reader.rules}
    for name in dict.fromkeys((*new, *old)):
        yield from _rule(views, f"rules.{name}", old.get(name), new.get(name))


def _rule(views: Views, path: str, old: Rule | None, new: Rule | None) -> Iterator[Change]:
    if old is None or new is None:
        kind = "rule-added" if old is None else "rule-removed"
        words = (said(old) if old else None, said(new) if new else None)
        yield views.change(kind, path, words, _presence, (old, new), _types(old, new))
        return
    yield from views.setting("documentation", f"{path}.message", (old.message, new.message), words_only)
    if _bare(carried(views.forward, old)) != _bare(new):
        words = (said(old), said(new))
        yield views.change("rule-changed", path, words, _changed, (old, new), _types(old, new))
    if old.severity is not new.severity:
        words = (old.severity.value, new.severity.value)
        names = _types(old, new)
        yield views.change("rule-severity", f"{path}.severity", words, _severity, (old, new), names)


def _types(old: Rule | None, new: Rule | None) -> tuple[str | None, str | None]:
    """Return the record types that the rule looks at; None where it looks at all of them."""
    types = tuple(rule.record_type if rule and rule.record_type != "*" else None for rule in (old, new))
    return types[0], types[1]


def said(rule: Rule) -> str:
    """Return what ``rule`` says, in the words of a definition."""
    what = (
        f"{rule.left} {rule.op} {rule.right or rule.value}"
        if rule.kind == "compare"
        else ", ".join(rule.fields)
    )
    parts = [f"{rule.kind} of {rule.record_type}: {what}"]
    parts += [f"of {rule.of}"] if rule.of else []
    parts += [f"or {rule.or_value}"] if rule.or_value is not None else []
    parts += [f"from {rule.start}"] if rule.kind == "contiguous" else []
    parts += [f"where {' and '.join(map(_condition, rule.when))}"] if rule.when else []
    return ", ".join(parts)


def _condition(one: Condition) -> str:
    if one.present is not None:
        return f"{one.field} has {'a' if one.present else 'no'} value"
    if one.above is not None or one.below is not None:
        return f"{one.field} {'>' if one.above is not None else '<'} {one.above or one.below}"
    return f"{one.field} is {one.equals if one.equals is not None else ' or '.join(one.among)}"


def _bare(rule: Rule) -> Rule:
    return dataclasses.replace(rule, message="", severity=Severity.ERROR)


def carried(view: View, rule: Rule) -> Rule:
    """Return the writer's ``rule`` in the names of the reader's version."""
    home = rule.record_type

    def field(name: str, kind: str = home) -> str:
        kinds = view.types if kind == "*" else (kind,)
        return next((view.fields[one, name] for one in kinds if (one, name) in view.fields), name)

    when = tuple(dataclasses.replace(one, field=field(one.field)) for one in rule.when)
    of = rule.of and Reference(
        view.types.get(rule.of.record_type, rule.of.record_type), field(rule.of.field, rule.of.record_type)
    )
    return dataclasses.replace(
        rule,
        record_type=view.types.get(home, home),
        fields=tuple(field(name) for name in rule.fields),
        left=rule.left and field(rule.left),
        right=rule.right and field(rule.right),
        when=when,
        of=of,
    )


def _presence(view: View, _writer: Rule | None, reader: Rule | None) -> Judgement:
    if reader is None:
        return ok(f"{view.ours} does not ask for it.")
    return _asked(view, reader)


def _severity(view: View, _writer: Rule, reader: Rule) -> Judgement:
    return _asked(view, reader)


def _asked(view: View, rule: Rule) -> Judgement:
    """Judge files of a version that does not refuse what breaks ``rule``."""
    if rule.severity is Severity.WARNING:
        return ok(f"{view.ours} notes where it is broken, and refuses nothing.")
    rows = _breaking(view, rule)
    if rows is None:
        return review(
            f"Rows that {view.theirs} accepts and that break the rule were not found; there may be some."
        )
    return breaking(f"{view.theirs} does not ask for: {said(rule)}. {view.ours} does.", Demand(rows=rows))


def _changed(view: View, writer: Rule, reader: Rule) -> Judgement:
    if reader.severity is Severity.WARNING:
        return ok(f"{view.ours} notes where it is broken, and refuses nothing.")
    if writer.severity is Severity.ERROR and _weaker(carried(view, writer), reader):
        return ok(f"{view.ours} asks for less.")
    rows = _breaking(view, reader)
    if rows is None:
        return review(
            f"Rows that {view.theirs} accepts and {view.ours} refuses were not found; there may be some."
        )
    return breaking(f"{view.ours} asks for more or other: {said(reader)}.", Demand(rows=rows))


def _weaker(writer: Rule, reader: Rule) -> bool:
    """Return whether whatever fulfils the writer's rule fulfils the reader's."""
    one, other = _bare(writer), _bare(reader)
    if one.kind in ("required", "forbidden", "any-of") and one.kind == other.kind:
        fields = (set(other.fields), set(one.fields))
        fewer = fields[1] <= fields[0] if one.kind == "any-of" else fields[0] <= fields[1]
        one = dataclasses.replace(one, fields=other.fields) if fewer else one
    if set(one.when) <= set(other.when):
        one = dataclasses.replace(one, when=other.when)
    return one == other


def _breaking(view: View, rule: Rule) -> tuple[DemandedRow, ...] | None:
    if rule.kind not in ROW_KINDS:
        return breaking_rows(view, rule)
    kinds = _writers(view, rule.record_type)
    if kinds is None:
        return None
    texts = breaking_row(view, *kinds, rule)
    return None if texts is None else (DemandedRow(kinds[0].name, texts),)


def _writers(view: View, name: str) -> tuple[RecordType, RecordType] | None:
    """Return the record type called ``name`` by the reader, as the writer has it and as the reader has it."""
    for kind in view.writer.record_types:
        mine = view.reading(kind)
        if mine is not None and mine.name == name:
            return kind, mine
    return None
