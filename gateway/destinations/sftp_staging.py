"""Writing a batch of parcels to an SFTP server under temporary names."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence

from gateway.config.settings import SftpDestination, Verification
from gateway.destinations.base import Parcel
from gateway.destinations.pieces import Pieces, checksum_line
from gateway.destinations.sftp_looking import Seen, holds, look_at, occupied
from gateway.errors import (
    DestinationError,
    FileChanged,
    GatewayError,
    RemoteMissing,
    ServerError,
    ServerUnreachable,
    TargetOccupied,
)
from gateway.sftp.base import Fetch, RemoteEntry, Session, Store

_EMPTY = hashlib.sha256(b"").hexdigest()


class Staging:
    """One batch being staged over one session; each parcel has its own result."""

    def __init__(
        self, session: Session, settings: SftpDestination, parcels: Sequence[tuple[Parcel, Pieces]]
    ) -> None:
        self._session = session
        self._settings = settings
        self._parcels = parcels
        self._results: list[GatewayError | None] = [None] * len(parcels)

    def run(self) -> list[GatewayError | None]:
        """Stage all of them and return their results; raises ServerError where the server is gone."""
        seen = look_at(self._session, [pieces for _parcel, pieces in self._parcels])
        self._for_each(lambda parcel, pieces: self._make_room(parcel, pieces, seen))
        with scratch() as directory:
            self._store(directory)
        if self._settings.verify is Verification.CONTENT:
            self._read_back()
        for index, result in enumerate(self._results):
            if result is not None:
                self._tidy(self._parcels[index][1], result)
        return self._results

    def _going(self) -> list[int]:
        return [index for index, result in enumerate(self._results) if result is None]

    def _for_each(self, step: Callable[[Parcel, Pieces], None]) -> None:
        """Take one step for each parcel that had no error yet; its error is a value."""
        for index in self._going():
            try:
                step(*self._parcels[index])
            except ServerUnreachable:
                raise
            except GatewayError as error:
                self._results[index] = error

    def _make_room(self, parcel: Parcel, pieces: Pieces, seen: Seen) -> None:
        """See that the names are free, and remove what an earlier try of this very delivery left."""
        seen.demand(pieces)
        for piece in (pieces.data, pieces.marker):
            if piece is not None and piece.final in seen:
                raise occupied(piece.final)
        if pieces.checksum is not None and pieces.checksum.final in seen:
            # its data is not there: it is ours from a try that did not get further, or another one's
            line = checksum_line(parcel, self._settings.checksum_algorithm)
            if not holds(self._session, seen[pieces.checksum.final], pieces.checksum.final, line):
                raise occupied(pieces.checksum.final)
            self._session.remove(pieces.checksum.final)
        for piece in pieces.every():
            if piece.temporary in seen:
                self._session.remove(piece.temporary)

    def _store(self, directory: str) -> None:
        stores: list[Store] = []
        owners: list[int] = []
        for index in self._going():
            try:
                chosen = self._stores(*self._parcels[index], os.path.join(directory, str(index)))
            except GatewayError as error:
                self._results[index] = error
            else:
                stores += chosen
                owners += [index] * len(chosen)
        for index, result in zip(owners, self._session.store(stores) if stores else [], strict=True):
            if isinstance(result, GatewayError) and self._results[index] is None:
                self._results[index] = self._explained(result)

    def _stores(self, parcel: Parcel, pieces: Pieces, local: str) -> list[Store]:
        """Return what is to be written for one parcel; its side files are made at ``local``."""
        stores = [Store(parcel.path, pieces.data.temporary, parcel.sha256, parcel.size)]
        if pieces.checksum is not None:
            line = checksum_line(parcel, self._settings.checksum_algorithm)
            stores.append(small_store(f"{local}.checksum", pieces.checksum.temporary, line))
        if pieces.marker is not None:
            stores.append(small_store(f"{local}.marker", pieces.marker.temporary, b""))
        return stores

    def _explained(self, error: GatewayError) -> GatewayError:
        if not isinstance(error, FileChanged):
            return error
        return DestinationError(
            "The copy is not the file that was accepted",
            where=error.where,
            cause=error,
            hint="Look for a damaged disk or an altered file in working/; the delivery is tried again",
        )

    def _read_back(self) -> None:
        """Compare what the server gives back with what it was given."""
        going = self._going()
        paths = [self._parcels[index][1].data.temporary for index in going]
        checks, fetches, owners = [], [], []
        for index, path, entry in zip(going, paths, self._session.look_each(paths), strict=True):
            if isinstance(entry, ServerUnreachable):
                raise entry
            if not isinstance(entry, RemoteEntry):
                self._results[index] = entry or RemoteMissing("What was written is gone", where=path)
                continue
            digest = hashlib.sha256()
            checks.append(digest)
            owners.append(index)
            fetches.append(Fetch(path, self._parcels[index][0].size, entry.mtime, digest.update))
        for index, digest, failed in zip(owners, checks, self._session.fetch(fetches), strict=True):
            parcel, pieces = self._parcels[index]
            if failed is not None:
                self._results[index] = failed
            elif digest.hexdigest() != parcel.sha256:
                self._results[index] = DestinationError(
                    "The server gives back other bytes than it was given",
                    where=pieces.data.temporary,
                    hint="Look for a damaged disk there, or something that alters files as they come in",
                )

    def _tidy(self, pieces: Pieces, failure: GatewayError) -> None:
        """Leave nothing of a parcel that is not whole; what cannot be removed is, with the next try."""
        if isinstance(failure, ServerUnreachable | TargetOccupied):
            return
        for piece in pieces.every():
            with contextlib.suppress(ServerError):
                self._session.remove(piece.temporary)


def remove_left(session: Session, paths: Sequence[str]) -> None:
    """Remove those of ``paths`` that are there; raises ServerError where one cannot be."""
    for path, found in zip(paths, session.look_each(paths) if paths else (), strict=True):
        if isinstance(found, RemoteEntry):
            with contextlib.suppress(RemoteMissing):
                session.remove(path)
        elif found is not None:
            raise found


@contextlib.contextmanager
def scratch() -> Iterator[str]:
    """Give a local directory for side files until they are stored; raises DestinationError without room."""
    with contextlib.ExitStack() as stack:
        try:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-"))
        except OSError as error:
            raise _no_room(tempfile.gettempdir(), error) from error
        yield directory


def small_store(local: str, path: str, content: bytes) -> Store:
    """Write ``content`` to the file ``local`` and return how it is stored; raises DestinationError."""
    try:
        with open(local, "wb") as file:
            file.write(content)
    except OSError as error:
        raise _no_room(local, error) from error
    return Store(local, path, hashlib.sha256(content).hexdigest() if content else _EMPTY, len(content))


def _no_room(where: str, cause: OSError) -> DestinationError:
    hint = "Make room there, or let TMPDIR name another directory"
    return DestinationError("A side file cannot be prepared", where=where, cause=cause, hint=hint)
