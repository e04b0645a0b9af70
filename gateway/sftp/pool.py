"""The sessions of a site: opened on demand, lent to one thread at a time, closed when idle."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from gateway.config.settings import Server
from gateway.errors import ConfigurationError
from gateway.sftp.base import Session


class Pool:
    """Sessions with ``servers``; safe to share between threads."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = {server.name: server for server in servers}

    def session(self, server: str) -> AbstractContextManager[Session]:
        """Lend a session with the server of that name to this thread."""
        raise ConfigurationError(f"There is no server {server!r}")

    def interrupt(self) -> None:
        """Break every session that is lent, and lend no more."""

    def close(self) -> None:
        """Close every session that is not lent."""
