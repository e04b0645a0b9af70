"""Changes of record types: which there are, how they are told apart, how often they occur."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Demand, Judgement
from gateway.formats.compare.discriminators import judge_mark, mark_words, place_of_mark
from gateway.formats.compare.occurrences import Occurrence, counted, may_not_be_empty, stated
from gateway.formats.compare.references import run_out
from gateway.formats.compare.views import (
    View,
    Views,
    breaking,
    ok,
    review,
    row,
    shown,
    silent,
    words_only,
)
from gateway.formats.definition import Format, Kind, Role

if TYPE_CHECKING:
    from gateway.formats.compare.matching import TypePair
    from gateway.formats.definition import RecordType

#: More records than this are demanded of no file.
MOST_DEMANDED = 1000


def changes(views: Views, pairs: Sequence[TypePair]) -> Iterator[Change]:
    """Yield the changes of which record types there are, and in which order."""
    for pair in pairs:
        if pair.old is None or pair.new is None:
            yield _came_or_went(views, pair)
        elif pair.old.name != pair.new.name:
            names = (pair.old.name, pair.new.name)
            yield views.change("record-type-renamed", pair.path, names, _renamed, names, names)
    both = [(pair.old.name, pair.new.name) for pair in pairs if pair.old is not None and pair.new is not None]
    old = [kind.name for kind in views.forward.writer.record_types if kind.name in dict(both)]
    if old != [name for name, _other in both]:
        orders = (", ".join(old), ", ".join(name for _old, name in both))
        yield views.change("record-types-reordered", "records", orders, _reordered, orders)


def _came_or_went(views: Views, pair: TypePair) -> Change:
    kind = "record-type-added" if pair.old is None else "record-type-removed"
    summaries = (_summary(pair.old), _summary(pair.new))
    names = (pair.old.name if pair.old else None, pair.new.name if pair.new else None)
    return views.change(kind, pair.path, summaries, _presence, (pair.old, pair.new), names)


def _summary(kind: RecordType | None) -> str | None:
    if kind is None:
        return None
    return f"{kind.role.value} with {len(kind.fields)} field{'s'[: len(kind.fields) != 1]}, {stated(kind)}"


def _presence(view: View, writer: RecordType | None, reader: RecordType | None) -> Judgement:
    if writer is not None:
        return _unknown(view, writer)
    assert reader is not None  # noqa: S101 - one of both versions has it
    return _awaited(view, reader)


def _awaited(view: View, kind: RecordType) -> Judgement:
    """Judge files without ``kind``, which only the reader's version has."""
    need = counted(view.reader, kind)
    parents = {name: other for other, name in view.types.items()}
    if need.least > 0 and (need.parent is None or need.parent in parents):
        return breaking(f"Files of {view.theirs} have no `{kind.name}` record; {view.ours} needs one.")
    if need.least > 0:
        return review(f"{view.ours} needs a {kind.name} under each {need.parent}, which is new itself.")
    if kind.discriminator is not None and any(one.discriminator is None for one in view.writer.record_types):
        value = repr(kind.discriminator.value)
        return review(f"{view.ours} takes rows that happen to hold {value} for {kind.name} records.")
    if _open(view.writer):
        return review(
            f"Files of {view.theirs} may hold something in the place of {kind.name} already, unread."
        )
    return ok(f"A file need not have a {kind.name} record.")


def _open(definition: Format) -> bool:
    """Return whether a file may hold elements or members that the definition does not name."""
    if definition.kind in (Kind.DELIMITED, Kind.FIXED_WIDTH):
        return False
    schema = definition.dialect.xsd or definition.dialect.json_schema
    return not definition.closed or schema is not None or definition.kind is Kind.JSON


def _unknown(view: View, kind: RecordType) -> Judgement:
    """Judge records of ``kind``, which the reader's version does not have."""
    if counted(view.writer, kind).most == 0:
        return ok(f"No file has a {kind.name} record.")
    demand = Demand(rows=(row(kind),))
    said = f"Files of {view.theirs} may have {kind.name} records"
    if view.reader.kind in (Kind.DELIMITED, Kind.FIXED_WIDTH):
        if all(one.discriminator is not None for one in view.reader.record_types):
            return breaking(f"{said}; {view.ours} knows no such rows.", demand)
        return review(f"{said}; {view.ours} reads such rows as records of another type.")
    if view.reader.kind is Kind.XML and not _open(view.reader):
        return breaking(f"{said}; {view.ours} knows no such elements.", demand)
    if view.reader.dialect.lines:
        return breaking(f"{said}; {view.ours} knows no such lines.", demand)
    return review(f"{said}; {view.ours} does not read them, and their content is lost.")


