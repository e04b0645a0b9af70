"""What lanes work on, what comes of their passes, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.config.settings import Site
from gateway.rules.waking import Wake
from gateway.stages.context import Report
from gateway.stages.deliver import remote_destinations


@dataclass(frozen=True, slots=True)
class Post:
    """What a lane works on."""

    name: str  #: ``ROUTE``, or ``ROUTE to DESTINATION``
    route: str
    destination: str | None = None  #: remote one that the lane delivers to

    @property
    def kind(self) -> str:
        """The lane's kind, as the board has it."""
        return "route" if self.destination is None else "delivery"


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of a lane that has ended."""

    post: Post
    reasons: tuple[Wake, ...]
    seconds: float
    reports: tuple[Report, ...]  #: that of its route first
    is_whole: bool  #: whether it looked at the source


class Follower(Protocol):
    """Who is told what the lanes do; called by their threads."""

    def joined(self, post: Post) -> None:
        """Say that there is a lane."""
        ...

    def left(self, post: Post) -> None:
        """Say that a lane begins no more passes."""
        ...

    def began(self, post: Post, reasons: tuple[Wake, ...]) -> None:
        """Say that a pass begins."""
        ...

    def doing(self, post: Post, what: str) -> None:
        """Say what it does now."""
        ...

    def lives(self, post: Post) -> None:
        """Say that it goes on with that: bytes move."""
        ...

    def ended(self, done: Pass) -> None:
        """Say how it ended."""
        ...

    def comes(self, post: Post, at: datetime | None) -> None:
        """Say when the lane comes by itself."""
        ...


def posts(site: Site, only: str | None = None) -> list[Post]:
    """Return what there is to work on: every enabled route (or ``only`` one) and its remote destinations."""
    found = []
    for route in site.routes:
        if route.enabled and only in (None, route.name):
            found.append(Post(route.name, route.name))
            remote = remote_destinations(route)
            found += [Post(f"{route.name} to {name}", route.name, name) for name in remote]
    return found
