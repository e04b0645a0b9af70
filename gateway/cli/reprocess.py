"""`gateway reprocess` and `gateway replay`: a new attempt, with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, print_table, reason_option, say
from gateway.cli.selecting import demand_route, selection_options
from gateway.printable import printable

if TYPE_CHECKING:
    from gateway.model import Transfer
    from gateway.operations.field_diff import FieldDiff
    from gateway.operations.reprocess import Forecast
    from gateway.stages.context import Context


@click.command()
@click.argument("transfers", nargs=-1)
@selection_options
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show what would happen, duplicates and sequence included; change nothing. Needs no reason.",
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
) -> None:
    """Try failed or set-aside files again: TRANSFERS, or all failed ones that the options choose.

    TRANSFERS are ids, the beginning or end of one, or file names. The next pass takes the files
    (`gateway run --once`, or the running service).
    """
    from gateway.operations.demands import demand_reason
    from gateway.operations.opening import open_site
    from gateway.operations.reprocess import Selection, demand_allowed, select
    from gateway.operations.reprocess import reprocess as ask

    _demand_choice(transfers, bool(code or route or since or until))
    if not dry_run:
        demand_reason(reason)
    demand_allowed(allow)
    with open_site(shared.directory(), actor=shared.actor) as context:
        rows = select(context, Selection(transfers, code, route, since, until))
        if not rows:
            demand_route(context.site, route)
        if corrected is not None:
            if len(rows) != 1:
                raise click.UsageError(f"--corrected takes one transfer; {len(rows)} are chosen.")
            _correct(context, rows[0], corrected, None if dry_run else reason or "", as_json)
        elif dry_run:
            _forecast(context, rows, allow, as_json)
        else:
            _asked(ask(context, rows, reason, allow), "tried again", as_json)


def _demand_choice(transfers: Sequence[str], filtered: bool) -> None:
    if bool(transfers) == filtered:
        raise click.UsageError(
            "Either name transfers, or choose failed ones with --code, --route, --since, --until; not both."
            if filtered
            else "Name transfers, or choose failed ones with --code, --route, --since, --until."
        )


def _asked(done: Sequence[Transfer], what: str, as_json: bool) -> None:
    """Say what the next pass will do."""
    if as_json:
        print_json(
            [{"transfer": row.id, "name": printable(row.name), "attempt": row.attempt} for row in done]
        )
    elif done:
        say(f"{number(len(done), 'file')} will be {what} by the next pass (gateway run --once).")
    else:
        say("No failed file fits; nothing was changed.")


def _correct(context: Context, row: Transfer, corrected: Path, reason: str | None, as_json: bool) -> None:
    """Register a corrected file, or with no reason only show what it changes."""
    from gateway.operations.correct import compare, correct

    child: Transfer | None = None
    if reason is None:
        difference = compare(context, row, corrected)
    else:
        child, difference = correct(context, row, corrected, reason)
    if as_json:
        found = difference.to_dict() if difference else None
        print_json({"failed": row.id, "corrected": child.id if child else None, "difference": found})
        return
    _print_difference(difference)
    if child is None:
        say("Nothing was changed (dry run).")
    else:
        say(f"Taken as transfer {child.id}, linked to {row.id}; the next pass examines it.")


def _print_difference(difference: FieldDiff | None) -> None:
    if difference is None:
        say("The failed file's format is not known, so its fields are not compared.")
        return
    print_table(
        f"{number(difference.total, 'field')} differ{'s' if difference.total == 1 else ''}",
        ("record type", "record", "line", "column", "old", "new"),
        [
            (one.record_type, one.record, one.line, one.column, _cell(one.old), _cell(one.new))
            for one in difference.changes
        ],
        empty="No field differs.",
        wraps=("old", "new"),
    )
    if difference.total > len(difference.changes):
        say(f"... and {difference.total - len(difference.changes):,} more")
    if not difference.complete:
        say("The files are long: only their first records were compared.")


def _cell(value: str | None) -> str:
    return "(not there)" if value is None else value or "(empty)"


def _forecast(context: Context, rows: Sequence[Transfer], allow: Sequence[str], as_json: bool) -> None:
    """Show what a reprocess would do, duplicates and sequence included."""
    from gateway.operations.reprocess import forecast

    foreseen = forecast(context, rows, allow)
    if as_json:
        print_json([_forecast_data(one) for one in foreseen])
        return
    print_table(
        "What a reprocess would do now",
        ("transfer", "would be", "errors", "duplicate", "file"),
        [
            (one.transfer.id, one.outcome, one.findings, one.verdict or "no", one.transfer.name)
            for one in foreseen
        ],
        empty="No failed file fits.",
        wraps=("file",),
        below=[[one.explanation] for one in foreseen],
    )
    say("Nothing was changed (dry run).")


def _forecast_data(one: Forecast) -> dict[str, object]:
    return {
        "transfer": one.transfer.id,
        "name": printable(one.transfer.name),
        "outcome": one.outcome,
        "verdict": one.verdict,
        "errors": one.findings,
        "explanation": one.explanation,
    }


@click.command()
@click.argument("transfers", nargs=-1, required=True)
@reason_option
@json_option
@click.pass_obj
def replay(shared: Shared, transfers: tuple[str, ...], reason: str | None, as_json: bool) -> None:
    """Deliver processed TRANSFERS again, from the archive, with new delivery keys."""
    from gateway.operations.demands import demand_reason
    from gateway.operations.opening import open_site
    from gateway.operations.reprocess import replay as ask

    demand_reason(reason)
    with open_site(shared.directory(), actor=shared.actor) as context:
        _asked(ask(context, transfers, reason), "delivered again", as_json)
