"""What a process that ended left in SQLite's write-ahead log is put on the disk before more is written.

If the sync of a commit fails, the commit is an error, but its pages stand in the log all the same, and
the kernel takes them for written. Where the process then dies, the next one finds them, takes them for
committed, and writes behind them. No sync puts them on the disk any more; and after a power cut the log
ends where they are missing, before all that was acknowledged since. So they are written once more.
"""

from __future__ import annotations

import os

from gateway.custody.syncs import sync_directory
from gateway.errors import LedgerError

_CHUNK = 1024 * 1024


def log_of(path: str) -> str:
    """Return where SQLite keeps the log of the ledger ``path``: beside the file that a link leads to."""
    return os.path.realpath(path) + "-wal"


def write_again(log: str) -> None:
    """Write the log ``log``, where there is one, over itself, and sync it and its name.

    To be called within a transaction that writes: then nobody appends to the log or begins it anew, and
    whoever reads meanwhile reads the same bytes.

    Raises LedgerError or SyncFailed where the disk refuses: then nothing may be acknowledged.
    """
    try:
        descriptor = os.open(log, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _rewrite(descriptor)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LedgerError("The ledger's log cannot be put on the disk", where=log, cause=error) from error
    sync_directory(os.path.dirname(log))


def _rewrite(descriptor: int) -> None:
    at = 0
    while chunk := os.pread(descriptor, _CHUNK, at):
        written = 0
        while written < len(chunk):
            written += os.pwrite(descriptor, chunk[written:], at + written)
        at += len(chunk)
