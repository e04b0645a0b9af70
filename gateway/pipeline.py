"""One pass over one route: the story of the program on one page.

First everything that an earlier pass, a crash, an operator or a destination left open is carried on,
then what has arrived is taken, batch by batch. Both go through the same stages, and the stages take
their work from the ledger: recovery is not a special case.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
from collections.abc import Callable, Iterator, Sequence

from gateway.custody.refusals import refusal
from gateway.errors import ConfigurationError, GatewayError, InternalError
from gateway.ledger import transfers
from gateway.model import State, Transfer
from gateway.rules import lifecycle
from gateway.stages import anchoring
from gateway.stages.accept import accept_batch
from gateway.stages.acknowledge import acknowledge
from gateway.stages.arrive import arrive
from gateway.stages.claim import claim
from gateway.stages.context import Context, Report, Route, in_batches
from gateway.stages.correction_copies import remove_abandoned
from gateway.stages.deliver import deliver, finish
from gateway.stages.expect import expect
from gateway.stages.in_force import note_configuration, recall_lock
from gateway.stages.recall import recall
from gateway.stages.release import expire, release
from gateway.stages.replay_folder import take_requests
from gateway.stages.settle import settle

_LOG = logging.getLogger(__name__)

Stage = Callable[[Context, Route, Report], None]


def take_up(context: Context, route: Route, report: Report) -> None:
    """ARRIVED -> CLAIMED: what was proved complete comes into custody."""
    for batch in _open(context, route, report, State.ARRIVED):
        if context.stopping():
            return
        claim(context, batch, report)


def accept(context: Context, route: Route, report: Report) -> None:
    """CLAIMED -> HELD, DELIVERING, or a planned settlement: read once, judged once."""
    for batch in _open(context, route, report, State.CLAIMED):
        if context.stopping():
            return
        with context.heavy:
            if context.stopping():  # while it waited for its turn
                return
            accept_batch(context, route, batch, report)


def archive_delivered(context: Context, route: Route, _report: Report) -> None:
    """DELIVERING -> a planned settlement, where the last destination has confirmed."""
    finish(context, route)


#: What happens to a file, in order. Each stage takes from the ledger what is in its state.
STAGES: tuple[Stage, ...] = (
    recall,
    take_up,
    accept,
    release,
    deliver,
    archive_delivered,
    settle,
    acknowledge,
)


def run_pass(context: Context, route: Route, report: Report, stages: Sequence[Stage] = STAGES) -> None:
    """Carry on what is open on ``route``, then take what has arrived; never raises for one file.

    Where the gateway is to stop, the batch in work is finished and the rest left to the next pass.

    Raises GatewayError only where the route as a whole cannot go on (its source is away, the
    ledger is not to be had, the disk is full, a link leads out of the site); nothing is lost
    then, and the next pass tries again.
    """
    demand_place(context, route)
    take_requests(context, route, report)
    remove_abandoned(context, route, report)
    run_stages(context, route, report, stages)
    for batch in arrive(context, route, report):
        report.taken += len(batch)
        run_stages(context, route, report, stages)
        if context.stopping():
            return
    # Only a pass that has seen the source judges deadlines: what a file is held for may have come.
    expire(context, route, report)
    settle(context, route, report)


def carry_on(context: Context, route: Route, report: Report, stages: Sequence[Stage] = STAGES) -> None:
    """Carry on what is open on ``route`` without a look at its source; raises as `run_pass`."""
    demand_place(context, route)
    run_stages(context, route, report, stages)


def demand_place(context: Context, route: Route) -> None:
    """Raise CustodyError where a link leads out of the site, AuditBroken where the ledger is an older one.

    A file stays the ledger that it was at the start; for a server another one may have taken over.
    """
    context.layout.demand_inside(route.name)
    if context.ledger.is_shared:
        anchoring.demand_whole_trail(context)


def run_stages(context: Context, route: Route, report: Report, stages: Sequence[Stage] = STAGES) -> None:
    """Take everything open on ``route`` as far as it can go now."""
    for stage in stages:
        context.progress(
            f"{route.name}: {stage.__name__.replace('_', ' ')}; "
            f"{report.taken:,} taken, {report.settled_total:,} settled"
        )
        stage(context, route, report)


def run_routes(context: Context, only: str | None = None) -> list[Report]:
    """Run one pass over every enabled route (or ``only`` one); a route's failure stops no other."""
    reports = renew_formats(context)
    for route in context.site.routes:
        if route.enabled and only in (None, route.name):
            with context.sharing.turn(route.name, context) as mine:
                reports += [] if mine is None else [_passed(mine, route)]
    if only is None:
        reports += forsaken(context)
    return reports + anchor(context)


