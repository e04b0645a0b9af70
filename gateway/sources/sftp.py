"""A directory of an SFTP server that a sender writes into.

Nothing here changes anything there: files are copied into custody, and what becomes of them at the
remote end is the matter of ``sources.acknowledging``, once the claim is on record.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence

from gateway.custody.spool import Part, Spool, is_placed, place
from gateway.custody.syncs import sync_each
from gateway.errors import (
    CustodyError,
    DiskFull,
    FileMissing,
    GatewayError,
    RemoteMissing,
    ServerError,
    ServerUnreachable,
)
from gateway.model import Sighting
from gateway.printable import printable
from gateway.rules.standing import Standing
from gateway.sftp.base import Connections, Fetch, RemoteEntry
from gateway.sources.addresses import address, directory_path, join
from gateway.sources.base import Claim

#: What a ledger can hold as a size; a server may state anything.
_LARGEST = 2**63 - 1
_SECOND = 10**9
#: Bytes of small files that are fetched ahead in one go.
_TEXTS = 16 * 1024 * 1024


def sighting(entry: RemoteEntry) -> Sighting:
    """Return what the server states of an entry as every source states it; the time in full seconds."""
    # such a name leads somewhere else than it says: the entry stays visible, and is never taken
    readable = bool(entry.name) and "/" not in entry.name and "\0" not in entry.name
    size = min(max(entry.size, 0), _LARGEST)
    return Sighting(entry.name, entry.kind, size, max(entry.mtime, 0) * _SECOND, 0, readable)


class SftpFolder:
    """A source on an SFTP server."""

    def __init__(self, server: str, path: str, connections: Connections, spool: Spool) -> None:
        """Look into ``path`` of the ``server`` with that name; what is fetched goes through ``spool``."""
        self._server = server
        self._directory = directory_path(path)
        self._connections = connections
        self._spool = spool
        self._texts: dict[str, bytes] = {}  #: small files that were fetched ahead
        self._announced: dict[str, Sighting] = {}  #: files whose tails are asked for next
        self._tails: dict[str, bytes] = {}  #: the next of those
        self._near: dict[Sighting, Part] = {}  #: files that were fetched whole by this source

    @property
    def place(self) -> str:
        """The directory's address."""
        return address(self._server, self._directory)

    def look(self, standing: Standing) -> Iterator[Sighting]:  # noqa: ARG002
        """Yield one sighting per entry, as the server states it."""
        with self._connections.session(self._server) as session:
            for entry in session.entries(self._directory):
                yield sighting(entry)

    def location(self, name: str) -> str:
        """Return the entry's address."""
        return address(self._server, self._path(name))

    def read_small(self, name: str, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a file."""
        if name in self._texts:
            return self._texts[name][:limit]
        with self._connections.session(self._server) as session:
            return session.read(self._path(name), 0, limit)

    def tail(self, name: str, size: int) -> bytes:
        """Return the last ``size`` bytes of a file."""
        if name in self._announced:
            self._fetch_tails(name, size)
        if name in self._tails:
            return self._tails.pop(name)
        with self._connections.session(self._server) as session:
            return session.read(self._path(name), -size, size)

    def announce_tails(self, ends: Sequence[Sighting], size: int) -> None:  # noqa: ARG002 - `tail` knows it
        """Fetch them, many at once, when the first of them is asked for."""
        self._announced = {one.name: one for one in ends}
        self._tails = {}

    def digest(self, seen: Sighting, algorithm: str) -> str:
        """Return the digest of a file's bytes, which are fetched for it; the claim takes them over."""
        part = self._near.get(seen) or self._part(seen)
        if seen not in self._near:
            for error in self._fetch([part]):
                if error is not None:
                    raise error
        return part.digest(algorithm)

    def fetch_ahead(self, texts: Sequence[Sighting], whole: Sequence[Sighting], most: int) -> set[str]:
        """Fetch small files into memory and others into the spool; what fails is read alone later."""
        # together they stand in memory: what is more than a little is read one by one
        sizes = itertools.accumulate(one.size for one in texts)
        small = [one for one, total in zip(texts, sizes, strict=True) if total <= _TEXTS]
        if small:
            self._texts |= self._fetch_ends(small, _TEXTS)
        parts: list[Part] = []
        put_off: set[str] = set()
        for part in [self._part(one) for one in whole if one not in self._near]:
            if parts and part.lacks > most:
                put_off.add(part.seen.name)
                continue
            most -= part.lacks
            parts.append(part)
        for part, error in zip(parts, self._fetch(parts), strict=True):
            if error is None:
                self._near[part.seen] = part
            elif isinstance(error, (ServerUnreachable, DiskFull)):
                raise error
        return put_off

    def _fetch_tails(self, first: str, size: int) -> None:
        """Fetch the tail of ``first`` and as many of those announced after it as memory may hold."""
        chosen = [self._announced.pop(first)]
        room = _TEXTS - min(size, chosen[0].size)
        for following in list(self._announced.values()):
            room -= min(size, following.size)
            if room < 0:
                break
            chosen.append(self._announced.pop(following.name))
        self._tails = self._fetch_ends(chosen, size)

    def _fetch_ends(self, files: Sequence[Sighting], size: int) -> dict[str, bytes]:
        """Return at most the last ``size`` bytes of each file, by name; those that fail are left out."""
        bodies = [bytearray() for _ in files]
        requests = [
            self._request(one, body.extend, max(0, one.size - size))
            for one, body in zip(files, bodies, strict=True)
        ]
        with self._connections.session(self._server) as session:
            errors = session.fetch(requests)
        ends = zip(files, bodies, errors, strict=True)
        return {one.name: bytes(body) for one, body, error in ends if error is None}

    def bytes_to_come(self, sightings: Sequence[Sighting]) -> int:
        """Return how many bytes of these files are not in the spool yet."""
        return sum(self._part(one).lacks for one in sightings if one not in self._near)

    def claim(self, claims: Sequence[Claim]) -> list[GatewayError | None]:
        """Fetch the files into the working directory; what a broken connection left is gone on with."""
        results: list[GatewayError | None] = [None] * len(claims)
        parts: dict[int, Part] = {}
        named: list[int] = []
        for at, one in enumerate(claims):
            try:
                if is_placed(one.working_path, one.sighting):
                    named.append(at)
                else:
                    parts[at] = self._part(one.sighting)
            except CustodyError as error:
                results[at] = error
        for at, fetched in zip(parts, self._fetch(list(parts.values())), strict=True):
            results[at] = fetched
        whole = [at for at in parts if results[at] is None]
        placed = place([(parts[at], claims[at].working_path) for at in whole])
        for at, failed in zip(whole, placed, strict=True):
            results[at] = failed
        # what has its name got it from a try that may have been cut off before the name was durable
        unsynced = sync_each(os.path.dirname(claims[at].working_path) for at in named)
        for at in named:
            results[at] = unsynced.get(os.path.dirname(claims[at].working_path))
        return results

    def _fetch(self, parts: Sequence[Part]) -> list[GatewayError | None]:
        """Fetch what the parts lack, all at once; a connection that cannot be had is each one's error."""
        if not parts:
            return []
        fetches = [self._request(part.seen, part.write, part.held) for part in parts]
        try:
            with self._connections.session(self._server) as session:
                errors = session.fetch(fetches)
        except ServerError as error:
            errors = [error] * len(parts)
        return [self._ended(part, error) for part, error in zip(parts, errors, strict=True)]

    def _request(self, seen: Sighting, write: Callable[[bytes], object], offset: int = 0) -> Fetch:
        return Fetch(self._path(seen.name), seen.size, seen.mtime_ns // _SECOND, write, offset)

    def _ended(self, part: Part, error: GatewayError | None) -> GatewayError | None:
        """Close the part and return how its fetch ended; one that cannot be gone on with is removed."""
        part.close()
        if part.error is not None:
            part.discard()
            return part.error
        if error is None or (isinstance(error, ServerError) and not isinstance(error, RemoteMissing)):
            return error
        part.discard()
        if isinstance(error, RemoteMissing):
            where = printable(self.location(part.seen.name))
            return FileMissing("The file is gone", where=where, hint="The sender took it back or renamed it")
        return error

    def _part(self, seen: Sighting) -> Part:
        return self._spool.part(self.location(seen.name), seen)

    def _path(self, name: str) -> str:
        return join(self._directory, name)
