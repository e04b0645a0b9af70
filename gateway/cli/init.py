"""`gateway init`: make a site."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.output import say


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Make a site in DIRECTORY: commented configuration, formats, directories, ledger.

    A site that is there already is not touched.
    """
    from gateway.operations.setup import init_site

    place = directory.absolute()
    used = init_site(place)
    say(f"A site is in {place}")
    say(f"  configuration  {place / 'config' / 'gateway.yaml'}")
    say(f"  formats        {place / 'formats'}")
    say(f"  systemd        {place / 'config' / 'systemd' / 'gateway.service'}")
    for path in dict.fromkeys(used):
        say(f"  exchange       {path}")
    say("")
    say("Next: edit the configuration, it explains itself; then")
    say(f"  gateway --site {place} config check")
    say(f"  gateway --site {place} doctor")
    say(f"  gateway --site {place} run --once")
