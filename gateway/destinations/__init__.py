"""Where files go: one protocol, one module per kind."""

from __future__ import annotations

from gateway.config.settings import FolderDestination
from gateway.destinations.base import Destination, Parcel, Staged
from gateway.destinations.folder import Folder


def destination_for(settings: FolderDestination) -> Destination:
    """Return the destination that ``settings`` describe."""
    return Folder(settings)


__all__ = ["Destination", "Parcel", "Staged", "destination_for"]
