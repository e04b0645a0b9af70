"""`gateway failed`: what failed, why, in the file's own rows and words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, moment, number, print_json, print_lines, print_table, say, size
from gateway.cli.progress import counted
from gateway.cli.selecting import demand_route, limit_option, selection_options
from gateway.printable import printable

if TYPE_CHECKING:
    from gateway.model import Attempt, Delivery, Transfer
    from gateway.operations.excerpt import FileRow


@click.group()
def failed() -> None:
    """Failed files: list, show, export."""


@failed.command("list")
@selection_options
@click.option("--all", "everything", is_flag=True, help="Also those that were corrected since.")
@limit_option
@json_option
@click.pass_obj
def list_failed(
    shared: Shared,
    code: str | None,
    route: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    everything: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List failed files, newest first, with what is wrong."""
    from gateway.ledger import transfers
    from gateway.ledger.transfer_search import Filters
    from gateway.model import State
    from gateway.operations.opening import looking_at

    chosen: Filters = {
        "states": (State.FAILED,),
        "code": code,
        "route": route,
        "since": since,
        "until": until,
        "superseded": None if everything else False,
    }
    with looking_at(shared.directory(), actor=shared.actor) as context:
        with context.ledger.read() as connection:
            rows = transfers.search(connection, limit=limit, **chosen)
            total = transfers.count(connection, **chosen)
        if not rows:
            demand_route(context.site, route)
    if as_json:
        print_json([brief(row) for row in rows])
        return
    print_table(
        f"Failed files ({total:,})",
        ("transfer", "failed at", "route", "code", "errors"),
        [(row.id, moment(row.settled_at), row.route, row.reason_code, brief(row)["errors"]) for row in rows],
        empty="No file is in failed." if not (code or since or until or route) else "No failed file fits.",
        wraps=("route",),
        below=[[row.name, row.reason or ""] for row in rows],
    )
    if total > len(rows):
        say(f"... and {total - len(rows):,} older ones; --limit shows more")
    if rows:
        say("")
        say("What is wrong in detail: gateway failed show TRANSFER")
        say('Try again:               gateway reprocess TRANSFER --reason "..."')


def brief(row: Transfer) -> dict[str, Any]:
    """Return what a list says of one transfer."""
    found = row.findings or {}
    return {
        "transfer": row.id,
        "route": row.route,
        "partner": row.partner,
        "message_type": row.message_type,
        "name": printable(row.name),
        "state": row.state.value,
        "attempt": row.attempt,
        "size": row.size,
        "sha256": row.sha256,
        "arrived_at": row.arrived_at,
        "settled_at": row.settled_at,
        "path": row.settled_path,
        "code": row.reason_code,
        "reason": row.reason,
        "errors": int(found.get("errors", 0)),
        "warnings": int(found.get("warnings", 0)),
        "control_number": row.control_number,
        "verdict": row.verdict,
        "parent": row.parent,
        "superseded_by": row.superseded_by,
    }


@failed.command("show")
@click.argument("transfer")
@json_option
@click.pass_obj
def show_failed(shared: Shared, transfer: str, as_json: bool) -> None:
    """Show one transfer whole: what is wrong, the rows it is about, its attempts, where its bytes are.

    TRANSFER is an id, the beginning or end of one, or a file name. Files that did not fail are shown
    too.
    """
    from gateway.errors import CustodyError
    from gateway.ledger import attempts, deliveries, retention, transfers
    from gateway.operations.excerpt import row_data, rows_of
    from gateway.operations.opening import looking_at
    from gateway.stages.settle import report_of

    with looking_at(shared.directory(), actor=shared.actor) as context:
        with context.ledger.read() as connection:
            row = transfers.find(connection, transfer)
            tried = attempts.of(connection, [row.id]).get(row.id, [])
            sent = deliveries.of(connection, [row.id]).get(row.id, [])
            removal = retention.removals(connection, [row.id]).get(row.id)
        lost, rows = None, []
        try:
            rows = rows_of(context, row)
        except CustodyError as error:
            lost = error
        path = context.path_of(row)
    if as_json:
        print_json(
            {
                **brief(row),
                "file": path,
                "findings": row.findings,
                "rows": row_data(rows),
                "attempts": [_attempt(one) for one in tried],
                "deliveries": [_delivery(one) for one in sent],
            }
        )
        return
    # what to do next stands at the end of the report, where the eye rests
    _print_state(row, path, tried, sent)
    if removal is not None:
        say(f"{'removed:':<15}{moment(removal.removed_at) or 'begun'} by retention run {removal.run}")
    elif lost is not None:
        say(f"The file cannot be opened: {lost}", err=True)
    _print_rows(rows)
    click.echo(f"\n\n{report_of(row)}", nl=False)


