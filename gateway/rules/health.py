"""Is the service at work as it should be? A pure verdict over what it shows of itself.

Healthy: everything is at work. Degraded: the service works, and something that it depends on or a part of
it does not; files wait, none is lost. Failed: it does not work, or nothing gets through any more.
That files fail or wait is no matter of health: alerts and `gateway status` tell of files.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: A service that gave no sign of life for so long is taken for dead; it gives one every 10 seconds.
SILENT_SECONDS = 60.0
#: A lane that works for so long without a sign of life is stuck, and after the second time for good.
SLOW_SECONDS = 15 * 60.0
STUCK_SECONDS = 60 * 60.0
#: The disk is low below so many times of what must be free to take files.
SPARE = 4


class Health(enum.Enum):
    """How a service is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LaneSign:
    """What one lane shows of itself."""

    name: str
    silent_seconds: float | None = None  #: since its last sign of life; None while it rests
    error: str | None = None  #: why its last pass did not get through
    is_route: bool = True


@dataclass(frozen=True, slots=True)
class Signs:
    """What a service shows of itself, and what it stands on."""

    at_work: bool = True  #: a process holds the site
    silent_seconds: float | None = 0.0  #: since its last sign of life; None: it never gave one
    phase: str = "running"  #: as the board has it
    refused: str | None = None  #: why the last change of the configuration was refused
    unwritten: str | None = None  #: why the sign of life cannot be written
    lanes: tuple[LaneSign, ...] = ()
    ledger: str | None = None  #: why the ledger cannot be used
    free_bytes: int | None = None
    minimum_free_bytes: int = 0
    places_down: tuple[str, ...] = ()
    channels_down: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is not as it should be."""

    health: Health
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the service is, and why."""

    health: Health
    reasons: tuple[Reason, ...] = ()


def verdict(signs: Signs) -> Verdict:
    """Return how a service is that shows ``signs``; the worst reason decides, and stands first."""
    worst = (Health.FAILED, Health.DEGRADED)
    reasons = tuple(sorted(_reasons(signs), key=lambda reason: worst.index(reason.health)))
    return Verdict(reasons[0].health if reasons else Health.HEALTHY, reasons)


def is_ready(signs: Signs) -> bool:
    """Return whether the service does its work now: it runs, and nothing that stops it is known."""
    return signs.phase in ("running", "reloading") and verdict(signs).health is not Health.FAILED


def is_live(signs: Signs) -> bool:
    """Return whether a restart would not help: only a service with a lane that is stuck is not live."""
    return not any((lane.silent_seconds or 0.0) >= STUCK_SECONDS for lane in signs.lanes)


def _reasons(signs: Signs) -> Iterator[Reason]:
    if not signs.at_work:
        yield Reason(Health.FAILED, "No gateway is at work on this site: start the service")
        return
    if signs.silent_seconds is None:
        yield Reason(Health.FAILED, "A gateway is at work, and it is no service, or gave no sign of life yet")
    elif signs.silent_seconds >= SILENT_SECONDS:
        yield Reason(Health.FAILED, f"The service gave no sign of life for {signs.silent_seconds:,.0f} s")
    if signs.phase in ("starting", "stopping"):
        yield Reason(Health.DEGRADED, f"The service is {signs.phase}")
    if signs.ledger is not None:
        yield Reason(Health.FAILED, f"The ledger cannot be used: {signs.ledger}")
    yield from _disk(signs)
    yield from _lanes(signs.lanes)
    for place in signs.places_down:
        yield Reason(Health.DEGRADED, f"{place} is down and left alone until the next probe")
    for channel in signs.channels_down:
        yield Reason(Health.DEGRADED, f"Alerts cannot be sent: {channel}")
    if signs.refused is not None:
        yield Reason(
            Health.DEGRADED, f"The changed configuration is refused, the old one goes on: {signs.refused}"
        )
    if signs.unwritten is not None:
        yield Reason(Health.DEGRADED, f"The sign of life cannot be written: {signs.unwritten}")


def _disk(signs: Signs) -> Iterator[Reason]:
    free, floor = signs.free_bytes, signs.minimum_free_bytes
    if free is None:
        yield Reason(Health.FAILED, "The site's directory cannot be looked at")
    elif free < floor:
        yield Reason(Health.FAILED, f"{free:,} bytes are free, {floor:,} are demanded: no file is taken")
    elif free < SPARE * floor:
        yield Reason(Health.DEGRADED, f"{free:,} bytes are free; below {floor:,} no file is taken")


def _lanes(lanes: Sequence[LaneSign]) -> Iterator[Reason]:
    for lane in lanes:
        silent = lane.silent_seconds or 0.0
        if silent >= SLOW_SECONDS:
            health = Health.FAILED if silent >= STUCK_SECONDS else Health.DEGRADED
            yield Reason(health, f"{lane.name} has worked for {silent:,.0f} s without a sign of life")
    routes = [lane for lane in lanes if lane.is_route]
    stopped = [lane for lane in routes if lane.error is not None]
    if routes and len(stopped) == len(routes):
        yield Reason(Health.FAILED, "No route gets through")
    for lane in lanes:
        if lane.error is not None:
            yield Reason(Health.DEGRADED, f"{lane.name} does not get through: {lane.error}")
