"""`gateway ledger`: check, backup, restore and rebuild what the gateway knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, reason_option, say, size
from gateway.cli.progress import spoken

if TYPE_CHECKING:
    from gateway.ledger.backup import Backup
    from gateway.operations.ledger_care.rebuilding import Rebuilt

_FILE = click.Path(path_type=Path)


@click.group()
def ledger() -> None:
    """The ledger: check, backup, restore, rebuild."""


@ledger.command("check")
@json_option
@click.pass_obj
def check(shared: Shared, as_json: bool) -> int:
    """Read the ledger to its end and say whether it is sound; nothing is changed.

    Leaves with 56 where it is damaged. The audit trail is checked by `gateway audit verify`, the archive
    by `gateway verify`.
    """
    from gateway.errors import LedgerDamaged
    from gateway.operations.ledger_care.checking import check_ledger

    with spoken("Reading the ledger"):
        found = check_ledger(shared.directory())
    if as_json:
        print_json({"ledger": found.place, "sound": not found.problems, "problems": list(found.problems)})
    else:
        for problem in found.problems:
            say(f"DAMAGED: {problem}")
        say(f"{found.place}: {'damaged. ' + found.advice if found.problems else 'sound.'}")
    return LedgerDamaged.exit_status if found.problems else 0


@ledger.command("backup")
@click.argument("file", type=_FILE)
@json_option
@click.pass_obj
def backup(shared: Shared, file: Path, as_json: bool) -> int:
    """Write a backup of the ledger to the new FILE, while the gateway works, and its SHA-256 beside it.

    It is one SQLite file whatever the ledger is in, checked from end to end before it gets its name; FILE
    is never overwritten. Keep it on another machine, with the site's audit directory. Leaves with 61 where
    the audit trail is broken: the backup is written, and cannot be restored.
    """
    from gateway.errors import AuditBroken
    from gateway.operations.ledger_care.backing_up import back_up, broken_trail
    from gateway.operations.opening import open_site

    with open_site(shared.directory(), actor=shared.actor) as context, spoken("Writing the backup") as tell:
        made = back_up(context, file, lambda done, of: tell(f"{done:,} of {of:,} copied"))
        tell("Checking its audit trail")
        problem = broken_trail(made.path)
    if as_json:
        print_json({**_backup(made), "problem": problem})
    else:
        say(f"{made.path}: {_words(made)}.")
        say(f"  SHA-256 {made.sha256}")
        say(f"  audit trail ends with {made.head.hash}")
    if problem is None:
        return 0
    hint = "`gateway audit verify` says more; restore an older backup, or keep this one as evidence"
    say(f"! This backup cannot be restored. {problem}. {hint}.", err=True)
    return AuditBroken.exit_status


def _backup(made: Backup) -> dict[str, Any]:
    return {
        "file": made.path,
        "sha256": made.sha256,
        "size": made.size,
        "transfers": made.transfers,
        "entries": made.head.count,
        "head": made.head.hash,
    }


def _words(made: Backup) -> str:
    entries = number(made.head.count, "audit entry", "audit entries")
    return f"{number(made.transfers, 'transfer')}, {entries}, {size(made.size)}"


@ledger.command("restore")
@click.argument("file", type=_FILE)
@reason_option
@json_option
@click.pass_obj
def restore(shared: Shared, file: Path, reason: str | None, as_json: bool) -> int:
    """Put the backup FILE in the place of the ledger; no gateway may be at work.

    The present ledger is kept under another name. What settled after the backup is taken over from its
    manifests; a file that was in work fails with F905, for nobody knows whether it was delivered. What the
    audit trail lost stands in it, and in the checkpoints, for ever. Leaves with 1 where something needs you.
    """
    from gateway.operations.ledger_care.restoring import restore as put_back

    with spoken("Reading the backup") as tell:
        done = put_back(shared.directory(), file, reason, actor=shared.actor, progress=tell)
    return _tell(done, as_json)


@ledger.command("rebuild")
@click.option(
    "--into", type=_FILE, help="Write it to this new file only, to look at; the site stays as it is."
)
@reason_option
@json_option
@click.pass_obj
def rebuild(shared: Shared, into: Path | None, reason: str | None, as_json: bool) -> int:
    """Make the ledger anew from directories and manifests alone; no gateway may be at work.

    The present ledger, if there is one, is kept under another name. A file that was in work fails with
    F905, for nobody knows whether it was delivered. The audit trail cannot be made anew: it begins with an
    entry that says so. Leaves with 1 where something needs you.
    """
    from gateway.operations.ledger_care.rebuilding import rebuild as make_anew

    with spoken("Reading the archive") as tell:
        done = make_anew(shared.directory(), reason, into, actor=shared.actor, progress=tell)
    return _tell(done, as_json)


def _tell(done: Rebuilt, as_json: bool) -> int:
    found, lost = done.recovery, done.restoration
    if as_json:
        data = {
            "ledger": done.ledger,
            "aside": done.aside,
            "kept": lost.kept if lost else None,
            "lost": lost.lost if lost else None,
            **found.facts(),
            "listed": found.troubles,
        }
        print_json(data)
    else:
        _print(done)
    return 1 if found.trouble_total or found.uncertain else 0


def _print(done: Rebuilt) -> None:
    found = done.recovery
    written = ", ".join(f"{count:,} {state}" for state, count in sorted(found.counts.items())) or "none"
    say(f"{done.ledger}: from {number(found.manifests, 'manifest')}.")
    say(f"  transfers written: {written}; as they were: {found.unchanged:,}")
    say(f"  streams counted again: {found.streams:,}; record keys read again: {found.keys:,}")
    if found.resumed:
        say(f"  the next pass carries on {number(found.resumed, 'file')} that stood between two places")
    if done.restoration is not None:
        say(f"  audit trail: {done.restoration}")
    if done.aside is not None:
        say(f"  the ledger before is kept as {done.aside}")
    for trouble in found.troubles:
        say(f"LOOK AT: {trouble}")
    if found.trouble_total > len(found.troubles):
        say(f"  ... and {found.trouble_total - len(found.troubles):,} more; `gateway verify` lists them")
    if found.uncertain:
        say(
            f"{number(found.uncertain, 'file')} may have been delivered or not: after the next pass"
            " `gateway failed list` shows them with F905 and what to do"
        )
    if done.restoration is not None:
        say("Next: `gateway verify`, then start the gateway again.")
