"""Looking without touching: what stands in a directory, and opening regular files only."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from gateway.custody.refusals import StrPath, refusing, shown
from gateway.errors import FileMissing, NotRegular, OutsideSite
from gateway.model import Sighting

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from gateway.rules.standing import Standing

# NONBLOCK: opening a FIFO would otherwise wait for a writer for ever.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


class Fingerprint(NamedTuple):
    """What tells whether an open file is still the same one with the same content."""

    device: int
    inode: int
    size: int
    mtime_ns: int


def look(
    directory: StrPath, known: Container[str] = frozenset(), standing: Standing | None = None
) -> Iterator[Sighting]:
    """Yield one sighting per entry of ``directory``, in no order, following no link.

    Entries named in ``known`` cost nothing and are left out: a stat per entry is most of the
    cost of a look, so the caller names what it need not see again. Files of ``standing`` that are as they
    were are noted there and left out.

    Raises CustodyError where the directory cannot be listed.
    """
    marks = {} if standing is None else standing.marks
    still: set[str] = set() if standing is None else standing.still
    with refusing("list", directory), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name not in known:
                try:
                    status = entry.stat(follow_symlinks=False)
                    mark = marks.get(entry.name)
                    if mark == (status.st_size, status.st_mtime_ns, status.st_ino):
                        still.add(entry.name)
                    else:
                        yield _sighting(entry.name, entry.path, status)
                except FileNotFoundError:
                    continue  # taken away since the directory was read
                except PermissionError:
                    yield Sighting(entry.name, "file", 0, 0, entry.inode(), readable=False)


def sighting(path: StrPath) -> Sighting:
    """Return one look at the entry ``path``; raises FileMissing where there is none."""
    text = os.fspath(path)
    with refusing("look at", path):
        return _sighting(os.path.basename(text), text, os.lstat(text))


def sizes(directory: StrPath) -> dict[str, int]:
    """Return the names in ``directory`` with the sizes of regular files; 0 where it is something else.

    Costs half of a `look`. Raises CustodyError where the directory cannot be listed.
    """
    found: dict[str, int] = {}
    with refusing("list", directory), os.scandir(directory) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # taken away since the directory was read
            except PermissionError:
                found[entry.name] = 0
            else:
                found[entry.name] = status.st_size if stat.S_ISREG(status.st_mode) else 0
    return found


def open_regular(path: StrPath) -> BinaryIO:
    """Open the regular file ``path`` for reading bytes, following no link and never waiting.

    Raises NotRegular naming what the entry is; FileMissing, AccessDenied or CustodyError else.
    """
    descriptor, _found = open_descriptor(path)
    return os.fdopen(descriptor, "rb")


def open_descriptor(path: StrPath) -> tuple[int, Fingerprint]:
    """Open a file as `open_regular` does; return its descriptor, and what it is like."""
    with refusing("open", path):
        # Looked at first: opening a device can already do something to it.
        _require_regular(path, os.lstat(path).st_mode)
        try:
            descriptor = os.open(path, _READ)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise NotRegular("Became a link or socket while it was opened", where=shown(path)) from error
            raise
        try:
            status = os.fstat(descriptor)
            _require_regular(path, status.st_mode)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor, _fingerprint(status)


def fingerprint(descriptor: int) -> Fingerprint:
    """Return the fingerprint of the open file ``descriptor``."""
    return _fingerprint(os.fstat(descriptor))


def _fingerprint(status: os.stat_result) -> Fingerprint:
    return Fingerprint(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def inside(root: StrPath, path: StrPath) -> str:
    """Return the real path of ``path``, all links resolved; raises OutsideSite if it leaves ``root``."""
    real_root, real = os.path.realpath(root), os.path.realpath(path)
    if real != real_root and not real.startswith(os.path.join(real_root, "")):
        raise OutsideSite(
            where=f"{shown(path)} leads to {shown(real)}",
            hint="Remove the link; a volume is mounted where it is needed, not linked to",
        )
    return real


def exists(path: StrPath) -> bool:
    """Return whether there is an entry ``path``, of any kind, a dangling link included."""
    with refusing("look at", path):
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True


def require(path: StrPath) -> os.stat_result:
    """Return the lstat of the regular file ``path``; raises FileMissing or NotRegular."""
    with refusing("look at", path):
        try:
            status = os.lstat(path)
        except NotADirectoryError as error:
            raise FileMissing(where=shown(path), cause=error) from error
        _require_regular(path, status.st_mode)
        return status


def _require_regular(path: StrPath, mode: int) -> None:
    kind = _kind(mode)
    if kind != "file":
        raise NotRegular(
            f"This is a {kind}, not a regular file",
            where=shown(path),
            hint="Remove it; the gateway takes regular files only and follows no links",
        )


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "device")


def _sighting(name: str, path: str, status: os.stat_result) -> Sighting:
    kind = _kind(status.st_mode)
    # Asked for files only: access() follows links.
    readable = kind != "file" or os.access(path, os.R_OK, effective_ids=True)
    return Sighting(name, kind, status.st_size, status.st_mtime_ns, status.st_ino, readable)
