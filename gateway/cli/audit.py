"""`gateway audit`: who did what, when, to what, and why; and is the record whole."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, moment, print_json, print_table
from gateway.cli.selecting import Moment


@click.group()
def audit() -> None:
    """The audit trail: log, verify, export."""


@audit.command("log")
@click.argument("object_id", required=False)
@click.option("--action", help="Only this action, e.g. reprocess-requested.")
@click.option("--by", "actor", help="Only what this actor did.")
@click.option("--since", type=Moment())
@click.option("--until", type=Moment())
@click.option("--limit", default=200, show_default=True, help="At most so many entries, the newest.")
@json_option
@click.pass_obj
def log(
    shared: Shared,
    object_id: str | None,
    action: str | None,
    actor: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show entries of the audit trail; OBJECT_ID is a transfer's or stream's id."""
    from gateway.ledger import audit as trail
    from gateway.operations.opening import open_site

    with open_site(shared.directory()) as context, context.ledger.read() as connection:
        rows = list(
            trail.read(
                connection,
                object_id=object_id,
                action=action,
                actor=actor,
                since=since,
                until=until,
                limit=limit,
            )
        )
    if as_json:
        print_json([row.to_dict() for row in rows])
        return
    print_table(
        "",
        ("no.", "time", "actor", "action", "object", "change", "reason"),
        [
            (
                row.sequence,
                moment(row.entry.at),
                row.entry.actor.name,
                row.entry.action,
                row.entry.object_id,
                json.dumps(row.entry.new, ensure_ascii=False) if row.entry.new else "",
                row.entry.reason or "",
            )
            for row in rows
        ],
        empty="No entry.",
        ids=("time",),
    )


@audit.command("verify")
@json_option
@click.pass_obj
def verify(shared: Shared, as_json: bool) -> int:
    """Recompute every hash of the audit trail and compare it with the checkpoints outside the ledger."""
    from gateway.operations.opening import open_site
    from gateway.operations.verifying import verify_audit

    with open_site(shared.directory()) as context:
        problems, count = verify_audit(context)
    if as_json:
        print_json({"entries": count, "problems": problems})
    else:
        for problem in problems:
            click.echo(f"! {problem['code']}: {problem['message']}", err=True)
        click.echo(f"{count} entries checked, {len(problems)} problems.")
    return 61 if problems else 0


@audit.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(shared: Shared, file: Path) -> None:
    """Write the whole audit trail to FILE as JSON lines that can be verified without the gateway."""
    from gateway.ledger import audit as trail
    from gateway.operations.opening import open_site

    with (
        open_site(shared.directory()) as context,
        context.ledger.read() as connection,
        open(file, "xb") as out,
    ):
        count = trail.export(connection, out)
    click.echo(f"{count} entries written to {file}.")
