"""Changes of which fields there are and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Judgement, Verdict
from gateway.formats.compare.layout import Rows, form, found_by_name, overlap, place_of, span_of
from gateway.formats.compare.matching import FieldPair, TypePair, pair_name
from gateway.formats.compare.misreading import misread
from gateway.formats.compare.rule_rows import allowed
from gateway.formats.compare.spaces import judge_values
from gateway.formats.compare.sums import under_counts, under_totals
from gateway.formats.compare.texts import tag_of, texts_of
from gateway.formats.compare.values import Value, meaning
from gateway.formats.compare.views import View, Views, breaking, ok, review, shown, silent, words_only
from gateway.formats.definition import Kind
from gateway.model import Severity

if TYPE_CHECKING:
    from gateway.formats.definition import Field, Format, RecordType

#: A record type and its field, which may be missing.
Spot = tuple["RecordType", "Field | None"]


def changes(views: Views, pair: TypePair) -> Iterator[Change]:
    """Yield the changes of the fields of one record type, their values apart."""
    if pair.old is None or pair.new is None:
        return
    moved = _crossed(pair)
    for each in pair.fields:
        if each.old is None or each.new is None:
            yield _came_or_went(views, pair, each)
        else:
            yield from _standing(views, pair, each, crossed=each.new.name in moved)
    if moved and _freely_ordered(views.forward.reader, pair.new):
        orders = (_order(pair.old), _order(pair.new))
        yield views.change("documentation", f"{pair.path}.fields", orders, words_only, orders)


def _order(kind: RecordType) -> str:
    return ", ".join(field.name for field in kind.fields)


def field_path(pair: TypePair, each: FieldPair) -> str:
    """Return the change path of a field."""
    return f"{pair.path}.fields.{pair_name(each.old, each.new)}"


def field_names(pair: TypePair, each: FieldPair) -> tuple[str | None, str | None]:
    """Return ``record_type.field`` in either version."""
    old = f"{pair.old.name}.{each.old.name}" if pair.old and each.old else None
    return old, f"{pair.new.name}.{each.new.name}" if pair.new and each.new else None


def _freely_ordered(definition: Format, kind: RecordType) -> bool:
    return definition.kind is Kind.FIXED_WIDTH or found_by_name(definition, kind)


def _crossed(pair: TypePair) -> set[str]:
    """Return the new names of fields that stand before a field in one version and after it in the other."""
    if pair.old is None:
        return set()
    names = [field.name for field in pair.old.fields]
    both = [(each.new.name, names.index(each.old.name)) for each in pair.fields if each.old and each.new]
    ranks = [rank for _name, rank in both]
    return {
        name
        for index, (name, rank) in enumerate(both)
        if any(other > rank for other in ranks[:index]) or any(other < rank for other in ranks[index:])
    }


def _came_or_went(views: Views, pair: TypePair, each: FieldPair) -> Change:
    field = each.new or each.old
    assert field is not None  # noqa: S101 - a pair has at least one
    assert pair.old is not None  # noqa: S101 - the caller has looked
    assert pair.new is not None  # noqa: S101
    kind = f"field-{'added' if each.new else 'removed'}-{'required' if field.required else 'optional'}"
    summaries = (_summary(each.old) if each.old else None, _summary(each.new) if each.new else None)
    spots: tuple[Spot, Spot] = ((pair.old, each.old), (pair.new, each.new))
    path = field_path(pair, each)
    return views.change(kind, path, summaries, _presence, spots, field_names(pair, each))


def _summary(field: Field) -> str:
    need = "required" if field.required else "optional"
    return f"{field.type.value}, {need}{', may be empty' if field.nullable else ''}"


def _presence(view: View, writer: Spot, reader: Spot) -> Judgement:
    rows = Rows(view, writer[0], reader[0])
    refused = form(rows)
    if refused is not None and refused.verdict is Verdict.BREAKING:
        return allowed(view, writer[0], refused)
    if reader[1] is not None:
        return _added(rows, reader[1])
    assert writer[1] is not None  # noqa: S101 - one of both versions has it
    return _removed(rows, writer[1])


def _added(rows: Rows, field: Field) -> Judgement:
    """Judge rows without ``field``, which only the reader's version has."""
    view = rows.view
    if view.reader.kind is Kind.FIXED_WIDTH:
        return _blank_ormisread(rows, field)
    source = rows.source(field)
    if source is not None:
        return _instead(rows, source, field)
    headed = rows.by_name and view.reader.kind is Kind.DELIMITED
    if field.required and (headed or field.severity is Severity.ERROR):
        why = f"Files of {view.theirs} have no `{field.name}`; {view.ours} needs it."
        return breaking(why, rows.demand({}))
    if not rows.certain:
        return review(
            f"Files of {view.theirs} may hold something in the place of `{field.name}`, unread so far."
        )
    return ok(f"Files of {view.theirs} do not have `{field.name}`, and it need not be there.")


