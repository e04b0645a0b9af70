"""The protocol's side of the server of the tests: requests are answered in order, as the script lets them."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import socket
import stat
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import paramiko

from tests.sftp.script import (
    BAD,
    DENIED,
    END,
    FAILURE,
    MISSING,
    NO_SPACE,
    OK,
    UNSUPPORTED,
    Act,
    Cut,
    Fault,
    Refused,
    Script,
)  # fmt: skip

_OPERATIONS = {
    3: "open", 4: "close", 5: "read", 6: "write", 7: "lstat", 8: "fstat", 9: "setstat", 10: "fsetstat",
    11: "opendir", 12: "readdir", 13: "remove", 14: "mkdir", 15: "rmdir", 16: "realpath", 17: "stat",
    18: "rename",
}  # fmt: skip
_LARGEST_PACKET = 262144
_BEFORE = frozenset((Act.CUT_BEFORE, Act.REFUSE, Act.STALL_BEFORE, Act.TELL, Act.LIE, Act.SHORT))


def cut(transport: paramiko.Transport) -> None:
    """End a connection without a word of the protocol."""
    with contextlib.suppress(OSError):
        transport.sock.shutdown(socket.SHUT_RDWR)
    transport.close()


@dataclass
class _Handle:
    """An open file or directory."""

    path: str
    local: str
    descriptor: int = -1
    entries: Iterator[bytes] | None = None


class _Fields:
    """The fields of a packet, taken one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str = ">I") -> int:
        """Return the next number."""
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return int(value)

    def text(self) -> bytes:
        """Return the next string."""
        size = self.number()
        self._at += size
        return self._data[self._at - size : self._at]


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class Conversation(paramiko.SubsystemHandler):
    """One session: requests are answered in order, each in a method of its name."""

    def __init__(
        self, channel: paramiko.Channel, name: str, server: paramiko.ServerInterface, script: Script
    ) -> None:
        super().__init__(channel, name, server)
        self.daemon = True
        self._channel = channel
        self._script = script
        self._manner = script.manner
        self._handles: dict[bytes, _Handle] = {}
        self._lie: Fault | None = None
        self._short = False
        self._number = 0

    def start_subsystem(self, name: str, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        """Answer until the client goes, or the script says to cut."""
        try:
            while True:
                size = struct.unpack(">I", self._receive(4))[0]
                if size > _LARGEST_PACKET:
                    raise Cut
                self._answer(transport, self._receive(size))
        except (Cut, OSError, EOFError):
            cut(transport)
        finally:
            for handle in self._handles.values():
                if handle.descriptor >= 0:
                    os.close(handle.descriptor)

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._channel.recv(size - len(data))
            if not part:
                raise Cut
            data += part
        return data

    def _send(self, kind: int, body: bytes) -> None:
        self._channel.sendall(struct.pack(">IB", len(body) + 1, kind) + body)

    def _answer(self, transport: paramiko.Transport, packet: bytes) -> None:
        if packet[0] == 1:
            self._send(*self._reply(transport, "init", _Fields(packet[1:])))
            return
        fields = _Fields(packet[1:])
        number = struct.pack(">I", fields.number())
        name = _OPERATIONS.get(packet[0], "unknown")
        if packet[0] == 200:
            name = fields.text().decode().partition("@")[0]
        kind, body = self._reply(transport, name, fields)
        self._send(kind, number + body)

    def _reply(self, transport: paramiko.Transport, name: str, fields: _Fields) -> tuple[int, bytes]:
        """Do what is asked, with what the script lets go wrong; return the reply."""
        first = fields.text() if name not in ("init", "limits") else b""
        handle = self._handles.get(first)
        fault = self._script.due(name, handle.path if handle else os.fsdecode(first))
        if fault is None:
            return self._tried(name, first, fields)
        if fault.act in _BEFORE:
            fault.then()
            fault.hit.set()
        if fault.act is Act.CUT_BEFORE:
            raise Cut
        if fault.act is Act.REFUSE:
            return _status(fault.status)
        if fault.act is Act.STALL_BEFORE:
            self._script.stall(transport)
        self._lie, self._short = fault if fault.act is Act.LIE else None, fault.act is Act.SHORT
        reply = self._tried(name, first, fields)
        self._lie, self._short = None, False
        return reply if fault.act in _BEFORE else self._afterwards(transport, fault, reply)

    def _afterwards(
        self, transport: paramiko.Transport, fault: Fault, reply: tuple[int, bytes]
    ) -> tuple[int, bytes]:
        fault.then()
        fault.hit.set()
        if fault.act is Act.CUT_AFTER:
            raise Cut
        if fault.act is Act.STALL_AFTER:
            self._script.stall(transport)
        return _status(fault.status) if fault.act is Act.REFUSE_AFTER else reply

    def _tried(self, name: str, first: bytes, fields: _Fields) -> tuple[int, bytes]:
        try:
            return self._do(name, first, fields)
        except Refused as refused:
            return _status(refused.status)
        except FileNotFoundError:
            return _status(MISSING)
        except PermissionError:
            return _status(DENIED)
        except OSError as error:
            return _status(NO_SPACE if error.errno == errno.ENOSPC else FAILURE)
        except struct.error:
            return _status(BAD)

    def _do(self, name: str, first: bytes, fields: _Fields) -> tuple[int, bytes]:
        known = name == "init" or name in _OPERATIONS.values() or name in self._manner.announced
        method = _METHODS.get(name)
        if not known or method is None or name in self._manner.broken:
            raise Refused(UNSUPPORTED)
        if name in _CHANGES and self._manner.read_only:
            raise Refused(DENIED)
        return method(self, first, fields)

    # -- paths and what is said of files

    def _local(self, path: bytes) -> str:
        text = os.fsdecode(path)
        if self._manner.base:
            text = text.replace("\\", "/")
        base = self._manner.base
        text = text.removeprefix(base) if text == base or text.startswith(f"{base}/") else text
        clean = posixpath.normpath(posixpath.join("/", text)).lstrip("/")
        return os.path.join(self._script.root, clean)

    def _attributes(self, found: os.stat_result) -> bytes:
        size, mtime = found.st_size, int(found.st_mtime)
        if self._lie:
            size = size if self._lie.size is None else self._lie.size
            mtime = mtime if self._lie.mtime is None else self._lie.mtime
        flags, body = 4, b""
        if self._manner.states_sizes:
            flags, body = flags | 1, struct.pack(">Q", size)
        body += struct.pack(">I", found.st_mode)
        if self._manner.states_times:
            flags, body = flags | 8, body + struct.pack(">II", mtime & 0xFFFFFFFF, mtime & 0xFFFFFFFF)
        return struct.pack(">I", flags) + body

    def _open_handle(self, handle: _Handle) -> tuple[int, bytes]:
        self._number += 1
        name = f"h{self._number}".encode()
        self._handles[name] = handle
        return 102, _string(name)

    def _handle(self, name: bytes) -> _Handle:
        if name not in self._handles:
            raise Refused(FAILURE)
        return self._handles[name]

    # -- operations

    def _init(self, _name: bytes, _fields: _Fields) -> tuple[int, bytes]:
        extensions = b"".join(
            _string(name.encode()) + _string(data) for name, data in self._manner.extensions
        )
        return 2, struct.pack(">I", 3) + extensions

    def _open(self, path: bytes, fields: _Fields) -> tuple[int, bytes]:
        asked = fields.number()
        if asked & 2 and self._manner.read_only:
            raise Refused(DENIED)
        if len(self._handles) >= self._manner.handles:
            raise Refused(FAILURE)
        flags = {1: os.O_RDONLY, 2: os.O_WRONLY, 3: os.O_RDWR}[asked & 3]
        for bit, flag in ((4, os.O_APPEND), (8, os.O_CREAT), (16, os.O_TRUNC), (32, os.O_EXCL)):
            flags |= flag if asked & bit else 0
        local = self._local(path)
        descriptor = os.open(local, flags | os.O_CLOEXEC, 0o644)
        return self._open_handle(_Handle(os.fsdecode(path), local, descriptor))

    def _close(self, name: bytes, _fields: _Fields) -> tuple[int, bytes]:
        handle = self._handle(name)
        del self._handles[name]
        if handle.descriptor >= 0:
            os.close(handle.descriptor)
        return _status(OK)

    def _read(self, name: bytes, fields: _Fields) -> tuple[int, bytes]:
        offset, size = fields.number(">Q"), min(fields.number(), self._manner.largest)
        size = max(1, size // 2) if self._short else size
        data = os.pread(self._handle(name).descriptor, size, offset)
        return (103, _string(data)) if data else _status(END)

    def _write(self, name: bytes, fields: _Fields) -> tuple[int, bytes]:
        offset, data = fields.number(">Q"), fields.text()
        written = data[: len(data) // 2] if self._short else data
        self._script.take_room(len(written))
        os.pwrite(self._handle(name).descriptor, written, offset)
        return _status(FAILURE if self._short else OK)

    def _lstat(self, path: bytes, _fields: _Fields) -> tuple[int, bytes]:
        return 105, self._attributes(os.lstat(self._local(path)))

    def _stat(self, path: bytes, _fields: _Fields) -> tuple[int, bytes]:
        return 105, self._attributes(os.stat(self._local(path)))

    def _fstat(self, name: bytes, _fields: _Fields) -> tuple[int, bytes]:
        return 105, self._attributes(os.fstat(self._handle(name).descriptor))

    def _setstat(self, _name: bytes, _fields: _Fields) -> tuple[int, bytes]:
        return _status(OK)

    def _opendir(self, path: bytes, _fields: _Fields) -> tuple[int, bytes]:
        local = self._local(path)
        os.listdir(local)
        return self._open_handle(_Handle(os.fsdecode(path), local, entries=self._entries(local)))

    def _entries(self, local: str) -> Iterator[bytes]:
        """Yield the entries of a directory, in the form of a reply."""
        here = os.stat(local)
        for name in (b".", b".."):
            yield _string(name) * 2 + self._attributes(here)
        with os.scandir(local) as found:
            for entry in found:
                with contextlib.suppress(FileNotFoundError):
                    name = os.fsencode(entry.name)
                    yield _string(name) * 2 + self._attributes(entry.stat(follow_symlinks=False))
        made_up = os.stat_result((stat.S_IFREG | 0o644, 0, 0, 1, 0, 0, 100, 0, 1_760_000_000, 0))
        for number in range(self._manner.made_up):
            yield _string(b"MADE_%07d.csv" % number) * 2 + self._attributes(made_up)

    def _readdir(self, name: bytes, _fields: _Fields) -> tuple[int, bytes]:
        threading.Event().wait(self._manner.listing_seconds)
        entries = self._handle(name).entries or iter(())
        part = [entry for _, entry in zip(range(self._manner.names_per_part), entries, strict=False)]
        return (104, struct.pack(">I", len(part)) + b"".join(part)) if part else _status(END)

    def _remove(self, path: bytes, _fields: _Fields) -> tuple[int, bytes]:
        os.unlink(self._local(path))
        return _status(OK)

    def _mkdir(self, path: bytes, _fields: _Fields) -> tuple[int, bytes]:
        os.mkdir(self._local(path))
        return _status(OK)

    def _rmdir(self, path: bytes, _fields: _Fields) -> tuple[int, bytes]:
        os.rmdir(self._local(path))
        return _status(OK)

    def _realpath(self, path: bytes, _fields: _Fields) -> tuple[int, bytes]:
        below = os.path.relpath(self._local(path), self._script.root)
        there = posixpath.normpath(posixpath.join(f"{self._manner.base}/", below))
        return 104, struct.pack(">I", 1) + _string(os.fsencode(there)) * 2 + struct.pack(">I", 0)

    def _rename(self, old: bytes, fields: _Fields) -> tuple[int, bytes]:
        source, target = self._local(old), self._local(fields.text())
        if os.path.isdir(source):
            if os.path.lexists(target):
                raise Refused(FAILURE)
            os.rename(source, target)
        elif self._manner.renames_over:
            os.rename(source, target)
        else:
            os.link(source, target, follow_symlinks=False)
            os.unlink(source)
        return _status(OK)

    def _posix_rename(self, old: bytes, fields: _Fields) -> tuple[int, bytes]:
        os.replace(self._local(old), self._local(fields.text()))
        return _status(OK)

    def _hardlink(self, old: bytes, fields: _Fields) -> tuple[int, bytes]:
        os.link(self._local(old), self._local(fields.text()))
        return _status(OK)

    def _fsync(self, name: bytes, _fields: _Fields) -> tuple[int, bytes]:
        self._handle(name)
        return _status(OK)

    def _limits(self, _name: bytes, _fields: _Fields) -> tuple[int, bytes]:
        largest = self._manner.largest
        return 201, struct.pack(">QQQQ", _LARGEST_PACKET, largest, largest, self._manner.handles)

    def _statvfs(self, path: bytes, _fields: _Fields) -> tuple[int, bytes]:
        told = os.statvfs(self._local(path))
        free = told.f_bavail if self._script.room is None else self._script.room // told.f_frsize
        numbers = (told.f_bsize, told.f_frsize, told.f_blocks, free, free)
        return 201, struct.pack(">11Q", *numbers, told.f_files, told.f_ffree, told.f_favail, 0, 0, 255)


_Method = Callable[[Conversation, bytes, _Fields], tuple[int, bytes]]
_METHODS: dict[str, _Method] = {
    "init": Conversation._init,
    "open": Conversation._open, "close": Conversation._close, "read": Conversation._read,
    "write": Conversation._write, "lstat": Conversation._lstat, "stat": Conversation._stat,
    "fstat": Conversation._fstat, "setstat": Conversation._setstat, "fsetstat": Conversation._setstat,
    "opendir": Conversation._opendir, "readdir": Conversation._readdir, "remove": Conversation._remove,
    "mkdir": Conversation._mkdir, "rmdir": Conversation._rmdir, "realpath": Conversation._realpath,
    "rename": Conversation._rename, "posix-rename": Conversation._posix_rename,
    "hardlink": Conversation._hardlink, "fsync": Conversation._fsync, "limits": Conversation._limits,
    "statvfs": Conversation._statvfs,
}  # fmt: skip
_CHANGES = frozenset(
    ("write", "setstat", "fsetstat", "remove", "mkdir", "rmdir", "rename", "posix-rename", "hardlink")
)


def _status(code: int) -> tuple[int, bytes]:
    words = {OK: b"Success", MISSING: b"No such file", DENIED: b"Permission denied", FAILURE: b"Failure"}
    return 101, struct.pack(">I", code) + _string(words.get(code, b"Status %d" % code)) + _string(b"")
