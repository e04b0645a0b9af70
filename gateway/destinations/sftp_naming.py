"""Parcels getting their names side by side over one session with an SFTP server."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import os
from collections.abc import Callable, Sequence

from gateway.config.settings import SftpDestination
from gateway.destinations.base import Parcel, Staged, not_staged_here
from gateway.destinations.pieces import Piece, Pieces, checksum_line
from gateway.destinations.sftp_looking import Seen, holds, occupied
from gateway.destinations.sftp_staging import scratch, small_store
from gateway.errors import (
    GatewayError,
    PublicationUnfinished,
    RemoteMissing,
    ServerError,
    ServerUnreachable,
    TargetOccupied,
)
from gateway.sftp.base import Fetch, RemoteEntry, Session


@dataclasses.dataclass(slots=True, eq=False)
class Publication:
    """One parcel on its way to its names."""

    parcel: Parcel
    pieces: Pieces
    was_asked: bool = False  #: the rename of its data has been sent, over this session or one before
    has_ended: bool = False
    error: GatewayError | None = None  #: what stopped it

    def end(self, error: GatewayError | None) -> None:
        """Take note of how it ended."""
        self.error, self.has_ended = error, True


class Naming:
    """Gives names over one session; every method raises ServerUnreachable where that breaks."""

    def __init__(self, session: Session, settings: SftpDestination, seen: Seen) -> None:
        self._session = session
        self._settings = settings
        self._seen = seen

    def publish(self, wave: Sequence[Publication]) -> None:
        """Name the checksum files, the data, the markers; what has its name already keeps it."""
        for one in wave:
            one.error = None
        self._name_checksums(fresh := [one for one in wave if self._is_to_be_named(one)])
        self._name_data([one for one in fresh if one.error is None])
        self._name_markers([one for one in wave if one.error is None])
        for one in wave:
            one.end(one.error)

    def _is_to_be_named(self, one: Publication) -> bool:
        """Return whether the data is to get its name; what became of it before counts as its end."""
        data = one.pieces.data
        one.error = _attempt(lambda: self._seen.demand(one.pieces))
        if one.error is None and data.temporary in self._seen and data.final not in self._seen:
            return True
        if one.error is None:
            one.error = _attempt(functools.partial(self._settle, one))
        return False

    def _settle(self, one: Publication) -> None:
        """Accept a parcel that has its name by an earlier try; raises what speaks against that."""
        data = one.pieces.data
        there = self._seen.entries.get(data.final)
        if data.temporary not in self._seen:
            is_ours = one.parcel.staged is Staged.BEFORE
            if not is_ours and (one.parcel.staged is Staged.NOW or not self._is_parcel(one, there)):
                raise not_staged_here(one.parcel, data.temporary)
            one.was_asked = True
        elif one.parcel.staged is not Staged.NOW and self._is_half(one, self._seen[data.temporary], there):
            self._remove_second(one)
        else:
            raise occupied(data.final)

    def _name_checksums(self, wave: Sequence[Publication]) -> None:
        sides = []
        for one in wave:
            if one.pieces.checksum is not None:
                content = functools.partial(checksum_line, one.parcel, self._settings.checksum_algorithm)
                sides.append((one, one.pieces.checksum, content))
        for (one, _piece, _content), error in zip(sides, self._name_sides(sides), strict=True):
            one.error = error

    def _name_data(self, wave: Sequence[Publication]) -> None:
        for one in wave:
            one.was_asked = True
        names = [(one.pieces.data.temporary, one.pieces.data.final) for one in wave]
        for one, error in zip(wave, self._rename_each(names), strict=True):
            if error is not None:
                one.error = _attempt(functools.partial(self._look_after, one, error))

    def _look_after(self, one: Publication, refusal: GatewayError) -> None:
        """Accept a name that was refused and given all the same; raises the refusal else."""
        data = one.pieces.data
        left, there = self._session.look([data.temporary, data.final])
        if left is None:
            # asked for over an earlier connection, or told wrongly: the server did it
            if one.parcel.staged is Staged.BEFORE or self._is_parcel(one, there):
                return
            refusal = not_staged_here(one.parcel, data.temporary)
        elif one.parcel.staged is not Staged.NOW and self._is_half(one, left, there):
            self._remove_second(one)
            return
        if one.pieces.checksum is not None:  # data that did not get its name has no checksum file
            with contextlib.suppress(ServerError, TargetOccupied):
                self._session.rename(one.pieces.checksum.final, one.pieces.checksum.temporary)
        raise refusal

    def _name_markers(self, wave: Sequence[Publication]) -> None:
        sides = []
        for one in wave:
            marker = one.pieces.marker
            if marker is not None and self._wants_marker(one, marker):
                sides.append((one, marker, bytes))
        for (one, marker, _content), error in zip(sides, self._name_sides(sides), strict=True):
            if error is not None:
                one.error = PublicationUnfinished(where=marker.final, cause=error)

    def _wants_marker(self, one: Publication, marker: Piece) -> bool:
        """Where the data was published before, the receiver may have taken both."""
        if marker.temporary in self._seen or marker.final in self._seen:
            return True
        try:
            return self._session.look([one.pieces.data.final]) != [None]
        except ServerUnreachable:
            raise
        except ServerError as error:
            one.error = PublicationUnfinished(where=marker.final, cause=error)
            return False

    def _name_sides(
        self, sides: Sequence[tuple[Publication, Piece, Callable[[], bytes]]]
    ) -> list[GatewayError | None]:
        """Give side files their names, or make those that were lost; return what became of each."""
        plain = [
            piece
            for _one, piece, _content in sides
            if piece.temporary in self._seen and piece.final not in self._seen
        ]
        names = [(piece.temporary, piece.final) for piece in plain]
        named = dict(zip(plain, self._rename_each(names), strict=True))
        return [
            named[piece]
            if piece in named
            else _attempt(functools.partial(self._name_odd_side, piece, content))
            for _one, piece, content in sides
        ]

    def _name_odd_side(self, piece: Piece, content: Callable[[], bytes]) -> None:
        """Name a side file that is there already, where an equal one is good, or was lost."""
        if piece.final in self._seen:
            if not holds(self._session, self._seen[piece.final], piece.final, content()):
                raise occupied(piece.final)
            if piece.temporary in self._seen:
                self._session.remove(piece.temporary)
            return
        with scratch() as directory:
            store = small_store(os.path.join(directory, "side"), piece.temporary, content())
            (result,) = self._session.store([store])
        if isinstance(result, GatewayError):
            raise result
        (error,) = self._rename_each([(piece.temporary, piece.final)])
        if error is not None:
            raise error

    def _rename_each(self, names: Sequence[tuple[str, str]]) -> list[GatewayError | None]:
        """Rename files, many requests under way; return what became of each."""
        results = self._session.rename_each(names) if names else []
        for result in results:
            if isinstance(result, ServerUnreachable):
                raise result
        return [
            error and _attempt(functools.partial(self._rename_otherwise, old, new, error))
            for (old, new), error in zip(names, results, strict=True)
        ]

    def _rename_otherwise(self, old: str, new: str, refusal: GatewayError) -> None:
        """Use the other rename, onto a free name, where a server refuses the plain one by principle."""
        able = self._session.capabilities.can_replace and isinstance(refusal, ServerError)
        if isinstance(refusal, RemoteMissing) or not able or self._session.look([new]) != [None]:
            raise refusal
        self._session.replace(old, new)

    def _is_half(self, one: Publication, left: RemoteEntry, there: RemoteEntry | None) -> bool:
        """Whether both names are the parcel: a rename that links and removes broke in between."""
        is_one = there is not None and (left.size, left.mtime) == (there.size, there.mtime)
        return is_one and self._is_parcel(one, there)

    def _remove_second(self, one: Publication) -> None:
        one.was_asked = True
        self._session.remove(one.pieces.data.temporary)

    def _is_parcel(self, one: Publication, there: RemoteEntry | None) -> bool:
        """Whether the parcel's very bytes stand under its name."""
        path = one.pieces.data.final
        if there is None or there.size != one.parcel.size:
            return False
        digest = hashlib.sha256()
        (failed,) = self._session.fetch([Fetch(path, there.size, there.mtime, digest.update)])
        if isinstance(failed, ServerUnreachable):
            raise failed
        return failed is None and digest.hexdigest() == one.parcel.sha256


def _attempt(step: Callable[[], None]) -> GatewayError | None:
    """Take one step for one parcel; its error is a value, so that the others go on."""
    try:
        step()
    except ServerUnreachable:
        raise
    except GatewayError as error:
        return error
    return None
