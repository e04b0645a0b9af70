"""Files on their way into custody from places that a rename cannot reach: fetched here, then placed.

A part has a name of its own, made of what was seen: place, size, time stamp, and the boot of this
machine. So bytes that are found under it were written for that very file since the machine was started,
and a fetch may go on behind them; whatever else lies here is of no use and is removed. Parts are no
custody: the file still stands where it came from.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.custody import syncs
from gateway.custody.copies import write_all
from gateway.custody.look import exists, open_regular, sighting
from gateway.custody.moves import rename_new
from gateway.custody.names import FETCH_PREFIX
from gateway.custody.refusals import refusal, refusing, shown
from gateway.errors import CustodyError, GatewayError, NameTaken
from gateway.model import Sighting

_OPEN = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_READ_BYTES = 256 * 1024


class Part:
    """One file that is being fetched; it takes the bytes in their order."""

    def __init__(self, path: str, seen: Sighting) -> None:
        self.path = path
        self.seen = seen
        self.held = 0  #: bytes that are there
        self.error: CustodyError | None = None  #: why no more could be written
        self._descriptor = -1

    @property
    def lacks(self) -> int:
        """How many bytes are still to come."""
        return self.seen.size - self.held

    def write(self, data: bytes) -> None:
        """Add ``data``; raises CustodyError (DiskFull among them), and ``error`` keeps it."""
        try:
            with refusing("write", self.path):
                if self._descriptor < 0:
                    self._descriptor = os.open(self.path, _OPEN, 0o666)
                write_all(self._descriptor, data)
        except CustodyError as error:
            self.error = error
            raise
        self.held += len(data)
        if self.held >= self.seen.size:
            self.close()  # a batch may be larger than the number of files that may be open

    def close(self) -> None:
        """Close the file; a network share may report a full disk only here (``error``)."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            try:
                os.close(descriptor)
            except OSError as error:
                self.error = refusal(error, "write", self.path)

    def discard(self) -> None:
        """Remove what is there: it is of no use, or it takes room that is needed."""
        self.close()
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        self.held = 0

    def digest(self, algorithm: str) -> str:
        """Return the hexadecimal digest of what is there."""
        digest = hashlib.new(algorithm, usedforsecurity=False)
        if self.held == 0:
            return digest.hexdigest()
        with open_regular(self.path) as file, refusing("read", self.path):
            while block := file.read(_READ_BYTES):
                digest.update(block)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Spool:
    """The parts in one directory, on the file system on which the files are to be placed."""

    directory: str
    boot_id: str

    def part(self, location: str, seen: Sighting) -> Part:
        """Return the part of the file ``seen`` at ``location``, with the bytes that may be kept of it.

        None are kept where the place states no time: nothing tells then whether they are still right.
        """
        part = Part(os.path.join(self.directory, self._name(location, seen)), seen)
        if exists(part.path):
            there = sighting(part.path)
            if there.kind == "file" and there.size <= seen.size and seen.mtime_ns > 0:
                part.held = there.size
            else:
                part.discard()
        return part

    def keep(self, wanted: Iterable[tuple[str, Sighting]]) -> None:
        """Remove every part but those of the files ``wanted`` (location and sighting)."""
        with refusing("list", self.directory), os.scandir(self.directory) as entries:
            present = {entry.name for entry in entries if entry.name.startswith(FETCH_PREFIX)}
        if not present:
            return
        kept = {self._name(location, seen) for location, seen in wanted}
        for name in present - kept:
            with refusing("remove", name), contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.directory, name))

    def _name(self, location: str, seen: Sighting) -> str:
        facts = (os.fsencode(location), str(seen.size), str(seen.mtime_ns), self.boot_id)
        text = b"\0".join(one if isinstance(one, bytes) else one.encode() for one in facts)
        return FETCH_PREFIX + hashlib.sha256(text).hexdigest()[:32]


def is_placed(path: str, seen: Sighting) -> bool:
    """Return whether the file ``seen`` has been placed at ``path``; NameTaken where another one has.

    The path is one transfer's alone, and what stands there was whole and synced before it got it. So
    the size tells enough; time stamps are not kept by every file system.
    """
    if not exists(path):
        return False
    there = sighting(path)
    if (there.kind, there.size) != ("file", seen.size):
        raise NameTaken("Another file has the working name", where=shown(path))
    return True


def place(parts: Sequence[tuple[Part, str]]) -> list[GatewayError | None]:
    """Give whole parts their working paths, durable when this returns; results in their order.

    Files are synced before they get their names: a file that has its name is whole, after a power
    loss too. What a failed sync leaves is of no use and is removed.
    """
    results: list[GatewayError | None] = [_prepare(part) for part, _ in parts]
    ready = [part.path for (part, _), error in zip(parts, results, strict=True) if error is None]
    try:
        syncs.sync_files(ready)
    except CustodyError as error:
        for part, _ in parts:
            part.discard()
        return [result or error for result in results]
    for at, (part, path) in enumerate(parts):
        if results[at] is None:
            try:
                rename_new(part.path, path)
            except CustodyError as error:
                results[at] = error
    unsynced = syncs.sync_each(os.path.dirname(path) for _, path in parts)
    return [
        result or unsynced.get(os.path.dirname(path))
        for result, (_, path) in zip(results, parts, strict=True)
    ]


def _prepare(part: Part) -> CustodyError | None:
    """Give the part its time stamp, and one of a file without bytes its existence."""
    try:
        with refusing("write", part.path):
            if part.seen.size == 0:
                os.close(os.open(part.path, _OPEN, 0o666))
            os.utime(part.path, ns=(part.seen.mtime_ns, part.seen.mtime_ns), follow_symlinks=False)
    except CustodyError as error:
        return error
    return None
