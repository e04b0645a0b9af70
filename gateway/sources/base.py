"""What every source offers: to be looked at, to show small facts, to give a file into custody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import GatewayError
from gateway.model import Sighting
from gateway.rules.standing import Standing


@dataclass(frozen=True, slots=True)
class Claim:
    """One file to be taken: as it was seen, and where it goes."""

    sighting: Sighting
    working_path: str


class Source(Protocol):
    """A place where files arrive. Looking and reading never change anything there."""

    @property
    def place(self) -> str | None:
        """What names a place whose files still stand there when they are claimed.

        They are copied then, and acknowledged once the claim is on record. None where a claim takes
        them away.
        """
        ...

    def look(self, standing: Standing) -> Iterable[Sighting]:
        """Yield what is there now; raises SourceError where the place cannot be read.

        Files that stand as they did cost least where they are noted in ``standing`` and left out.
        """
        ...

    def location(self, name: str) -> str:
        """Return where ``name`` is, for people and for the ledger."""
        ...

    def read_small(self, name: str, limit: int) -> bytes:
        """Return a small file's bytes, at most ``limit``; raises SourceError."""
        ...

    def tail(self, name: str, size: int) -> bytes:
        """Return the last ``size`` bytes of a file; raises SourceError."""
        ...

    def digest(self, seen: Sighting, algorithm: str) -> str:
        """Return the hexadecimal digest of a file's bytes.

        Raises SourceError; FileChanged where it is no longer the one that was ``seen``, as far as a
        source notices.
        """
        ...

    def fetch_ahead(self, texts: Sequence[Sighting], whole: Sequence[Sighting], most: int) -> set[str]:
        """Bring near, all at once, what is read next: small ``texts``, and files that are hashed ``whole``.

        Of the latter at most ``most`` bytes, or one file. Returns the names of those that are put off;
        a source whose files are near puts off none. Raises SourceError, DiskFull.
        """
        ...

    def announce_tails(self, ends: Sequence[Sighting], size: int) -> None:
        """Take note that `tail` is asked next for ``size`` bytes of each of these files, in this order."""
        ...

    def bytes_to_come(self, sightings: Sequence[Sighting]) -> int:
        """Return how many bytes claiming these files adds to the site."""
        ...

    def claim(self, claims: Sequence[Claim]) -> list[GatewayError | None]:
        """Bring files into the working directory, durable when this returns.

        Idempotent: a file that is there was claimed before, whatever stands here now. A file that is
        no longer the one that was seen is left alone, with FileMissing, FileChanged or NotRegular.
        """
        ...
