"""What stands on an SFTP server under the names of a batch of parcels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.destinations.pieces import Pieces
from gateway.errors import GatewayError, ServerUnreachable, TargetOccupied
from gateway.sftp.base import RemoteEntry, Session


@dataclass(frozen=True, slots=True)
class Seen:
    """What stood under each path when it was looked at; paths that were free are in neither."""

    entries: dict[str, RemoteEntry] = field(default_factory=dict)
    refused: dict[str, GatewayError] = field(default_factory=dict)  #: that the server does not look at

    def __contains__(self, path: str) -> bool:
        """Whether something stands under ``path``."""
        return path in self.entries

    def __getitem__(self, path: str) -> RemoteEntry:
        """Return what stands under ``path``, where something does."""
        return self.entries[path]

    def demand(self, pieces: Pieces) -> None:
        """Raise the error of a parcel one of whose names the server refuses: no other one's trouble."""
        for piece in pieces.every():
            for path in (piece.temporary, piece.final):
                if path in self.refused:
                    raise self.refused[path]


def look_at(session: Session, parcels: Sequence[Pieces]) -> Seen:
    """Return what stands under the names of the parcels; raises ServerUnreachable."""
    pieces = [piece for one in parcels for piece in one.every()]
    paths = [path for piece in pieces for path in (piece.temporary, piece.final)]
    seen = Seen()
    for path, found in zip(paths, session.look_each(paths), strict=True):
        if isinstance(found, ServerUnreachable):
            raise found
        if isinstance(found, GatewayError):
            seen.refused[path] = found
        elif found is not None:
            seen.entries[path] = found
    return seen


def holds(session: Session, entry: RemoteEntry, path: str, content: bytes) -> bool:
    """Return whether a small remote file has exactly this content."""
    return entry.size == len(content) and session.read(path, 0, len(content) + 1) == content


def occupied(path: str) -> TargetOccupied:
    """Return the error for a name that another file has."""
    hint = "The delivery is tried again; it goes on when the receiver has taken the file away"
    return TargetOccupied(where=path, hint=hint)
