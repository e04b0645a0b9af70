"""Mappings as files: found by their names, read with positions, built into values.

The digest of a mapping is that of its one file, made as the lock makes it (``formats.digests``); its
test cases are evidence beside it, and may grow.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from gateway import documents
from gateway.documents import Document, DocumentError
from gateway.errors import FormatError, MappingInvalid
from gateway.formats.definition import Reference, Status, Version
from gateway.formats.digests import digests_of
from gateway.mappings.definition import (
    DIRECTORY,
    End,
    Feed,
    FormatMapping,
    RecordMap,
    Split,
    UnitChange,
    When,
    file_name,
)
from gateway.model import Problem

Data = Mapping[str, Any]

_VERSION = r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){2}"
_NAME = re.compile(rf"({_VERSION})-to-(?:([a-z][a-z0-9-]*)-)?({_VERSION})\.yaml")


@functools.cache
def schema() -> Data:
    """Return the published JSON Schema of mappings."""
    text = resources.files("gateway.mappings").joinpath("mapping.schema.json").read_text("utf-8")
    data: Data = json.loads(text)
    return data


def find(directory: Path, message_type: str) -> Iterator[tuple[End, End, Path]]:
    """Yield source, target and file of each mapping of ``message_type`` by name; nothing is read.

    Raises MappingInvalid where the directory of mappings cannot be listed.
    """
    place = directory / message_type / DIRECTORY
    try:
        names = sorted(entry.name for entry in os.scandir(place) if entry.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise MappingInvalid("The mappings cannot be listed", where=str(place), cause=error) from error
    for name in names:
        match = _NAME.fullmatch(name)
        if match is not None:
            source = End(message_type, Version.parse(match[1]))
            yield source, End(match[2] or message_type, Version.parse(match[3])), place / name


def strays(directory: Path, message_type: str) -> list[Path]:
    """Return what stands among the mappings of ``message_type`` and is neither one nor the cases of one."""
    place = directory / message_type / DIRECTORY
    if not place.is_dir():
        return []
    files = {path for *_ends, path in find(directory, message_type)}
    cases = {path.with_suffix("") for path in files}
    return sorted(path for path in place.iterdir() if path not in files and path not in cases)


def path_of(directory: Path, source: End, target: End) -> Path:
    """Return where the mapping from ``source`` to ``target`` stands in the catalogue ``directory``."""
    return directory / source.message_type / DIRECTORY / file_name(source, target)


def load_mapping(path: Path) -> tuple[FormatMapping, Document]:
    """Return the mapping in the file ``path`` and its document.

    Raises MappingInvalid with every problem, each with file and line, where the file cannot be read,
    breaks the schema, or is not named as it says.
    """
    try:
        document = documents.read(path)
        digest = digests_of(path.parent, [path.name]).whole
    except DocumentError as error:
        raise MappingInvalid(where=str(path), cause=error.cause, problems=error.problems) from error
    except (OSError, FormatError) as error:
        raise MappingInvalid(where=str(path), cause=error) from error
    problems = documents.validate(document, schema()) or list(_shape_problems(document))
    if problems:
        raise MappingInvalid(where=str(path), problems=problems)
    mapping = build(document.data, path, digest)
    if (mapping.source.message_type, path.name) != (path.parent.parent.name, _name_of(mapping)):
        wanted = f"{mapping.source.message_type}/{DIRECTORY}/{_name_of(mapping)}"
        found = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
        problem = document.problem(("from",), "the file is not named as it says", found, wanted)
        raise MappingInvalid(where=str(path), problems=[problem])
    return mapping, document


def _name_of(mapping: FormatMapping) -> str:
    return file_name(mapping.source, mapping.target)


#: A feed has exactly one of these.
_ORIGINS = ("from", "constant", "number", "join", "split")


def _shape_problems(document: Document) -> Iterator[Problem]:
    """Yield what the schema cannot say about single fields."""
    for name, record in document.data["records"].items():
        for field, feed in record.get("fields", {}).items():
            place = ("records", name, "fields", field)
            given = [key for key in _ORIGINS if key in feed]
            if len(given) != 1:
                said = ", ".join(given) or None
                yield document.problem(place, "it is made of exactly one thing", said, ", ".join(_ORIGINS))
            if field in record.get("copy", ()):
                yield document.problem(place, "it stands under `copy` too")
            yield from _unit_problems(document, (*place, "unit"), feed.get("unit"))
            yield from _split_problems(document, (*place, "split"), feed.get("split"))
            if "when" in feed and "constant" not in feed:
                yield document.problem((*place, "when"), "it counts only with `constant`")
            if "otherwise" in feed and "codes" not in feed:
                yield document.problem((*place, "otherwise"), "it counts only with `codes`")


def _unit_problems(document: Document, place: tuple[str, ...], unit: Data | None) -> Iterator[Problem]:
    if unit is None:
        return
    if ("factor" in unit) == ("factors" in unit) or ("of" in unit) != ("factors" in unit):
        allowed = "`factor`, or `of` with `factors`"
        yield document.problem(place, "the factor is not clear", ", ".join(unit), allowed)
    for factor in (unit.get("factor", "1"), *unit.get("factors", {}).values()):
        if any(not part.strip("0.") for part in str(factor).split("/")):
            yield document.problem(place, "a factor is above zero", str(factor))


def _split_problems(document: Document, place: tuple[str, ...], split: Data | None) -> Iterator[Problem]:
    if split is None:
        return
    by_piece, by_place = {"separator", "part"} & set(split), {"start", "length"} & set(split)
    if bool(by_piece) == bool(by_place) or by_piece == {"part"}:
        allowed = "`separator` with `part`, or `start` with `length`"
        yield document.problem(place, "the part is not clear", ", ".join(split), allowed)


def build(data: Data, path: Path | None, digest: str) -> FormatMapping:
    """Return the mapping that ``data``, valid under the schema, stands for."""
    return FormatMapping(
        source=_end(data["from"]),
        target=_end(data["to"]),
        status=Status(data["status"]),
        title=data["title"],
        description=data.get("description", ""),
        records=tuple(_record(name, item) for name, item in data["records"].items()),
        drop_records=dict(data.get("drop_records", {})),
        suffix=data.get("suffix"),
        file=path,
        digest=digest,
    )


def _end(data: Data) -> End:
    return End(data["message_type"], Version.parse(data["version"]))


def _record(name: str, data: Data) -> RecordMap:
    source = data["from"]
    copied = [Feed(field, (Reference(source, field),)) for field in data.get("copy", ())]
    made = [_feed(field, item, source) for field, item in data.get("fields", {}).items()]
    group = tuple(_reference(text, source) for text in data["group_by"]) if "group_by" in data else None
    drop = {_reference(text, source): why for text, why in data.get("drop", {}).items()}
    return RecordMap(name, source, (*copied, *made), drop, group)


def _reference(text: str, source: str) -> Reference:
    """Return the source field ``text``; without a record type it is one of ``source``."""
    record_type, dot, field = text.rpartition(".")
    return Reference(record_type if dot else source, field)


def _feed(name: str, data: Data, source: str) -> Feed:
    join, split, pad = data.get("join", {}), data.get("split", {}), data.get("pad", {})
    named = join.get("fields") or [text for text in (data.get("from"), split.get("field")) if text]
    otherwise = data.get("otherwise", "refuse")
    return Feed(
        target=name,
        sources=tuple(_reference(text, source) for text in named),
        constant=_value(data.get("constant")),
        when=tuple(_when(one, source) for one in data.get("when", ())),
        number_from=data.get("number"),
        separator=join.get("separator", "") if join else None,
        split=_split(split) if split else None,
        strip=data.get("strip"),
        pad=pad.get("with"),
        pad_to=pad.get("to", 0),
        codes={code: str(value) for code, value in data["codes"].items()} if "codes" in data else None,
        otherwise="value" if isinstance(otherwise, Mapping) else otherwise,
        otherwise_value=str(otherwise["value"]) if isinstance(otherwise, Mapping) else None,
        unit=_unit(data["unit"], source) if "unit" in data else None,
        rounding=data.get("rounding"),
        default=_value(data.get("default")),
    )


def _when(data: Data, source: str) -> When:
    tests = {key: _value(data.get(key)) for key in ("equals", "above", "below")}
    among = tuple(str(one) for one in data.get("among", ()))
    return When(_reference(data["field"], source), among=among, present=data.get("present"), **tests)


def _value(data: str | int | bool | None) -> str | None:
    """Return a value of the document as its canonical text."""
    if isinstance(data, bool):
        return "true" if data else "false"
    return None if data is None else str(data)


def _split(data: Data) -> Split:
    return Split(data.get("separator"), data.get("part", 1), data.get("start", 0), data.get("length"))


def _unit(data: Data, source: str) -> UnitChange:
    if "of" in data:
        factors = {unit: str(factor) for unit, factor in data["factors"].items()}
        return UnitChange(data["to"], factors, _reference(data["of"], source))
    return UnitChange(data["to"], {"": str(data["factor"])})
