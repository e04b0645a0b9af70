"""Giving a batch of staged parcels their names on an SFTP server, over more than one session if need be.

A rename takes two round trips, so many are under way: wave after wave, and within a wave the checksum
files, then the data, then the markers. Of a strict stream one parcel is in a wave, and no two that may
want one name: there are servers whose rename replaces.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence

from gateway.config.settings import SftpDestination
from gateway.destinations.base import Parcel, Staged
from gateway.destinations.pieces import Pieces
from gateway.destinations.sftp_looking import look_at
from gateway.destinations.sftp_naming import Naming, Publication
from gateway.errors import GatewayError, PredecessorUndelivered, PublicationUnfinished, ServerError
from gateway.sftp.base import Session

#: Parcels whose names are asked for at once. Of so many at most it can be unknown, after the line
#: broke, whether they have their names.
_WAVE = 32


class Publishing:
    """One batch on its way to its names; `go_on` with another session where one broke."""

    def __init__(self, settings: SftpDestination, parcels: Sequence[tuple[Parcel, Pieces]]) -> None:
        self._settings = settings
        self._all = [Publication(parcel, pieces) for parcel, pieces in parcels]
        self._stopped: set[str] = set()

    def go_on(self, session: Session) -> None:
        """Publish what has no result yet; raises ServerUnreachable where the session breaks."""
        left = self._left()
        naming = Naming(session, self._settings, look_at(session, [one.pieces for one in left]))
        while wave := self._wave():
            naming.publish(wave)
            self._stopped.update(one.parcel.stream for one in wave if one.error and one.parcel.stream)

    def note_break(self) -> None:
        """Take note that the session broke: what was asked for may have happened."""
        for one in self._left():
            if one.was_asked:
                one.parcel = dataclasses.replace(one.parcel, staged=Staged.BEFORE)

    def results(self, failure: ServerError | None = None) -> list[GatewayError | None]:
        """Return how each parcel ended; ``failure`` is why those ended that got no answer."""
        if failure is not None:
            self._give_up(failure)
        return [one.error for one in self._all]

    def _left(self) -> list[Publication]:
        return [one for one in self._all if not one.has_ended]

    def _wave(self) -> list[Publication]:
        """Return the next parcels that can get their names side by side; others may end."""
        wave: list[Publication] = []
        streams: set[str] = set()
        names: set[str] = set()
        for one in self._left():
            stream = one.parcel.stream
            if stream is not None and stream in self._stopped:
                one.end(PredecessorUndelivered(where=one.parcel.target))
                continue
            mine = {_folded(piece.final) for piece in one.pieces.every()}
            if stream not in streams and names.isdisjoint(mine):
                wave.append(one)
                names |= mine
            if stream is not None:
                streams.add(stream)
            if len(wave) == _WAVE:
                break
        return wave

    def _give_up(self, failure: ServerError) -> None:
        """End each parcel that no answer came for.

        One that nobody has asked for yet is staged anew, so that it never counts as delivered because
        somebody tidied up the server meanwhile. The others may have their names.
        """
        for one in self._left():
            stream = one.parcel.stream
            if stream is not None and stream in self._stopped:
                one.end(PredecessorUndelivered(where=one.parcel.target))
                continue
            one.end(failure if one.parcel.staged is Staged.NOW else _unknown(one.parcel, failure))
            if stream is not None:
                self._stopped.add(stream)


def _folded(name: str) -> str:
    """Return what names have in common that are one name on some server or other."""
    return unicodedata.normalize("NFC", name).casefold()


def _unknown(parcel: Parcel, failure: ServerError) -> PublicationUnfinished:
    return PublicationUnfinished(
        "It is not known whether the file has its name",
        where=parcel.target,
        cause=failure,
        hint="The next try looks; it is never sent twice",
    )
