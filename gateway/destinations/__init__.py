"""Where files go: one protocol, one module per kind."""

from __future__ import annotations

from gateway.config.settings import Destination as DestinationSettings
from gateway.config.settings import FolderDestination
from gateway.destinations.base import Destination, Parcel, Staged
from gateway.destinations.folder import Folder
from gateway.errors import ConfigurationError
from gateway.sftp.base import Connections


def destination_for(settings: DestinationSettings, connections: Connections) -> Destination:  # noqa: ARG001
    """Return the destination that ``settings`` describe; ``connections`` reach the servers of the site."""
    if isinstance(settings, FolderDestination):
        return Folder(settings)
    raise ConfigurationError(f"There is no destination of the kind {settings.type!r}")


__all__ = ["Destination", "Parcel", "Staged", "destination_for"]
