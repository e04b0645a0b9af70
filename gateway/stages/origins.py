"""The sources of a route, equipped with what the context has: sessions, a spool, the gate."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from gateway.custody.spool import Spool
from gateway.errors import CircuitOpen, GatewayError
from gateway.ledger import transfers
from gateway.model import Sighting, State
from gateway.sources import Source, source_at, source_for
from gateway.sources.addresses import is_remote, parse
from gateway.stages.context import Context, Report, Route
from gateway.stages.gate import Reach, server_reached


def spool_of(context: Context, route: str) -> Spool:
    """Return where files of the route are fetched to: beside the files in work."""
    return Spool(str(context.layout.working(route)), context.clock.boot_id())


def source_of(context: Context, route: Route) -> Source:
    """Return the source that the route takes files from now."""
    return source_for(route.source, context.connections, spool_of(context, route.name))


def origin(context: Context, route: str, directory: str) -> Source:
    """Return the source in which files of the route were seen; ``directory`` is of its location."""
    return source_at(directory, context.connections, spool_of(context, route))


def reaching(context: Context, place: str | None) -> AbstractContextManager[Reach]:
    """Meet the server of ``place`` through the gate; files of this machine need none.

    Raises CircuitOpen while the server is left alone, ConfigurationError where it is not configured.
    """
    if place is None or not is_remote(place):
        return nullcontext(Reach())
    return server_reached(context, parse(place)[0])


def clear_spool(
    context: Context, route: Route, source: Source, present: Iterable[Sighting], report: Report
) -> None:
    """Remove what was fetched of files that are not there any more, or are others now.

    What transfers that are still to be claimed need is kept: their source may be another by now.
    """
    with context.ledger.read() as connection:
        rows = transfers.in_states(connection, route.name, (State.ARRIVED,))
    wanted = [(row.source, Sighting(row.name, "file", row.size, row.mtime_ns, row.inode)) for row in rows]
    here = ((source.location(one.name), one) for one in present)
    try:
        spool_of(context, route.name).keep(itertools.chain(wanted, here))
    except GatewayError as error:
        report.problem(error)  # what is left over keeps nothing from being taken


def report_away(report: Report, error: GatewayError) -> None:
    """Report that a place is not to be had: once a pass, however many files and stages it stops."""
    said = any(one.error.code == error.code and one.transfer is None for one in report.problems)
    if isinstance(error, CircuitOpen) or not said:
        report.problem(error)
