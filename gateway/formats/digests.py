"""What the files of a version or a mapping are, byte for byte: digests that can be recomputed by hand.

The digest of a directory, or of a few files in it, is SHA-256 over all of them. For each file, in the
order of the bytes of its relative path (``/`` between parts): the path in UTF-8, one NUL byte, the size
in decimal ASCII digits, one NUL byte, then the raw bytes. Links and other special files are refused.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import FormatError
from gateway.printable import printable

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileDigest:
    """One file as it was read."""

    name: str  #: relative path, ``/`` between parts
    size: int  #: bytes
    sha256: str  #: of the raw bytes, 64 hexadecimal digits


@dataclass(frozen=True, slots=True)
class Digests:
    """Several files, each and together."""

    whole: str  #: the digest over all of them (see the module), 64 hexadecimal digits
    files: tuple[FileDigest, ...]


def digest_of(directory: Path) -> str:
    """Return the digest over all files of a version's directory as 64 hexadecimal digits.

    Raises OSError if a file cannot be read, FormatError for links and special files.
    """
    return digests_of(directory).whole


def digests_of(directory: Path, names: Iterable[str] | None = None) -> Digests:
    """Return the digests of the files ``names`` in ``directory``, or of all files in it.

    Raises OSError if a file cannot be read, FormatError for links, special files, and names that
    are not UTF-8 or cannot be shown.
    """
    whole = hashlib.sha256()
    files = []
    for name in sorted(file_names(directory) if names is None else names, key=os.fsencode):
        if not (directory / name).is_file() or (directory / name).is_symlink():
            raise FormatError("A format has regular files only", where=str(directory / name))
        raw = (directory / name).read_bytes()
        whole.update(b"%b\0%d\0" % (os.fsencode(name), len(raw)))
        whole.update(raw)
        files.append(FileDigest(name, len(raw), hashlib.sha256(raw).hexdigest()))
    return Digests(whole.hexdigest(), tuple(files))


def file_names(directory: Path, inside: str = "") -> Iterator[str]:
    """Yield the relative paths of all files below ``directory``, in no order.

    Raises OSError where a directory cannot be listed, FormatError as `digests_of` does.
    """
    with os.scandir(directory / inside) as entries:
        for entry in entries:
            name = f"{inside}{entry.name}"
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                yield from file_names(directory, f"{name}/")
            elif not stat.S_ISREG(mode):
                raise FormatError("A format has regular files only", where=str(directory / name))
            elif not name.isprintable():
                message = "The name of the file has bytes or characters that cannot be shown"
                raise FormatError(message, where=printable(str(directory / name)))
            else:
                yield name


def stamp_of(directory: Path) -> tuple[tuple[str, int, int, int], ...] | None:
    """Return what tells cheaply that a file below ``directory`` was changed, added or taken away.

    It is name, inode, size and time of change of each file (which, unlike that of modification, nobody
    can set back); None where the directory cannot be listed.
    """
    try:
        found = [(name, (directory / name).lstat()) for name in file_names(directory)]
    except (OSError, FormatError):
        return None
    return tuple(sorted((name, status.st_ino, status.st_size, status.st_ctime_ns) for name, status in found))
