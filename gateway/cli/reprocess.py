"""`gateway reprocess` and `gateway replay`: a new attempt, with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, print_json, print_table, reason_option
from gateway.cli.selecting import selection_options
from gateway.custody.names import printable

if TYPE_CHECKING:
    from gateway.model import Transfer
    from gateway.stages.context import Context


@click.command()
@click.argument("transfers", nargs=-1)
@selection_options
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show what would happen, duplicates and sequence included; change nothing.",
)
@click.option(
    "--corrected",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take this corrected file instead; it is linked to the failed one. One transfer only.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="WORD",
    help="Let this go once: resend, conflict, copy, record-duplicate, late, overtaken, repeated.",
)
@reason_option
@json_option
@click.pass_obj
def reprocess(
    shared: Shared,
    transfers: tuple[str, ...],
    code: str | None,
    route: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    dry_run: bool,
    corrected: Path | None,
    allow: tuple[str, ...],
    reason: str | None,
    as_json: bool,
) -> int:
    """Try failed or set-aside files again: TRANSFERS, or all that --code, --route, --since, --until choose.

    The next pass takes them (`gateway run --once`, or the running service).
    """
    from gateway.operations.opening import open_site
    from gateway.operations.reprocess import Selection, select
    from gateway.operations.reprocess import reprocess as ask

    if not (transfers or code or route or since or until):
        raise click.UsageError("Name transfers, or choose with --code, --route, --since, --until.")
    with open_site(shared.directory(), actor=shared.actor) as context:
        rows = select(context, Selection(transfers, code, route, since, until))
        if corrected is not None:
            if len(rows) != 1:
                raise click.UsageError("--corrected takes exactly one transfer.")
            return _correct(context, rows[0], corrected, None if dry_run else _Reason(reason), as_json)
        if dry_run:
            return _forecast(context, rows, allow, as_json)
        done = ask(context, rows, reason, allow)
    if as_json:
        print_json(
            [{"transfer": row.id, "name": printable(row.name), "attempt": row.attempt} for row in done]
        )
    else:
        click.echo(f"{len(done)} files will be tried again by the next pass (gateway run --once).")
    return 0


@dataclass(frozen=True, slots=True)
class _Reason:
    """The reason as given; that it is missing is the operation's to say."""

    text: str | None


def _correct(context: Context, row: Transfer, corrected: Path, reason: _Reason | None, as_json: bool) -> int:
    """Register a corrected file, or with no reason only show what it changes."""
    from gateway.operations.correct import compare, correct

    if reason is None:
        child, difference = None, compare(context, row, corrected)
    else:
        child, difference = correct(context, row, corrected, reason.text)
    if as_json:
        found = difference.to_dict() if difference else None
        print_json({"failed": row.id, "corrected": child.id if child else None, "difference": found})
        return 0
    if difference is not None:
        print_table(
            f"{difference.total} fields differ",
            ("record type", "record", "line", "column", "old", "new"),
            [
                (one.record_type, one.record, one.line or "", one.column, one.old, one.new)
                for one in difference.changes
            ],
            empty="No field differs.",
        )
    if child is None:
        click.echo("Nothing was changed (dry run).")
    else:
        click.echo(f"Taken as transfer {child.id}, linked to {row.id}; the next pass examines it.")
    return 0


def _forecast(context: Context, rows: Sequence[Transfer], allow: tuple[str, ...], as_json: bool) -> int:
    """Show what a reprocess would do, duplicates and sequence included."""
    from gateway.operations.reprocess import forecast

    foreseen = forecast(context, rows, allow)
    if as_json:
        print_json(
            [
                {
                    "transfer": one.transfer.id,
                    "name": printable(one.transfer.name),
                    "outcome": one.outcome,
                    "verdict": one.verdict,
                    "errors": one.findings,
                    "explanation": one.explanation,
                }
                for one in foreseen
            ]
        )
        return 0
    print_table(
        "What a reprocess would do now (nothing was changed)",
        ("transfer", "file", "would become", "errors", "duplicate", "why"),
        [
            (
                one.transfer.id,
                one.transfer.name,
                one.outcome,
                one.findings,
                one.verdict or "no",
                one.explanation,
            )
            for one in foreseen
        ],
        empty="Nothing is chosen.",
        ids=("transfer",),
    )
    return 0


@click.command()
@click.argument("transfers", nargs=-1, required=True)
@reason_option
@click.pass_obj
def replay(shared: Shared, transfers: tuple[str, ...], reason: str | None) -> None:
    """Deliver processed TRANSFERS again, from the archive, with new delivery keys."""
    from gateway.operations.opening import open_site
    from gateway.operations.reprocess import replay as ask

    with open_site(shared.directory(), actor=shared.actor) as context:
        done = ask(context, transfers, reason)
    click.echo(f"{len(done)} files will be delivered again by the next pass (gateway run --once).")
