"""`gateway status`: what is where, what waits and since when, and what needs somebody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import age, json_option, moment, number, print_json, print_lines, print_table, say

#: Waiting files, held files and deliveries shown; the numbers above them are exact.
_SHOWN = 20


@click.command()
@json_option
@click.pass_obj
def status(shared: Shared, as_json: bool) -> None:
    """Show what is where: counts by route, what waits, for what and since when, what needs somebody."""
    from gateway.operations.opening import looking_at
    from gateway.operations.overview import overview

    with looking_at(shared.directory(), actor=shared.actor) as context:
        data = overview(context)
    if as_json:
        print_json(data)
        return
    _head(data)
    _routes(data["routes"])
    _waiting(data)
    _held(data)
    _deliveries(data)
    _circuits(data["circuits"])
    _owed(data["owed"])
    _gaps(data["gaps"])
    _formats(data["formats"])
    _alerts(data["alerts"])
    _needs(data)


def _head(data: dict[str, Any]) -> None:
    say(f"{data['site']}  {data['directory']}  {moment(data['at'])}")
    nodes = data["nodes"]
    for node in nodes:
        say(f"Process {node['pid']} on {node['host']} works on it since {_written(node['since'])}.")
        if len(nodes) > 1:
            say(f"  Its routes now: {', '.join(node['routes']) or 'none'}.")
    if not nodes:
        say("No gateway is at work: files are taken by `gateway run`, or `gateway run --once` from cron.")
    say("")


def _written(since: str) -> str:
    """Return a time as the holder of the lock wrote it; it may be writing just now, and says so in words."""
    try:
        return moment(datetime.fromisoformat(since))
    except ValueError:
        return since


def _routes(routes: Sequence[dict[str, Any]]) -> None:
    print_table(
        "",
        ("route", "waiting", "in work", "held", "delivering", "processed", "duplicate", "failed", ""),
        [
            (
                row["route"],
                row["waiting"],
                sum(row["states"][state] for state in ("arrived", "claimed", "replay")),
                row["states"]["held"],
                row["states"]["delivering"],
                row["states"]["processed"],
                row["states"]["duplicate"],
                row["failed_open"],
                "" if row["enabled"] else "disabled" if row["configured"] else "no longer configured",
            )
            for row in routes
        ],
        empty="No route is configured.",
    )


def _section(title: str, total: int, columns: Sequence[str], **table: Any) -> None:
    """Print a table under its title where there is anything to say, and how much is left out."""
    if not total:
        return
    say("")
    print_table(f"{title} ({total:,})", columns, empty="", **table)
    left = total - len(table["rows"])
    if left:
        say(f"... and {left:,} more; --json lists them")


def _waiting(data: dict[str, Any]) -> None:
    shown = data["waiting"][:_SHOWN]
    _section(
        "Waiting at a source, not taken yet",
        data["waiting_total"],
        ("route", "age", "first seen", "file"),
        rows=[
            (one["route"], age(one["age_seconds"]), moment(one["first_seen_at"]), one["name"])
            for one in shown
        ],
        wraps=("file",),
        below=[[f"{one['code']}: {one['reason']}"] for one in shown],
    )


def _held(data: dict[str, Any]) -> None:
    shown = data["held"][:_SHOWN]
    _section(
        "Held, waiting for a predecessor",
        data["held_total"],
        ("transfer", "age", "since", "file"),
        rows=[(one["transfer"], age(one["age_seconds"]), moment(one["since"]), one["name"]) for one in shown],
        wraps=("file",),
        below=[[waits(one)] for one in shown],
    )


def waits(one: dict[str, Any]) -> str:
    """Return what a held file waits for, in words."""
    from gateway.operations.overview import gap_words

    own = f"{one['control_number']} of {one['stream']}"
    if not one["waiting_for"]:
        return f"{own} goes with the next pass"
    until = f"; deadline {moment(one['held_until'])}" if one["held_until"] else ""
    return f"{own} waits for {gap_words(one['waiting_for'])}{until}"


def _deliveries(data: dict[str, Any]) -> None:
    shown = data["deliveries"][:_SHOWN]
    _section(
        "Deliveries on their way",
        data["deliveries_total"],
        ("transfer", "destination", "tries", "next try"),
        rows=[
            (
                one["transfer"],
                one["destination"],
                one["tries"],
                moment(one["next_try_at"]) or "next pass",
            )
            for one in shown
        ],
        wraps=("destination",),
        below=[[one["name"], *([one["last_error"]] if one["last_error"] else [])] for one in shown],
    )


def _circuits(circuits: Sequence[dict[str, Any]]) -> None:
    """Show the places that did not answer when they were last asked, and when they are asked again."""
    shown = circuits[:_SHOWN]
    _section(
        "Places that do not answer",
        len(circuits),
        ("place", "circuit", "failures", "since", "age", "next probe"),
        rows=[
            (
                one["place"],
                one["state"],
                one["failures"],
                moment(one["since"]),
                age(one["age_seconds"]),
                moment(one["next_probe_at"]) or "next pass",
            )
            for one in shown
        ],
        wraps=("place",),
        below=[[one["last_error"]] if one["last_error"] else [] for one in shown],
    )


def _owed(owed: Sequence[dict[str, Any]]) -> None:
    """Show what was taken from servers and still stands there, as if it had not been."""
    _section(
        "Taken from a server, not acknowledged there",
        len(owed),
        ("route", "files", "since", "age"),
        rows=[(one["route"], one["count"], moment(one["since"]), age(one["age_seconds"])) for one in owed],
        wraps=("route",),
        below=[[one["last_error"]] if one["last_error"] else [] for one in owed],
    )


def _gaps(gaps: Sequence[dict[str, Any]]) -> None:
    shown = gaps[:_SHOWN]
    _section(
        "Missing control numbers",
        len(gaps),
        ("stream", "missing", "count", "since", "age"),
        rows=[
            (
                one["stream"],
                one["first"] if one["count"] == 1 else f"{one['first']} to {one['last']}",
                one["count"],
                moment(one["since"]),
                age(one["age_seconds"]),
            )
            for one in shown
        ],
        wraps=("stream", "missing"),
    )


def _formats(reasons: Sequence[dict[str, Any]]) -> None:
    """Say why versions that routes accept take no files: files in these layouts stay where they are."""
    for one in reasons:
        say("")
        say(f"No files are taken in: {', '.join(one['versions']) or 'any layout'}")
        print_lines(one["lines"][0])
        for line in one["lines"][1:]:
            print_lines(line, indent=4)


def _alerts(alerts: Sequence[dict[str, Any]]) -> None:
    """Show what else people are told of: what stops a route or the site, and what did not come."""
    shown = alerts[:_SHOWN]
    _section(
        "Other alerts that last",
        len(alerts),
        ("kind", "routes", "since", "age"),
        rows=[
            (one["kind"], ", ".join(one["routes"]), moment(one["since"]), age(one["age_seconds"]))
            for one in shown
        ],
        wraps=("routes",),
        below=[[one["text"]] for one in shown],
    )


def _needs(data: dict[str, Any]) -> None:
    """Say at the end, where the eye rests, what somebody has to do."""
    failed = sum(row["failed_open"] for row in data["routes"])
    stuck = sum(one["stuck"] for one in data["waiting"])
    troubled = [one for one in data["deliveries"] if one["last_error"]]
    needs = []
    if failed:
        needs.append(f"{number(failed, 'failed file')}: gateway failed list")
    if stuck:
        are = "is" if stuck == 1 else "are"
        needs.append(f"{number(stuck, 'waiting file')} that {are} not taken by waiting longer: see above")
    if data["held_total"]:
        needs.append(f"{number(data['held_total'], 'held file')}: gateway hold list")
    if troubled:
        count = number(len(troubled), "delivery", "deliveries")
        needs.append(f"{count} not got through yet: see above")
    down = [one["place"] for one in data["circuits"] if one["state"] != "closed"]
    if down:
        needs.append(f"{number(len(down), 'place')} that nobody gets through to: {', '.join(down)}")
    refused = sum(one["count"] for one in data["owed"] if one["last_error"])
    if refused:
        needs.append(f"{number(refused, 'taken file')} that cannot be acknowledged: see above")
    if data["formats"]:
        needs.append("a format that takes no files: see above, and gateway formats check")
    needs += [
        f"node {node['name']}, which works with another configuration or gateway version: "
        "send it SIGHUP, or restart it"
        for node in data["nodes"]
        if node["differs"]
    ]
    if data["alerts"]:
        needs.append(f"{number(len(data['alerts']), 'other alert')}: see above")
    needs += [
        f"channel {one['channel']}, which takes no alerts for {age(one['age_seconds'])}: gateway alerts list"
        for one in data["channels"]
    ]
    say("")
    if not needs:
        say("Nothing needs you.")
    for index, need in enumerate(needs):
        say(f"{'Needs you: ' if not index else '           '}{need}")
