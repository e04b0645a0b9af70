"""Where files come from: one protocol, one module per kind."""

from __future__ import annotations

from gateway.config.settings import SftpSource
from gateway.config.settings import Source as SourceSettings
from gateway.custody.spool import Spool
from gateway.sftp.base import Connections
from gateway.sources.addresses import is_remote, parse
from gateway.sources.base import Claim, Source
from gateway.sources.folder import Folder
from gateway.sources.sftp import SftpFolder


def source_for(settings: SourceSettings, connections: Connections, spool: Spool) -> Source:
    """Return the source that ``settings`` describe; what must be fetched goes through ``spool``."""
    if isinstance(settings, SftpSource):
        return SftpFolder(settings.server, settings.path, connections, spool)
    return Folder(str(settings.path))


def source_at(directory: str, connections: Connections, spool: Spool) -> Source:
    """Return the source of a file that was seen in ``directory``, a path or an address."""
    if is_remote(directory):
        server, path = parse(directory)
        return SftpFolder(server, path, connections, spool)
    return Folder(directory)


__all__ = ["Claim", "Folder", "SftpFolder", "Source", "source_at", "source_for"]
