"""`gateway config`: is the configuration right, and what does it say?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, print_lines, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.model import Problem


@click.group()
def config() -> None:
    """The configuration: check, show."""


@config.command("check")
@json_option
@click.pass_obj
def check(shared: Shared, as_json: bool) -> int:
    """Check the configuration and the formats that it uses; every problem is shown with file and line.

    Leaves with 3 for problems of the configuration, with 10 for problems of formats, and with 5 if
    nothing is wrong but secrets are missing here: `gateway run` will not start without them.
    """
    from gateway.errors import ConfigurationError, ConfigurationMissing, FormatError, SecretsMissing
    from gateway.operations.checking import check_site

    directory = shared.directory()
    try:
        site, problems = check_site(directory)
    except ConfigurationMissing:
        raise
    except ConfigurationError as error:
        if not error.problems:
            raise
        _print(directory.name, 0, error.problems, (), as_json)
        return error.exit_status
    _print(site.name, len(site.routes), problems, site.missing_secrets, as_json)
    if problems:
        return FormatError.exit_status
    return SecretsMissing.exit_status if site.missing_secrets else 0


def _print(
    site: str, routes: int, problems: Sequence[Problem], missing: Sequence[Problem], as_json: bool
) -> None:
    if as_json:
        listed = {"problems": problems, "missing_secrets": missing}
        found = {name: [one.to_dict() for one in each] for name, each in listed.items()}
        print_json({"site": site, "routes": routes, **found})
        return
    for problem in problems:
        print_problem(problem)
    if problems:
        say("")
        say(f"{number(len(problems), 'problem')}.", err=True)
    else:
        say(f"{site}: {number(routes, 'route')}, no problem found.")
    if missing:
        say(f"{number(len(missing), 'secret')} cannot be had here; `gateway run` will not start without:")
        for one in missing:
            print_problem(one)


def print_problem(problem: Problem) -> None:
    """Print one problem: its place, so that an editor jumps there, then what is wrong and allowed."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None)
    say(place)
    print_lines(f"{problem.path}: {problem.message}" if problem.path else problem.message, indent=4)
    if problem.found is not None:
        print_lines(f"found    {problem.found}", indent=4)
    if problem.allowed is not None:
        print_lines(f"allowed  {problem.allowed}", indent=4)


@config.command("show")
@click.pass_obj
def show(shared: Shared) -> None:
    """Show the configuration as the gateway understands it, as JSON.

    Defaults are filled in; secrets are shown as where they come from, never as what they are.
    """
    from gateway.config.loading import redacted

    print_json(redacted(shared.directory()))
