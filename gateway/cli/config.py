"""`gateway config`: is the configuration right, and what does it say?"""

from __future__ import annotations

import click

from gateway.cli.main import Shared
from gateway.cli.output import print_json


@click.group()
def config() -> None:
    """The configuration: check, show."""


@config.command("check")
@click.pass_obj
def check(shared: Shared) -> None:
    """Check configuration and formats; every problem is shown with file and line."""
    from gateway.config.loading import load_site
    from gateway.operations.checking import problems_of

    site = load_site(shared.directory())
    problems = problems_of(site)
    for text in problems:
        click.echo(f"! {text}", err=True)
    if problems:
        raise click.exceptions.Exit(10)
    click.echo(f"{site.name}: {len(site.routes)} routes, no problem found.")


@config.command("show")
@click.pass_obj
def show(shared: Shared) -> None:
    """Show the configuration as the gateway understands it, defaults included, secrets left out."""
    from gateway.config.loading import redacted

    print_json(redacted(shared.directory()))