def _renamed(_view: View, writer: str, reader: str) -> Judgement:
    return ok(f"The names {writer} and {reader} stand in no file.")


def _reordered(view: View, _writer: str, _reader: str) -> Judgement:
    definition = view.reader
    places = {
        (one.path, one.discriminator and place_of_mark(one.discriminator)) for one in definition.record_types
    }
    plain = [one for one in definition.record_types if one.discriminator is None]
    by_text = definition.kind in (Kind.DELIMITED, Kind.FIXED_WIDTH)
    if by_text and (len(plain) > 1 or len(places) > 2 or (len(places) == 2 and not plain)):
        return review("Rows are told apart in several places, so that the order may decide what a row is.")
    if definition.kind is Kind.JSON and len({one.path for one in definition.record_types}) < len(
        definition.record_types
    ):
        return review("Several types share a place, so that the order may decide what an object is.")
    return ok("Rows are told apart by what stands in them; the order of the definition does not count.")


def aspects(views: Views, pair: TypePair) -> Iterator[Change]:
    """Yield the changes of one record type that both versions have, its fields apart."""
    old, new, path = pair.old, pair.new, pair.path
    if old is None or new is None:
        return
    names = (old.name, new.name)
    words = (old.description, new.description)
    yield from views.setting("documentation", f"{path}.description", words, words_only, names)
    yield from views.setting("role", f"{path}.role", (old.role.value, new.role.value), _role, names)
    if old.discriminator != new.discriminator:
        marks = (mark_words(old.discriminator), mark_words(new.discriminator))
        yield views.change("discriminator", f"{path}.discriminator", marks, judge_mark, (old, new), names)
    if (old.min_occurs, old.max_occurs) != (new.min_occurs, new.max_occurs):
        numbers = (str(stated(old)), str(stated(new)))
        yield views.change(_cardinality(old, new), f"{path}.occurs", numbers, _occurs, (old, new), names)
    if old.parent != views.back.types.get(new.parent or "", new.parent):
        parents = (old.parent, new.parent)
        yield views.change("parent", f"{path}.parent", parents, _parent, (old, new), names)
    if old.path != new.path:
        yield views.change("record-path", f"{path}.path", (old.path, new.path), _path, (old, new), names)
    if old.length != new.length:
        lengths = (shown(old.length), shown(new.length))
        yield views.change("record-length", f"{path}.length", lengths, length, (old, new), names)
    yield from _business(views, pair)


def _business(views: Views, pair: TypePair) -> Iterator[Change]:
    """Yield the changes of record key and business references, told by fields that belong together."""
    old, new = pair.old, pair.new
    if old is None or new is None:
        return
    names = (old.name, new.name)
    now = {each.old.name: each.new.name for each in pair.fields if each.old and each.new}
    if tuple(now.get(name) for name in old.key) != new.key:
        keys = (shown(old.key), shown(new.key))
        yield views.change("record-key", f"{pair.path}.key", keys, _key, names, names)
    if {meaning: now.get(name) for meaning, name in old.references.items()} != dict(new.references):
        told = (_named(old), _named(new))
        yield views.change("business-reference", f"{pair.path}.references", told, _references, names, names)


def _named(kind: RecordType) -> str:
    return ", ".join(f"{meaning}: {name}" for meaning, name in kind.references.items())


def _key(_view: View, _writer: str, _reader: str) -> Judgement:
    return review("Within a file nothing changes; across files other records count as the same one.")


def _references(_view: View, _writer: str, _reader: str) -> Judgement:
    return ok("Files are read alike; only tracing looks for orders, batches and the like in other fields.")


def _role(_view: View, writer: str, reader: str) -> Judgement:
    return review(f"What was a {writer} is a {reader}: it is counted otherwise and may stand elsewhere.")