def _blank_ormisread(rows: Rows, field: Field) -> Judgement:
    found = misread(rows, field, None)
    before = any(overlap(span_of(one), span_of(field)) for one in rows.writer.fields)
    if found.verdict is Verdict.SILENT and not before:
        why = (
            f"{rows.view.theirs} gives the characters of `{field.name}` no meaning: anything may stand there"
        )
        return review(f"{why}; blanks are accepted.")
    return found


def _instead(rows: Rows, source: Field, field: Field) -> Judgement:
    """Judge ``field`` of the reader that finds the texts of ``source``, which was another field."""
    view = rows.view
    judged = judge_values(view.written(source), view.read(field))
    why = f"{view.ours} reads what {view.theirs} has as `{source.name}` for `{field.name}`."
    if judged.verdict is Verdict.BREAKING and judged.text is not None:
        return breaking(f"{why} {judged.why}", rows.demand({source.name: judged.text}))
    if rows.by_name:
        return review(f"{why} If it is the same field by another name, an alias or a common `id` says so.")
    text = judged.text or next(iter(texts_of(view.written(source))), None)
    return silent(why, rows.demand({source.name: text} if text is not None else {}))


def _removed(rows: Rows, field: Field) -> Judgement:
    """Judge rows with ``field``, which the reader's version does not have."""
    view = rows.view
    if view.reader.kind is Kind.FIXED_WIDTH:
        return review(f"The characters of `{field.name}` are not read any more, and their content is lost.")
    taker = rows.taker(field)
    if taker is not None:
        return _instead(rows, field, taker)
    texts = texts_of(view.written(field))
    if rows.strict and rows.by_name and texts:
        why = f"Files of {view.theirs} may have `{field.name}`; {view.ours} refuses what it does not name."
        return breaking(why, rows.demand({field.name: _telling(view, field, texts)}))
    return review(f"`{field.name}` is not read any more, and its content is lost.")


def _telling(view: View, field: Field, texts: list[str]) -> str:
    """Return a text that is a value, if there is one."""
    side = view.written(field)
    return next((text for text in texts if isinstance(meaning(side, text), Value)), texts[0])


def _standing(views: Views, pair: TypePair, each: FieldPair, *, crossed: bool) -> Iterator[Change]:
    """Yield the changes of where one field stands that both versions have."""
    old, new = each.old, each.new
    assert old is not None  # noqa: S101 - the caller has looked at all four
    assert new is not None  # noqa: S101
    assert pair.old is not None  # noqa: S101
    assert pair.new is not None  # noqa: S101
    path, names = field_path(pair, each), field_names(pair, each)
    spots: tuple[Spot, Spot] = ((pair.old, old), (pair.new, new))
    if old.name != new.name:
        judge = _renamed if _named(old) == _named(new) else words_only
        yield views.change("field-renamed", path, (old.name, new.name), judge, spots, names)
    words = (_words(old), _words(new))
    yield from views.setting("documentation", f"{path}.description", words, words_only, names)
    for kind, key, values in _places(views, old, new):
        yield views.change(kind, f"{path}.{key}", values, _placed, spots, names)
    if crossed and not _freely_ordered(views.forward.reader, pair.new):
        columns = (str(pair.old.fields.index(old) + 1), str(pair.new.fields.index(new) + 1))
        yield views.change("field-moved", f"{path}.position", columns, _placed, spots, names)
    if old.required != new.required:
        kind = "field-required" if new.required else "field-optional"
        needs = (shown(old.required), shown(new.required))
        yield views.change(kind, f"{path}.required", needs, _required, spots, names)


def _named(field: Field) -> tuple[str | None, str | None]:
    return field.path, field.heading


def _words(field: Field) -> str:
    """Return what is said of a field for people and for comparisons only."""
    identity = f"[id {field.id}] " if field.id else ""
    aliases = f" (once {', '.join(field.aliases)})" if field.aliases else ""
    return f"{identity}{field.description}{aliases}".strip()


