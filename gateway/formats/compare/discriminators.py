"""How a row says of which record type it is, and what the reader's version makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.formats.compare.change import Demand, Judgement
from gateway.formats.compare.texts import rows_of, tag_of
from gateway.formats.compare.views import View, breaking, ok, review, row
from gateway.formats.definition import Discriminator, Format, Kind

if TYPE_CHECKING:
    from gateway.formats.definition import Field, RecordType


def place_of_mark(mark: Discriminator) -> tuple[object, ...]:
    """Return where ``mark`` looks."""
    return mark.column, mark.offset, mark.length, mark.path


def mark_words(mark: Discriminator | None) -> str | None:
    """Return ``mark`` in words; None where there is none."""
    if mark is None:
        return None
    if mark.column is not None:
        return f"{mark.value!r} in column {mark.column + 1}"
    if mark.path is not None:
        return f"{mark.value!r} at {mark.path}"
    return f"{mark.value!r} at offset {mark.offset}, {mark.length} characters"


def judge_mark(view: View, writer: RecordType, reader: RecordType) -> Judgement:
    """Judge rows of ``writer`` by what tells their type in both versions."""
    for texts in rows_of(view.writer, writer):
        found = _told(view, writer, texts)
        if found is None:
            why = f"{view.theirs} tells {writer.name} by {mark_words(writer.discriminator) or 'nothing'}; "
            why += f"{view.ours} knows no record type by what stands there."
            return breaking(why, Demand(rows=(row(writer, **_looked_at(view, writer, texts)),)))
        if found != reader.name:
            return review(f"{view.ours} takes rows of {writer.name} for {found} records.")
    if reader.discriminator is None and len(view.reader.record_types) == 1:
        return ok(f"{view.ours} takes every row for {reader.name}.")
    if writer.discriminator is not None and reader.discriminator is not None:
        one, other = writer.discriminator, reader.discriminator
        if place_of_mark(one) == place_of_mark(other) and one.value.strip(" ") == other.value.strip(" "):
            return ok("Blanks at its ends do not count.")
    return review(f"It could not be decided of which record type rows of {writer.name} are in {view.ours}.")


def _told(view: View, kind: RecordType, texts: dict[str, str]) -> str | None:
    """Return of which record type a row with ``texts`` is to the reader's version; None: of none."""
    plain = None
    for one in view.reader.record_types:
        mark = one.discriminator
        if mark is None:
            plain = plain or one.name
        elif _text_at(view.writer, kind, mark, texts).strip(" ") == mark.value.strip(" "):
            return one.name
    return plain


def _looked_at(view: View, kind: RecordType, texts: dict[str, str]) -> dict[str, str]:
    """Return those of ``texts`` where the reader's version looks for a type and the writer's does not."""
    marks = [one.discriminator for one in view.reader.record_types if one.discriminator is not None]
    return {
        field.name: texts[field.name]
        for index, field in enumerate(kind.fields)
        if tag_of(view.writer, kind, field) is None and any(_meets(mark, field, index) for mark in marks)
    }


def _meets(mark: Discriminator, field: Field, index: int) -> bool:
    """Return whether ``mark`` looks at the text of ``field``, the one at ``index`` of its row."""
    if mark.column is not None:
        return mark.column == index
    if mark.path is not None:
        return (field.path or "").strip("/") == mark.path.strip("/")
    start, end = mark.offset or 0, (mark.offset or 0) + (mark.length or 0)
    return (field.offset or 0) < end and start < (field.offset or 0) + (field.length or 0)


def _text_at(definition: Format, kind: RecordType, mark: Discriminator, texts: dict[str, str]) -> str:
    """Return what stands in a row of ``kind`` with ``texts`` where ``mark`` looks."""
    if definition.kind is Kind.DELIMITED:
        column = mark.column or 0
        return texts[kind.fields[column].name] if column < len(kind.fields) else ""
    if definition.kind is Kind.FIXED_WIDTH:
        start = mark.offset or 0
        return line_of(kind, texts)[start : start + (mark.length or 0)]
    path = (mark.path or "").strip("/")
    own = kind.discriminator
    if own is not None and (own.path or "").strip("/") == path:
        return own.value
    return next((texts[one.name] for one in kind.fields if (one.path or "").strip("/") == path), "")


def line_of(kind: RecordType, texts: dict[str, str]) -> str:
    """Return the fixed-width line of a record with ``texts``, blanks where nothing is said."""
    ends = [(field.offset or 0) + (field.length or 0) for field in kind.fields]
    line = [" "] * (kind.length or max(ends, default=0))
    for field in kind.fields:
        start, length = field.offset or 0, field.length or 0
        line[start : start + length] = texts.get(field.name, "").ljust(length)[:length]
    mark = kind.discriminator
    if mark is not None and mark.offset is not None and mark.length is not None:
        end = mark.offset + mark.length
        if not "".join(line[mark.offset : end]).strip(" "):  # no field says it: as files are written
            line[mark.offset : end] = mark.value[: mark.length].ljust(mark.length)
    return "".join(line)
