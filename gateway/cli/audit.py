"""`gateway audit`: who did what, when, to what, and why; and is the record whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, json_text, moment, number, print_json, print_table, say
from gateway.cli.progress import spoken
from gateway.cli.selecting import Moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.ledger.audit import ChainedEntry
    from gateway.ledger.checkpoint_lines import Trouble
    from gateway.ledger.engine import Connection

#: Characters of what changed that a table shows; --json has everything.
_LONGEST_CHANGE = 400


@click.group()
def audit() -> None:
    """The audit trail: log, verify, export, key."""


@audit.command("log")
@click.argument("object_id", metavar="[OBJECT]", required=False)
@click.option("--action", help="Only this action, e.g. reprocess-requested.")
@click.option("--by", "actor", help="Only what this actor did.")
@click.option("--since", type=Moment(), help="At or after this time (UTC unless it has an offset).")
@click.option("--until", type=Moment(), help="At or before this time.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="At most so many entries, the newest.",
)
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
    """Show entries of the audit trail, oldest first.

    OBJECT is a transfer (an id, the beginning or end of one, or a file name) or a stream.
    """
    from gateway.ledger import audit as trail
    from gateway.operations.opening import looking_at

    with (
        looking_at(shared.directory(), actor=shared.actor) as context,
        context.ledger.read() as connection,
    ):
        rows = trail.read(
            connection,
            object_id=_meant(connection, object_id),
            action=action,
            actor=actor,
            since=since,
            until=until,
            limit=limit,
        )
    if as_json:
        print_json([row.to_dict() for row in rows])
        return
    print_table(
        "Audit trail",
        ("no.", "time", "actor", "action", "object"),
        [
            (row.sequence, moment(row.entry.at), row.entry.actor.name, row.entry.action, _object(row))
            for row in rows
        ],
        empty="No entry fits.",
        wraps=("actor", "object"),
        below=[_below(row) for row in rows],
    )
    if len(rows) == limit:
        say("... perhaps earlier ones; --limit shows more")


def _meant(connection: Connection, text: str | None) -> str | None:
    """Return the id of the object a person means; streams are named in full and have a slash."""
    from gateway.ledger import transfers

    return text if text is None or "/" in text else transfers.find(connection, text).id


def _object(row: ChainedEntry) -> str:
    kind = row.entry.object_type
    return row.entry.object_id if kind == "transfer" else f"{kind} {row.entry.object_id}"


def _below(row: ChainedEntry) -> list[str]:
    entry = row.entry
    lines = [f"why: {entry.reason}"] if entry.reason else []
    lines += [f"outcome: {entry.outcome}"] if entry.outcome != "ok" else []
    change = _change(entry.old or {}, entry.new or {})
    if len(change) > _LONGEST_CHANGE:
        change = f"{change[:_LONGEST_CHANGE]} ... (--json shows all)"
    return [*lines, change] if change else lines


def _change(old: Any, new: Any) -> str:
    """Return what is new, and what it was where that is known and differs."""
    parts = []
    for key, value in new.items():
        if key in old and old[key] != value:
            parts.append(f"{key} {_value(old[key])} -> {_value(value)}")
        elif value not in (None, "", [], {}):
            parts.append(f"{key} {_value(value)}")
    return ", ".join(parts)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)


@audit.command("verify")
@click.option(
    "--checkpoints",
    "kept",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Compare with this copy of the checkpoints, kept elsewhere, instead of the site's own.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --checkpoints: each line must be signed with this public key, or one it announced.",
)
@click.option(
    "--export",
    "exported",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Check this export of the trail by itself, and against the ledger where there is a site.",
)
@json_option
@click.pass_obj
def verify(shared: Shared, kept: Path | None, key: Path | None, exported: Path | None, as_json: bool) -> int:
    """Recompute every hash of the audit trail and compare it with the checkpoints outside the ledger.

    Leaves with 61 where anything was altered, removed, inserted or cut off.
    """
    from gateway.cli.verify import NEXT, say_trouble
    from gateway.errors import AuditBroken, UsageError

    if (key is not None and kept is None) or (kept is not None and exported is not None):
        raise UsageError("--key goes with --checkpoints, and --export stands alone")
    with spoken("Checking") as tell:
        if exported is not None:
            troubles, count = _of_export(shared, exported)
        elif kept is not None:
            troubles, count = _of_checkpoints(shared, kept, key)
        else:
            troubles, count = _of_trail(shared, tell)
    if as_json:
        print_json({"entries": count, "problems": [dataclasses.asdict(one) for one in troubles]})
    else:
        for one in troubles:
            say_trouble(one, "! ", err=True)
        found = number(len(troubles), "problem") if troubles else "the trail is whole"
        units = ("entry", "entries") if kept is None else ("checkpoint", "checkpoints")
        say(f"{number(count, *units)} checked: {found}.")
        if troubles:
            say(NEXT, err=True)
    return AuditBroken.exit_status if troubles else 0


def _of_trail(shared: Shared, tell: Callable[[str], None]) -> tuple[list[Trouble], int]:
    from gateway.operations.ledger_care.on_record import restorations
    from gateway.operations.opening import open_site
    from gateway.operations.verifying_trail import verify_audit

    with open_site(shared.directory(), actor=shared.actor) as context:
        for line in restorations(context):
            say(line, err=True)
        return verify_audit(context, lambda done, of: tell(f"{done:,} of {of:,} entries checked"))


def _of_checkpoints(shared: Shared, kept: Path, key: Path | None) -> tuple[list[Trouble], int]:
    from gateway.operations.opening import open_site
    from gateway.operations.verifying_trail import verify_checkpoints
    from gateway.signing import read_public_file

    public = None if key is None else read_public_file(key)
    with open_site(shared.directory(), actor=shared.actor) as context:
        return verify_checkpoints(context, kept, public)


def _of_export(shared: Shared, exported: Path) -> tuple[list[Trouble], int]:
    from gateway.errors import ConfigurationMissing
    from gateway.operations.opening import open_site
    from gateway.operations.verifying_trail import verify_export

    try:
        site = open_site(shared.directory(), actor=shared.actor)
        with site as context:
            return verify_export(context, exported)
    except ConfigurationMissing:  # an export is verified anywhere
        return verify_export(None, exported)


@audit.command("key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--announce", is_flag=True, help="Let the present key say, in a checkpoint, that this one follows."
)
@click.pass_obj
def key(shared: Shared, file: Path, announce: bool) -> None:
    """Make a key that signs checkpoints: FILE for the gateway alone, FILE.pub for those who verify.

    Neither may exist yet. Name FILE as `signing_key` under `audit` of the configuration, and keep FILE.pub
    where those who can write the ledger cannot.
    """
    from gateway.signing import make_key

    if not announce:
        public = make_key(file)
    else:
        from gateway.operations.opening import open_site
        from gateway.operations.signing import next_key

        with open_site(shared.directory(), actor=shared.actor) as context:
            public = next_key(context, file)
    say(public.text)
    say(f"fingerprint {public.fingerprint}")


@audit.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(shared: Shared, file: Path) -> None:
    """Write the whole audit trail to FILE as JSON lines that can be verified without the gateway.

    FILE must not exist yet.
    """
    from gateway.operations.opening import open_site
    from gateway.operations.verifying import export_audit

    with open_site(shared.directory(), actor=shared.actor) as context, spoken("Writing the audit trail"):
        count = export_audit(context, file)
    say(f"{number(count, 'entry', 'entries')} written to {file}")
