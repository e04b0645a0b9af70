"""Changes of the XSD or JSON Schema beside a format."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Judgement, Verdict
from gateway.formats.compare.document_shape import root_of
from gateway.formats.compare.views import View, Views, ok, review

if TYPE_CHECKING:
    from gateway.formats.definition import Format


def changes(views: Views) -> Iterator[Change]:
    """Yield the changes of the schema that is enforced beside the definition."""
    for key in ("xsd", "json_schema"):
        old, new = (getattr(one.dialect, key) for one in (views.forward.writer, views.forward.reader))
        if (old is None) != (new is None):
            yield views.change("schema-file", f"dialect.{key}", (old, new), _came_or_went, (old, new))
        elif old is not None:
            yield from views.setting("schema-file", f"dialect.{key}", (old, new), _called_otherwise)
            yield from _compared(views, key)


def _came_or_went(view: View, _writer: str | None, reader: str | None) -> Judgement:
    if reader is None:
        return review(
            f"{view.theirs} has a schema and {view.ours} has none: what else may stand in a file differs."
        )
    return review(f"{view.ours} enforces the schema {reader}; whether all files fulfil it was not decided.")


def _called_otherwise(_view: View, _writer: str, _reader: str) -> Judgement:
    return ok("The name of the schema's file stands in no file that is read.")


def _compared(views: Views, key: str) -> Iterator[Change]:
    """Compare both schemas as schemas, unless not one byte beside the definitions differs."""
    old, new = views.forward.writer, views.forward.reader
    paths = (_schema(old, key), _schema(new, key))
    if paths[0] is None or paths[1] is None or _beside(paths[0]) == _beside(paths[1]):
        return
    if key == "xsd":
        from gateway.formats.compare.xsd import compare_xsd

        yield from map(_as_read, compare_xsd(paths[0], paths[1], root_of(old), root_of(new)))
    else:
        from gateway.formats.compare.json_schema import compare_json_schema

        yield from compare_json_schema(paths[0], paths[1])


def _as_read(change: Change) -> Change:
    """Return ``change`` as it is for files that the gateway reads: it fills in no default of a schema."""
    forwards, back = map(_unfilled, (change.old_under_new, change.new_under_old))
    return dataclasses.replace(change, old_under_new=forwards, new_under_old=back)


def _unfilled(judgement: Judgement) -> Judgement:
    if judgement.verdict is not Verdict.SILENT:
        return judgement
    return review(f"{judgement.why} The gateway itself fills in none; who reads by the schema does.")


def _schema(definition: Format, key: str) -> Path | None:
    """Return where the schema lies; None for a definition that was not loaded from a directory."""
    name = getattr(definition.dialect, key)
    return None if definition.directory is None or name is None else definition.directory / name


def _beside(schema: Path) -> dict[str, bytes]:
    """Return the bytes of all files in the schema's directory but the definition."""
    files = (path for path in schema.parent.rglob("*") if path.is_file() and path.name != "format.yaml")
    return {path.relative_to(schema.parent).as_posix(): path.read_bytes() for path in sorted(files)}
