"""Changes of what concerns the file as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Demand, Judgement
from gateway.formats.compare.occurrences import counted, may_not_be_empty
from gateway.formats.compare.patterns import Unknown, difference
from gateway.formats.compare.views import View, Views, breaking, ok, review, words_only
from gateway.formats.definition import Kind, Role, Status

if TYPE_CHECKING:
    from gateway.formats.definition import Format

#: Bytes that a file name may have; its characters are never more.
_LONGEST_NAME = 255


def changes(views: Views) -> Iterator[Change]:
    """Yield the changes of both versions' settings at the top of ``format.yaml``."""
    old, new = views.forward.writer, views.forward.reader
    yield from views.setting(
        "message-type", "message_type", (old.message_type, new.message_type), _message_type
    )
    yield from views.setting("documentation", "title", (old.title, new.title), words_only)
    yield from views.setting("documentation", "description", (old.description, new.description), words_only)
    yield from views.setting("status", "status", (old.status.value, new.status.value), _status)
    yield from views.setting("effective-dates", "effective", (_days(old), _days(new)), _effective)
    yield from views.setting("file-name", "file_name", (old.file_name, new.file_name), _file_name)
    yield from views.setting("zero-records", "zero_records", (old.zero_records, new.zero_records), _zero)
    kind = "content-closed" if new.closed else "content-opened"
    yield from views.setting(kind, "closed", (old.closed, new.closed), _closed)


def kind_changes(views: Views) -> Iterator[Change]:
    """Yield the change of the physical kind, where there is one: nothing else can be compared then."""
    old, new = views.forward.writer, views.forward.reader
    yield from views.setting("kind", "kind", (old.kind.value, new.kind.value), _kind)


def _kind(view: View, writer: str, reader: str) -> Judgement:
    return breaking(f"{view.theirs} has {writer} files; {view.ours} reads {reader} files only.")


def _message_type(_view: View, writer: str, reader: str) -> Judgement:
    return review(f"A {writer} file is no {reader} file; whether its content means the same is not stated.")


def _status(view: View, _writer: str, reader: str) -> Judgement:
    if reader == Status.RETIRED.value:
        return ok(
            f"The status changes no reading; but {view.ours} is retired, and a route takes no files of it."
        )
    return ok("The status changes no reading of a file.")


def _days(definition: Format) -> str | None:
    start, end = definition.effective_from, definition.effective_until
    if start is None and end is None:
        return None
    return " ".join(part for part in (start and f"from {start}", end and f"until {end}") if part)


def _effective(_view: View, writer: str | None, reader: str | None) -> Judgement:
    if reader is None:
        return ok("No day is excluded by the calendar.")
    said = writer or "without any limit"
    return review(
        f"Files may arrive on days that are outside {reader}; their own version is in force {said}."
    )


def _file_name(view: View, writer: str | None, reader: str | None) -> Judgement:
    if reader is None:
        return ok(f"{view.ours} takes files of any name.")
    found = difference(writer, reader, lengths=(1, _LONGEST_NAME))
    if found is None:
        return ok(f"Every name that {view.theirs} accepts is a name of {view.ours} too.")
    if isinstance(found, str) and "/" not in found and "\0" not in found:
        why = f"`{found}` is a file name of {view.theirs} and none of {view.ours}."
        return breaking(why, Demand(file_name=found))
    if isinstance(found, Unknown):
        return review("It could not be decided whether every file name is still one.")
    return review(f"Names such as {found!r} make a difference; hardly a file has one.")


def _zero(view: View, _writer: str, reader: str) -> Judgement:
    if reader == "accept":
        return ok(f"{view.ours} accepts files without any business record as well.")
    business = [one for one in view.writer.record_types if one.role is Role.RECORD]
    if any(counted(view.writer, one).least > 0 and one.parent is None for one in business):
        return ok("A file without any business record does not occur: one must be there.")
    if may_not_be_empty(view.writer):
        return ok("A file without any record would have no byte, and an empty file is refused anyway.")
    demand = Demand(counts={one.name: 0 for one in business})
    return breaking(
        f"{view.theirs} accepts a file without any business record; {view.ours} refuses it.", demand
    )


def _closed(view: View, _writer: bool, reader: bool) -> Judgement:
    if not reader:
        return ok(f"{view.ours} accepts what its definition does not name.")
    definition = view.reader
    if definition.kind is Kind.FIXED_WIDTH:
        return ok("In fixed-width files nothing depends on it: the length of a record is checked anyway.")
    if definition.dialect.xsd or definition.dialect.json_schema:
        return ok("The schema beside the format decides what may stand there, not this setting.")
    what = {Kind.DELIMITED: "column", Kind.XML: "element", Kind.JSON: "member"}[definition.kind]
    why = f"{view.theirs} accepts a {what} that it does not name; {view.ours} refuses it."
    return breaking(why, Demand(extra=True))
