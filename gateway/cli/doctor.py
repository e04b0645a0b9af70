"""`gateway doctor`: what the site depends on, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, print_lines, say

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.operations.doctor import Check, Examination
    from gateway.rules.health import Verdict as State


@click.command()
@click.option(
    "--server", "servers", multiple=True, metavar="NAME", help="Look at this server only. Repeatable."
)
@click.option("--no-writes", is_flag=True, help="Make no probe files, neither here nor on servers.")
@json_option
@click.pass_obj
def doctor(shared: Shared, servers: tuple[str, ...], no_writes: bool, as_json: bool) -> None:
    """Look at everything that the site depends on, and say what to do about what is wrong.

    It may be called while the service is at work, and on a site that is broken. Probe files are hidden
    and removed again. Leaves with 0 where nothing fails, with 65 where something does.
    """
    from gateway.cli.progress import spoken
    from gateway.errors import DoctorFound
    from gateway.operations.doctor import Verdict, examine

    with spoken("Looking ..."):
        found = examine(shared.directory(), _health_of, only=servers, writes=not no_writes)
    if as_json:
        print_json(_data(found))
    else:
        _tell(found)
    failures = found.count(Verdict.FAILURE)
    if failures:
        raise DoctorFound(
            f"{number(failures, 'failure')} on {found.site}", hint="What to do stands with each"
        )


def _health_of(directory: Path) -> State:
    from gateway.service.health import look

    return look(directory)[0]


def _data(found: Examination) -> dict[str, Any]:
    from gateway.operations.doctor import Verdict

    return {
        "site": found.site,
        "at": found.at,
        "failures": found.count(Verdict.FAILURE),
        "warnings": found.count(Verdict.WARNING),
        "checks": [
            {
                "topic": one.topic,
                "what": one.what,
                "verdict": one.verdict.value,
                "found": one.found,
                "why": one.why or None,
                "do": one.do or None,
            }
            for one in found.checks
        ],
    }


def _tell(found: Examination) -> None:
    """Print what is well by topic, then what is not: the worst last, where the eye rests."""
    from gateway.operations.doctor import Verdict

    well = [one for one in found.checks if one.verdict is Verdict.OK]
    topic = ""
    for one in well:
        if one.topic != topic:
            topic = one.topic
            say(topic.capitalize())
        print_lines(f"ok  {one.what}: {one.found}")
    for verdict, title in ((Verdict.WARNING, "Warnings"), (Verdict.FAILURE, "Failures")):
        _tell_wrong(title, [one for one in found.checks if one.verdict is verdict])
    failures, warnings = found.count(Verdict.FAILURE), found.count(Verdict.WARNING)
    say("")
    say(f"{found.site}: {number(failures, 'failure')}, {number(warnings, 'warning')}, {len(well):,} ok.")


def _tell_wrong(title: str, checks: Sequence[Check]) -> None:
    if not checks:
        return
    say("")
    say(f"{title} ({len(checks):,})")
    for one in checks:
        print_lines(f"{one.topic}, {one.what}")
        print_lines(f"found  {one.found}", indent=6)
        print_lines(f"why    {one.why}", indent=6)
        print_lines(f"do     {one.do}", indent=6)
