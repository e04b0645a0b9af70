"""Changes of how a delimited line is cut into fields: delimiter, quotes, escapes, headings."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.compare.change import Change, Demand, Judgement
from gateway.formats.compare.patterns import Unknown
from gateway.formats.compare.texts import text_with, texts_of
from gateway.formats.compare.values import Refused, meaning
from gateway.formats.compare.views import View, Views, breaking, ok, review, row, silent
from gateway.formats.definition import Field, Format, Kind, RecordType, Role


def changes(views: Views) -> Iterator[Change]:
    """Yield the changes of a delimited dialect; other kinds have none."""
    old, new = views.forward.writer, views.forward.reader
    if old.kind is not Kind.DELIMITED:
        return
    one, other = old.dialect, new.dialect
    yield from views.setting("delimiter", "dialect.delimiter", (one.delimiter, other.delimiter), _delimiter)
    yield from views.setting("quote", "dialect.quote", (one.quote, other.quote), _quote)
    yield from views.setting("escape", "dialect.escape", (one.escape, other.escape), _escape)
    rows = (one.header_row, other.header_row)
    yield from views.setting("heading-row", "dialect.header_row", rows, _heading_row)
    ends = (one.trailing_delimiter, other.trailing_delimiter)
    yield from views.setting("trailing-delimiter", "dialect.trailing_delimiter", ends, _trailing)


def _least(definition: Format, kind: RecordType) -> int:
    """Return how many columns a row of ``kind`` has at least."""
    count = len(kind.fields)
    if definition.dialect.header_row and kind.role is Role.RECORD:
        return sum(field.required for field in kind.fields)
    return next((n for n in range(count, 0, -1) if kind.fields[n - 1].required), 1)


def _delimiter(view: View, writer: str, reader: str) -> Judgement:
    for kind in view.writer.record_types:
        mine = view.reading(kind)
        if len(kind.fields) > 1 and mine is not None and _least(view.reader, mine) > 1:
            why = f"{view.theirs} puts {writer!r} between fields; {view.ours}, which looks for {reader!r}, "
            why += f"reads a row of {kind.name} as one field where it needs {_least(view.reader, mine)}."
            return breaking(why, Demand(rows=(row(kind),)))
    return review(f"Rows of one field are read alike, unless {reader!r} stands in a value.")


def _quote(view: View, writer: str | None, reader: str | None) -> Judgement:
    if writer is not None:
        found = _unquoted(view, writer)
        if found is not None:
            return found
    if reader is None:
        return review("Quotes would be read as part of the values.")
    return _stray(view, reader)


def _unquoted(view: View, quote: str) -> Judgement | None:
    """Judge values in quotes that the reader's version does not know as quotes."""
    harmless = None
    for kind, field, mine in _pairs(view):
        for text in texts_of(view.written(field)):
            quoted = f"{quote}{text}{quote}"
            demand = Demand(rows=(row(kind, **{field.name: text}),), quoted=True)
            if isinstance(meaning(view.read(mine), quoted), Refused):
                why = f"Values of {view.theirs} may stand in quotes; {view.ours} reads {quoted} in "
                return breaking(f"{why}`{field.name}`, and refuses it.", demand)
            harmless = harmless or (field, quoted, demand)
    if harmless is None:
        return None
    field, quoted, demand = harmless
    why = f"Values of {view.theirs} may stand in quotes; {view.ours} reads {quoted} in `{field.name}`."
    return silent(f"{why} The quotes become part of the value.", demand)


def _stray(view: View, quote: str) -> Judgement:
    """Judge values that begin with what the reader's version takes for a quote."""
    undecided = False
    for kind, field, _mine in _pairs(view):
        text = text_with(view.written(field), quote)
        undecided |= isinstance(text, Unknown)
        if not isinstance(text, str):
            continue
        if text.startswith(quote) and text.count(quote) == 1:
            why = f"`{text}` is a value of `{field.name}` in {view.theirs}; {view.ours} reads its first "
            demand = Demand(rows=(row(kind, **{field.name: text}),))
            return breaking(f"{why}character as an opening quote that is never closed.", demand)
        undecided = True
    if undecided:
        return review(f"It could not be decided whether values hold {quote!r}.")
    return ok(f"No value can hold {quote!r}.")


def _pairs(view: View) -> Iterator[tuple[RecordType, Field, Field]]:
    """Yield the writer's fields that both versions have, each with its record type and the reader's field."""
    for kind in view.writer.record_types:
        for field in kind.fields:
            mine = view.reading_field(kind, field)
            if mine is not None:
                yield kind, field, mine


def _escape(view: View, writer: str | None, reader: str | None) -> Judgement:
    mark = reader or writer or ""
    undecided = False
    for kind, field, mine in _pairs(view):
        text = text_with(view.written(field), mark)
        undecided |= isinstance(text, Unknown)
        if not isinstance(text, str):
            continue
        if writer is None and text.endswith(mark):
            why = f"`{text}` is a value of `{field.name}`; to {view.ours} the delimiter after it is escaped."
            return breaking(why, Demand(rows=(row(kind, **{field.name: text}),)))
        read = text.replace(mark, "") if writer is None else text.replace(mark, mark * 2)
        demand = Demand(rows=(row(kind, **{field.name: text}),))
        why = f"`{text}` in `{field.name}` of {view.theirs} is read as `{read}` by {view.ours}"
        if writer is not None and reader is not None:
            undecided = True
        elif isinstance(meaning(view.read(mine), read), Refused):
            return breaking(f"{why}, and refused.", demand)
        else:
            return silent(f"{why}.", demand)
    if undecided or writer is not None:
        return review("It could not be decided whether values hold escape characters.")
    return ok(f"No value can hold {mark!r}.")


def _heading_row(view: View, writer: bool, _reader: bool) -> Judgement:
    if not writer:
        why = f"The first record of a file of {view.theirs} is taken for the column headings by {view.ours}."
        return breaking(why)
    business = [kind for kind in view.writer.record_types if kind.role is Role.RECORD]
    for kind in view.reader.record_types:
        if kind.discriminator is None:
            continue
        return breaking(f"The row of headings is of no record type that {view.ours} knows.")
    for kind in business:
        for field, mine in zip(kind.fields, view.reader.record_types[0].fields, strict=False):
            heading = field.heading or field.name
            if isinstance(meaning(view.read(mine), heading), Refused):
                why = f"{view.ours} reads the row of headings as a record and refuses `{heading}` in "
                return breaking(f"{why}`{mine.name}`.")
    return silent(f"{view.ours} reads the row of headings as the first record.")


def _trailing(view: View, writer: str, reader: str) -> Judgement:
    if writer != "forbidden" and reader == "forbidden" and view.reader.closed:
        why = f"{view.theirs} accepts a delimiter after the last field; {view.ours} refuses it."
        return _with_full_rows(view, why)
    if writer != "required" and reader == "required":
        why = f"{view.theirs} accepts rows without a delimiter at their end; {view.ours} demands one."
        return breaking(why, Demand(trailing_delimiter=False))
    return ok(f"{view.ours} accepts the ends of rows that {view.theirs} does.")


def _with_full_rows(view: View, why: str) -> Judgement:
    """Demand rows that have all their fields: only then is one more delimiter one too many."""
    rows = []
    for kind in view.writer.record_types:
        optional = [field for field in kind.fields if not field.required]
        texts = {field.name: next(iter(texts_of(view.written(field))), "") for field in optional}
        rows += [row(kind, **texts)] if texts else []
    return breaking(why, Demand(rows=tuple(rows), trailing_delimiter=True))
