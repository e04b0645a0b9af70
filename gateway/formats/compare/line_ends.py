"""Changes of how text is cut into lines: line ends, blank lines, stripped blanks."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.compare.change import Change, Demand, Judgement
from gateway.formats.compare.texts import text_with, texts_of
from gateway.formats.compare.views import View, Views, breaking, ok, review, row, side_of
from gateway.formats.definition import Format, Kind, RecordType

#: What ends a record in a valid file, by setting; ``none``: nothing.
_ENDS = {
    "any": ("lf", "crlf"),
    "lf": ("lf",),
    "crlf": ("crlf",),
    "cr": ("cr",),
    "none": ("none",),
    "optional": ("none", "lf", "crlf"),
}
_WORDS = {"lf": "lines that end with LF", "crlf": "lines that end with CRLF", "cr": "lines that end with CR",
          "none": "records without line ends"}  # fmt: skip


def changes(views: Views) -> Iterator[Change]:
    """Yield the changes of the settings about lines; XML and JSON have none of them."""
    old, new = views.forward.writer, views.forward.reader
    if old.kind not in (Kind.DELIMITED, Kind.FIXED_WIDTH):
        return
    one, other = old.dialect, new.dialect
    yield from views.setting(
        "blank-lines", "dialect.blank_lines", (one.blank_lines, other.blank_lines), _blank
    )
    yield from views.setting("line-end", "dialect.line_end", (one.line_end, other.line_end), _line_end)
    ends = (one.final_line_end, other.final_line_end)
    yield from views.setting("final-line-end", "dialect.final_line_end", ends, _final)
    if old.kind is Kind.FIXED_WIDTH:
        strips = (one.stripped_blanks, other.stripped_blanks)
        yield from views.setting("stripped-blanks", "dialect.stripped_blanks", strips, _stripped)


def _blank(view: View, _writer: str, reader: str) -> Judgement:
    if reader == "skip" or view.writer.dialect.line_end == "none":
        return ok("Blank lines do no harm.")
    why = f"{view.theirs} skips blank lines; {view.ours} refuses them."
    return breaking(why, Demand(blank_line=True))


def _line_end(view: View, writer: str, reader: str) -> Judgement:
    for end in _ENDS[writer]:
        if end not in _ENDS[reader]:
            why = f"{view.theirs} accepts {_WORDS[end]}; {view.ours} refuses them."
            return _unended(view, why) if end == "none" else breaking(why, Demand(line_end=end))
    if reader == "optional" and not _stays_told(view.writer):
        return review(f"A line end inside a value of the first record would make {view.ours} cut there.")
    return ok(f"{view.ours} accepts all line ends that {view.theirs} does.")


def _unended(view: View, why: str) -> Judgement:
    """Judge files without line ends: one record alone is a last line without its line end."""
    kinds = [one for one in view.writer.record_types if one.max_occurs != 0]
    if len(kinds) > 1:
        return breaking(why, Demand(line_end="none"))
    if kinds and kinds[0].max_occurs != 1:
        return breaking(why, Demand(line_end="none", counts={kinds[0].name: max(2, kinds[0].min_occurs)}))
    return review(f"{why} But a file has one record only, which {view.ours} may take for a last line.")


def _stays_told(definition: Format) -> bool:
    """Return whether no first record can hold a line end, by which ``optional`` tells what it reads."""
    return all(
        text_with(side_of(definition, field), mark) is None
        for kind in definition.record_types
        for field in kind.fields
        for mark in "\n\r"
    )


def _final(view: View, _writer: str, reader: str) -> Judgement:
    if reader == "optional":
        return ok(f"{view.ours} accepts files with and without it.")
    if view.writer.dialect.line_end == "none":
        return ok("The records stand one right after the other, so that there is no last line end to miss.")
    why = f"{view.theirs} accepts a last line without a line end; {view.ours} takes it for cut off."
    return breaking(why, Demand(final_line_end=False))


def _stripped(view: View, _writer: bool, reader: bool) -> Judgement:
    if reader:
        return ok(f"{view.ours} accepts short lines and whole ones.")
    if view.writer.dialect.line_end == "none":
        return ok("Without line ends nothing can be stripped.")
    for kind in view.writer.record_types:
        texts = _ending_blank(view.writer, kind)
        if texts is not None:
            why = f"Lines of {kind.name} may come without their last blanks; {view.ours} refuses short lines."
            return breaking(why, Demand(rows=(row(kind, **texts),), stripped=True))
    return review("It could not be decided whether any line ends with blanks.")


def _ending_blank(definition: Format, kind: RecordType) -> dict[str, str] | None:
    """Return texts with which a record of ``kind`` ends with a blank; None where none were found."""
    if not kind.fields:
        return None
    last = max(kind.fields, key=lambda field: (field.offset or 0) + (field.length or 0))
    if kind.length is not None and kind.length > (last.offset or 0) + (last.length or 0):
        return {}
    found = next((text for text in texts_of(side_of(definition, last)) if text.endswith(" ")), None)
    return None if found is None else {last.name: found}