def _attempt(one: Attempt) -> dict[str, Any]:
    return {
        "number": one.number,
        "actor": one.actor,
        "reason": one.reason,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "outcome": one.outcome,
        "detail": one.detail,
    }


def _delivery(one: Delivery) -> dict[str, Any]:
    return {
        "attempt": one.attempt,
        "destination": one.destination,
        "state": one.state.value,
        "tries": one.tries,
        "last_error": one.last_error,
        "next_try_at": one.next_try_at,
        "target": one.target,
        "delivered_at": one.delivered_at,
    }


def _print_rows(rows: Sequence[FileRow]) -> None:
    if not rows:
        return
    say("")
    _heading("The rows it is about, as they stand in the file")
    for row in rows:
        say(f"line {row.line:,}")
        print_lines(row.text, indent=4)


def _heading(title: str) -> None:
    say(title)
    say("-" * 100)


def _print_state(row: Transfer, path: str, tried: Sequence[Attempt], sent: Sequence[Delivery]) -> None:
    _heading(f"Where {row.name} stands")
    facts: Mapping[str, str | None] = {
        "state": row.state.value,
        "file": path,
        "size": size(row.size) if row.size < 1024 else f"{size(row.size)} ({row.size:,} bytes)",
        "sha256": row.sha256,
        "came from": row.source,
        "correction of": row.parent,
        "corrected by": row.superseded_by,
    }
    for label, fact in facts.items():
        if fact:
            say(f"{label + ':':<15}{fact}")
    for one in tried:
        ended = f", {one.outcome} {moment(one.ended_at)}" if one.ended_at else ", not ended"
        say(f"attempt {one.number}:{'':<5}{moment(one.started_at)} by {one.actor}{ended}")
        print_lines(one.reason, indent=15)
    for sending in sent:
        when = moment(sending.delivered_at) or f"{sending.tries} tries"
        say(f"{'delivery:':<15}{sending.destination}: {sending.state.value} {when}, as {sending.target}")
        if sending.last_error:
            print_lines(sending.last_error, indent=15)


@failed.command("export")
@selection_options
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def export_failed(
    shared: Shared,
    code: str | None,
    route: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    directory: Path,
) -> None:
    """Copy failed files, manifests, reports and one list of findings (findings.csv) to DIRECTORY.

    The originals stay where they are. A file whose name is taken there gets its transfer's id into
    its name. DIRECTORY must not hold an export already.
    """
    from gateway.operations.export import export
    from gateway.operations.opening import open_site
    from gateway.operations.reprocess import Selection, select

    with open_site(shared.directory(), actor=shared.actor) as context:
        rows = select(context, Selection(code=code, route=route, since=since, until=until))
        if not rows:
            demand_route(context.site, route)
            say("No failed file fits; nothing was exported.")
            return
        with counted("Copying", len(rows)) as step:
            export(context, rows, directory, step)
    say(f"{number(len(rows), 'file')} exported to {directory}")
    say(f"Every listed finding is in {directory / 'findings.csv'}")
