"""Giving a batch of staged parcels their names on an SFTP server, over more than one session if need be."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Sequence

from gateway.config.settings import SftpDestination
from gateway.destinations.base import Parcel, Staged
from gateway.destinations.pieces import Piece, Pieces, checksum_line
from gateway.destinations.sftp_staging import holds, look_at, occupied, scratch, small_store
from gateway.errors import (
    DestinationError,
    GatewayError,
    PredecessorUndelivered,
    PublicationUnfinished,
    RemoteMissing,
    ServerError,
    ServerUnreachable,
    TargetOccupied,
)
from gateway.sftp.base import Fetch, RemoteEntry, Session


class Publishing:
    """One batch on its way to its names; `go_on` with another session where one broke."""

    def __init__(self, settings: SftpDestination, parcels: Sequence[tuple[Parcel, Pieces]]) -> None:
        self._settings = settings
        self._parcels = list(parcels)
        self._stopped: set[str] = set()
        self._was_asked = False  #: the rename of the parcel in hand has been sent
        self.results: list[GatewayError | None] = []  #: of the first parcels, in their order

    def left(self) -> list[Parcel]:
        """Return the parcels that have no result yet."""
        return [parcel for parcel, _pieces in self._parcels[len(self.results) :]]

    def note_break(self) -> None:
        """Take note that the session broke: what was asked last may have happened."""
        if self._was_asked:
            at = len(self.results)
            parcel, pieces = self._parcels[at]
            self._parcels[at] = (dataclasses.replace(parcel, staged=Staged.BEFORE), pieces)

    def go_on(self, session: Session) -> None:
        """Publish what has no result yet; raises ServerUnreachable where the session breaks."""
        left = self._parcels[len(self.results) :]
        seen = look_at(session, [pieces for _parcel, pieces in left])
        for parcel, pieces in left:
            self._was_asked = False
            self.results.append(self._result(_Step(session, self._settings, parcel, pieces, seen)))
            if self.results[-1] is not None and parcel.stream is not None:
                self._stopped.add(parcel.stream)

    def _result(self, step: _Step) -> GatewayError | None:
        if step.parcel.stream in self._stopped:
            return PredecessorUndelivered(where=step.parcel.target)
        try:
            step.run()
        except ServerUnreachable:
            self._was_asked = step.was_asked
            raise
        except GatewayError as error:
            return error
        return None


@dataclasses.dataclass(slots=True)
class _Step:
    """One parcel getting its name over one session."""

    session: Session
    settings: SftpDestination
    parcel: Parcel
    pieces: Pieces
    seen: dict[str, RemoteEntry]
    was_asked: bool = False

    def run(self) -> None:
        """Name the checksum file, the data, the marker; what has its name already keeps it."""
        if self.pieces.data.temporary in self.seen:
            self._name_data()
        elif self.parcel.staged is not Staged.BEFORE and not self._is_there():
            raise _removed(self.pieces.data.temporary)
        self.was_asked = True
        if self.pieces.marker is None:
            return
        try:
            self._name_marker(self.pieces.marker)
        except ServerUnreachable:
            raise
        except GatewayError as error:
            raise PublicationUnfinished(where=self.pieces.marker.final, cause=error) from error

    def _name_data(self) -> None:
        data, checksum = self.pieces.data, self.pieces.checksum
        if data.final in self.seen:
            self._settle_both()
            return
        if checksum is not None:
            self._name_side(checksum, checksum_line(self.parcel, self.settings.checksum_algorithm))
        self.was_asked = True
        try:
            _rename(self.session, data.temporary, data.final)
        except RemoteMissing as error:
            # over an earlier connection it was asked for, and the server came to it only now
            if self.parcel.staged is not Staged.BEFORE:
                raise _removed(data.temporary) from error
        except ServerUnreachable:
            raise
        except (ServerError, TargetOccupied):
            self._withdraw(checksum)
            raise

    def _settle_both(self) -> None:
        """Both names are there: another file is in the way, or a rename by link broke halfway."""
        data = self.pieces.data
        left, there = self.seen[data.temporary], self.seen[data.final]
        is_one = (left.size, left.mtime) == (there.size, there.mtime)
        if self.parcel.staged is Staged.NOW or not is_one or not self._is_there():
            raise occupied(data.final)
        self.was_asked = True
        self.session.remove(data.temporary)

    def _withdraw(self, checksum: Piece | None) -> None:
        """Take the checksum file back from data that did not get its name."""
        if checksum is not None:
            with contextlib.suppress(ServerError, TargetOccupied):
                self.session.rename(checksum.final, checksum.temporary)

    def _name_marker(self, marker: Piece) -> None:
        """Publish the marker; where the data was published before, the receiver may have taken both."""
        known = marker.temporary in self.seen or marker.final in self.seen
        if known or self.session.look([self.pieces.data.final]) != [None]:
            self._name_side(marker, b"")

    def _name_side(self, piece: Piece, content: bytes) -> None:
        """Give a side file its name, or make it where it was lost; an equal one that is there is good."""
        if piece.final in self.seen:
            if not holds(self.session, self.seen[piece.final], piece.final, content):
                raise occupied(piece.final)
            if piece.temporary in self.seen:
                self.session.remove(piece.temporary)
            return
        if piece.temporary not in self.seen:
            self._write(piece.temporary, content)
        _rename(self.session, piece.temporary, piece.final)

    def _write(self, path: str, content: bytes) -> None:
        with scratch() as directory:
            store = small_store(os.path.join(directory, "side"), path, content)
            (result,) = self.session.store([store])
        if isinstance(result, GatewayError):
            raise result

    def _is_there(self) -> bool:
        """Whether the parcel's very bytes stand under its name, put there by an earlier process."""
        path = self.pieces.data.final
        there = self.seen.get(path)
        if self.parcel.staged is Staged.NOW or there is None or there.size != self.parcel.size:
            return False
        digest = hashlib.sha256()
        (failed,) = self.session.fetch([Fetch(path, there.size, there.mtime, digest.update)])
        if isinstance(failed, ServerUnreachable):
            raise failed
        return failed is None and digest.hexdigest() == self.parcel.sha256


def _rename(session: Session, old: str, new: str) -> None:
    """Rename; a server that refuses this by principle may know the other kind, onto a free name."""
    try:
        session.rename(old, new)
    except (ServerUnreachable, RemoteMissing):
        raise
    except ServerError:
        if not session.capabilities.can_replace or session.look([old, new])[1] is not None:
            raise
        session.replace(old, new)


def _removed(temporary: str) -> DestinationError:
    return DestinationError(
        "The staged file was removed before it had its name",
        where=temporary,
        hint="Does somebody clean up temporary files there? The delivery is tried again",
    )
