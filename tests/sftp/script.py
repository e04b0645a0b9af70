"""What goes wrong at the server of the tests: its manner, its faults, and what was asked of it."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko

#: Statuses of the protocol; the last one is of later versions.
OK, END, MISSING, DENIED, FAILURE, BAD, UNSUPPORTED, NO_SPACE = 0, 1, 2, 3, 4, 5, 8, 14

#: What OpenSSH announces, as far as a gateway may use it.
OPENSSH = (
    ("posix-rename@openssh.com", b"1"),
    ("statvfs@openssh.com", b"2"),
    ("hardlink@openssh.com", b"1"),
    ("fsync@openssh.com", b"1"),
    ("limits@openssh.com", b"1"),
)


@dataclass(frozen=True)
class Manner:
    """What kind of server it plays."""

    extensions: tuple[tuple[str, bytes], ...] = OPENSSH  #: that it announces
    broken: frozenset[str] = frozenset()  #: of these: what it refuses all the same; short names
    largest: int = 261120  #: bytes of a read, and of a write, as limits@openssh.com says them
    handles: int = 64  #: files that may be open at once
    base: str = ""  #: what stands before every path
    states_sizes: bool = True
    states_times: bool = True
    read_only: bool = False
    renames_over: bool = False  #: as a system call does on Unix: the file that had the name is gone
    listing_seconds: float = 0.0  #: that every part of a listing takes
    names_per_part: int = 100
    made_up: int = 0  #: entries that every listing shows on top of what is there

    @property
    def announced(self) -> frozenset[str]:
        """Short names of its extensions."""
        return frozenset(name.partition("@")[0] for name, _data in self.extensions)


#: As OpenSSH.
FULL = Manner()
#: A server of the protocol's bare text.
PLAIN = Manner(extensions=(), largest=32768)
#: As servers on Windows often are: a drive before every path, no times, no extensions.
WINDOWS = Manner(extensions=(), largest=32768, base="/C:", states_times=False)


class Act(enum.Enum):
    """What goes wrong with one request."""

    CUT_BEFORE = "cut before"  #: the connection ends; nothing was done
    CUT_AFTER = "cut after"  #: it was done, and the connection ends before the reply
    STALL_BEFORE = "stalled before"  #: no reply until ``calm``; nothing was done before that
    STALL_AFTER = "stalled after"  #: it was done; no reply until ``calm``
    REFUSE = "refused"  #: nothing was done; the reply is ``status``
    REFUSE_AFTER = "refused after"  #: it was done; the reply is ``status`` all the same
    TELL = "told"  #: only ``then`` is called, before it is done
    TELL_AFTER = "told after"  #: only ``then`` is called, after it was done and before the reply
    LIE = "lies"  #: what it says of a file is ``size`` and ``mtime``
    SHORT = "short"  #: a read gives half of what was asked for, a write writes half and is refused


@dataclass
class Fault:
    """One thing that goes wrong; ``hit`` is set when it has."""

    operation: str
    act: Act
    nth: int = 1  #: of the requests that match, from now on
    path: str = ""  #: only requests whose path holds this
    status: int = FAILURE
    size: int | None = None
    mtime: int | None = None
    lasting: bool = False  #: goes wrong from the nth on, until ``calm``
    then: Callable[[], object] = lambda: None
    hit: threading.Event = field(default_factory=threading.Event)


class Cut(Exception):
    """The connection is to end."""


class Refused(Exception):
    """A request is to be answered with a status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Script:
    """The directory that a server shows, how it shows it, and what is to go wrong."""

    def __init__(self, root: Path, manner: Manner) -> None:
        self.root = root
        self.manner = manner
        self.room: int | None = None  #: bytes that may yet be written; None: any number
        self.full_status = FAILURE  #: what it says when the room is used up
        self.requests: list[tuple[str, str]] = []  #: operation and path (of a handle: of its file)
        self._faults: list[Fault] = []
        self._calm = threading.Event()
        self._lock = threading.RLock()

    def on(self, operation: str, act: Act, **details: Any) -> Fault:
        """Let a request of ``operation`` go wrong; extensions go by their short name (``fsync``)."""
        fault = Fault(operation, act, **details)
        with self._lock:
            self._calm.clear()
            self._faults.append(fault)
        return fault

    def calm(self) -> None:
        """Forget every fault and let go on what is stalled."""
        with self._lock:
            self._faults.clear()
            self._calm.set()

    def asked(self, operation: str) -> list[str]:
        """Return the paths for which ``operation`` was asked, in order."""
        return [path for name, path in list(self.requests) if name == operation]

    def due(self, operation: str, path: str) -> Fault | None:
        """Note a request; return what goes wrong with it."""
        with self._lock:
            self.requests.append((operation, path))
            for fault in self._faults:
                if fault.operation != operation or fault.path not in path:
                    continue
                fault.nth -= 1
                if fault.nth > 0:
                    continue
                if not fault.lasting:
                    self._faults.remove(fault)
                return fault
        return None

    def take_room(self, size: int) -> None:
        """Use up room for ``size`` bytes, or refuse."""
        with self._lock:
            if self.room is not None:
                if size > self.room:
                    raise Refused(self.full_status)
                self.room -= size

    def stall(self, transport: paramiko.Transport) -> None:
        """Wait until all is calm, or the client has gone."""
        while not self._calm.wait(0.02):
            if not transport.is_active():
                raise Cut