def _cardinality(old: RecordType, new: RecordType) -> str:
    tighter, looser = _within(stated(new), stated(old)), _within(stated(old), stated(new))
    return f"cardinality-{'tightened' if tighter else 'loosened' if looser else 'changed'}"


def _within(inner: Occurrence, outer: Occurrence) -> bool:
    """Return whether ``outer`` accepts every number that ``inner`` does."""
    if outer.most is not None and (inner.most is None or inner.most > outer.most):
        return False
    return inner.least >= outer.least


def _occurs(view: View, writer: RecordType, reader: RecordType) -> Judgement:
    theirs, ours = counted(view.writer, writer), counted(view.reader, reader)
    if _within(theirs, ours):
        return ok(f"{view.ours} accepts every number of {writer.name} records that {view.theirs} does.")
    number = _refused_number(theirs, ours)
    why = f"{view.theirs} accepts {number} {writer.name} records"
    why += f" under one {theirs.parent}" if theirs.parent else ""
    if number == 0 and _only_top(view.writer, writer):
        return review(f"{why}; but no other record stands on its own, and {view.theirs} needs one.")
    alike = run_out(view, writer, number)
    if alike is not None:
        return review(f"{why}; but its rule `{alike.id}` lets no so many records stand in one file.")
    demand = Demand(counts={writer.name: number})
    if number > MOST_DEMANDED:
        return review(f"{why}; {view.ours} accepts {ours}. No file with so many is made to prove it.")
    return breaking(f"{why}; {view.ours} accepts {ours}.", demand)


def _refused_number(theirs: Occurrence, ours: Occurrence) -> int:
    """Return a number that the first range has and the second has not; one rather than none."""
    least = theirs.least or (1 if 1 in theirs and 1 not in ours else 0)
    if least not in ours:
        return least
    return (ours.most or 0) + 1


def _only_top(definition: Format, kind: RecordType) -> bool:
    """Return whether a file without ``kind`` has no business record, or only such as stand under it."""
    others = [one for one in definition.record_types if one.role is Role.RECORD and one is not kind]
    needed = definition.zero_records == "refuse" or may_not_be_empty(definition)
    return needed and all(one.parent is not None for one in others)


def _parent(view: View, writer: RecordType, reader: RecordType) -> Judgement:
    if view.reader.kind in (Kind.DELIMITED, Kind.FIXED_WIDTH):
        return _occurs(view, writer, reader)
    return review(
        f"{reader.name} records stand under another record: they are numbered and counted otherwise."
    )


def _path(view: View, writer: RecordType, reader: RecordType) -> Judgement:
    why = f"{view.theirs} has {writer.name} at {writer.path}; {view.ours} looks at {reader.path}"
    if (writer.path or "").strip("/") == (reader.path or "").strip("/"):
        return ok("Both paths lead to the same place.")
    strangers = view.reader.kind is Kind.XML and view.reader.closed and not view.reader.dialect.xsd
    if strangers or counted(view.reader, reader).least > 0:
        return breaking(f"{why}, and finds none.", Demand(rows=(row(writer),)))
    if writer.role is Role.RECORD and counted(view.writer, writer).least == 0:
        return review(f"{why}: the records are not found, and their content is lost.")
    return silent(f"{why}: the records are not found.", Demand(rows=(row(writer),)))


def size_of(kind: RecordType) -> int:
    """Return how many characters a fixed-width record has: as declared, or to its last field's end."""
    if kind.length is not None:
        return kind.length
    return max(((field.offset or 0) + (field.length or 0) for field in kind.fields), default=0)


def length(view: View, writer: RecordType, reader: RecordType) -> Judgement:
    """Judge the number of characters of a fixed-width record."""
    theirs, ours = size_of(writer), size_of(reader)
    if theirs == ours:
        return ok(f"The fields end there anyway: {ours} characters.")
    why = f"Records `{writer.name}` of {view.theirs} have {theirs} characters; {view.ours} expects {ours}"
    dialect = view.reader.dialect
    if theirs < ours and dialect.stripped_blanks and view.writer.dialect.line_end not in ("none", "optional"):
        return review(f"{why}, and takes the missing ones for blanks.")
    return breaking(f"{why}.", Demand(rows=(row(writer),), stripped=False))
