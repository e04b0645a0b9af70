"""Where files come from: one protocol, one module per kind."""

from __future__ import annotations

from gateway.config.settings import FolderSource
from gateway.sources.base import Claim, Source
from gateway.sources.folder import Folder


def source_for(settings: FolderSource) -> Source:
    """Return the source that ``settings`` describe."""
    return Folder(str(settings.path))


__all__ = ["Claim", "Folder", "Source", "source_for"]
