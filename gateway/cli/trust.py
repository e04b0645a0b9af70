"""`gateway trust`: the host keys of SFTP servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, print_json, print_table, reason_option, say

if TYPE_CHECKING:
    from gateway.operations.trusting import ServerTrust

_WORDS = {
    "trusted": "trusted",
    "unknown": "UNKNOWN",
    "changed": "CHANGED",
    "revoked": "REVOKED",
}


@click.group()
def trust() -> None:
    """Host keys of SFTP servers: show, accept, remove."""


@trust.command("show")
@click.argument("servers", nargs=-1, metavar="[SERVER]...")
@json_option
@click.pass_obj
def show(shared: Shared, servers: tuple[str, ...], as_json: bool) -> None:
    """Ask each server, or each SERVER, which host keys it shows now; say which are trusted.

    Nobody logs in, and nothing is changed.
    """
    from gateway.config.loading import known_site
    from gateway.operations.trusting import survey

    rows = survey(known_site(shared.directory()), servers)
    if as_json:
        print_json([_data(one) for one in rows])
        return
    print_table(
        f"Servers ({len(rows):,})",
        ("server", "host", "port", "verdict", "trusted by"),
        [(one.server.name, one.server.host, str(one.server.port), _verdict(one), _by(one)) for one in rows],
        empty="The site has no servers.",
        wraps=("host",),
        below=[_below(one) for one in rows],
    )


def _verdict(one: ServerTrust) -> str:
    return "not asked" if one.verdict is None else _WORDS[one.verdict.value]


def _by(one: ServerTrust) -> str:
    return "configuration" if one.trusted.pins else "known_hosts"


def _below(one: ServerTrust) -> list[str]:
    lines = [f"shows    {key}" for key in one.shown]
    lines += [f"trusted  {key}" for key in one.trusted.keys or ("none",)]
    if one.problem is not None:
        lines += one.problem.lines()
    elif one.verdict is not None and one.verdict.value != "trusted":
        from gateway.sftp.trust import refusal

        lines.append(refusal(one.server, one.trusted, one.shown).hint or "")
    return lines


def _data(one: ServerTrust) -> dict[str, Any]:
    return {
        "server": one.server.name,
        "host": one.server.host,
        "port": one.server.port,
        "verdict": one.verdict.value if one.verdict else None,
        "shown": [{"type": key.type, "fingerprint": key.fingerprint} for key in one.shown],
        "trusted": list(one.trusted.keys),
        "trusted_by": _by(one),
        "problem": None
        if one.problem is None
        else {"code": one.problem.code, "text": "\n".join(one.problem.lines())},
    }


@trust.command("accept")
@click.argument("server")
@click.option(
    "--fingerprint",
    required=True,
    metavar="SHA256:...",
    help="Of the key, as the partner told you on another way. The server must show it now.",
)
@reason_option
@json_option
@click.pass_obj
def accept(shared: Shared, server: str, fingerprint: str, reason: str | None, as_json: bool) -> None:
    """Trust the host key of SERVER that has this fingerprint, instead of those trusted before.

    It is written to known_hosts, and who approved it and why to the audit trail. Sessions that are
    opened from then on count on it; a running gateway need not be told.
    """
    from gateway.operations.opening import open_site
    from gateway.operations.trusting import accept as approve

    with open_site(shared.directory(), actor=shared.actor) as context:
        change = approve(context, server, fingerprint, reason)
    if as_json:
        key = {"type": change.key.type, "fingerprint": change.key.fingerprint}
        print_json({"server": server, "trusted": key, "replaced": change.old, "changed": change.is_new})
    elif not change.is_new:
        say(f"{server}: {change.key} is trusted already; nothing was changed.")
    else:
        instead = f", instead of {', '.join(change.old)}" if change.old else ""
        say(f"{server}: {change.key} is trusted now{instead}.")


@trust.command("remove")
@click.argument("server")
@reason_option
@json_option
@click.pass_obj
def remove(shared: Shared, server: str, reason: str | None, as_json: bool) -> None:
    """Trust no host key of SERVER any more: it is not connected to until one is approved."""
    from gateway.operations.opening import open_site
    from gateway.operations.trusting import remove as forget

    with open_site(shared.directory(), actor=shared.actor) as context:
        old = forget(context, server, reason)
    if as_json:
        print_json({"server": server, "removed": old})
    else:
        say(f"{server}: no key is trusted any more; before, {', '.join(old)}.")
