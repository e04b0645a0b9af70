"""`gateway ledger`: check, backup, restore and rebuild what the gateway knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, say, size
from gateway.cli.progress import spoken

if TYPE_CHECKING:
    from gateway.ledger.backup import Backup

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
def backup(shared: Shared, file: Path, as_json: bool) -> None:
    """Write a backup of the ledger to the new FILE, while the gateway works, and its SHA-256 beside it.

    It is one SQLite file whatever the ledger is in, checked from end to end before it gets its name; FILE
    is never overwritten. Keep it on another machine, with the site's audit directory.
    """
    from gateway.operations.ledger_care.backing_up import back_up
    from gateway.operations.opening import open_site

    with open_site(shared.directory(), actor=shared.actor) as context, spoken("Writing the backup") as tell:
        made = back_up(context, file, lambda done, of: tell(f"{done:,} of {of:,} copied"))
    if as_json:
        print_json(_backup(made))
        return
    say(f"{made.path}: {_words(made)}.")
    say(f"  SHA-256 {made.sha256}")
    say(f"  audit trail ends with {made.head.hash}")


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
