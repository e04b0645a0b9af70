"""What the ledger says of a site at one moment, for metrics and health: read seldom, shown to many."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.alerts.conditions import places_in_use
from gateway.clock import Clock
from gateway.config.settings import Site
from gateway.errors import GatewayError
from gateway.ledger import alerts, circuits, standing, streams
from gateway.ledger.alerts import Unsent
from gateway.ledger.engine import Connection, Ledger
from gateway.ledger.standing import Amount
from gateway.model import DeliveryState, State
from gateway.rules import sequence
from gateway.rules.circuit import Circuit
from gateway.rules.streams import StreamState

#: States of which the age of the oldest file is told.
AGED = (State.CLAIMED, State.HELD, State.DELIVERING)
#: States of which the time of the last file is told.
ENDED = (State.PROCESSED, State.FAILED)
#: A reading that took long is used for so many times longer: it costs at most a twentieth of a core.
_SHARE = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stands in the ledger; without `error` only."""

    at: datetime
    error: str | None = None  #: why the ledger could not be read
    free_bytes: int | None = None
    amounts: tuple[Amount, ...] = ()
    waiting: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    failed: Mapping[tuple[str, str], int] = field(default_factory=dict)  #: by route and reason
    oldest: Mapping[tuple[str, State], datetime] = field(default_factory=dict)
    newest: Mapping[tuple[str, State], datetime] = field(default_factory=dict)
    undelivered: Mapping[tuple[str, DeliveryState], int] = field(default_factory=dict)
    delivered: Mapping[str, int] = field(default_factory=dict)  #: by destination, ever
    missing: Mapping[str, int] = field(default_factory=dict)  #: control numbers by route
    circuits: tuple[Circuit, ...] = ()
    alerts: Mapping[str, int] = field(default_factory=dict)  #: that last, by kind
    unsent: tuple[Unsent, ...] = ()


def take(site: Site, ledger: Ledger, clock: Clock) -> Snapshot:
    """Read what stands in the ledger of ``site``; one that cannot be read is said, not raised."""
    now, free = clock.now(), _free(site)
    if obstacle := ledger.obstacle():
        return Snapshot(now, obstacle, free)
    try:
        with ledger.read() as connection:
            return _read(site, connection, now, free)
    except GatewayError as error:
        return Snapshot(now, error.lines()[0], free)


def _free(site: Site) -> int | None:
    try:
        state = os.statvfs(site.directory)
    except OSError:
        return None
    return state.f_bavail * state.f_frsize


def _read(site: Site, connection: Connection, now: datetime, free: int | None) -> Snapshot:
    routes = [route.name for route in site.routes]
    ages = {
        (name, state): standing.oldest_in_state(connection, name, state) for name in routes for state in AGED
    }
    ends = {
        (name, state): standing.newest_settled(connection, name, state) for name in routes for state in ENDED
    }
    used = places_in_use(site)
    lasting = [one for one in alerts.load(connection) if one.over_at is None]
    return Snapshot(
        at=now,
        free_bytes=free,
        amounts=tuple(standing.amounts(connection)),
        waiting=standing.oldest_waiting(connection),
        failed={(one.route, one.code): one.count for one in standing.failed_open(connection, routes)},
        oldest={key: at for key, at in ages.items() if at is not None},
        newest={key: at for key, at in ends.items() if at is not None},
        undelivered=standing.undelivered(connection),
        delivered=standing.delivered(connection),
        missing=_missing(site, connection),
        circuits=tuple(one for one in circuits.every(connection) if one.place in used),
        alerts={kind: sum(one.kind == kind for one in lasting) for kind in {one.kind for one in lasting}},
        unsent=tuple(alerts.unsent_by_channel(connection)),
    )


def _missing(site: Site, connection: Connection) -> dict[str, int]:
    """Return by route how many control numbers are missing."""
    policies = {route.name: route.sequence for route in site.routes}
    found: dict[str, int] = {}
    for row in streams.every(connection):
        if row.route in policies:
            gaps = sequence.gaps(policies[row.route], StreamState.from_dict(row.state))
            found[row.route] = found.get(row.route, 0) + sum(gap.count for gap in gaps)
    return found


class Cached:
    """The last snapshot, read anew when it is old; who asks meanwhile is given the old one."""

    def __init__(self, read: Callable[[], Snapshot], seconds: float = 15.0, share: float = _SHARE) -> None:
        """Use what ``read`` returns for ``seconds``, or ``share`` times as long as the reading took."""
        self._read, self._seconds, self._share = read, seconds, share
        self._reading = threading.Lock()
        self._last: Snapshot | None = None
        self._good_until = 0.0

    def get(self) -> Snapshot:
        """Return a snapshot; only one thread at a time reads the ledger."""
        last = self._last
        if last is not None and (
            time.monotonic() < self._good_until or not self._reading.acquire(blocking=False)
        ):
            return last
        if last is None:
            self._reading.acquire()
        try:
            if self._last is last:  # else the first one was read while this thread waited
                began = time.monotonic()
                self._last = self._read()
                took = time.monotonic() - began
                self._good_until = time.monotonic() + max(self._seconds, self._share * took)
            assert self._last is not None  # noqa: S101 - narrows the type for the checker
            return self._last
        finally:
            self._reading.release()
