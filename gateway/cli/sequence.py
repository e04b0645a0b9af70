"""`gateway sequence`: streams of control numbers."""

from __future__ import annotations

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, moment, print_json, print_table, reason_option


@click.group()
def sequence() -> None:
    """Streams of control numbers: status, waive, reset."""


@sequence.command("status")
@json_option
@click.pass_obj
def status(shared: Shared, as_json: bool) -> None:
    """Show each stream: the last number, the next one, what is missing and what waits."""
    from gateway.operations.opening import open_site
    from gateway.operations.sequences import overview

    with open_site(shared.directory()) as context:
        rows = overview(context)
    if as_json:
        print_json(
            [
                {
                    "stream": one.stream,
                    "route": one.route,
                    "model": one.model,
                    "order": one.order,
                    "last": one.last,
                    "expected": one.expected,
                    "held": list(one.held),
                    "gaps": [
                        {"first": gap.first, "last": gap.last, "count": gap.count, "since": gap.since}
                        for gap in one.gaps
                    ],
                }
                for one in rows
            ]
        )
        return
    print_table(
        "Streams",
        ("stream", "model", "order", "last", "next", "missing", "since", "held"),
        [
            (
                one.stream,
                one.model,
                one.order,
                one.last or "",
                one.expected or "any",
                ", ".join(str(gap) for gap in one.gaps),
                moment(one.gaps[0].since) if one.gaps else "",
                ", ".join(one.held),
            )
            for one in rows
        ],
        empty="No stream has been seen yet.",
        ids=("stream",),
    )


@sequence.command("waive")
@click.argument("stream")
@click.argument("first")
@click.argument("last", required=False)
@reason_option
@click.pass_obj
def waive(shared: Shared, stream: str, first: str, last: str | None, reason: str | None) -> None:
    """Give up the missing numbers FIRST to LAST of STREAM (or of the only stream of a route)."""
    from gateway.operations.opening import open_site
    from gateway.operations.sequences import waive as give_up

    with open_site(shared.directory(), actor=shared.actor) as context:
        gaps = give_up(context, stream, first, last or first, reason)
    click.echo(
        f"Given up: {', '.join(str(gap) for gap in gaps) or 'nothing'}. What waited goes with the next pass."
    )


@sequence.command("reset")
@click.argument("stream")
@click.argument("to")
@reason_option
@click.pass_obj
def reset(shared: Shared, stream: str, to: str, reason: str | None) -> None:
    """Begin STREAM anew: TO is expected next (a chain: the predecessor that the next file names)."""
    from gateway.operations.opening import open_site
    from gateway.operations.sequences import reset as begin_anew

    with open_site(shared.directory(), actor=shared.actor) as context:
        gaps = begin_anew(context, stream, to, reason)
    given_up = f" Given up: {', '.join(str(gap) for gap in gaps)}." if gaps else ""
    click.echo(f"The stream begins anew; {to} is expected.{given_up}")
