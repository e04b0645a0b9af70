"""One pass over every route of a site: in lanes where a partner may keep it waiting, else in turn."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from datetime import datetime

from gateway.alerts.desk import Desk
from gateway.alerts.sending import send_due
from gateway.config.settings import SftpSource, Site
from gateway.errors import GatewayError
from gateway.lanes.fleet import Fleet
from gateway.lanes.posts import Pass, Post
from gateway.pipeline import forsaken, run_routes
from gateway.rules.waking import Wake
from gateway.stages.context import Context, Report
from gateway.stages.deliver import remote_destinations

#: No alert is begun to be sent later than this after a pass: the next one may be waiting.
_SEND_SECONDS = 20.0


def run_once(context: Context, only: str | None = None) -> list[Report]:
    """Run one pass over every enabled route (or ``only`` one), deliveries included; return what each did.

    A partner that does not answer keeps its own routes waiting, and the end of this call.
    """
    if not _has_partners(context.site, only):
        return run_routes(context, only)
    is_over = threading.Event()
    context = dataclasses.replace(context, stopping=is_over.is_set)
    collected = _Collected(context)
    fleet = Fleet(context, collected, only=only, rest_seconds=0.0, is_lasting=False)
    try:
        fleet.start()
        for route in context.site.routes:
            fleet.wake(route.name, Wake.SCHEDULE)
        fleet.wait_until_quiet()
    except BaseException:
        is_over.set()
        context.connections.interrupt()
        raise
    finally:
        fleet.stop()
        fleet.join(context.site.service.stop_seconds)
    return collected.reports() + (forsaken(context) if only is None else [])


def tell(context: Context, reports: Sequence[Report]) -> list[Report]:
    """Write and send the alerts that follow from what passes did, for a bounded time.

    Returns a report where the ledger did not allow it. What could not be sent goes with the next pass.
    """
    try:
        Desk().observe(context, reports)
        send_due(context, seconds=_SEND_SECONDS)
    except GatewayError as error:
        report = Report("alerts")
        report.problem(error)
        return [report]
    return []


def _has_partners(site: Site, only: str | None) -> bool:
    return any(
        isinstance(route.source, SftpSource) or remote_destinations(route)
        for route in site.routes
        if route.enabled and only in (None, route.name)
    )


class _Collected:
    """What the lanes did, by route."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._reports: dict[str, list[Report]] = {route.name: [] for route in context.site.routes}

    def joined(self, post: Post) -> None:
        """Nothing is made of it."""

    def left(self, post: Post) -> None:
        """Nothing is made of it."""

    def began(self, post: Post, reasons: tuple[Wake, ...]) -> None:
        """Nothing is made of it."""

    def comes(self, post: Post, at: datetime | None) -> None:
        """Nothing is made of it: nobody is there when it comes."""

    def lives(self, post: Post) -> None:
        """Nothing is made of it."""

    def doing(self, post: Post, what: str) -> None:  # noqa: ARG002 - a text for people says it
        """Show what is done."""
        self._context.progress(what)

    def ended(self, done: Pass) -> None:
        """Keep what was done."""
        with self._lock:
            for report in done.reports:
                self._reports.setdefault(report.route, []).append(report)

    def reports(self) -> list[Report]:
        """Return one report for each route on which there was a pass, in the order of the configuration."""
        return [together(reports) for reports in self._reports.values() if reports]


def together(reports: Sequence[Report]) -> Report:
    """Return what several passes over one route did as one report; what was told twice is told once."""
    whole = Report(reports[0].route)
    told: set[tuple[str, str | None]] = set()
    for each in reports:
        whole.taken += each.taken
        whole.waiting = max(whole.waiting, each.waiting)
        whole.counts.update(each.counts)
        whole.settled += each.settled
        whole.held += each.held
        whole.stuck |= each.stuck
        for problem in each.problems:
            key = str(problem.error), problem.transfer or problem.name
            if key not in told:
                told.add(key)
                whole.problems.append(problem)
        # those beyond the list cannot be compared: they count
        whole.problem_total += each.problem_total - len(each.problems)
    whole.problem_total += len(whole.problems)
    return whole
