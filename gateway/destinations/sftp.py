"""A directory of an SFTP server that a receiver reads from.

The parcels of a batch are written, and then named, with many requests under way; no rename takes the
place of another file. What a broken connection leaves open is found out by
looking, at once over a second connection where there is one, else with the next try.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Sequence

from gateway.config.settings import SftpDestination
from gateway.destinations.base import Parcel
from gateway.destinations.pieces import Pieces, pieces_of
from gateway.destinations.sftp_publishing import Publishing
from gateway.destinations.sftp_staging import Staging, remove_left
from gateway.errors import (
    GatewayError,
    RemoteMissing,
    ServerError,
    ServerUnreachable,
)
from gateway.sftp.base import Connections

#: Connections that one publication may break: a lost reply is looked after over the second one.
_CONNECTIONS = 2


class Sftp:
    """Delivers into one directory of one server."""

    def __init__(self, settings: SftpDestination, connections: Connections) -> None:
        """Deliver as ``settings`` say; the directory must exist."""
        self._settings = settings
        self._connections = connections

    def identity(self) -> str:
        """Return server, path as the server understands it, and how temporary names are made.

        A parcel that was staged under another kind of temporary name is staged elsewhere: that its
        temporary name is gone from here says nothing.
        """
        server, path = self._settings.server, self._settings.path
        with self._connections.session(server) as session:
            resolved = session.resolve(path)
            if session.look([resolved]) == [None]:
                hint = "Make it there, or correct `path`; the deliveries wait and are tried again"
                raise RemoteMissing("The directory is not there", where=f"{server}:{resolved}", hint=hint)
        return f"sftp://{server}{resolved} {self._settings.temporary_name}"

    def stage(self, parcels: Sequence[Parcel]) -> list[GatewayError | None]:
        """Write each parcel and its side files under temporary names, synced where the server can."""
        try:
            with self._connections.session(self._settings.server) as session:
                left = [
                    piece
                    for one in parcels
                    for old in one.left_before()
                    for piece in self._pieces(old).every()
                ]
                remove_left(session, [piece.temporary for piece in left])
                return Staging(session, self._settings, [(one, self._pieces(one)) for one in parcels]).run()
        except ServerError as error:
            return [error] * len(parcels)

    def withdraw(self, parcels: Sequence[Parcel]) -> None:
        """Remove temporary files."""
        paths = [piece.temporary for one in parcels for piece in self._pieces(one).every()]
        with contextlib.suppress(ServerError), self._connections.session(self._settings.server) as session:
            remove_left(session, paths)

    def publish(self, parcels: Sequence[Parcel]) -> list[GatewayError | None]:
        """Give each parcel its name: checksum file before the data, done marker after it."""
        work = Publishing(self._settings, [(one, self._pieces(one)) for one in parcels])
        failure: ServerError | None = None
        for _ in range(_CONNECTIONS):
            try:
                with self._connections.session(self._settings.server) as session:
                    work.go_on(session)
                return work.results()
            except ServerError as error:
                failure = error
                if not isinstance(error, ServerUnreachable):
                    break
                work.note_break()
        return work.results(failure)

    def _pieces(self, parcel: Parcel) -> Pieces:
        """The temporary name holds the destination's, too: two of a route may share a directory."""
        settings = self._settings
        temporary = settings.temporary_name.format(key=f"{parcel.name}-{settings.name}")
        directory = settings.path
        return pieces_of(
            settings, posixpath.join(directory, temporary), posixpath.join(directory, parcel.target)
        )
