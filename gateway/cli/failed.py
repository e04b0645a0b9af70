"""`gateway failed`: what failed, why, in the file's own rows and words."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, moment, print_json, print_table
from gateway.cli.selecting import selection_options
from gateway.custody.names import printable
from gateway.model import Transfer


@click.group()
def failed() -> None:
    """Failed files: list, show, export."""


@failed.command("list")
@selection_options
@click.option("--all", "everything", is_flag=True, help="Also those that were corrected since.")
@json_option
@click.pass_obj
def list_failed(
    shared: Shared,
    code: str | None,
    route: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    everything: bool,
    as_json: bool,
) -> None:
    """List failed files, newest first, with what is wrong."""
    from gateway.ledger import transfers
    from gateway.model import State
    from gateway.operations.opening import open_site

    with open_site(shared.directory()) as context, context.ledger.read() as connection:
        rows = transfers.search(
            connection, route=route, states=(State.FAILED,), code=code, since=since, until=until, limit=None
        )
    rows = [row for row in rows if everything or row.superseded_by is None]
    if as_json:
        print_json([brief(row) for row in rows])
        return
    print_table(
        f"Failed files ({len(rows)})",
        ("transfer", "route", "file", "failed at", "errors", "code", "why"),
        [
            (
                row.id,
                row.route,
                row.name,
                moment(row.settled_at),
                (row.findings or {}).get("errors", 0),
                row.reason_code,
                row.reason,
            )
            for row in rows
        ],
        empty="No file is in failed.",
        ids=("transfer",),
    )
    if rows:
        click.echo(
            'Show one: gateway failed show TRANSFER   Try again: gateway reprocess TRANSFER --reason "..."'
        )


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
        "errors": found.get("errors", 0),
        "warnings": found.get("warnings", 0),
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
    """Show one transfer whole: its findings, its attempts, and where its bytes are.

    TRANSFER is an id, the beginning or end of one, or a file name.
    """
    from gateway.ledger import attempts, deliveries, transfers
    from gateway.operations.opening import open_site
    from gateway.stages.settle import report_of

    with open_site(shared.directory()) as context:
        with context.ledger.read() as connection:
            row = transfers.find(connection, transfer)
            tried = attempts.of(connection, [row.id]).get(row.id, [])
            sent = deliveries.of(connection, [row.id]).get(row.id, [])
        if as_json:
            print_json(
                {
                    **brief(row),
                    "findings": row.findings,
                    "attempts": [
                        {
                            "number": one.number,
                            "actor": one.actor,
                            "reason": one.reason,
                            "started_at": one.started_at,
                            "ended_at": one.ended_at,
                            "outcome": one.outcome,
                            "detail": one.detail,
                        }
                        for one in tried
                    ],
                    "deliveries": [
                        {
                            "destination": one.destination,
                            "state": one.state.value,
                            "tries": one.tries,
                            "last_error": one.last_error,
                            "target": one.target,
                            "delivered_at": one.delivered_at,
                        }
                        for one in sent
                    ],
                }
            )
            return
        click.echo(report_of(row))
        click.echo(f"State: {row.state.value}   File: {printable(context.path_of(row))}")
        for one in tried:
            ended = f", {one.outcome} {moment(one.ended_at)}" if one.ended_at else ""
            click.echo(f"Attempt {one.number}: {moment(one.started_at)} by {one.actor}{ended}. {one.reason}")


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
    """Copy failed files, reports and a list of all findings (findings.csv) to DIRECTORY.

    The originals stay where they are. DIRECTORY must not hold files of the same names.
    """
    from gateway.operations.export import export
    from gateway.operations.opening import open_site
    from gateway.operations.reprocess import Selection, select

    with open_site(shared.directory()) as context:
        rows = select(context, Selection(code=code, route=route, since=since, until=until))
        export(context, rows, directory)
    click.echo(
        f"{len(rows)} files exported to {directory}; every listed finding is in {directory / 'findings.csv'}"
    )
