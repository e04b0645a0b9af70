"""`gateway retry`: what waits for a later try is tried at once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, moment, number, print_json, print_table, reason_option, say
from gateway.cli.selecting import demand_route
from gateway.printable import printable

if TYPE_CHECKING:
    from gateway.operations.retrying import Waiting


@click.command()
@click.argument("transfers", nargs=-1)
@click.option("--route", help="Only what waits on this route, and the places it needs.")
@click.option("--server", metavar="NAME", help="Only what waits for this server.")
@click.option("--all", "everything", is_flag=True, help="Everything that waits for a later try.")
@click.option("--dry-run", is_flag=True, help="Show what would be tried; change nothing. Needs no reason.")
@reason_option
@json_option
@click.pass_obj
def retry(
    shared: Shared,
    transfers: tuple[str, ...],
    route: str | None,
    server: str | None,
    everything: bool,
    dry_run: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Try at once what failed and waits for its next try: deliveries, acknowledgements, places left alone.

    TRANSFERS are ids, the beginning or end of one, or file names. The running service tries within a
    minute, else `gateway run --once`. On a strict stream a file still waits for those before it.
    """
    from gateway.operations.demands import demand_reason
    from gateway.operations.opening import open_site
    from gateway.operations.retrying import Choice, retry_now, waiting

    if bool(transfers or route or server) == everything:
        raise click.UsageError("Name transfers, --route or --server, or else say --all.")
    if not dry_run:
        demand_reason(reason)
    choice = Choice(transfers, route, server)
    with open_site(shared.directory(), actor=shared.actor) as context:
        demand_route(context.site, route)
        found = waiting(context, choice) if dry_run else retry_now(context, choice, reason)
    if as_json:
        print_json({"changed": not dry_run and found.total > 0, **_data(found)})
    else:
        _print(found, dry_run)


def _data(found: Waiting) -> dict[str, list[dict[str, object]]]:
    return {
        "deliveries": [
            {
                "transfer": one.transfer,
                "name": printable(found.owners[one.transfer].name),
                "destination": one.destination,
                "was_due": one.next_try_at,
            }
            for one in found.deliveries
        ],
        "acknowledgements": [
            {
                "transfer": one.transfer,
                "name": printable(one.name),
                "location": printable(one.location),
                "was_due": one.next_try_at,
            }
            for one in found.owed
        ],
        "circuits": [{"place": one.place, "was_due": one.next_probe_at} for one in found.circuits],
    }


def _print(found: Waiting, dry_run: bool) -> None:
    rows: list[tuple[str, str, datetime | None, str]] = [
        ("delivery", f"to {one.destination}", one.next_try_at, found.owners[one.transfer].name)
        for one in found.deliveries
    ]
    rows += [("acknowledgement", "to its sender", one.next_try_at, one.name) for one in found.owed]
    rows += [("place", one.place, one.next_probe_at, "") for one in found.circuits]
    print_table(
        f"Waiting for a later try ({len(rows):,})",
        ("what", "where", "was due", "file"),
        [(what, where, moment(at), name) for what, where, at, name in rows],
        empty="Nothing of that waits for a later try.",
        wraps=("file",),
    )
    if dry_run:
        say("Nothing was changed (dry run).")
    elif rows:
        are = "is" if len(rows) == 1 else "are"
        say(f"{number(len(rows), 'thing')} {are} tried at once: by the service, or by gateway run --once.")
