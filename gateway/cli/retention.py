"""`gateway retention`: removing old files from the archive, planned by one person and approved by another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import (
    json_option,
    moment,
    number,
    print_json,
    print_lines,
    print_table,
    reason_option,
    say,
    size,
)
from gateway.cli.progress import spoken
from gateway.printable import printable

if TYPE_CHECKING:
    from gateway.ledger.retention import Run
    from gateway.operations.removing import Applied

_SHOWN = 20


@click.group()
def retention() -> None:
    """Files whose time is over: plan, show, approve, withdraw, apply."""


@retention.command("plan")
@click.option("--limit", type=click.IntRange(1, 10_000), default=10_000, help="At most so many files.")
@reason_option
@json_option
@click.pass_obj
def plan(shared: Shared, limit: int, reason: str | None, as_json: bool) -> None:
    """Put on record which files are to be removed: those whose time is over, the oldest first.

    For how long files are kept stands in the configuration under `retention`. Nothing is removed before
    another person has approved the plan.
    """
    from gateway.operations.opening import open_site
    from gateway.operations.retention import plan as make

    with open_site(shared.directory(), actor=shared.actor) as context:
        run = make(context, reason, limit)
    if as_json:
        print_json(_run(run))
        return
    _print(run)
    say("")
    say("Another person approves it:")
    say(f'  gateway --actor NAME retention approve {run.id} {run.plan_sha256[:12]} --reason "..."')


@retention.command("show")
@click.argument("run", required=False)
@json_option
@click.pass_obj
def show(shared: Shared, run: str | None, as_json: bool) -> None:
    """List all retention runs, or show RUN with every file that it is about."""
    from gateway.ledger import retention as rows
    from gateway.operations.opening import open_site
    from gateway.operations.retention import show as look

    with open_site(shared.directory(), actor=shared.actor) as context:
        if run is None:
            with context.ledger.read() as connection:
                found = [(one, rows.of_run(connection, one.id)) for one in rows.runs(connection)]
        else:
            found = [look(context, run)]
    if as_json:
        print_json([{**_run(one), **_progress(*done)} for one, done in found])
    elif run is not None:
        _print_whole(*found[0])
    else:
        print_table(
            f"Retention runs ({len(found):,})",
            ("run", "state", "planned", "by", "files", "removed"),
            [
                (
                    one.id,
                    one.state,
                    moment(one.planned_at),
                    printable(one.planned_by),
                    _count(one),
                    str(done[0]),
                )
                for one, done in found
            ],
            empty="There is no retention run.",
        )


@retention.command("approve")
@click.argument("run")
@click.argument("digest")
@reason_option
@json_option
@click.pass_obj
def approve(shared: Shared, run: str, digest: str, reason: str | None, as_json: bool) -> None:
    """Approve the plan of RUN; DIGEST is its SHA-256, or the first twelve characters of it.

    Whoever has planned it cannot approve it.
    """
    from gateway.operations.opening import open_site
    from gateway.operations.retention import approve as sign

    with open_site(shared.directory(), actor=shared.actor) as context:
        approved = sign(context, run, digest, reason)
    if as_json:
        print_json(_run(approved))
        return
    _print(approved)
    say("")
    say(f"Remove the files: gateway retention apply {approved.id}")


@retention.command("withdraw")
@click.argument("run")
@reason_option
@json_option
@click.pass_obj
def withdraw(shared: Shared, run: str, reason: str | None, as_json: bool) -> None:
    """Give the plan of RUN up; nothing of it is removed."""
    from gateway.operations.opening import open_site
    from gateway.operations.retention import withdraw as give_up

    with open_site(shared.directory(), actor=shared.actor) as context:
        gone = give_up(context, run, reason)
    if as_json:
        print_json(_run(gone))
    else:
        say(f"Retention run {gone.id} is withdrawn.")


@retention.command("apply")
@click.argument("run")
@json_option
@click.pass_obj
def apply(shared: Shared, run: str, as_json: bool) -> int:
    """Remove the files of the approved RUN; in the place of each stands a tombstone, its manifest stays.

    What has changed since it was planned is left and listed. Called again after an interruption, it brings
    the run to its end. Leaves with 1 where files were left.
    """
    from gateway.operations.opening import open_site
    from gateway.operations.removing import apply as carry_out

    with (
        open_site(shared.directory(), actor=shared.actor) as context,
        spoken("Removing") as tell,
    ):
        done = carry_out(context, run, lambda count, of: tell(f"{count:,} of {of:,} files looked at"))
    if as_json:
        print_json(_applied(done))
    else:
        _print_applied(done)
    return 1 if done.left_total else 0


def _run(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "state": run.state,
        "planned_at": run.planned_at,
        "planned_by": run.planned_by,
        "reason": run.reason,
        "plan_sha256": run.plan_sha256,
        "approved_at": run.approved_at,
        "approved_by": run.approved_by,
        "approval_reason": run.approval_reason,
        "done_at": run.done_at,
        "plan": run.plan,
    }


def _progress(files: int, count: int, begun: int) -> dict[str, int]:
    return {"removed": files, "removed_bytes": count, "unfinished": begun}


def _applied(done: Applied) -> dict[str, Any]:
    return {
        "run": done.run.id,
        "state": done.run.state,
        "removed": done.removed,
        "removed_bytes": done.bytes,
        "unfinished": done.unfinished,
        "left_total": done.left_total,
        "left": [{"transfer": key, "path": path, "why": why} for key, path, why in done.left],
    }


def _count(run: Run) -> str:
    totals = run.plan.get("totals")
    return f"{totals['files']:,}" if totals else "?"


def _print(run: Run) -> None:
    say(f"Retention run {run.id}: {run.state}")
    say(f"  planned:  {moment(run.planned_at)} by {printable(run.planned_by)}")
    print_lines(run.reason, indent=12)
    if run.approved_at is not None:
        say(f"  approved: {moment(run.approved_at)} by {printable(run.approved_by or '')}")
        print_lines(run.approval_reason or "", indent=12)
    if run.done_at is not None:
        say(f"  ended:    {moment(run.done_at)}")
    totals = run.plan.get("totals")
    if totals is None:
        say("  the plan is not known: the ledger was rebuilt, and only the tombstones tell of this run")
    else:
        say(f"  files:    {totals['files']:,} ({size(totals['bytes'])})")
        say(f"  settled:  {totals['oldest']} to {totals['newest']}")
        for what, count in sorted(totals["by"].items()):
            say(f"            {count:,} {printable(what)}")
        for why, count in sorted(run.plan["kept"].items()):
            say(f"  stay:     {count:,}, because {printable(why)}")
        if run.plan["has_more"]:
            say("  more files are due; plan again after this run")
    say(f"  digest:   {run.plan_sha256}")


def _print_whole(run: Run, done: tuple[int, int, int]) -> None:
    _print(run)
    files, count, begun = done
    say(f"  removed:  {number(files, 'file')} ({size(count)}); begun and not done: {begun:,}")
    say("")
    for one in run.plan.get("files", ()):
        say(f"{one['transfer']}  {one['settled']}  {size(one['bytes']):>9}  {printable(one['path'])}")


def _print_applied(done: Applied) -> None:
    removed = f"{number(done.removed, 'file')} removed, {size(done.bytes)}"
    say(f"Retention run {done.run.id}: {done.run.state}. {removed}.")
    for key, path, why in done.left[:_SHOWN]:
        say(f"LEFT: {key} {printable(path)}: {printable(why)}")
    if done.left_total > _SHOWN:
        say(f"  ... and {done.left_total - _SHOWN:,} more; --json lists them")
    if done.unfinished:
        say(f"{number(done.unfinished, 'removal')} could not be ended; see why, and apply the run again.")
