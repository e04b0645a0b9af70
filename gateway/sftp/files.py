"""Reading small files of the gateway's own that stand outside its custody: keys, known_hosts."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

#: None of these files is larger: known_hosts with ten thousand lines is not, and is read for each session.
LARGEST = 1024 * 1024


def read_regular(path: Path) -> tuple[bytes, os.stat_result]:
    """Return a file's bytes, links followed, and what its descriptor says of it.

    Raises OSError, for everything that is no regular file too.
    """
    # NONBLOCK: a pipe in its place would wait for a writer for ever
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise OSError(errno.EFBIG, f"it is larger than {LARGEST:,} bytes")
        return data, found
    finally:
        os.close(descriptor)
