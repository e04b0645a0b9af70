"""Checkpoints of the audit trail, kept outside the ledger so that a cut-off end shows.

A file of JSON lines, one per checkpoint: ``{"at":"...","count":300,"hash":"..."}``. Whoever can
rewrite the ledger should not be able to write this file; a copy on another machine is better still.

A ledger that an operator restored or rebuilt begins with a line of its own, which says for ever what
the trail has lost: ``{"at":"...","count":190,"hash":"...","kind":"restored","kept":120,"lost":300,
"reason":"..."}``. Entries 121 to 300 of the trail before are gone; entry 190 of the new one says who
did it and why. The line excuses the checkpoints above ``kept`` that stand before it, and only where
the trail's own entry ``count`` says the same.

Lines are numbered and chained: ``number`` counts them, ``previous`` is the SHA-256 of the line before
(without its line end). A signed line names its ``key`` by fingerprint; its ``signature`` is the last
member, base64 of an Ed25519 signature over the line's bytes as they would be without that member. A
line of kind ``key`` announces the key that signs after it. Lines of gateways before version 2 of the
ledger have none of these members.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from gateway.custody import moves, writes
from gateway.errors import CustodyError, LedgerBusy, LedgerError
from gateway.ledger.audit_chain import Head
from gateway.ledger.encoding import canonical_json, text_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from gateway.signing import SigningKey


#: More than any line of the file has.
_LONGEST_LINE = 8192
#: Characters of a reason that a line repeats; the audit entry has all of it.
_REASON = 500
#: What the first line names as the digest of the line before it.
FIRST = hashlib.sha256(b"plant-gateway audit checkpoints").hexdigest()
#: The kind of a line that announces another key.
_KEY = "key"
#: The actions of the audit entries with which a restored or rebuilt ledger goes on, by kind of line.
ACTIONS = {"restored": "ledger-restored", "rebuilt": "ledger-rebuilt"}

#: Seconds that a writer waits for another one.
_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Restoration:
    """What an authorised restore or rebuild of the ledger took away from the trail, for ever."""

    kind: str  #: ``restored`` or ``rebuilt``
    kept: int  #: the last entry of the trail before that is still part of it
    lost: int  #: the last entry of the trail before that was known of
    reason: str

    def __str__(self) -> str:
        """Return in words what is lost."""
        if self.lost <= self.kept:
            return "no entry is known to be lost"
        one = self.kept + 1 == self.lost
        return f"entry {self.lost} is lost" if one else f"entries {self.kept + 1} to {self.lost} are lost"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How the audit trail ended at a moment."""

    count: int
    hash: str
    at: datetime
    restoration: Restoration | None = None  #: where the entry ``count`` is that of a restore or rebuild
    number: int | None = None  #: of the line; None for one of an old gateway
    previous: str | None = None  #: digest of the line before
    key: str | None = None  #: fingerprint of the key that signed it
    signature: str | None = None  #: base64
    new_key: str | None = None  #: a public key that may sign from here on
    raw: bytes = field(default=b"", repr=False)  #: the line without its end
    place: int | None = field(default=None, compare=False)  #: the line's place in its file, from 1

    @property
    def digest(self) -> str:
        """SHA-256 of the line, by which the next one and the ledger name it."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that are signed: the line without its signature."""
        return self.raw.rpartition(b',"signature":')[0] + b"}"


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of a file, and the numbers of the lines that are none (a torn write, or worse)."""

    listed: tuple[Checkpoint, ...]
    unreadable: tuple[int, ...] = ()


@contextlib.contextmanager
def alone(path: str) -> Iterator[None]:
    """Keep every other process and thread that appends to ``path`` waiting, for a bounded time.

    A node that stands still with the lock must not stop the others. Raises LedgerBusy, LedgerError.
    """
    try:
        moves.make_directory(os.path.dirname(path) or ".")
        # beside the file: on a network share a lock ends as soon as any descriptor of its file is closed
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except (OSError, CustodyError) as error:
        raise _unwritten(path, error) from error
    try:
        _lock(descriptor, path)
        yield
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # it is closed, and the lock gone, whatever a share says to that
            os.close(descriptor)


def _lock(descriptor: int, path: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                hint = "The next pass notes the end of the trail; a gateway that stands still keeps the lock"
                raise LedgerBusy("Somebody else writes checkpoints", where=path, hint=hint) from error
            time.sleep(0.01)


def append(
    path: str,
    head: Head,
    now: datetime,
    restoration: Restoration | None = None,
    *,
    known: tuple[int, str] | None = None,
    key: SigningKey | None = None,
    new_key: str | None = None,
) -> Checkpoint:
    """Write a checkpoint for ``head``, durable when this returns; the directory is made if need be.

    With ``restoration``, ``head`` is the entry that says so. ``known`` are number and digest of the
    newest line that the ledger knows of: the new one follows it even where it is gone from the file.
    ``key`` signs the line, ``new_key`` (OpenSSH's form) is announced by it. Use it inside `alone` where
    others may append too. Raises LedgerError if the file cannot be written.
    """
    facts: dict[str, object] = {"at": now, "count": head.count, "hash": head.hash}
    if restoration is not None:
        facts |= {"kind": restoration.kind, "kept": restoration.kept, "lost": restoration.lost}
        facts["reason"] = restoration.reason[:_REASON]
    elif new_key is not None:
        facts |= {"kind": _KEY, "new_key": new_key}
    before = _end(path, known)
    facts |= {"number": before[0] + 1, "previous": before[1]}
    line = _signed(facts, key)
    write_lines(path, [line])
    return _parsed(line)


def write_lines(path: str, lines: Sequence[bytes]) -> None:
    """Append whole ``lines`` as they are, durable when this returns; raises LedgerError."""
    try:
        moves.make_directory(os.path.dirname(path) or ".")
        # a last line that a crash tore is cut off first: it anchored nothing that this one does not
        writes.append_lines(path, b"".join(line + b"\n" for line in lines))
    except CustodyError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: str, error: BaseException) -> LedgerError:
    return LedgerError("The audit checkpoint cannot be written", where=path, cause=error)


def _end(path: str, known: tuple[int, str] | None) -> tuple[int, str]:
    """Return number and digest of the line that the next one follows."""
    try:
        newest = last(path)
    except LedgerError as error:
        raise _unwritten(path, error.cause or error) from error
    if newest is None:
        return known or (0, FIRST)
    number = newest.number if newest.number is not None else len(read(path).listed)
    return known if known is not None and known[0] > number else (number, newest.digest)


def _signed(facts: dict[str, object], key: SigningKey | None) -> bytes:
    if key is None:
        return canonical_json(facts).encode()
    unsigned = canonical_json({**facts, "key": key.public.fingerprint}).encode()
    signature = base64.b64encode(key.sign(unsigned))
    return unsigned[:-1] + b',"signature":"' + signature + b'"}'


def last(path: str) -> Checkpoint | None:
    """Return the newest checkpoint in ``path`` without reading all others; None where there is none.

    What stands behind it and is no checkpoint (a torn line) does not count.
    """
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4 * _LONGEST_LINE))
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError("The audit checkpoints cannot be read", where=path, cause=error) from error
    return next((one for one in map(_parse, reversed(lines)) if one is not None), None)


def read(path: str) -> Checkpoints:
    """Return the checkpoints in ``path``; none if there is no file. LedgerError if it is unreadable."""
    try:
        with open(path, "rb") as file:
            read_lines = [
                (number, _parse(line.removesuffix(b"\n"), number))
                for number, line in enumerate(_lines(file), start=1)
            ]
    except FileNotFoundError:
        return Checkpoints(())
    except OSError as error:
        raise LedgerError("The audit checkpoints cannot be read", where=path, cause=error) from error
    return Checkpoints(
        tuple(one for _, one in read_lines if one), tuple(number for number, one in read_lines if not one)
    )


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of ``file``, and of one that is too long to be a checkpoint only its beginning."""
    while line := file.readline(_LONGEST_LINE):
        yield line
        while len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(_LONGEST_LINE)


def _parse(line: bytes, place: int | None = None) -> Checkpoint | None:
    try:
        return _parsed(line, place)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _parsed(line: bytes, place: int | None = None) -> Checkpoint:
    data = json.loads(line)
    is_restoration = data.get("kind", _KEY) != _KEY
    optional = {name: str(data[name]) for name in ("previous", "key", "signature", "new_key") if name in data}
    return Checkpoint(
        int(data["count"]),
        str(data["hash"]),
        text_time(data["at"]),
        _restoration(data) if is_restoration else None,
        int(data["number"]) if "number" in data else None,
        **optional,
        raw=line,
        place=place,
    )


def signature_of(one: Checkpoint) -> bytes:
    """Return the signature of a checkpoint; empty where it has none that can be one."""
    try:
        return base64.b64decode(one.signature or "", validate=True)
    except (ValueError, binascii.Error):
        return b""


def _restoration(data: dict[str, Any]) -> Restoration:
    if data["kind"] not in ACTIONS:
        raise ValueError(f"not a kind of checkpoint: {data['kind']}")
    return Restoration(data["kind"], int(data["kept"]), int(data["lost"]), str(data["reason"]))
