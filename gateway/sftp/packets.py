"""SFTP version 3 on the wire: what servers answer, parsed strictly.

The protocol is draft-ietf-secsh-filexfer-02; OpenSSH's PROTOCOL file has the extensions. What a
server says is not believed: a reply that is too short, too long, of another kind or beyond all
reason is a breach of protocol, after which the connection is of no use.
"""

from __future__ import annotations

import enum
import stat
import struct
from dataclasses import dataclass, replace

from gateway.errors import ServerUnreachable
from gateway.printable import printable

VERSION = 3
#: Most bytes of one packet; OpenSSH itself neither sends nor takes more than 256 KB.
MOST_PACKET = 1 << 20
#: Most bytes that a file can have.
MOST_SIZE = (1 << 63) - 1

_MOST_HANDLE = 256  # section 6.2
_UINT32 = struct.Struct(">I")
_UINT64 = struct.Struct(">Q")

_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 1, 2, 4, 8, 0x80000000
_KNOWN_FLAGS = _HAS_SIZE | _HAS_OWNER | _HAS_MODE | _HAS_TIMES | _HAS_MORE

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
# First letters of `ls -l`, for servers that state no type bits.
_LETTERS = {"d": "directory", "l": "symlink", "p": "fifo", "s": "socket", "c": "device", "b": "device"}


class Kind(enum.IntEnum):
    """Types of packets (section 3)."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    REALPATH = 16
    STAT = 17
    RENAME = 18
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Code(enum.IntEnum):
    """Status codes: those of version 3 (section 7), and some of newer drafts that servers send."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8
    INVALID_HANDLE = 9
    NO_SUCH_PATH = 10
    FILE_ALREADY_EXISTS = 11
    WRITE_PROTECT = 12
    NO_MEDIA = 13
    NO_SPACE_ON_FILESYSTEM = 14
    QUOTA_EXCEEDED = 15
    LOCK_CONFLICT = 17
    INVALID_FILENAME = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply; ``body`` is what follows its id, of DATA what follows the length too."""

    kind: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server states of a file (section 5)."""

    size: int = 0
    mtime: int = 0  #: 0 where it does not say
    kind: str = "file"
    typed: bool = False  #: whether the server stated the kind
    sized: bool = True  #: whether it stated the size


@dataclass(frozen=True, slots=True)
class Name:
    """One entry of a NAME reply."""

    name: str
    attributes: Attributes


class Parser:
    """Takes values from a body in order; every breach is a ServerUnreachable."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def uint32(self) -> int:
        """Take a number of 4 bytes."""
        return int(_UINT32.unpack(self._take(4))[0])

    def uint64(self) -> int:
        """Take a number of 8 bytes."""
        return int(_UINT64.unpack(self._take(8))[0])

    def string(self) -> bytes:
        """Take a string with its length before it."""
        return self._take(self.uint32())

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at == len(self._body)

    def attributes(self) -> Attributes:
        """Take the attributes of a file; an unknown flag makes the rest unreadable."""
        flags = self.uint32()
        if flags & ~_KNOWN_FLAGS:
            raise breach(f"attributes have the unknown flags {flags:#x}")
        size = self.uint64() if flags & _HAS_SIZE else 0
        if size > MOST_SIZE:
            raise breach(f"a file is said to have {size} bytes")
        if flags & _HAS_OWNER:
            self._take(8)
        mode = self.uint32() if flags & _HAS_MODE else 0
        mtime = 0
        if flags & _HAS_TIMES:
            self._take(4)
            mtime = self.uint32()
        if flags & _HAS_MORE:
            for _ in range(self.uint32()):
                self.string()
                self.string()
        kind = stat.S_IFMT(mode)
        return Attributes(
            size, mtime, _KINDS.get(kind, "device") if kind else "file", bool(kind), bool(flags & _HAS_SIZE)
        )

    def end(self) -> None:
        """Demand that nothing is left."""
        if not self.at_end:
            raise breach(f"a reply has {len(self._body) - self._at} bytes too many")

    def _take(self, count: int) -> bytes:
        start, self._at = self._at, self._at + count
        if self._at > len(self._body):
            raise breach("a reply ends too early")
        return self._body[start : self._at]


def breach(what: str) -> ServerUnreachable:
    """Return the error of a server that does not keep to the protocol."""
    return ServerUnreachable(
        f"The server speaks no SFTP that the gateway understands: {what}",
        hint="Ask the partner which software answers there, and whether a login script prints text",
    )


def text(raw: bytes) -> str:
    """Return a name as text; bytes that are not UTF-8 are kept."""
    return raw.decode("utf-8", "surrogateescape")


def status(reply: Reply) -> tuple[int, str]:
    """Return code and words of a STATUS reply; some servers send no words, or no language."""
    parser = _parser(reply, Kind.STATUS)
    code = parser.uint32()
    words = "" if parser.at_end else text(parser.string())
    if not parser.at_end:
        parser.string()
    parser.end()
    return code, printable(words[:200])


def handle(reply: Reply) -> bytes:
    """Return the handle of a HANDLE reply."""
    parser = _parser(reply, Kind.HANDLE)
    value = parser.string()
    parser.end()
    if len(value) > _MOST_HANDLE:
        raise breach(f"a handle has {len(value)} bytes")
    return value


def attributes(reply: Reply) -> Attributes:
    """Return the attributes of an ATTRS reply."""
    parser = _parser(reply, Kind.ATTRS)
    value = parser.attributes()
    parser.end()
    return value


def names(reply: Reply) -> list[Name]:
    """Return the entries of a NAME reply."""
    parser = _parser(reply, Kind.NAME)
    found = []
    for _ in range(parser.uint32()):
        name, line, stated = text(parser.string()), parser.string(), parser.attributes()
        if not stated.typed:
            kind = _LETTERS.get(text(line[:1]), "file")
            stated = replace(stated, kind=kind)
        found.append(Name(name, stated))
    parser.end()
    return found


def room(reply: Reply) -> int:
    """Return the bytes that a statvfs reply says are left to the account."""
    parser = _parser(reply, Kind.EXTENDED_REPLY)
    _block, fragment, _blocks, _free, available = (parser.uint64() for _ in range(5))
    return fragment * available


def extension_pairs(body: bytes) -> tuple[int, dict[str, bytes]]:
    """Return version and extensions of a VERSION packet."""
    parser = Parser(body)
    version = parser.uint32()
    pairs = {}
    while not parser.at_end:
        name = text(parser.string())
        pairs[name] = parser.string()
    return version, pairs


def _parser(reply: Reply, kind: Kind) -> Parser:
    if reply.kind != kind:
        raise breach(f"a reply of kind {reply.kind} came where {kind} was due")
    return Parser(reply.body)
