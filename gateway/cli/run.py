"""`gateway run`: one pass over every route, or passes at an interval until stopped."""

from __future__ import annotations

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, print_json


@click.command()
@click.option("--once", is_flag=True, help="One pass over the routes, then leave (for cron).")
@click.option("--route", help="Only this route.")
@json_option
@click.pass_obj
def run(shared: Shared, once: bool, route: str | None, as_json: bool) -> int:
    """Run passes over the routes.

    Leaves with 0 when nothing failed, with 1 when some files failed or wait for somebody to act.
    """
    from gateway.cli.reports import print_reports, report_data
    from gateway.operations.opening import working_on
    from gateway.pipeline import run_routes
    from gateway.service import run_until_stopped

    with working_on(shared.directory()) as context:
        if route is not None and route not in {each.name for each in context.site.routes}:
            raise click.UsageError(
                f"There is no route {route!r}; routes: {', '.join(r.name for r in context.site.routes)}"
            )
        if not once:
            return run_until_stopped(context, route, lambda reports: print_reports(reports, quiet=True))
        reports = run_routes(context, route)
        if as_json:
            print_json(report_data(reports))
        else:
            print_reports(reports)
    return 1 if any(each.is_troubled for each in reports) else 0
