"""A directory that a sender writes into."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gateway.custody import claim as custody
from gateway.custody.look import look, open_regular
from gateway.errors import CustodyError, GatewayError, SourceError
from gateway.model import Sighting
from gateway.rules.standing import Standing
from gateway.sources.base import Claim

#: Reads of this size keep OpenSSL's SHA-256 at the speed of memory.
_BLOCK = 256 * 1024


class Folder:
    """A source on a local or mounted file system."""

    def __init__(self, directory: str) -> None:
        """Look into ``directory`` (absolute)."""
        self._directory = directory

    @property
    def place(self) -> None:
        """Nothing: what is claimed stands here no more."""

    def look(self, standing: Standing) -> Iterator[Sighting]:
        """Yield one sighting per entry that does not stand as it did; links are never followed."""
        with self._explained("list"):
            yield from look(self._directory, standing=standing)

    def location(self, name: str) -> str:
        """Return the entry's path."""
        return os.path.join(self._directory, name)

    def read_small(self, name: str, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a regular file."""
        with self._explained("read"), open_regular(self.location(name)) as file:
            return file.read(limit)

    def tail(self, name: str, size: int) -> bytes:
        """Return the last ``size`` bytes of a regular file."""
        with self._explained("read"), open_regular(self.location(name)) as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - size))
            return file.read(size)

    def digest(self, seen: Sighting, algorithm: str) -> str:
        """Return the digest of a regular file's bytes."""
        digest = hashlib.new(algorithm, usedforsecurity=False)
        with self._explained("read"), open_regular(self.location(seen.name)) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def fetch_ahead(self, texts: Sequence[Sighting], whole: Sequence[Sighting], most: int) -> set[str]:  # noqa: ARG002
        """Nothing: everything is near."""
        return set()

    def announce_tails(self, ends: Sequence[Sighting], size: int) -> None:
        """Nothing: everything is near."""

    def bytes_to_come(self, sightings: Sequence[Sighting]) -> int:  # noqa: ARG002
        """None: files are renamed; where they must be copied, the copy says that there is no room."""
        return 0

    def claim(self, claims: Sequence[Claim]) -> list[GatewayError | None]:
        """Rename the files into the working directory (copied across file systems)."""
        return custody.claim(
            [(self.location(one.sighting.name), one.working_path, one.sighting) for one in claims]
        )

    @contextmanager
    def _explained(self, operation: str) -> Iterator[None]:
        """Turn what the file system says into an error of the source."""
        try:
            yield
        except (OSError, CustodyError) as error:
            raise SourceError(
                f"The folder cannot be used ({operation})",
                where=self._directory,
                cause=error,
                hint="Check that it is mounted and that the gateway's user may read and write it",
            ) from error
