"""A watch over whoever opens the ledger's files beside SQLite: where it was done, nothing goes on.

POSIX takes a process's locks on a file away when the process closes any descriptor of it. So a gateway that
opens its own ledger to look at a byte, and closes it again, stands without the locks by which others know
that it works: the next command to end removes the log under it. The soak found that; this keeps it found.
"""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

# Not its log: SQLite keeps no lock on that, and `gateway.ledger.sqlite_log` writes what is left in it again.
_NAMES = tuple(f"ledger{os.sep}gateway.db{suffix}" for suffix in ("", "-shm", "-journal"))
_BINARY = tuple(map(os.fsencode, _NAMES))


class OpenedBesideSqlite(AssertionError):
    """The gateway opened a file of the ledger by itself."""


def watch() -> None:
    """Refuse it from now on to the gateway in this process, and in what is forked from it; tests may."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _is_ledger(arguments[0]) and _asks_gateway():
        raise OpenedBesideSqlite(f"{arguments[0]!r} is opened beside SQLite")


def _is_ledger(path: object) -> bool:
    if isinstance(path, bytes):
        return path.endswith(_BINARY)
    return isinstance(path, str | os.PathLike) and str(path).endswith(_NAMES)


def _asks_gateway() -> bool:
    """Whether it is the gateway that opens, and no test: the innermost of both decides."""
    frame: FrameType | None = sys._getframe(2)  # a hook is told what is opened, not by whom
    while frame is not None:
        house = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if house in ("gateway", "tests"):
            return house == "gateway"
        frame = frame.f_back
    return False
