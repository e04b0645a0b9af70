"""What the operating system refuses, said in the gateway's words."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from gateway.errors import AccessDenied, CustodyError, DiskFull, FileMissing, NameTaken, NotRegular
from gateway.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

StrPath = str | os.PathLike[str]

_CLASSES: dict[int, type[CustodyError]] = {
    errno.EEXIST: NameTaken,
    errno.ENOTEMPTY: NameTaken,
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.ENOENT: FileMissing,
    errno.EACCES: AccessDenied,
    errno.EPERM: AccessDenied,
    errno.ELOOP: NotRegular,
}

_HINTS = {
    errno.EEXIST: "Move the file that has the name away, then let the next pass try again",
    errno.ENOSPC: "Free space (or inodes) on the file system; the next pass tries again",
    errno.EDQUOT: "Raise the quota of the gateway's account; the next pass tries again",
    errno.EACCES: "Correct owner or permissions for the gateway's account",
    errno.EPERM: "Correct owner or permissions for the gateway's account",
    errno.ELOOP: "A link stands where a file should; the gateway follows none: find out who put it there",
    errno.EROFS: "The file system is mounted read-only: look for disk errors in the system log",
    errno.EIO: "The disk reports an error: look into the system log before anything else",
    errno.ESTALE: "The network share was remounted: check the mount; the next pass tries again",
    errno.ENAMETOOLONG: "The name is longer than the file system allows",
    errno.EMFILE: "Too many open files: raise the limit of the gateway's account",
}


def shown(path: StrPath) -> str:
    """Return ``path`` as messages show it."""
    return printable(os.fspath(path))


def refusal(error: OSError, operation: str, *paths: StrPath) -> CustodyError:
    """Return the custody error that says that ``operation`` on ``paths`` failed with ``error``."""
    number = error.errno or 0
    return _CLASSES.get(number, CustodyError)(
        f"Cannot {operation}",
        where=" -> ".join(shown(path) for path in paths),
        cause=OSError(number, error.strerror or str(error)),
        hint=_HINTS.get(number),
    )


@contextlib.contextmanager
def refusing(operation: str, *paths: StrPath) -> Iterator[None]:
    """Turn an OSError of the block into the CustodyError that names ``operation`` and ``paths``."""
    try:
        yield
    except OSError as error:
        raise refusal(error, operation, *paths) from error