def _passed(context: Context, route: Route) -> Report:
    """Return what one whole pass over ``route`` did."""
    report, looked_at = Report(route.name), context.clock.now()
    run_alone(context, route, report, run_pass)
    # also where the source is away
    run_alone(context, route, report, functools.partial(expect, looked_at=looked_at))
    return report


def run_alone(context: Context, route: Route, report: Report, work: Stage) -> None:
    """Run ``work``; what stops it is reported, and every file stays where the ledger says it is."""
    with _reported(report):
        work(context, route, report)


def renew_formats(context: Context) -> list[Report]:
    """Take up formats that somebody changed or put right since the last pass, and put that on record.

    Passes that run meanwhile keep the catalogue that they began with.
    """

    def renew() -> None:
        catalogue, is_changed = context.catalogue.renewed()
        if is_changed:
            # What cannot be put on record now is not worked with yet: the next pass sees the change again.
            renewed = dataclasses.replace(context, catalogue=catalogue)
            recall_lock(renewed)
            note_configuration(renewed)
        context.catalogue = catalogue

    return _reporting("formats", renew)


def forsaken(context: Context) -> list[Report]:
    """Return a report for each route that is no longer configured and still has files on their way."""
    configured = {route.name for route in context.site.routes}
    with context.ledger.read() as connection:
        counts = {
            name: transfers.count(connection, route=name, states=lifecycle.OPEN)
            for name in transfers.routes(connection)
            if name not in configured
        }
    reports = []
    for name, count in counts.items():
        if not count:
            continue
        report = Report(name)
        hint = "Configure the route again under this name until they are through"
        report.problem(
            ConfigurationError(f"{count} files are on their way on a route that is not configured", hint=hint)
        )
        reports.append(report)
    return reports


def anchor(context: Context) -> list[Report]:
    """Note the end of the audit trail outside the ledger, unless it stands there already."""
    report = Report("audit trail")
    with _reported(report):
        for trouble in anchoring.anchor(context):
            report.problem(trouble)
    return [report] if report.problem_total else []


def _reporting(about: str, work: Callable[[], None]) -> list[Report]:
    """Do ``work``; return a report of what stopped it, if anything."""
    report = Report(about)
    with _reported(report):
        work()
    return [report] if report.problem_total else []


@contextlib.contextmanager
def _reported(report: Report) -> Iterator[None]:
    """Report what stops the block."""
    try:
        yield
    except GatewayError as error:
        report.problem(error)
    except OSError as error:  # of the disk, a share, or the limits of the process: no fault of the program
        report.problem(refusal(error, "go on", str(error.filename or report.route)))
    except Exception as error:  # noqa: BLE001 - one fault must not stop everything else
        _LOG.exception("%s: the pass was broken off", report.route)
        report.problem(InternalError(f"{type(error).__name__} on {report.route}", cause=error))


def _open(context: Context, route: Route, report: Report, state: State) -> list[list[Transfer]]:
    """Return what is in ``state``, in batches.

    Left out: what already had a problem in this pass, and what has its settlement planned, for
    that was judged before.
    """
    with context.ledger.read() as connection:
        rows = transfers.in_states(connection, route.name, (state,))
    free = [row for row in rows if row.id not in report.stuck and row.settle_as is None]
    return list(in_batches(free, context.site.limits.batch_files, context.site.limits.batch_bytes))
