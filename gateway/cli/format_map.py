"""`gateway formats map`: what a mapping makes of a file, without a site and without a trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, print_json, say, size
from gateway.cli.selecting import catalogue_option, chosen_catalogue
from gateway.printable import printable

if TYPE_CHECKING:
    from gateway.operations.mapping import Mapped


@click.command("map")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--to", "target", metavar="TYPE@VERSION", required=True, help="Version to map the file to.")
@click.option(
    "--format",
    "chosen",
    metavar="TYPE[@VERSION]",
    help="What FILE is, where it does not tell. Default: what its name or beginning says.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="New file for the result. Default: the result is printed.",
)
@catalogue_option
@json_option
@click.pass_obj
def map_command(
    shared: Shared,
    file: Path,
    target: str,
    chosen: str | None,
    output: Path | None,
    catalogue: Path | None,
    as_json: bool,
) -> int:
    """Rewrite FILE as another format version by the catalogue's mapping, and validate the result.

    Nothing is delivered or remembered. Leaves with 1, and without a result, when FILE or the result has
    errors: then every finding is printed.
    """
    from gateway.operations.mapping import map_file, shown

    formats = chosen_catalogue(shared, catalogue)
    content = b""
    if output is not None:
        mapped = map_file(file, chosen, target, formats, output)
    else:
        mapped, content = shown(file, chosen, target, formats)
    if as_json:
        print_json({"file": printable(str(file)), **mapped.to_dict()})
    elif not mapped.is_good:
        _print_report(file, mapped)
    elif output is None:
        click.echo(content, nl=False)
    else:
        say(f"{printable(str(output))}: {mapped.target}, {size(mapped.size)}, SHA-256 {mapped.sha256}")
    return 0 if mapped.is_good else 1


def _print_report(file: Path, mapped: Mapped) -> None:
    from gateway.validation.report import report_text

    facts = {
        "format": mapped.source or "(none fits)",
        "target": mapped.target,
        "mapping": mapped.mapping or "(none)",
    }
    click.echo(report_text(file.name, mapped.findings.summary(), facts), nl=False)
