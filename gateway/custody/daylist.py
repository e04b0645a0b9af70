"""The list of a day directory: ``manifest-sha256.txt``, as ``sha256sum -c`` and BagIt read it.

One line per data file, companion, report and manifest: digest, two spaces, name. Names are escaped
as coreutils does it, though archive names never need it (see ``names`` for the percent sign).
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, BinaryIO

from gateway.custody import syncs, writes
from gateway.custody.names import DAY_LIST
from gateway.custody.refusals import StrPath, refusing, shown
from gateway.errors import CustodyError, ManifestInvalid, NotRegular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

#: SHA-256 (hex) and file name.
Entry = tuple[str, str]

#: Somebody else who writes the same list at the same time is met once at most.
_TRIES = 3
#: Bytes of a line: a name has at most 255, of which each may be escaped.
_LONGEST_LINE = 4096
_LINE = re.compile(rb"(\\?)([0-9a-f]{64}) [ *]([^\n\0]+)")
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r"})
_ESCAPED = re.compile(r"\\([\\nr])")
_PLAIN = {"\\": "\\", "n": "\n", "r": "\r"}


def append(day_directory: StrPath, entries: Sequence[Entry]) -> None:
    """Append ``entries`` that are not listed yet, in time and memory of the batch alone.

    Durable on return. A torn last line is removed first.
    """
    path, lines = list_of(day_directory), _lines(entries)
    writes.append_lines(path, lines)
    # A node that worked here before, and stood still amid writing the list anew, would put a list in place
    # that lacks these lines. What it has ready is taken from it; if it was quicker, they are listed again.
    writes.discard(writes.temporary_beside(path))
    if not _ends_with(path, lines):
        add(day_directory, entries)


def add(day_directory: StrPath, entries: Sequence[Entry]) -> None:
    """List ``entries`` whether or not some are listed already: the way after a crash.

    Reads the list, and writes it anew in one step: lines that stand there may never have reached the
    disk, because the try that wrote them was killed before the sync, or because the sync failed. Same
    end whenever it is called again. Durable on return.
    """
    _rewrite(day_directory, lambda listed: {**listed, **{name: sha256 for sha256, name in entries}})


def replace(day_directory: StrPath, name: str, sha256: str) -> None:
    """List ``name`` with ``sha256`` instead of what it had, in one step and durable."""
    _rewrite(day_directory, lambda listed: {**listed, name: sha256})


def remove(day_directory: StrPath, names: Iterable[str]) -> None:
    """Take ``names`` off the list, in one step and durable; those not listed are no error."""
    gone = frozenset(names)
    if not gone.isdisjoint(read(day_directory)):
        _rewrite(day_directory, lambda listed: {one: sha for one, sha in listed.items() if one not in gone})


def exchange(day_directory: StrPath, gone: Iterable[str], entries: Sequence[Entry]) -> None:
    """Take ``gone`` off the list and put ``entries`` on it, in one durable step; the same when repeated."""
    names = frozenset(gone)
    new = {name: sha256 for sha256, name in entries}
    _rewrite(day_directory, lambda old: {one: sha for one, sha in old.items() if one not in names} | new)


def read(day_directory: StrPath) -> dict[str, str]:
    """Return SHA-256 by name, in the list's order; empty where there is no list.

    A last line without its end is a torn one and does not count. Raises ManifestInvalid naming
    the line that is none, or that contradicts an earlier one.
    """
    path = list_of(day_directory)
    with refusing("read", path):
        try:
            with open(path, "rb", opener=_not_waiting) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise NotRegular("The list is not a regular file", where=shown(path))
                return _read(file, path)
        except FileNotFoundError:
            return {}


def _not_waiting(path: str, flags: int) -> int:
    """Open as Python does, but wait for nobody who would write into a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _read(file: BinaryIO, path: str) -> dict[str, str]:
    listed: dict[str, str] = {}
    lines = iter(lambda: file.readline(_LONGEST_LINE), b"")  # never more than that at once, whatever it is
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            if len(line) == _LONGEST_LINE:
                raise ManifestInvalid("A line is too long to be one", where=f"{shown(path)}, line {number}")
            break
        sha256, name = _parse(line.removesuffix(b"\n"), path, number)
        if listed.setdefault(name, sha256) != sha256:
            raise ManifestInvalid("A name is listed with two digests", where=f"{shown(path)}, line {number}")
    return listed


def list_of(day_directory: StrPath) -> str:
    """Return the path of the list of ``day_directory``."""
    return os.path.join(os.fspath(day_directory), DAY_LIST)


def _rewrite(day_directory: StrPath, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
    """Put a changed list in place of the one that was read; nothing that came meanwhile is lost."""
    path = list_of(day_directory)
    for _ in range(_TRIES):
        before = _mark(path)
        listed = change(read(day_directory))
        temporary = writes.write_temporary(path, _lines([(sha256, name) for name, sha256 in listed.items()]))
        try:
            syncs.sync_files([temporary])
            # the look comes after the writing: see `append`, which discards what is ready
            if _mark(path) == before:
                writes.place_over(temporary, path)
                syncs.sync_directory(os.fspath(day_directory))
                return
        except BaseException:
            writes.discard(temporary)
            raise
        writes.discard(temporary)
    raise CustodyError("Somebody else writes the day list at the same time", where=shown(path))


def _mark(path: str) -> tuple[int, int, int] | None:
    """Return what changes when the list does; None where there is none."""
    with refusing("look at", path):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _ends_with(path: str, lines: bytes) -> bool:
    with refusing("read", path), open(path, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - len(lines)))
        return file.read() == lines


def _lines(entries: Iterable[Entry]) -> bytes:
    return b"".join(_line(sha256, name) for sha256, name in entries)


def _line(sha256: str, name: str) -> bytes:
    escaped = name.translate(_ESCAPES)
    mark = "\\" if escaped != name else ""
    return os.fsencode(f"{mark}{sha256}  {escaped}\n")


def _parse(line: bytes, path: str, number: int) -> Entry:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ManifestInvalid("This is no line of a checksum list", where=f"{shown(path)}, line {number}")
    name = os.fsdecode(match[3])
    if match[1]:
        name = _ESCAPED.sub(lambda escape: _PLAIN[escape[1]], name)
    return match[2].decode("ascii"), name
