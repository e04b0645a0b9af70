"""The list of a day directory: ``manifest-sha256.txt``, as ``sha256sum -c`` and BagIt read it.

One line per data file, companion, report and manifest: digest, two spaces, name. Names are escaped
as coreutils does it, though archive names never need it (see ``names`` for the percent sign).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from gateway.custody import writes
from gateway.custody.names import DAY_LIST
from gateway.custody.refusals import StrPath, refusing, shown
from gateway.errors import ManifestInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: SHA-256 (hex) and file name.
Entry = tuple[str, str]

_LINE = re.compile(rb"(\\?)([0-9a-f]{64}) [ *]([^\n\0]+)")
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r"})
_ESCAPED = re.compile(r"\\([\\nr])")
_PLAIN = {"\\": "\\", "n": "\n", "r": "\r"}


def append(day_directory: StrPath, entries: Sequence[Entry]) -> None:
    """Append ``entries`` that are not listed yet, in time and memory of the batch alone.

    Durable on return. A torn last line is removed first.
    """
    writes.append_lines(list_of(day_directory), _lines(entries))


def add(day_directory: StrPath, entries: Sequence[Entry]) -> None:
    """List ``entries`` whether or not some are listed already: the way after a crash.

    Reads the list, and writes it anew in one step: lines that stand there may never have reached the
    disk, because the try that wrote them was killed before the sync, or because the sync failed. Same
    end whenever it is called again. Durable on return.
    """
    _rewrite(day_directory, {**read(day_directory), **{name: sha256 for sha256, name in entries}})


def replace(day_directory: StrPath, name: str, sha256: str) -> None:
    """List ``name`` with ``sha256`` instead of what it had, in one step and durable."""
    _rewrite(day_directory, {**read(day_directory), name: sha256})


def remove(day_directory: StrPath, names: Iterable[str]) -> None:
    """Take ``names`` off the list, in one step and durable; those not listed are no error."""
    listed, gone = read(day_directory), frozenset(names)
    if not gone.isdisjoint(listed):
        _rewrite(day_directory, {name: sha256 for name, sha256 in listed.items() if name not in gone})


def read(day_directory: StrPath) -> dict[str, str]:
    """Return SHA-256 by name, in the list's order; empty where there is no list.

    A last line without its end is a torn one and does not count. Raises ManifestInvalid naming
    the line that is none, or that contradicts an earlier one.
    """
    path = list_of(day_directory)
    with refusing("read", path):
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return {}
    listed: dict[str, str] = {}
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        sha256, name = _parse(line, path, number)
        if listed.setdefault(name, sha256) != sha256:
            raise ManifestInvalid("A name is listed with two digests", where=f"{shown(path)}, line {number}")
    return listed


def list_of(day_directory: StrPath) -> str:
    """Return the path of the list of ``day_directory``."""
    return os.path.join(os.fspath(day_directory), DAY_LIST)


def _rewrite(day_directory: StrPath, listed: Mapping[str, str]) -> None:
    writes.replace(list_of(day_directory), _lines([(sha256, name) for name, sha256 in listed.items()]))


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
