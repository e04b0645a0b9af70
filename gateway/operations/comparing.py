"""What `gateway formats diff` compares: versions, files, catalogues, schemas; and what is approved."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway import documents
from gateway.errors import FormatError, FormatUnknown, LockInvalid, UsageError
from gateway.formats.catalogue import Catalogue
from gateway.formats.compare.change import Change, Comparison, Unread
from gateway.formats.compare.reports.subject import Approved
from gateway.formats.definition import Format, Version

_FORMAT_FILE = "format.yaml"


class Thing(enum.Enum):
    """What a path can be that is compared."""

    VERSION = "a format version"
    CATALOGUE = "a catalogue of formats"
    XSD = "an XML Schema"
    XSD_SET = "a directory of XML Schemas"
    JSON_SCHEMA = "a JSON Schema"


@dataclass(frozen=True, slots=True)
class Compared:
    """Comparisons, and what belongs to them.

    ``pairs`` are the definitions of each comparison, None where there are none (schemas alone, a
    version that came or went); ``summaries`` are lines by the place of their comparison; ``notes`` is
    what a person should know besides; ``unread`` are versions that could not be compared.
    """

    comparisons: tuple[Comparison, ...]
    pairs: tuple[tuple[Format, Format] | None, ...]
    approvals: Mapping[str, Approved] = field(default_factory=dict)
    summaries: Mapping[int, Sequence[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()


def compare_versions(catalogue: Catalogue, message_type: str, old: str, new: str) -> Compared:
    """Compare two versions of ``message_type``, given as ``1.1.0``, whatever the lock says of them.

    Raises FormatUnknown where the catalogue lacks one, FormatError where one cannot be loaded.
    """
    definitions = (_version(catalogue, message_type, old), _version(catalogue, message_type, new))
    approvals, notes = _approvals([catalogue.directory])
    return _one(*definitions, approvals, notes)


def _version(catalogue: Catalogue, message_type: str, text: str) -> Format:
    try:
        return catalogue.look(message_type, Version.parse(text))
    except ValueError as error:
        raise FormatUnknown(str(error), hint="Write TYPE 1.0.0 1.1.0") from error


def compare_paths(old: Path, new: Path) -> Compared:
    """Compare what two paths hold: both must hold the same kind of thing.

    Raises UsageError where they do not, FormatError where one cannot be loaded.
    """
    things = (thing_at(old), thing_at(new))
    if things[0] is not things[1]:
        raise UsageError(
            f"{old} is {things[0].value}, {new} is {things[1].value}", hint="Compare two of the same kind"
        )
    return _COMPARERS[things[0]](old, new)


def thing_at(path: Path) -> Thing:
    """Return what ``path`` holds; raises UsageError where it is nothing that can be compared."""
    if path.is_file():
        suffix = path.suffix.lower()
        found = {".yaml": Thing.VERSION, ".yml": Thing.VERSION, ".xsd": Thing.XSD, ".json": Thing.JSON_SCHEMA}
        if suffix in found:
            return found[suffix]
        raise UsageError(f"{path} is neither a format.yaml nor a schema (.xsd, .json)")
    if not path.is_dir():
        raise UsageError(
            f"There is no file or directory {path}",
            hint="Two versions of the catalogue are compared by `gateway formats diff TYPE OLD NEW`",
        )
    if (path / _FORMAT_FILE).is_file():
        return Thing.VERSION
    if Catalogue.load(path).entries:
        return Thing.CATALOGUE
    if any(path.rglob("*.xsd")):
        return Thing.XSD_SET
    raise UsageError(f"{path} has neither a format.yaml, nor versions of formats, nor XML Schemas")


def _compare_definitions(old: Path, new: Path) -> Compared:
    catalogues = [_directory(path).resolve().parent.parent for path in (old, new)]
    approvals, notes = _approvals(catalogues)
    return _one(_definition(old), _definition(new), approvals, notes)


def _directory(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _definition(path: Path) -> Format:
    from gateway.formats.loading import load_format

    return load_format(_directory(path)) if path.is_dir() or path.name == _FORMAT_FILE else _loose(path)


def _loose(path: Path) -> Format:
    """Return the definition in a file of another name, such as one taken out of version control."""
    from gateway.formats.check import STRUCTURE, problems_of
    from gateway.formats.loading import build, schema

    try:
        document = documents.read(path)
    except documents.DocumentError as error:
        raise FormatError(where=str(path), cause=error.cause, problems=error.problems) from error
    problems = documents.validate(document, schema())
    if not problems:
        definition = build(document.data, path.parent, _digest(path))
        problems = problems_of(definition, document, STRUCTURE)
    if problems:
        raise FormatError(where=str(path), problems=problems)
    return definition


def _one(old: Format, new: Format, approvals: Mapping[str, Approved], notes: tuple[str, ...]) -> Compared:
    from gateway.formats.compare.definitions import compare

    return Compared((_held(old, new, compare(old, new)),), ((old, new),), approvals, notes=notes)


def _held(old: Format, new: Format, comparison: Comparison) -> Comparison:
    """Return ``comparison`` with the verdicts that stand where a schema decides as well."""
    if not any(one.dialect.xsd or one.dialect.json_schema for one in (old, new)):
        return comparison
    from gateway.witness import held

    return held(old, new, comparison)


def _compare_catalogues(old: Path, new: Path) -> Compared:
    from gateway.formats.compare.catalogues import compare_catalogues

    catalogues = (Catalogue.load(old), Catalogue.load(new))
    comparisons, unread = compare_catalogues(*catalogues, _held)
    approvals, notes = _approvals([old, new])
    pairs = tuple(_pair(one, *catalogues) for one in comparisons)
    return Compared(tuple(comparisons), pairs, approvals, notes=notes, unread=tuple(unread))


def _pair(comparison: Comparison, old: Catalogue, new: Catalogue) -> tuple[Format, Format] | None:
    """Return the definitions that were compared; None where one of them is not there."""
    found = [_named(old, comparison.old), _named(new, comparison.new)]
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None


def _named(catalogue: Catalogue, name: str) -> Format | None:
    message_type, _blank, version = name.rpartition(" ")
    try:
        return catalogue.look(message_type, Version.parse(version))
    except (FormatError, ValueError):
        return None


def _compare_xsds(old: Path, new: Path) -> Compared:
    from gateway.formats.compare.xsd import compare_sets

    found = compare_sets(old, new)
    compared = _schemas(old, new, found.changes, found.summary.to_lines())
    return dataclasses.replace(compared, notes=tuple(map(str, found.problems)))


def _compare_json_schemas(old: Path, new: Path) -> Compared:
    from gateway.formats.compare.json_schema import compare_json_schema

    return _schemas(old, new, compare_json_schema(old, new), ())


def _schemas(old: Path, new: Path, changes: Sequence[Change], summary: Sequence[str]) -> Compared:
    comparison = Comparison(new.name, str(old), str(new), _digest(old), _digest(new), tuple(changes))
    return Compared((comparison,), (None,), summaries={0: summary} if summary else {})


_COMPARERS: Mapping[Thing, Callable[[Path, Path], Compared]] = {
    Thing.VERSION: _compare_definitions,
    Thing.CATALOGUE: _compare_catalogues,
    Thing.XSD: _compare_xsds,
    Thing.XSD_SET: _compare_xsds,
    Thing.JSON_SCHEMA: _compare_json_schemas,
}


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of a directory's schemas as `sha256sum` lists them by name."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    lines = (f"{_digest(one)}  {one.relative_to(path)}\n" for one in sorted(path.rglob("*.xsd")))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _approvals(catalogues: Sequence[Path]) -> tuple[dict[str, Approved], tuple[str, ...]]:
    """Return the approvals that the locks of ``catalogues`` hold; an unreadable lock is a note."""
    found: dict[str, Approved] = {}
    notes = []
    for directory in dict.fromkeys(catalogues):
        try:
            found.update(_locked_approvals(directory))
        except LockInvalid as error:
            notes.append(f"No approval is known: {error.message} ({error.where})")
    return found, tuple(notes)


def _locked_approvals(directory: Path) -> Iterator[tuple[str, Approved]]:
    from gateway.formats.lock_file import read_lock

    for fingerprint, one in read_lock(directory).approvals.items():
        at = one.signed.at.strftime("%Y-%m-%d %H:%M:%SZ")
        yield fingerprint, Approved(one.signed.by, at, one.signed.reason)