def _places(views: Views, old: Field, new: Field) -> Iterator[tuple[str, str, tuple[str | None, str | None]]]:
    """Yield the settings that say where a field stands, as kind, key and both values."""
    definition = views.forward.reader
    for kind, key in (("field-moved", "offset"), ("field-length", "length"), ("heading", "heading")):
        values = (getattr(old, key), getattr(new, key))
        if values[0] != values[1]:
            yield kind, key, (shown(values[0]), shown(values[1]))
    if old.path != new.path:
        attributes = [place_of(definition, one).rpartition("/")[2].startswith("@") for one in (old, new)]
        other = definition.kind is Kind.XML and attributes[0] != attributes[1]
        yield "element-attribute" if other else "field-path", "path", (old.path, new.path)


def _renamed(view: View, writer: Spot, reader: Spot) -> Judgement:
    rows = Rows(view, writer[0], reader[0])
    if not rows.by_name:
        return ok("Names of fields stand in no file of this kind.")
    return _placed(view, writer, reader)


def _placed(view: View, writer: Spot, reader: Spot) -> Judgement:
    rows = Rows(view, writer[0], reader[0])
    field, mine = writer[1], reader[1]
    assert field is not None  # noqa: S101 - both versions have it
    assert mine is not None  # noqa: S101
    if not rows.by_name:
        if view.reader.kind is Kind.DELIMITED and rows.source(mine) == field:
            return ok("It stands in the same column.")
        return _shifted(rows, field, mine)
    if place_of(view.writer, field) == place_of(view.reader, mine):
        return ok("It is found at the same place.")
    return _lost(rows, field, mine)


def _shifted(rows: Rows, field: Field, mine: Field) -> Judgement:
    """Judge a field that is read by position and stands at another one."""
    found, refused = misread(rows, mine, field), form(rows)
    if refused is None or refused.verdict is not Verdict.BREAKING or found.verdict is Verdict.BREAKING:
        found = under_counts(rows, field, mine, found)
        return under_totals(rows.view, rows.writer, field, found)
    return breaking(f"{refused.why} Besides, {found.why}", refused.demand)


def _lost(rows: Rows, field: Field, mine: Field) -> Judgement:
    """Judge a field that is looked for at another place than where it stands."""
    view = rows.view
    source = rows.source(mine)
    if source is not None:
        return _instead(rows, source, mine)
    texts = texts_of(view.written(field))
    demand = rows.demand({field.name: _telling(view, field, texts)} if texts else {})
    theirs, ours = place_of(view.writer, field), place_of(view.reader, mine)
    why = f"{view.theirs} has `{field.name}` at {theirs}; {view.ours} looks at {ours}"
    headed = view.reader.kind is Kind.DELIMITED
    if mine.required and (headed or mine.severity is Severity.ERROR) and rows.certain:
        return breaking(f"{why}, and it must be there.", demand)
    if rows.strict and rows.taker(field) is None and texts:
        return breaking(f"{why}, and refuses what stands at {theirs}.", demand)
    if not rows.certain or not texts:
        return review(f"{why}. Whether something stands there is not known.")
    return silent(f"{why}, and takes it for absent.", demand)


def _required(view: View, writer: Spot, reader: Spot) -> Judgement:
    rows = Rows(view, writer[0], reader[0])
    field, mine = writer[1], reader[1]
    assert field is not None  # noqa: S101 - both versions have it
    assert mine is not None  # noqa: S101
    if not mine.required:
        return ok(f"{view.ours} accepts rows with and without `{field.name}`.")
    if view.reader.kind is Kind.FIXED_WIDTH:
        return ok("The characters of a fixed-width record are always there.")
    if tag_of(view.writer, writer[0], field) is not None:
        return ok("It tells the record type, so that no row is without it.")
    if not rows.by_name:
        refused = form(rows) or ok("Rows with fewer columns are refused by both versions.")
        return allowed(view, writer[0], refused)
    if mine.severity is Severity.WARNING and view.reader.kind is not Kind.DELIMITED:
        return ok(f"{view.ours} notes it, and refuses nothing.")
    why = f"Files of {view.theirs} may come without `{field.name}`; {view.ours} needs it."
    return allowed(view, writer[0], breaking(why, rows.demand({field.name: None})))
