"""Calls that change the disk, and what may happen at the nth of them: the process dies, or the call fails."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from gateway.custody import moves, syncs

_CALLS: tuple[tuple[Any, str], ...] = (
    (os, "open"),
    (os, "write"),
    (os, "fsync"),
    (os, "mkdir"),
    (os, "link"),
    (os, "unlink"),
    (os, "rename"),
    (os, "replace"),
    (moves, "_rename_noreplace"),
    (syncs, "_syncfs"),
    (DefaultDialect, "do_commit"),
)
#: Errors that a call can fail with for a while.
ERRORS = {name: getattr(errno, name) for name in ("ENOSPC", "EIO", "EACCES", "EROFS", "EMFILE", "ESTALE", "EDQUOT")}


@dataclass(frozen=True, slots=True)
class Trap:
    """What happens from the ``first`` call on: a kill before or after it, or ``count`` calls that fail."""

    first: int
    error: str = ""  #: name of the error; empty: SIGKILL
    count: int = 1
    below: str = ""  #: only calls below this directory fail

    def __str__(self) -> str:
        if not self.error:
            return f"SIGKILL at call {self.first}"
        return f"{self.error} at {self.count} calls from call {self.first}, below {self.below}"


class Tripwire:
    """Stands in the way of this process's calls once it is laid; there is one in a process."""

    def __init__(self) -> None:
        self.calls = 0
        self.hits = 0  #: calls that were made to fail
        self._trap: Trap | None = None
        for module, name in _CALLS:
            setattr(module, name, self._guarded(name, getattr(module, name)))

    def arm(self, trap: Trap | None) -> None:
        """Count calls from now on, for ``trap``; None: let everything pass."""
        self.calls, self.hits, self._trap = 0, 0, trap

    def _guarded(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if self._trap is None:
                return real(*arguments, **options)
            self._step(name, arguments)
            result = real(*arguments, **options)
            self._step("", ())
            return result

        return call

    def _step(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Count a moment before a call (with its ``name``) or after it, and do what is due then."""
        trap = self._trap
        assert trap is not None
        self.calls += 1
        if not trap.error:
            if self.calls == trap.first:
                os.kill(os.getpid(), signal.SIGKILL)
            return
        is_due = bool(name) and self.calls >= trap.first and self.hits < trap.count
        if is_due and _is_below(name, arguments, trap.below):
            self.hits += 1
            _fail(name, trap.error)


def _is_below(name: str, arguments: tuple[Any, ...], directory: str) -> bool:
    """Whether the call concerns the directory; a commit concerns that of the ledger."""
    if name == "do_commit":
        return directory.endswith("/ledger")
    return any(_path(one).startswith(directory) for one in arguments[:2])


def _path(argument: object) -> str:
    """Return the path that an argument of a call means; empty where it means none."""
    if isinstance(argument, int):
        try:
            return os.readlink(f"/proc/self/fd/{argument}")
        except OSError:
            return ""
    return os.fsdecode(argument) if isinstance(argument, str | bytes | os.PathLike) else ""


def _fail(name: str, error: str) -> None:
    if name == "do_commit":
        raise sqlite3.OperationalError("disk I/O error" if error != "ENOSPC" else "database or disk is full")
    raise OSError(ERRORS[error], os.strerror(ERRORS[error]))
