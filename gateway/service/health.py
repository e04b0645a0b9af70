"""The health of a service: from its own board, or from another process by its heartbeat and the guard."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

from gateway.clock import Clock, SystemClock
from gateway.config.loading import load_site
from gateway.config.settings import Site
from gateway.custody import guard
from gateway.custody.layout import Layout
from gateway.custody.shared_layout import SharedLayout
from gateway.errors import GatewayError
from gateway.ledger.engine import Ledger, default_url, is_shared, open_ledger
from gateway.operations.workers import workers
from gateway.rules import health as rules
from gateway.rules.circuit import CircuitState
from gateway.rules.health import LaneSign, Signs, Verdict
from gateway.service.board import LaneState, ServiceState, read_heartbeat
from gateway.service.snapshot import Snapshot, take

#: Looking at the health of a service waits no longer for its ledger.
_BUSY_SECONDS = 5.0


def look(directory: Path) -> tuple[Verdict, ServiceState | None]:
    """Return how the service on the site in ``directory`` is, seen from this process, and its last sign.

    Where several nodes share the site, it is the node on this machine. Nothing is changed. Raises
    ConfigurationMissing or ConfigurationError where there is no site.
    """
    site = load_site(directory)
    url, clock = site.ledger or default_url(site.directory), SystemClock()
    layout = SharedLayout(site.directory) if is_shared(url) else Layout(site.directory)
    state = read_heartbeat(layout.heartbeat_file)
    try:
        with opened(site) as ledger:
            pids, snapshot = _at_work(site, ledger), take(site, ledger, clock)
    except GatewayError as error:
        pids, snapshot = _holders(site), Snapshot(clock.now(), error.lines()[0])
        if is_shared(url) and state is not None:
            pids = [state.pid]  # the ledger does not say who is there: its last sign has to do
    if not pids:
        return rules.verdict(Signs(at_work=False)), state
    if state is not None and state.pid not in pids:
        state = None  # of a service that was here before
    return rules.verdict(signs(site, state, snapshot, clock)), state


def _at_work(site: Site, ledger: Ledger) -> list[int]:
    """Return the processes of this machine that work on ``site``."""
    here = socket.gethostname()
    if not ledger.is_shared:
        return _holders(site)
    return [one.pid for one in workers(site, ledger) if one.host == here]


def _holders(site: Site) -> list[int]:
    holder = guard.holder(site.directory)
    return [holder.pid] if holder else []


@contextlib.contextmanager
def opened(site: Site) -> Iterator[Ledger]:
    """Open the ledger of ``site`` to look at it; it must be there. Raises LedgerError."""
    ledger = open_ledger(site.ledger or default_url(site.directory), busy_seconds=_BUSY_SECONDS)
    try:
        yield ledger
    finally:
        ledger.close()


def signs(site: Site, state: ServiceState | None, snapshot: Snapshot, clock: Clock) -> Signs:
    """Return what the service shows of itself now; ``state`` None: it gave no sign of life."""
    known = Signs(
        ledger=snapshot.error,
        free_bytes=snapshot.free_bytes,
        minimum_free_bytes=site.limits.minimum_free_bytes,
        places_down=tuple(one.place for one in snapshot.circuits if one.state is not CircuitState.CLOSED),
        channels_down=tuple(f"{one.channel}: {one.last_error or 'not sent yet'}" for one in snapshot.unsent),
    )
    if state is None:
        return dataclasses.replace(known, silent_seconds=None)
    # beats of another boot say nothing about this one
    now = clock.monotonic() if state.boot_id == clock.boot_id() else float("inf")
    return dataclasses.replace(
        known,
        silent_seconds=max(0.0, now - state.beat),
        phase=state.phase,
        refused=state.refused,
        unwritten=state.unwritten,
        lanes=tuple(_lane(one, now) for one in state.lanes),
    )


def _lane(lane: LaneState, now: float) -> LaneSign:
    silent = None if lane.running_since is None else max(0.0, now - lane.beat)
    return LaneSign(lane.name, silent, lane.last_error, is_route=lane.kind == "route")
