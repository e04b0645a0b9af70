"""`gateway run`: one pass over every route, or passes until stopped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_text, print_json
from gateway.cli.progress import spoken
from gateway.cli.selecting import demand_route

if TYPE_CHECKING:
    from gateway.lanes.posts import Pass
    from gateway.service.board import LaneState
    from gateway.stages.context import Context

#: Why a pass looked at no route at all.
_NONE = "No route is enabled."
_ELSEWHERE = (
    "Nothing was left to do here: other nodes work on the routes. `gateway status` says which node on which."
)


@click.command()
@click.option("--once", is_flag=True, help="One pass over the routes, then leave (for cron).")
@click.option("--route", help="Only this route.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON: with --once one list, else a line for each pass that did something.",
)
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    help="Form of the log on the standard error stream; default as `service.log` says.",
)
@click.pass_obj
def run(shared: Shared, once: bool, route: str | None, as_json: bool, log: str | None) -> int:
    """Run passes over the routes: one with --once, else as schedules and events ask for it, until stopped.

    A pass with --once leaves with 0 when nothing failed, with 1 when some files failed or wait for
    somebody to act, and with the status of its error where a whole route could not go on. Else SIGTERM or
    Ctrl-C stops after the batch in work and leaves with 0, or with 71 where that does not end in time; a
    second one stops at once. SIGHUP reads the configuration anew.
    """
    if once:
        return _once(shared, route, as_json)
    return _serve(shared, route, as_json, log)


def _once(shared: Shared, route: str | None, as_json: bool) -> int:
    from gateway.cli.reports import exit_status, print_reports, report_data
    from gateway.lanes.once import run_once, tell
    from gateway.operations.opening import working_on

    with working_on(shared.directory(), actor=shared.actor, only=route) as context:
        demand_route(context.site, route)
        with spoken("Looking at the sources") as context.progress:
            reports = run_once(context, route)
            reports += tell(context, reports)
    if as_json:
        print_json(report_data(reports))
    else:
        is_enabled = any(one.enabled and route in (None, one.name) for one in context.site.routes)
        print_reports(reports, none=_ELSEWHERE if is_enabled else _NONE)
    return exit_status(reports)


def _serve(shared: Shared, route: str | None, as_json: bool, log: str | None) -> int:
    from gateway.cli.reports import report_data
    from gateway.operations.opening import SERVICE, working_on
    from gateway.service.logs import configure
    from gateway.service.running import Service
    from gateway.service.signals import caught

    def print_pass(_state: LaneState, done: Pass) -> None:
        reports = [each for each in done.reports if each.taken or each.settled or each.held or each.problems]
        if reports:
            click.echo(json_text(report_data(reports)))

    def begin(context: Context) -> None:
        demand_route(context.site, route)
        configure(log or context.site.service.log, sys.stderr, context.site.time_zone)

    opened = working_on(shared.directory(), begin, actor=shared.actor, only=route, kind=SERVICE)
    with caught() as signals, opened as context:
        service = Service(context, only=route, observers=[print_pass] if as_json else [])
        return service.run(signals)
