"""`gateway run`: one pass over every route, or passes at an interval until stopped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gateway.cli.main import Shared
from gateway.cli.output import age, json_text, moment, print_json, say
from gateway.cli.progress import spoken
from gateway.cli.selecting import demand_route

if TYPE_CHECKING:
    from gateway.stages.context import Report


@click.command()
@click.option("--once", is_flag=True, help="One pass over the routes, then leave (for cron).")
@click.option("--route", help="Only this route.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON: with --once one list, else a line for each pass that did something.",
)
@click.pass_obj
def run(shared: Shared, once: bool, route: str | None, as_json: bool) -> int:
    """Run passes over the routes: one with --once, else at the site's interval until stopped.

    A pass with --once leaves with 0 when nothing failed, with 1 when some files failed or wait for
    somebody to act, and with the status of its error where a whole route could not go on. SIGTERM
    or Ctrl-C stops the passes after the one in work.
    """
    from gateway.cli.reports import exit_status, print_reports, report_data
    from gateway.operations.opening import working_on
    from gateway.lanes.once import run_once
    from gateway.service.loop import run_until_stopped

    with working_on(shared.directory(), actor=shared.actor) as context:
        demand_route(context.site, route)

        def tell(reports: Sequence[Report]) -> None:
            if not any(each.taken or each.settled or each.held or each.problems for each in reports):
                return
            if as_json:
                click.echo(json_text(report_data(reports)))
                return
            say(moment(context.clock.now()))
            print_reports(reports, quiet=True)

        if not once:
            every = age(context.site.interval_seconds)
            say(f"{context.site.name}: a pass every {every}; Ctrl-C or SIGTERM ends it", err=True)
            return run_until_stopped(context, route, tell)
        with spoken("Looking at the sources") as context.progress:
            reports = run_once(context, route)
    if as_json:
        print_json(report_data(reports))
    else:
        print_reports(reports)
    return exit_status(reports)
