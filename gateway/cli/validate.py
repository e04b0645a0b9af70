"""`gateway validate`: check a file against a format, without a site and without a trace."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, print_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--format",
    "chosen",
    required=True,
    metavar="TYPE[@VERSION]",
    help="Message type, with the version where the file does not tell it: confirmation@1.1.0",
)
@click.option(
    "--formats",
    "catalogue",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Catalogue directory. Default: the site's, else the one that came with the gateway.",
)
@json_option
@click.pass_obj
def validate(shared: Shared, file: Path, chosen: str, catalogue: Path | None, as_json: bool) -> int:
    """Check FILE and print every finding; leaves with 1 when it would be refused."""
    from gateway.operations.validating import validate_file
    from gateway.validation.report import report_text

    result = validate_file(file, chosen, catalogue or _catalogue(shared))
    if as_json:
        print_json({"file": str(file), **result.to_dict()})
    else:
        facts = {
            "format": result.format or "(none fits)",
            "records": str(result.records),
            "sha256": result.sha256,
        }
        click.echo(report_text(file.name, result.findings.summary(), facts))
    return 1 if result.findings.errors else 0


def _catalogue(shared: Shared) -> Path:
    from gateway.bundle import bundled

    own = shared.directory() / "formats"
    return own if own.is_dir() else bundled("formats")
