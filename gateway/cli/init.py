"""`gateway init`: make a site."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Make a site in DIRECTORY: commented configuration, formats, directories, ledger."""
    from gateway.operations.setup import init_site

    place = directory.absolute()
    used = init_site(place)
    click.echo(f"A site is in {place}")
    click.echo(
        f"  configuration  {place / 'config' / 'gateway.yaml'}  (commented; edit, then `gateway config check`)"
    )
    click.echo(f"  formats        {place / 'formats'}")
    for path in used:
        click.echo(f"  exchange       {path}")
    click.echo(f"Put a file into an inbox, then: gateway --site {place} run --once")
