"""What every destination offers: two steps, so that a crash between them can be resolved.

`stage` makes a parcel durable under a temporary name that is derived from its delivery key. The
caller then commits this to the ledger. `publish` gives it its final name. After a crash a parcel
that is staged in the ledger, and whose temporary name is gone, has been published: it is never
written a second time, even when the receiver has already taken the file away.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import DestinationError, GatewayError


class Staged(enum.Enum):
    """When and where a parcel was staged."""

    NOW = "now"  #: just now, by this process
    BEFORE = "before"  #: here, before a crash that may have come after the rename
    ELSEWHERE = "elsewhere"  #: before a crash, in a place that is not this one


@dataclass(frozen=True, slots=True)
class Parcel:
    """One file on its way to one destination."""

    key: str  #: the delivery key: stable for one attempt of one transfer
    path: str  #: where its bytes are now
    target: str  #: final name at the destination, one path component
    sha256: str
    size: int
    staged: Staged = Staged.NOW
    stream: str | None = None  #: strict stream: nothing of it is published after a failure
    #: marks the temporary name with who staged it, so that no two owners of a route ever use one
    fence: str = ""
    earlier: tuple[str, ...] = ()  #: fences of owners before, who may have left something

    @property
    def name(self) -> str:
        """What its temporary name is made of."""
        return f"{self.key}.{self.fence}" if self.fence else self.key

    def left_before(self) -> list[Parcel]:
        """Return it as owners before may have left it."""
        return [dataclasses.replace(self, fence=fence, earlier=()) for fence in self.earlier]


class Destination(Protocol):
    """A place that takes files. Results come in the parcels' order; None is success."""

    def identity(self) -> str:
        """Return what tells this place from every other: the same text as long as it is the same.

        Raises DestinationError where the place is not there.
        """
        ...

    def stage(self, parcels: Sequence[Parcel]) -> list[GatewayError | None]:
        """Write each parcel under its temporary name, durable when this returns.

        A parcel staged before is written anew; what owners before left of it goes first, so that none of
        them can give it a name any more. No parcel's failure affects another one.
        """
        ...

    def withdraw(self, parcels: Sequence[Parcel]) -> None:
        """Remove what was staged, as far as that can be done now; raises nothing.

        For an owner of a route who was overtaken before it was on record that anything was staged: nobody
        else knows the names.
        """
        ...

    def publish(self, parcels: Sequence[Parcel]) -> list[GatewayError | None]:
        """Give each staged parcel its final name, durable when this returns.

        Never overwrites: TargetOccupied where another file has the name. A parcel that was staged
        here before a crash and whose temporary name is gone was published; that is success. One
        that was staged just now and is gone was removed by somebody, and one that was staged in
        another place cannot be asked for: unless the very file stands there under its name, it
        is staged anew later.
        PublicationUnfinished says that the file has its name already: publish it again, never
        stage it again. After a failure the later parcels of the same strict stream are left
        staged, with PredecessorUndelivered.
        """
        ...


def not_staged_here(parcel: Parcel, temporary: str) -> DestinationError:
    """Return the error of a parcel whose temporary name is gone, which says nothing of its final one."""
    if parcel.staged is Staged.ELSEWHERE:
        return DestinationError(
            "It was staged in another place before, and may have got its name there; it is sent here anew",
            where=temporary,
            hint="Look for it where the destination was before, and tell the receiver that it may come twice",
        )
    return DestinationError(
        "The staged file was removed before it had its name",
        where=temporary,
        hint="Does somebody clean up temporary files there? The delivery is tried again",
    )
