"""`gateway hold`: files that wait for their predecessor."""

from __future__ import annotations

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, moment, print_json, print_table, reason_option
from gateway.custody.names import printable


@click.group()
def hold() -> None:
    """Files that wait for their predecessor: list, release."""


@hold.command("list")
@json_option
@click.pass_obj
def list_holds(shared: Shared, as_json: bool) -> None:
    """List held files and what they wait for."""
    from gateway.operations.holds import held
    from gateway.operations.opening import open_site

    with open_site(shared.directory()) as context:
        rows = held(context)
    if as_json:
        print_json(
            [
                {
                    "transfer": one.transfer.id,
                    "route": one.transfer.route,
                    "name": printable(one.transfer.name),
                    "stream": one.transfer.stream,
                    "control_number": one.transfer.control_number,
                    "waiting_for": list(one.waiting_for),
                    "held_until": one.transfer.held_until,
                }
                for one in rows
            ]
        )
        return
    print_table(
        f"Held files ({len(rows)})",
        ("transfer", "stream", "file", "number", "waits for", "deadline"),
        [
            (
                one.transfer.id,
                one.transfer.stream,
                one.transfer.name,
                one.transfer.control_number or "",
                ", ".join(one.waiting_for),
                moment(one.transfer.held_until),
            )
            for one in rows
        ],
        empty="No file is held.",
        ids=("transfer",),
    )


@hold.command("release")
@click.argument("transfers", nargs=-1, required=True)
@reason_option
@click.pass_obj
def release(shared: Shared, transfers: tuple[str, ...], reason: str | None) -> None:
    """Let held TRANSFERS go although their predecessors are missing; the gaps are given up."""
    from gateway.operations.holds import release_by_hand
    from gateway.operations.opening import open_site

    with open_site(shared.directory(), actor=shared.actor) as context:
        freed = release_by_hand(context, transfers, reason)
    click.echo(f"{len(freed)} files go with the next pass (gateway run --once).")
