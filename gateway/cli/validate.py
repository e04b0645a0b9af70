"""`gateway validate`: check a file against a format, without a site and without a trace."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, print_json, say, size
from gateway.cli.selecting import catalogue_option, chosen_catalogue
from gateway.printable import printable


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--format",
    "chosen",
    metavar="TYPE[@VERSION]",
    help="Message type, with the version where the file does not tell it: confirmation@1.1.0."
    " Default: what the file's name or beginning says.",
)
@catalogue_option
@json_option
@click.pass_obj
def validate(shared: Shared, file: Path, chosen: str | None, catalogue: Path | None, as_json: bool) -> int:
    """Check FILE and print every finding; leaves with 1 when it would be refused.

    Duplicates, the sequence and what a route or a sender's agreement asks for are not looked at: they
    need a site. A note says if routes refuse the version today (retired, or not in force).
    """
    from gateway.operations.validating import validate_file
    from gateway.validation.report import report_text

    result = validate_file(file, chosen, chosen_catalogue(shared, catalogue))
    if as_json:
        print_json({"file": printable(str(file)), **result.to_dict()})
    else:
        facts = {
            "format": result.format or "(none fits)",
            "records": f"{result.records:,}",
            "size": size(result.size),
            "sha256": result.sha256,
        }
        click.echo(report_text(file.name, result.findings.summary(), facts), nl=False)
        for note in result.notes:
            say(f"Note: {note}")
    return 1 if result.findings.errors else 0
