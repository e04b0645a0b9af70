"""Who works on a site now: one process, or several nodes where the ledger is on a server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from gateway import __version__
from gateway.config.settings import Site
from gateway.custody import guard
from gateway.ledger.engine import Ledger


@dataclass(frozen=True, slots=True)
class Worker:
    """One gateway at work."""

    name: str
    host: str
    pid: int
    since: str  #: UTC, ISO 8601
    routes: tuple[str, ...]  #: on which it works now
    is_service: bool = True  #: it shares the routes with others, and does not only come and go
    differs: bool = False  #: from the configuration or gateway version here and now


def workers(site: Site, ledger: Ledger) -> list[Worker]:
    """Return every gateway at work on ``site``; raises LedgerError."""
    if not ledger.is_shared:
        holder = guard.holder(site.directory)
        enabled = tuple(route.name for route in site.routes if route.enabled)
        name = f"{holder.host}-{holder.pid}" if holder else ""
        return [Worker(name, holder.host, holder.pid, holder.since, enabled)] if holder else []
    from gateway.ledger import leases, nodes  # only these are many

    with ledger.read() as connection:
        now = nodes.database_time(connection)
        there = nodes.present(connection, now - timedelta(seconds=site.service.lease_seconds))
        held = leases.every(connection).values()
    owned = {
        one.node: tuple(
            sorted(
                lease.name.removeprefix("route ")
                for lease in held
                if lease.node == one.node and lease.until > now and lease.name.startswith("route ")
            )
        )
        for one in there
    }
    return [
        Worker(
            one.name,
            one.host,
            one.pid,
            one.started_at.isoformat(timespec="seconds"),
            owned[one.node],
            one.kind == nodes.SERVICE,
            (one.configuration, one.gateway_version) != (site.digest, __version__),
        )
        for one in there
    ]
