"""`gateway status`: what is where, what waits, and for what."""

from __future__ import annotations

from typing import Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import age, json_option, print_json, print_table

#: Waiting files and open deliveries shown; the numbers above them are exact.
_SHOWN = 20


@click.command()
@json_option
@click.pass_obj
def status(shared: Shared, as_json: bool) -> None:
    """Show counts by route and state, files that wait with age and reason, and deliveries on their way."""
    from gateway.operations.opening import open_site
    from gateway.operations.overview import overview

    with open_site(shared.directory()) as context:
        data = overview(context)
    if as_json:
        print_json(data)
        return
    _print(data)


def _print(data: dict[str, Any]) -> None:
    holder = data["working"]
    busy = (
        f"worked on by process {holder['pid']} since {holder['since']}" if holder else "no gateway is running"
    )
    click.echo(f"{data['site']}: {busy}")
    states = ("arrived", "claimed", "held", "delivering", "replay", "processed", "duplicate", "failed")
    print_table(
        "",
        ("route", "waiting", *states),
        [
            (row["route"], row["waiting"], *(row["states"].get(state, 0) for state in states))
            for row in data["routes"]
        ],
        empty="No route is configured.",
    )
    print_table(
        f"Waiting files ({data['waiting_total']})",
        ("route", "file", "age", "code", "reason"),
        [
            (one["route"], one["name"], age(one["age_seconds"]), one["code"], one["reason"])
            for one in data["waiting"][:_SHOWN]
        ],
        empty="No file waits.",
    )
    print_table(
        f"Deliveries on their way ({len(data['deliveries'])})",
        ("transfer", "destination", "tries", "next try", "last error"),
        [
            (one["transfer"], one["destination"], one["tries"], one["next_try_at"], one["last_error"] or "")
            for one in data["deliveries"][:_SHOWN]
        ],
        empty="No delivery is open.",
        ids=("transfer",),
    )
    for gap in data["gaps"]:
        click.echo(f"Gap in {gap['stream']}: {gap['missing']} missing")
