"""`gateway formats import`: a vendor's schema or layout becomes a draft in the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, print_lines, print_table, say
from gateway.cli.selecting import catalogue_option, chosen_catalogue

if TYPE_CHECKING:
    from gateway.formats.catalogue import Catalogue
    from gateway.formats.definition import Version
    from gateway.operations.importing import Import, Source

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
#: Notes that are printed; all of them are in the JSON.
_MOST_NOTES = 20


@click.command("import")
@click.argument("which", metavar="TYPE[@VERSION]")
@click.option("--xsd", type=_FILE, help="An XML Schema; what it includes and imports comes along.")
@click.option("--json-schema", type=_FILE, help="A JSON Schema, draft 4 to 2020-12; `$ref` files come along.")
@click.option(
    "--idoc-layout", type=_FILE, help="An IDoc layout: field, offset, length; or SAP's parser export."
)
@click.option("--root", metavar="ELEMENT", help="XSD: the root element, where the schema has several.")
@click.option("--segment", help="IDoc layout: the segment of a table that names none.")
@click.option("--title", help="The title of the format. Default: what the source says.")
@click.option("--dry-run", is_flag=True, help="Print the format.yaml that would be made; write nothing.")
@catalogue_option
@json_option
@click.pass_obj
def import_command(
    shared: Shared,
    which: str,
    xsd: Path | None,
    json_schema: Path | None,
    idoc_layout: Path | None,
    root: str | None,
    segment: str | None,
    title: str | None,
    dry_run: bool,
    catalogue: Path | None,
    as_json: bool,
) -> None:
    """Make a draft of a format from a vendor's schema or layout.

    The schema is copied and enforced as it stands. Without VERSION the draft is 1.0.0, or the
    next minor version where there are some.
    """
    from gateway.operations.importing import Source, import_format, next_free

    given = {"xsd": xsd, "json-schema": json_schema, "idoc-layout": idoc_layout}
    named = [(kind, file) for kind, file in given.items() if file is not None]
    if len(named) != 1:
        raise click.UsageError("Name one source: --xsd, --json-schema or --idoc-layout")
    source = Source(*named[0], root, segment, title)
    _fitting(source)
    chosen = _catalogue(shared, catalogue, dry_run=dry_run)
    message_type, at, version = which.partition("@")
    wanted = _version(version) if at else next_free(chosen, message_type)
    made = import_format(source, chosen, message_type, wanted, trial=dry_run)
    if as_json:
        print_json(_data(made))
    elif dry_run:
        click.echo(made.made.text, nl=False)
        _print_notes(made, err=True)
    else:
        _print(made)


def _fitting(source: Source) -> None:
    """Raise a usage error for an option that says nothing of this source."""
    for option, value, kind in (("--root", source.root, "xsd"), ("--segment", source.segment, "idoc-layout")):
        if value is not None and source.kind != kind:
            raise click.UsageError(f"{option} belongs to --{kind}")


def _catalogue(shared: Shared, given: Path | None, *, dry_run: bool) -> Catalogue:
    from gateway.config.loading import FILE

    if given is None and not dry_run and not (shared.directory() / FILE).exists():
        raise click.UsageError("There is no site here; say which catalogue with --formats DIRECTORY")
    return chosen_catalogue(shared, given)


def _version(text: str) -> Version:
    from gateway.formats.definition import Version

    try:
        return Version.parse(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _data(made: Import) -> dict[str, Any]:
    definition = made.definition
    return {
        "message_type": definition.message_type,
        "version": str(definition.version),
        "kind": definition.kind.value,
        "title": definition.title,
        "directory": None if made.directory is None else str(made.directory),
        "files": ["format.yaml", *sorted(made.made.files)],
        "record_types": [
            {"name": one.name, "role": one.role.value, "parent": one.parent, "fields": len(one.fields)}
            for one in definition.record_types
        ],
        "notes": list(made.made.notes),
    }


def _print(made: Import) -> None:
    definition = made.definition
    say(f"{definition.name} is a draft now: {made.directory}")
    say(f"{definition.kind.value}, {number(len(made.made.files) + 1, 'file')}: {definition.title}")
    say("")
    print_table(
        f"Record types ({len(definition.record_types)})",
        ("record type", "role", "under", "fields"),
        [(one.name, one.role.value, one.parent or "", len(one.fields)) for one in definition.record_types],
        empty="",
    )
    _print_notes(made)
    name = f"{definition.message_type}@{definition.version}"
    say("")
    say(f"Next: read {made.directory}/format.yaml, `gateway formats check {name}`, try it with")
    say(f"`gateway validate --format {name} FILE`, then release it:")
    say(f'gateway formats lock {name} --reason "..."')


def _print_notes(made: Import, *, err: bool = False) -> None:
    notes = made.made.notes
    if notes:
        say("", err=err)
        say("To know:", err=err)
    for note in notes[:_MOST_NOTES]:
        if err:
            say(f"  {note}", err=True)
        else:
            print_lines(f"- {note}", indent=2)
    if len(notes) > _MOST_NOTES:
        say(f"  and {number(len(notes) - _MOST_NOTES, 'note')} more: --json has all", err=err)
