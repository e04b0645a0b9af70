"""Loading a format version: ``format.yaml`` and the files beside it become a ``Format``."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from gateway import documents
from gateway.errors import FormatError
from gateway.formats import definition as d
from gateway.formats.check import STRUCTURE, problems_of
from gateway.formats.digests import digest_of
from gateway.model import Problem, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.documents import Document

FILE_NAME = "format.yaml"

Data = Mapping[str, Any]

#: What the bytes of a directory mean, by their digest; a site has fewer versions.
_LOADED: dict[str, d.Format] = {}
_KEPT = 256


def load_format(directory: Path) -> d.Format:
    """Return the format version that ``directory`` (``<message type>/<version>``) holds.

    The same bytes are loaded once by a process, whoever asks: passes, lanes and commands of one process
    share what they mean. Raises FormatError with all problems, each with file and line, if the definition
    cannot be read, breaks the schema, or is one that no reader could work with.
    """
    try:
        digest = digest_of(directory)
    except (OSError, FormatError):
        return _load(directory)  # which says it in full
    if digest not in _LOADED:
        found = _load(directory)
        if found.digest != digest:
            return found  # written to at this moment
        while len(_LOADED) >= _KEPT:
            _LOADED.pop(next(iter(_LOADED)), None)
        _LOADED[digest] = found
    return dataclasses.replace(_LOADED[digest], directory=directory)


def _load(directory: Path) -> d.Format:
    definition, document = read_format(directory)
    problems = problems_of(definition, document, STRUCTURE)
    if problems:
        raise _refused(directory, problems)
    return definition


def read_format(directory: Path) -> tuple[d.Format, Document]:
    """Return the definition and its document without checking more than the schema.

    Raises FormatError if the files cannot be read or the schema is broken.
    """
    path = directory / FILE_NAME
    try:
        document = documents.read(path)
        digest = digest_of(directory)
    except documents.DocumentError as error:
        raise FormatError(where=str(path), cause=error.cause, problems=error.problems) from error
    except OSError as error:
        raise FormatError(where=str(directory), cause=error) from error
    problems = documents.validate(document, schema())
    if problems:
        raise _refused(directory, problems)
    return build(document.data, directory, digest), document


def _refused(directory: Path, problems: list[Problem]) -> FormatError:
    return FormatError(where=str(directory / FILE_NAME), problems=problems)


@functools.cache
def schema() -> Data:
    """Return the published JSON Schema of ``format.yaml``."""
    text = resources.files("gateway.formats").joinpath("format.schema.json").read_text("utf-8")
    data: Data = json.loads(text)
    return data


def build(data: Data, directory: Path, digest: str) -> d.Format:
    """Return the definition that ``data``, valid under the schema, stands for."""
    effective = data.get("effective", {})
    return d.Format(
        message_type=data["message_type"],
        version=d.Version.parse(data["version"]),
        status=d.Status(data["status"]),
        kind=d.Kind(data["kind"]),
        title=data["title"],
        description=data.get("description", ""),
        record_types=tuple(_record_type(name, item) for name, item in data["records"].items()),
        encoding=d.Encoding(**data.get("encoding", {})),
        dialect=_dialect(data.get("dialect", {})),
        envelope=_envelope(data.get("envelope", {})),
        rules=tuple(_rule(item) for item in data.get("rules", ())),
        file_name=data.get("file_name"),
        zero_records=data.get("zero_records", "refuse"),
        closed=data.get("closed", True),
        effective_from=effective.get("from"),
        effective_until=effective.get("until"),
        directory=directory,
        digest=digest,
    )


def _dialect(data: Data) -> d.Dialect:
    return d.Dialect(**{key: _tokens(value) for key, value in data.items()})


def _tokens(value: Any) -> Any:
    """Return lists as tuples of text; everything else as it is."""
    return tuple(str(item) for item in value) if isinstance(value, list) else value


def _text(data: Data, key: str) -> str | None:
    """Return the text under ``key``; whole numbers may be written without quotes."""
    return None if data.get(key) is None else str(data[key])


def _record_type(name: str, data: Data) -> d.RecordType:
    role = d.Role(data.get("role", "record"))
    once = role is not d.Role.RECORD
    return d.RecordType(
        name=name,
        role=role,
        fields=tuple(_field(field, item) for field, item in data["fields"].items()),
        description=data.get("description", ""),
        discriminator=_discriminator(data["discriminator"]) if "discriminator" in data else None,
        length=data.get("length"),
        path=data.get("path"),
        parent=data.get("parent"),
        min_occurs=data.get("min_occurs", 1 if once else 0),
        max_occurs=data.get("max_occurs", 1 if once else None),
        key=tuple(data.get("key", ())),
        references=dict(data.get("references", {})),
    )


def _discriminator(data: Data) -> d.Discriminator:
    """Columns count from 1 for people and from 0 in the program; offsets from 0 for both."""
    value = str(data["value"])
    column = data["column"] - 1 if "column" in data else None
    offset = data.get("offset")
    length = data.get("length", len(value) if offset is not None else None)
    return d.Discriminator(value, column, offset, length, data.get("path"))


#: Settings of a field that may be written as whole numbers and mean text.
_FIELD_TEXTS = ("minimum", "maximum", "constant", "default")


def _field(name: str, data: Data) -> d.Field:
    settings: dict[str, Any] = {key: _tokens(value) for key, value in data.items()}
    settings.update({key: _text(data, key) for key in _FIELD_TEXTS if key in data})
    settings["type"] = d.FieldType(data.get("type", "string"))
    settings["severity"] = Severity(data.get("severity", "error"))
    codes = data.get("codes", {})
    settings["codes"] = dict(codes) if isinstance(codes, dict) else {str(code): "" for code in codes}
    return d.Field(name=name, **settings)


def _reference(text: str | None) -> d.Reference | None:
    if text is None:
        return None
    record_type, _, field = text.partition(".")
    return d.Reference(record_type, field)


def _certain(text: str) -> d.Reference:
    return d.Reference(*text.split(".", 1))


_IDENTIFIERS = ("message_id", "sender", "receiver", "control_number", "previous_number", "created_at")


def _envelope(data: Data) -> d.Envelope:
    version = data.get("format_version", {})
    identifiers: dict[str, Any] = {name: _reference(data.get(name)) for name in _IDENTIFIERS}
    return d.Envelope(
        **identifiers,
        format_version=_reference(version.get("field")),
        version_values=_tokens(version.get("values", [])),
        key=tuple(data.get("key", ("sender", "message_id"))),
        sequence=d.Numbering(**data["sequence"]) if "sequence" in data else None,
        counts=tuple(
            d.ControlCount(_certain(item["stated"]), tuple(item["of"])) for item in data.get("counts", ())
        ),
        totals=tuple(
            d.ControlTotal(_certain(item["stated"]), _certain(item["sum_of"]))
            for item in data.get("totals", ())
        ),
    )


def _rule(data: Data) -> d.Rule:
    return d.Rule(
        id=data["id"],
        kind=data["kind"],
        record_type=data["record"],
        message=data["message"],
        fields=tuple(data.get("fields", ())),
        left=data.get("left"),
        op=data.get("op"),
        right=data.get("right"),
        value=_text(data, "value"),
        when=tuple(_condition(item) for item in data.get("when", ())),
        start=data.get("start", 1),
        of=_reference(data.get("of")),
        or_value=_text(data, "or_value"),
        severity=Severity(data.get("severity", "error")),
    )


def _condition(data: Data) -> d.Condition:
    return d.Condition(
        field=data["field"],
        equals=_text(data, "equals"),
        among=_tokens(data.get("among", [])),
        present=data.get("present"),
        above=_text(data, "above"),
        below=_text(data, "below"),
    )
