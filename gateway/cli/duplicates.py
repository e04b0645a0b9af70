"""`gateway duplicates`: files that were recognised as duplicates, and what became of them."""

from __future__ import annotations

import datetime as dt

import click

from gateway.cli.failed import brief
from gateway.cli.main import Shared
from gateway.cli.output import json_option, moment, print_json, print_table, say
from gateway.cli.selecting import demand_route, limit_option, period_options

#: Each verdict and the finding that says it.
_VERDICTS = {"resend": "F701", "conflict": "F702", "copy": "F703", "record-duplicate": "F704"}


@click.command()
@period_options
@click.option("--verdict", type=click.Choice(list(_VERDICTS)), help="Only of this kind.")
@limit_option
@json_option
@click.pass_obj
def duplicates(
    shared: Shared,
    route: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    verdict: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List files that repeat earlier ones, newest first: resends, conflicts, copies, repeated records.

    Those that the route accepts and only notes are listed too.
    """
    from gateway.ledger import transfers
    from gateway.operations.opening import looking_at

    codes = [_VERDICTS[verdict]] if verdict else list(_VERDICTS.values())
    with looking_at(shared.directory(), actor=shared.actor) as context:
        with context.ledger.read() as connection:
            found = {
                row.id: row
                for code in codes
                for row in transfers.search(
                    connection, route=route, code=code, since=since, until=until, limit=limit
                )
            }
        if not found:
            demand_route(context.site, route)
    rows = sorted(found.values(), key=lambda row: row.id, reverse=True)[:limit]
    if as_json:
        print_json([brief(row) for row in rows])
        return
    print_table(
        f"Duplicates ({len(rows):,})",
        ("transfer", "arrived", "verdict", "became", "route"),
        [
            (row.id, moment(row.arrived_at), row.verdict or "noted", row.state.value, row.route)
            for row in rows
        ],
        empty="No duplicate was recognised.",
        wraps=("route",),
        below=[[row.name, row.reason or ""] for row in rows],
    )
    if len(rows) == limit:
        say("... perhaps more; --limit shows them")
