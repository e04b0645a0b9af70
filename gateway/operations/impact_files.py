"""The real files that `gateway formats impact` reads: named ones, directories, the site's archive."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.custody import names
from gateway.custody.look import open_regular
from gateway.errors import CustodyError, UsageError
from gateway.formats.definition import Format
from gateway.formats.selection import recognises
from gateway.ledger import settlements
from gateway.readers import reader_for
from gateway.rules import file_names
from gateway.stages.context import Context
from gateway.stages.identify import HEAD_BYTES

_BESIDE = (names.MANIFEST_SUFFIX, names.REPORT_SUFFIX, ".done", ".sha256", ".md5")
#: Never opened: whoever closes a file gives up all locks that SQLite holds on it for the same process.
_DATABASE = (".db", ".db-wal", ".db-shm", ".db-journal")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to be read: where it is, the name it came with, and whether somebody named it."""

    path: str
    name: str
    is_certain: bool  #: named, or of this message type by the ledger
    sha256: str | None = None  #: of its bytes, where the ledger knows them


def in_paths(paths: Sequence[Path]) -> Iterator[Candidate]:
    """Return the files in ``paths``: files as they are named, directories with all that is below them.

    Hidden files, manifests, reports and day lists of an archive are left out, and so are databases.
    Raises UsageError, at once, for a path that is not there.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no file or directory {path}")
    return (one for path in paths for one in _in_path(path))


def _in_path(path: Path) -> Iterator[Candidate]:
    if not path.is_dir():
        yield Candidate(str(path), os.path.basename(path), is_certain=True)
        return
    for directory, below, files in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(files):
            if not _is_beside(name):
                yield Candidate(os.path.join(directory, name), name, is_certain=False)


def in_archive(context: Context, message_type: str) -> Iterator[Candidate]:
    """Yield the processed files of ``message_type``, as the ledger of the site knows them."""
    after = ""
    while True:
        with context.ledger.read() as connection:
            page = settlements.processed(connection, message_type, after)
        for _number, name, path, sha256 in page:
            yield Candidate(str(context.layout.absolute(path)), name, is_certain=True, sha256=sha256)
        if not page:
            return
        after = page[-1][0]


def belongs(candidate: Candidate, versions: Iterable[Format]) -> bool:
    """Return whether a file is of one of ``versions``: it is said to be, or its name or beginning says so.

    Raises CustodyError where it cannot be opened.
    """
    if candidate.is_certain:
        return True
    every = tuple(versions)
    if any(one.file_name and file_names.match(one.file_name, candidate.name) is not None for one in every):
        return True
    with open_regular(candidate.path) as stream:
        head = stream.read(HEAD_BYTES)
    return bool(head) and any(recognises(one, reader_for(one.kind).probe(one, head)) for one in every)


def size_of(candidate: Candidate) -> int | None:
    """Return the size in bytes of a regular file that can be opened; None where it is none."""
    try:
        with open_regular(candidate.path) as stream:
            return os.fstat(stream.fileno()).st_size
    except CustodyError:
        return None


def _is_beside(name: str) -> bool:
    return name.startswith(".") or name == names.DAY_LIST or name.endswith(_BESIDE + _DATABASE)
