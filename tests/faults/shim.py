"""The library that stands between a process and its files: built on demand, told what to do, read out.

A process that was started with `environment` has every call on files counted, recorded, refused or
answered by a kill, as the `Control` says that both share; see interpose/. One fault at a time:

    with Control(path) as control:                      # the process has FAULTS_CONTROL=path
        control.arm(Fault(Action.REFUSE, first=17, error=errno.EIO), below=site)

``below`` is compared with real paths: resolve links first. Calls are numbered from 1 when armed.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import hashlib
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

SOURCES = Path(__file__).with_name("interpose")

#: The last number of a fault that lasts.
FOREVER = 2**62

_PATH = 1024
_KINDS = 64
_RECORD = struct.Struct("=IIqqqqqqqIIII")


class Kind(enum.IntEnum):
    """Kinds of calls, in the order of ``enum kind``."""

    CREATE = 0  #: open with O_CREAT, O_TRUNC or O_TMPFILE
    OPEN = 1  #: any other open
    WRITE = 2
    COPY = 3  #: copy_file_range, sendfile
    TRUNCATE = 4
    ALLOCATE = 5
    SYNC = 6
    DATASYNC = 7  #: fdatasync, sync_file_range
    SYNCFS = 8
    MSYNC = 9
    RENAME = 10
    LINK = 11
    SYMLINK = 12
    UNLINK = 13
    RMDIR = 14
    MKDIR = 15
    MODE = 16  #: chmod, chown, utimensat and their likes
    CLOSE = 17  #: of what was opened for writing
    READ = 18
    STAT = 19
    LIST = 20  #: opendir, readdir
    SEND = 21  #: on a socket, whatever the path that is asked for
    MARK = 22  #: a place that the program itself names, see `mark`


#: What changes a file system or makes it durable.
CHANGES = frozenset(kind for kind in Kind if kind <= Kind.MODE)
#: What only looks.
LOOKS = frozenset({Kind.OPEN, Kind.READ, Kind.STAT, Kind.LIST})


class Action(enum.IntEnum):
    """What happens to a call, in the order of ``enum action``."""

    NOTHING = 0
    KILL_BEFORE = 1
    KILL_AFTER = 2
    KILL_WITHIN = 3  #: half of a write is made, then the process dies; other calls are made whole
    REFUSE = 4  #: the call is not made and ends with ``error``
    REFUSE_AFTER = 5  #: the call is made and ends with ``error`` all the same: a lost reply
    CUT_SHORT = 6  #: half of a write or read is made, and the caller is told so
    STOP_BEFORE = 7  #: the process is stopped (SIGSTOP) before the call


@dataclass(frozen=True)
class Fault:
    """What happens, to which calls (by number, from 1 on), with which errno."""

    action: Action = Action.NOTHING
    first: int = 1
    last: int = 0  #: 0: only the first
    error: int = 0


@dataclass(frozen=True)
class Fired:
    """The last call that a fault happened to."""

    times: int
    kind: Kind
    call: str
    path: str


@dataclass(frozen=True)
class Call:
    """One recorded call."""

    number: int
    kind: Kind
    call: str
    path: str
    to: str  #: the second path of a rename or link; what a symlink points to
    result: int
    error: int
    thread: int
    offset: int  #: where a write began; -1 where there is no such thing
    flags: int  #: of an open or rename; the length of a truncate; the mode of mkdir and chmod
    inode: int  #: of what the descriptor stood for; 0 where there is none
    data: bytes  #: what a write really wrote


class _Layout(ctypes.Structure):
    """``struct control`` of interpose/interpose.h."""

    _fields_ = (
        ("enabled", ctypes.c_int64),
        ("pid", ctypes.c_int64),
        ("kinds", ctypes.c_uint64),
        ("action", ctypes.c_int64),
        ("first", ctypes.c_int64),
        ("last", ctypes.c_int64),
        ("error", ctypes.c_int64),
        ("count", ctypes.c_int64),
        ("fired", ctypes.c_int64),
        ("fired_kind", ctypes.c_int64),
        ("counts", ctypes.c_int64 * _KINDS),
        ("below", ctypes.c_char * _PATH),
        ("needle", ctypes.c_char * _PATH),
        ("journal", ctypes.c_char * _PATH),
        ("fired_call", ctypes.c_char * 64),
        ("fired_path", ctypes.c_char * _PATH),
    )


def build() -> Path:
    """Return the compiled library; compiled once per state of its sources, kept among the temporary files.

    Without a C compiler tests skip, or fail on CI.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        words = "no C compiler is installed: apt-get install gcc libc6-dev"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    sources = sorted(SOURCES.glob("*.[ch]"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    directory = Path(tempfile.gettempdir()) / f"gateway-faults-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    library = directory / f"interpose-{digest}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=directory) as place:
            part = Path(place) / library.name
            command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-o", str(part)]
            units = [str(path) for path in sources if path.suffix == ".c"]
            subprocess.run([*command, *units, "-ldl", "-pthread"], check=True)
            part.replace(library)
    return library


def environment(control: Path, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables with which a process is started that shall obey ``control``; make it."""
    control.touch(0o600)
    os.truncate(control, ctypes.sizeof(_Layout))
    known = dict(os.environ if base is None else base)
    return {**known, "LD_PRELOAD": str(build()), "FAULTS_CONTROL": str(control)}


class Control:
    """The shared file by which the library is told what to do; a context manager.

    ``path`` must lie outside of what is watched. It is made where it is not there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        size = ctypes.sizeof(_Layout)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(descriptor, size)
        self._memory = mmap.mmap(descriptor, size)
        os.close(descriptor)
        self._at = _Layout.from_buffer(self._memory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disarm()
        del self._at
        self._memory.close()

    def arm(
        self,
        fault: Fault,
        *,
        below: Path | str = "",
        kinds: Collection[Kind] = CHANGES,
        needle: str = "",
        journal: Path | str = "",
        pid: int = 0,
    ) -> None:
        """Count from now on, and let ``fault`` happen.

        What counts: calls of these ``kinds`` on paths ``below`` a directory (itself included) that
        contain ``needle``, of the process ``pid`` or of every one. They are recorded in ``journal``.
        """
        at = self._at
        at.enabled = 0
        at.pid, at.kinds = pid, sum(1 << kind for kind in set(kinds))
        at.action, at.error = fault.action, fault.error
        at.first, at.last = fault.first, max(fault.last, fault.first)
        at.count = at.fired = at.fired_kind = 0
        at.counts[:] = [0] * _KINDS
        at.below, at.needle, at.journal = os.fsencode(below), os.fsencode(needle), os.fsencode(journal)
        at.fired_call = at.fired_path = b""
        at.enabled = 1

    def disarm(self) -> None:
        """Let every call through, and count no more."""
        self._at.enabled = 0

    def count(self) -> int:
        """Return the number of calls since it was armed."""
        return int(self._at.count)

    def counts(self) -> dict[Kind, int]:
        """Return the number of calls of each kind since it was armed."""
        return {kind: self._at.counts[kind] for kind in Kind if self._at.counts[kind]}

    def fired(self) -> Fired | None:
        """Return the last call that the fault happened to; None where it happened to none."""
        at = self._at
        if not at.fired:
            return None
        call, path = at.fired_call.decode(), os.fsdecode(at.fired_path)
        return Fired(at.fired, Kind(at.fired_kind), call, path)


def mark(name: str) -> None:
    """Name a place in the program that counts like a call; nothing without the library."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).faults_mark(name.encode())


def journal(path: Path) -> Iterator[Call]:
    """Yield the recorded calls in the order of their effects, without what a kill left torn at the end."""
    data = path.read_bytes()
    at = 0
    while at + _RECORD.size <= len(data):
        size, kind, number, result, error, thread, offset, flags, inode, *lengths = _RECORD.unpack_from(
            data, at
        )
        if at + size > len(data):
            return
        parts, begin = [], at + _RECORD.size
        for length in lengths:
            parts.append(data[begin : begin + length])
            begin += length
        call, one, two, written = parts
        yield Call(
            number,
            Kind(kind),
            call.decode(),
            os.fsdecode(one),
            os.fsdecode(two),
            result,
            error,
            thread,
            offset,
            flags,
            inode,
            written,
        )
        at += size
