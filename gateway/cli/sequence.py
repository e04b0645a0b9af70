"""`gateway sequence`: streams of control numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, print_json, print_table, reason_option, say, since

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.operations.sequences import StreamView
    from gateway.rules.streams import Gap

#: Gaps and held numbers of a stream that are shown; their numbers are exact.
_SHOWN = 20


@click.group()
def sequence() -> None:
    """Streams of control numbers: status, waive, reset."""


@sequence.command("status")
@json_option
@click.pass_obj
def status(shared: Shared, as_json: bool) -> None:
    """Show each stream: the last number, the next one, what is missing since when, and what waits."""
    from gateway.operations.opening import looking_at
    from gateway.operations.sequences import overview

    with looking_at(shared.directory(), actor=shared.actor) as context:
        now = context.clock.now()
        rows = overview(context)
    if as_json:
        print_json([_data(one) for one in rows])
        return
    print_table(
        f"Streams ({len(rows):,})",
        ("stream", "model", "order", "last", "next", "missing", "held"),
        [
            (
                one.stream,
                one.model,
                one.order,
                one.last or "none",
                one.expected or "any",
                sum(gap.count for gap in one.gaps),
                len(one.held),
            )
            for one in rows
        ],
        empty="No stream has been seen yet.",
        wraps=("stream",),
        below=[_below(one, now) for one in rows],
    )


def _data(one: StreamView) -> dict[str, Any]:
    from gateway.operations.overview import gap_data

    return {
        "stream": one.stream,
        "route": one.route,
        "model": one.model,
        "order": one.order,
        "last": one.last,
        "expected": one.expected,
        "held": list(one.held),
        "gaps": [gap_data(gap) for gap in one.gaps],
    }


def _below(one: StreamView, now: datetime) -> list[str]:
    lines = [f"missing {gap} since {since(gap.since, now)}" for gap in one.gaps[:_SHOWN]]
    if len(one.gaps) > _SHOWN:
        lines.append(f"... and {len(one.gaps) - _SHOWN:,} more gaps; --json lists them")
    if one.held:
        more = f" and {len(one.held) - _SHOWN:,} more" if len(one.held) > _SHOWN else ""
        lines.append(f"held    {', '.join(one.held[:_SHOWN])}{more}")
    return lines


@sequence.command("waive")
@click.argument("stream")
@click.argument("first")
@click.argument("last", required=False)
@reason_option
@json_option
@click.pass_obj
def waive(
    shared: Shared, stream: str, first: str, last: str | None, reason: str | None, as_json: bool
) -> None:
    """Give up the missing numbers FIRST to LAST of STREAM; what waited for them goes with the next pass.

    STREAM is a stream as `gateway sequence status` names it, or a route that has only one. Without
    LAST, FIRST alone is given up. Numbers that are not due yet can be given up in advance.
    """
    from gateway.operations.opening import open_site
    from gateway.operations.sequences import waive as give_up

    with open_site(shared.directory(), actor=shared.actor) as context:
        gaps = give_up(context, stream, first, last or first, reason)
    if as_json:
        print_json({"given_up": _gaps(gaps)})
    else:
        say(f"Given up: {', '.join(str(gap) for gap in gaps)}. What waited for this goes with the next pass.")


@sequence.command("reset")
@click.argument("stream")
@click.argument("to")
@reason_option
@json_option
@click.pass_obj
def reset(shared: Shared, stream: str, to: str, reason: str | None, as_json: bool) -> None:
    """Begin STREAM anew: TO is expected next (a chain: the predecessor that the next file names).

    Everything that was missing is given up.
    """
    from gateway.operations.opening import open_site
    from gateway.operations.sequences import reset as begin_anew

    with open_site(shared.directory(), actor=shared.actor) as context:
        gaps = begin_anew(context, stream, to, reason)
    if as_json:
        print_json({"expected": to, "given_up": _gaps(gaps)})
        return
    given_up = f" Given up: {', '.join(str(gap) for gap in gaps)}." if gaps else ""
    say(f"The stream begins anew; {to} is expected.{given_up}")


def _gaps(gaps: Sequence[Gap]) -> list[dict[str, Any]]:
    from gateway.operations.overview import gap_data

    return [gap_data(gap) for gap in gaps]
