"""`gateway alerts`: what people are told of, and whether they can be told."""

from __future__ import annotations

import click

from gateway.cli.main import Shared
from gateway.cli.output import age, json_option, moment, print_json, print_table, say

#: Messages listed by default.
_SHOWN = 20


@click.group()
def alerts() -> None:
    """Alerts: what lasts, what was sent, and a test of a channel."""


@alerts.command("list")
@click.option("--messages", default=_SHOWN, show_default=True, help="How many of the last messages to show.")
@json_option
@click.pass_obj
def list_alerts(shared: Shared, messages: int, as_json: bool) -> None:
    """Show what is wrong now and who was told, and the last messages with what became of them."""
    from gateway.operations.alerting import overview
    from gateway.operations.opening import looking_at

    with looking_at(shared.directory(), actor=shared.actor) as context:
        data = overview(context, max(0, messages))
    if as_json:
        print_json(data)
        return
    print_table(
        f"Alerts ({len(data['alerts']):,})",
        ("kind", "routes", "since", "age", "told"),
        [
            (
                one["kind"],
                ", ".join(one["routes"]),
                moment(one["since"]),
                age(one["age_seconds"]),
                ", ".join(one["told"]) or "nobody",
            )
            for one in data["alerts"]
        ],
        empty="Nothing is wrong that anybody would be told of.",
        wraps=("routes", "told"),
        below=[[one["text"] + (" (over)" if one["over_at"] else "")] for one in data["alerts"]],
    )
    if not data["messages"]:
        return
    say("")
    print_table(
        "Messages, the newest first",
        ("written", "channel", "occasion", "tries", "sent"),
        [
            (
                moment(one["written_at"]),
                one["channel"],
                one["occasion"],
                one["tries"],
                moment(one["sent_at"]) or "not yet",
            )
            for one in data["messages"]
        ],
        empty="",
        wraps=("channel",),
        below=[
            [one["subject"], *([one["last_error"]] if one["last_error"] else [])] for one in data["messages"]
        ],
    )


@alerts.command("test")
@click.argument("channel")
@click.pass_obj
def test_channel(shared: Shared, channel: str) -> None:
    """Send a test message over CHANNEL now, and say whether it was taken."""
    from gateway.operations.alerting import try_channel
    from gateway.operations.opening import acting

    remark = try_channel(shared.directory(), channel, acting("operator", shared.actor))
    say(f"{channel} took the test message. Look whether it has arrived.")
    if remark:
        say(f"But: {remark}")
