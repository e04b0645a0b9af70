"""`gateway duplicates`: files that were recognised as duplicates, and what became of them."""

from __future__ import annotations

import datetime as dt

import click

from gateway.cli.failed import brief
from gateway.cli.main import Shared
from gateway.cli.output import json_option, moment, print_json, print_table
from gateway.cli.selecting import Moment


@click.command()
@click.option("--route", help="Only of this route.")
@click.option("--since", type=Moment(), help="Arrived at or after this time.")
@click.option("--verdict", type=click.Choice(["resend", "conflict", "copy", "record-duplicate"]))
@json_option
@click.pass_obj
def duplicates(
    shared: Shared, route: str | None, since: dt.datetime | None, verdict: str | None, as_json: bool
) -> None:
    """List files that repeat earlier ones: resends, conflicts, copies, repeated records."""
    from gateway.ledger import transfers
    from gateway.operations.opening import open_site

    with open_site(shared.directory()) as context, context.ledger.read() as connection:
        found = [
            row
            for code in ("F701", "F702", "F703", "F704")
            for row in transfers.search(connection, route=route, code=code, since=since, limit=None)
        ]
    unique = {row.id: row for row in found if verdict in (None, row.verdict)}
    rows = sorted(unique.values(), key=lambda row: row.id, reverse=True)
    if as_json:
        print_json([brief(row) for row in rows])
        return
    print_table(
        f"Duplicates ({len(rows)})",
        ("transfer", "route", "file", "arrived", "verdict", "became", "why"),
        [
            (
                row.id,
                row.route,
                row.name,
                moment(row.arrived_at),
                row.verdict or "noted",
                row.state.value,
                row.reason,
            )
            for row in rows
        ],
        empty="No duplicate was recognised.",
        ids=("transfer",),
    )
