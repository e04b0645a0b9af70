"""`gateway hold`: files that wait for their predecessor."""

from __future__ import annotations

import click

from gateway.cli.main import Shared
from gateway.cli.output import age, json_option, moment, number, print_json, print_table, reason_option, say
from gateway.printable import printable


@click.group()
def hold() -> None:
    """Files that wait for their predecessor: list, release."""


@hold.command("list")
@json_option
@click.pass_obj
def list_holds(shared: Shared, as_json: bool) -> None:
    """List held files, what each waits for, and since when."""
    from gateway.cli.status import waits
    from gateway.operations.holds import held
    from gateway.operations.opening import looking_at
    from gateway.operations.overview import hold_data

    with looking_at(shared.directory(), actor=shared.actor) as context:
        now = context.clock.now()
        rows = [hold_data(one, now) for one in held(context)]
    if as_json:
        print_json(rows)
        return
    print_table(
        f"Held files ({len(rows):,})",
        ("transfer", "since", "age", "file"),
        [(one["transfer"], moment(one["since"]), age(one["age_seconds"]), one["name"]) for one in rows],
        empty="No file is held.",
        wraps=("file",),
        below=[[waits(one)] for one in rows],
    )
    if rows:
        say("")
        say('Let one go without its predecessors: gateway hold release TRANSFER --reason "..."')
        say('Give up missing numbers:             gateway sequence waive STREAM FIRST LAST --reason "..."')


@hold.command("release")
@click.argument("transfers", nargs=-1, required=True)
@reason_option
@json_option
@click.pass_obj
def release(shared: Shared, transfers: tuple[str, ...], reason: str | None, as_json: bool) -> None:
    """Let held TRANSFERS go although their predecessors are missing; the gaps are given up.

    What waited behind the same gaps goes too, in order. The next pass delivers them.
    """
    from gateway.operations.holds import release_by_hand
    from gateway.operations.opening import open_site

    with open_site(shared.directory(), actor=shared.actor) as context:
        freed = release_by_hand(context, transfers, reason)
    if as_json:
        print_json([{"transfer": row.id, "name": printable(row.name)} for row in freed])
    else:
        go = "goes" if len(freed) == 1 else "go"
        say(f"{number(len(freed), 'file')} {go} with the next pass (gateway run --once).")
