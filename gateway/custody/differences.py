"""What a verification finds: differences by kind, capped lists with exact totals."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

#: Differences listed per kind; their number is exact whatever the cap.
LISTED = 1000


class Kind(enum.Enum):
    """What is wrong with a place in the archive."""

    ALTERED = "altered"  #: there, with other bytes than recorded, or unreadable
    MISSING = "missing"  #: recorded and not there
    UNEXPECTED = "unexpected"  #: there and not recorded
    LEFTOVER = "leftover"  #: a temporary of an interrupted write; harmless


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: where, what is the matter, and the digests as far as they are known."""

    kind: Kind
    path: str  #: relative to the site
    detail: str
    expected: str | None = None  #: SHA-256
    actual: str | None = None  #: SHA-256
    code: str = ""  #: what differs and how: ``manifest-altered``
    place: Place | None = None  #: the first that differs, where it is known


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a manifest something else stands, and what."""

    pointer: str  #: JSON pointer of the member
    recorded: str
    found: str
    line: int | None = None  #: from 1


@dataclass(frozen=True, slots=True)
class Known:
    """One settled transfer as the ledger knows it."""

    path: str  #: relative to the site
    sha256: str | None
    manifest_sha256: str | None
    tombstone_sha256: str | None = None  #: where its removal was begun
    is_removed: bool = False  #: and done


@dataclass(slots=True)
class VerifyReport:
    """What was looked at and what differs."""

    files: int = 0  #: read to their end
    bytes: int = 0
    totals: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    listed: dict[Kind, list[Difference]] = field(default_factory=lambda: {kind: [] for kind in Kind})

    @property
    def is_clean(self) -> bool:
        """Whether everything recorded is there unaltered and nothing else is; leftovers aside."""
        return not any(count for kind, count in self.totals.items() if kind is not Kind.LEFTOVER)

    @property
    def altered(self) -> list[Difference]:
        """The first files with other bytes than recorded."""
        return self.listed[Kind.ALTERED]

    @property
    def missing(self) -> list[Difference]:
        """The first files that are recorded and not there."""
        return self.listed[Kind.MISSING]

    @property
    def unexpected(self) -> list[Difference]:
        """The first files that are there and not recorded."""
        return self.listed[Kind.UNEXPECTED]

    @property
    def leftovers(self) -> list[Difference]:
        """The first temporaries of interrupted writes."""
        return self.listed[Kind.LEFTOVER]

    def locate(self, path: str, place: Place) -> None:
        """Note of the altered file ``path``, if it is listed, the first ``place`` that differs."""
        self.altered[:] = [replace(one, place=place) if one.path == path else one for one in self.altered]

    def add(self, difference: Difference) -> None:
        """Count ``difference`` and list it while the cap allows."""
        self.totals[difference.kind] += 1
        if len(self.listed[difference.kind]) < LISTED:
            self.listed[difference.kind].append(difference)
