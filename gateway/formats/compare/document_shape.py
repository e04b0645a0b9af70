"""Changes of the document around the records: JSON lines, XML namespace and root."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.compare.change import Change, Demand, Judgement
from gateway.formats.compare.views import View, Views, breaking, ok
from gateway.formats.definition import Format, Kind


def changes(views: Views) -> Iterator[Change]:
    """Yield the changes of an XML or JSON dialect; text kinds have none."""
    old, new = views.forward.writer, views.forward.reader
    one, other = old.dialect, new.dialect
    if old.kind is Kind.JSON:
        yield from views.setting("json-lines", "dialect.lines", (one.lines, other.lines), _lines)
    elif old.kind is Kind.XML:
        spaces = (one.namespace, other.namespace)
        yield from views.setting("namespace", "dialect.namespace", spaces, _namespace)
        yield from views.setting("root-element", "dialect.root", (one.root, other.root), _root)


def root_of(definition: Format) -> str | None:
    """Return the root element's local name: as declared, or where the first record's path begins."""
    if definition.dialect.root is not None:
        return definition.dialect.root
    paths = [kind.path for kind in definition.record_types if kind.path]
    return paths[0].lstrip("/").split("/")[0] if paths else None


def _lines(view: View, writer: bool, _reader: bool) -> Judgement:
    if writer:
        why = f"A file of {view.theirs} has a document on each line; {view.ours} reads the file as one."
        several = {view.writer.record_types[-1].name: 2}
        return breaking(why, Demand(counts=several))
    return breaking(
        f"A file of {view.theirs} is one document; {view.ours} reads each line as one of its own."
    )


def _namespace(view: View, writer: str | None, reader: str | None) -> Judgement:
    why = (
        f"Elements of {view.theirs} are in {_space(writer)}; {view.ours} looks for them in {_space(reader)}."
    )
    return breaking(why)


def _space(namespace: str | None) -> str:
    return f"the namespace {namespace}" if namespace else "no namespace"


def _root(view: View, _writer: str | None, _reader: str | None) -> Judgement:
    theirs, ours = root_of(view.writer), root_of(view.reader)
    if theirs == ours:
        return ok("The root element is the same, told by the paths of the records.")
    return breaking(f"The root element of {view.theirs} is {theirs}; {view.ours} looks for {ours}.")
