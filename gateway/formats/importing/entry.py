"""What an import makes, and its way into a catalogue: whole and without contradiction, or not at all."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gateway.errors import FormatError, ImportFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.formats.definition import Format, Version
    from gateway.model import Problem

#: As the schema of ``format.yaml`` has it; looked at before a directory gets the name.
_MESSAGE_TYPE = re.compile(r"[a-z][a-z0-9-]{0,62}")
#: Begins the directory in which a version is made; no part of the catalogue, whose names begin otherwise.
_MAKING = ".import-"
#: Seconds after which such a directory is what an import left that was killed.
_LEFT = 3600


@dataclass(frozen=True, slots=True)
class ImportedFormat:
    """A format version made from a vendor's schema or layout, not yet in a catalogue."""

    text: str  #: ``format.yaml``
    files: Mapping[str, bytes]  #: what lies beside it, by relative name with ``/``
    notes: tuple[str, ...] = ()  #: what a person should know: left out, assumed, replaced


def place(imported: ImportedFormat, catalogue: Path, message_type: str, version: Version) -> Format:
    """Write ``imported`` as ``<catalogue>/<message type>/<version>`` and return it loaded.

    The version appears complete and checked, or nothing appears. Raises ImportFailed where it
    is there already, has a name that is none, cannot be written, or contradicts itself.
    """
    target = catalogue / _name(message_type) / str(version)
    if os.path.lexists(target):
        hint = "Choose another version; an existing one is never overwritten"
        raise ImportFailed(
            f"{message_type} {version} is in the catalogue already", where=str(target), hint=hint
        )
    try:
        _sweep(catalogue)
        made = Path(tempfile.mkdtemp(prefix=_MAKING, dir=catalogue))
        try:
            return _placed(imported, made / message_type / str(version), target)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise ImportFailed("The format cannot be written", where=str(target), cause=error) from error


def checked(imported: ImportedFormat, message_type: str, version: Version) -> Format:
    """Return ``imported`` loaded from a temporary directory that is gone afterwards; for a trial.

    Raises ImportFailed as ``place`` does.
    """
    with tempfile.TemporaryDirectory(prefix="import-") as made:
        directory = Path(made) / _name(message_type) / str(version)
        _write(imported, directory)
        return _loaded(directory)


def _name(message_type: str) -> str:
    if not _MESSAGE_TYPE.fullmatch(message_type):
        hint = "Small letters, digits and hyphens, a letter first: material-master"
        raise ImportFailed(f"{message_type!r} is no name of a message type", hint=hint)
    return message_type


def _sweep(catalogue: Path) -> None:
    """Take away what imports left that were killed."""
    for left in catalogue.glob(f"{_MAKING}*"):
        if time.time() - left.lstat().st_mtime > _LEFT:
            shutil.rmtree(left, ignore_errors=True)


def _placed(imported: ImportedFormat, made: Path, target: Path) -> Format:
    from gateway.formats.loading import load_format

    _write(imported, made)
    _loaded(made)
    target.parent.mkdir(exist_ok=True)
    made.rename(target)
    for directory in (target.parent, target.parent.parent):
        _sync(directory)
    return load_format(target)


def _write(imported: ImportedFormat, directory: Path) -> None:
    directory.mkdir(parents=True)
    everything = {**imported.files, "format.yaml": imported.text.encode("utf-8")}
    for name, content in everything.items():
        _write_file(directory / _inside(name), content)
    for each in (directory, *(found for found in directory.rglob("*") if found.is_dir())):
        _sync(each)


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ImportFailed("A file of the import would lie outside the format's directory", where=name)
    return path


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _loaded(directory: Path) -> Format:
    """Return the format in ``directory``; ImportFailed with every problem that a check finds."""
    from gateway.formats.check import check_format
    from gateway.formats.loading import load_format

    try:
        definition = load_format(directory)
    except FormatError as error:
        raise _contradicts(error.problems, error) from error
    problems = check_format(definition)
    if problems:
        raise _contradicts(problems)
    return definition


def _contradicts(problems: Sequence[Problem], cause: FormatError | None = None) -> ImportFailed:
    """Return the refusal of a format that the import itself made; its files are gone by then."""
    hint = "This should not happen: report it with the file that was imported"
    found = [dataclasses.replace(each, file=Path(each.file).name) for each in problems]
    return ImportFailed(
        "The format that the import made contradicts itself",
        cause=None if cause is None or problems else cause,
        hint=hint,
        problems=found,
    )
