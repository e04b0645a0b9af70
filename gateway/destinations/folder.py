"""A directory that a receiver reads from: temporary name, sync, rename; checksum file first, marker last."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

from gateway.config.settings import FolderDestination
from gateway.custody import copies, moves, syncs, writes
from gateway.custody.look import open_regular
from gateway.destinations.base import Parcel, Staged, not_staged_here
from gateway.destinations.pieces import Piece, Pieces, checksum_line, pieces_of
from gateway.errors import (
    CustodyError,
    DestinationError,
    GatewayError,
    NameTaken,
    PredecessorUndelivered,
    PublicationUnfinished,
    TargetOccupied,
)


class Folder:
    """Delivers into one directory of a local or mounted file system."""

    def __init__(self, settings: FolderDestination) -> None:
        """Deliver as ``settings`` say; the directory must exist."""
        self._directory = str(settings.path)
        self._settings = settings

    def identity(self) -> str:
        """Return path and inode: an empty mount point, or another directory of the name, is another place."""
        try:
            return f"{self._directory}#{os.stat(self._directory).st_ino}"
        except OSError as error:
            raise self._missing() or DestinationError(where=self._directory, cause=error) from error

    def stage(self, parcels: Sequence[Parcel]) -> list[GatewayError | None]:
        """Write each parcel, and its side files, under hidden temporary names and sync them."""
        if missing := self._missing():
            return [missing] * len(parcels)
        results = [_attempt(self._write, parcel) for parcel in parcels]
        written = [parcel for parcel, failed in zip(parcels, results, strict=True) if failed is None]
        try:
            syncs.sync_files(
                [piece.temporary for parcel in written for piece in self._pieces(parcel).every()]
            )
            syncs.sync_directories([self._directory] if written else [])
        except CustodyError as error:
            # what may not be durable is not staged, whichever file the sync failed for
            failure = DestinationError("Staged files could not be synced", where=self._directory, cause=error)
            return [result or failure for result in results]
        return results

    def withdraw(self, parcels: Sequence[Parcel]) -> None:
        """Remove temporary files."""
        for parcel in parcels:
            for piece in self._pieces(parcel).every():
                with contextlib.suppress(CustodyError, OSError):
                    writes.discard(piece.temporary)

    def publish(self, parcels: Sequence[Parcel]) -> list[GatewayError | None]:
        """Name the checksum file of each parcel, the parcel, its marker; sync the directory once."""
        results: list[GatewayError | None] = []
        stopped: set[str | None] = set()
        for parcel in parcels:
            if parcel.stream in stopped:
                results.append(PredecessorUndelivered(where=parcel.target))
                continue
            results.append(_attempt(self._rename, parcel))
            if results[-1] is not None and parcel.stream is not None:
                stopped.add(parcel.stream)
        try:
            syncs.sync_directories([self._directory])
        except CustodyError as error:
            failure = PublicationUnfinished(where=self._directory, cause=error)
            return [result or failure for result in results]
        return results

    def _missing(self) -> DestinationError | None:
        if os.path.isdir(self._directory):
            return None
        hint = "Mount it or make it; the deliveries wait and are tried again"
        return DestinationError("The directory is not there", where=self._directory, hint=hint)

    def _write(self, parcel: Parcel) -> None:
        pieces = self._pieces(parcel)
        for piece in (pieces.data, pieces.marker):
            if piece is not None and os.path.lexists(piece.final):
                raise _occupied(piece.final)
        line = checksum_line(parcel, self._settings.checksum_algorithm) if pieces.checksum else b""
        if pieces.checksum is not None and os.path.lexists(pieces.checksum.final):
            # its data is not there: it is ours from a try that did not get further, or another one's
            if not _holds(pieces.checksum.final, line):
                raise _occupied(pieces.checksum.final)
            os.unlink(pieces.checksum.final)
        for one in (parcel, *parcel.left_before()):
            for piece in self._pieces(one).every():
                writes.discard(piece.temporary)
        self._copy(parcel, pieces.data.temporary)
        if pieces.checksum is not None:
            _write_side(pieces.checksum.temporary, line)
        if pieces.marker is not None:
            _write_side(pieces.marker.temporary, b"")

    def _copy(self, parcel: Parcel, temporary: str) -> None:
        sha256, size = copies.copy_new(parcel.path, temporary)
        if (sha256, size) != (parcel.sha256, parcel.size):
            os.unlink(temporary)
            raise DestinationError(
                "The copy is not the file that was accepted",
                where=temporary,
                hint="Look for a damaged disk or an altered file in working/; the delivery is tried again",
            )

    def _rename(self, parcel: Parcel) -> None:
        pieces = self._pieces(parcel)
        if os.path.lexists(pieces.data.temporary):
            self._give_data(parcel, pieces)
        else:
            _require_published(parcel, pieces.data)
        if pieces.marker is None:
            return
        try:
            self._give_marker(parcel, pieces.marker, pieces.data.final)
        except (GatewayError, OSError) as error:
            raise PublicationUnfinished(where=pieces.marker.final, cause=error) from error

    def _give_data(self, parcel: Parcel, pieces: Pieces) -> None:
        """Name the data after its checksum file, which is taken back where the name is taken."""
        checksum = pieces.checksum
        if checksum is not None:
            if os.path.lexists(pieces.data.final):
                raise _occupied(pieces.data.final)
            self._give_checksum(parcel, checksum)
        try:
            _give_name(pieces.data)
        except (GatewayError, OSError):
            if checksum is not None:
                with contextlib.suppress(GatewayError, OSError):
                    moves.rename_new(checksum.final, checksum.temporary)
            raise

    def _give_checksum(self, parcel: Parcel, checksum: Piece) -> None:
        """Name the checksum file; a crash or a clean-up may have left it named already, or lost."""
        line = checksum_line(parcel, self._settings.checksum_algorithm)
        if not os.path.lexists(checksum.temporary):
            if os.path.lexists(checksum.final) and _holds(checksum.final, line):
                return
            _write_side(checksum.temporary, line)
            syncs.sync_files([checksum.temporary])
        _give_name(checksum)

    def _give_marker(self, parcel: Parcel, marker: Piece, data: str) -> None:
        """Publish the marker; a file published before a crash and still there may never have had one."""
        if os.path.lexists(marker.temporary):
            _give_name(marker)
        elif parcel.staged is not Staged.NOW and os.path.lexists(data):
            with contextlib.suppress(FileExistsError), open(marker.final, "xb"):
                pass
        elif parcel.staged is not Staged.BEFORE:
            raise not_staged_here(parcel, marker.temporary)

    def _pieces(self, parcel: Parcel) -> Pieces:
        """The hidden names are derived from the delivery key, and from who stages it."""
        base = os.path.join(self._directory, f".{parcel.name}.part")
        return pieces_of(self._settings, base, os.path.join(self._directory, parcel.target))


def _require_published(parcel: Parcel, data: Piece) -> None:
    """Accept a temporary name that is gone where that was the rename; the receiver may have the file."""
    if parcel.staged is not Staged.BEFORE and not _is_there(data.final, parcel):
        raise not_staged_here(parcel, data.temporary)


def _give_name(piece: Piece) -> None:
    try:
        moves.rename_new(piece.temporary, piece.final)
    except NameTaken as error:
        raise TargetOccupied(where=piece.final, cause=error.cause) from error


def _write_side(path: str, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)


def _holds(path: str, content: bytes) -> bool:
    """Return whether a small file has exactly this content."""
    with open_regular(path) as file:
        return file.read(len(content) + 1) == content


def _occupied(path: str) -> TargetOccupied:
    hint = "The delivery is tried again; it goes on when the receiver has taken the file away"
    return TargetOccupied(where=path, hint=hint)


def _is_there(final: str, parcel: Parcel) -> bool:
    """Return whether the parcel's very bytes stand under their name, put there before a crash."""
    if parcel.staged is Staged.NOW or not os.path.lexists(final):
        return False
    return copies.hash_file(final) == (parcel.sha256, parcel.size)


def _attempt(step: Callable[[Parcel], None], parcel: Parcel) -> GatewayError | None:
    """Run one step for one parcel; its error is a value, so that the neighbours go on."""
    try:
        step(parcel)
    except GatewayError as error:
        return error
    except OSError as error:
        return DestinationError(where=parcel.target, cause=error)
    return None
