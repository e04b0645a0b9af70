"""Where files come from: one protocol, one module per kind."""

from __future__ import annotations

from gateway.config.settings import FolderSource
from gateway.config.settings import Source as SourceSettings
from gateway.errors import ConfigurationError
from gateway.sftp.base import Connections
from gateway.sources.base import Claim, Source
from gateway.sources.folder import Folder


def source_for(settings: SourceSettings, connections: Connections) -> Source:  # noqa: ARG001
    """Return the source that ``settings`` describe; ``connections`` reach the servers of the site."""
    if isinstance(settings, FolderSource):
        return Folder(str(settings.path))
    raise ConfigurationError(f"There is no source of the kind {settings.type!r}")


__all__ = ["Claim", "Folder", "Source", "source_for"]
