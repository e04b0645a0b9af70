"""Where files go: one protocol, one module per kind."""

from __future__ import annotations

from gateway.config.settings import Destination as DestinationSettings
from gateway.config.settings import SftpDestination
from gateway.destinations.base import Destination, Parcel, Staged
from gateway.destinations.folder import Folder
from gateway.destinations.sftp import Sftp
from gateway.sftp.base import Connections


def destination_for(settings: DestinationSettings, connections: Connections) -> Destination:
    """Return the destination that ``settings`` describe; ``connections`` reach the servers of the site."""
    if isinstance(settings, SftpDestination):
        return Sftp(settings, connections)
    return Folder(settings)


__all__ = ["Destination", "Parcel", "Staged", "destination_for"]
