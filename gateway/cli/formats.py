"""`gateway formats`: the versions of the catalogue, what each says, and whether it makes sense."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import format_diff, format_impact, format_import, format_life, format_map
from gateway.cli.config import print_problem
from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, print_lines, print_table, say
from gateway.cli.selecting import catalogue_option, chosen_catalogue, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.formats.catalogue import Catalogue
    from gateway.formats.definition import Field, Format, RecordType, Rule, Version


@click.group()
def formats() -> None:
    """Format versions: list, show, check, and their life: new, lock, retire, approve."""


@formats.command("list")
@catalogue_option
@json_option
@click.pass_obj
def list_formats(shared: Shared, catalogue: Path | None, as_json: bool) -> None:
    """List every format version with its status and kind; one that cannot be loaded is `broken`."""
    chosen = chosen_catalogue(shared, catalogue)
    rows = list(_rows(chosen))
    if as_json:
        print_json(rows)
        return
    print_table(
        f"Formats in {chosen.directory} ({len(rows):,})",
        ("message type", "version", "status", "lock", "kind", "title"),
        [tuple(row[key] for key in _COLUMNS) for row in rows],
        empty=f"There is no format in {chosen.directory}.",
        wraps=("title",),
    )
    if any(row["status"] == "broken" or row["lock"] not in ("locked", "draft") for row in rows):
        say("")
        say("What is wrong with those that are broken, changed or not locked: gateway formats check")


#: What the list shows of each row.
_COLUMNS = ("message_type", "version", "status", "lock", "kind", "title")


def _rows(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    for name in catalogue.message_types():
        for version in catalogue.versions(name):
            known = _known(catalogue, name, version)
            yield {
                "message_type": name,
                "version": str(version),
                "status": known.status.value if known else "broken",
                "lock": catalogue.standing(name, version).value,
                "kind": known.kind.value if known else None,
                "title": known.title if known else None,
                "digest": known.digest if known else None,
                "effective_from": known.effective_from if known else None,
                "effective_until": known.effective_until if known else None,
                "directory": str(catalogue.entries[name][version]),
            }


def _known(catalogue: Catalogue, name: str, version: Version) -> Format | None:
    from gateway.errors import FormatError

    try:
        return catalogue.look(name, version)
    except FormatError:
        return None


@formats.command("show")
@click.argument("which", metavar="TYPE[@VERSION]")
@catalogue_option
@json_option
@click.pass_obj
def show(shared: Shared, which: str, catalogue: Path | None, as_json: bool) -> None:
    """Show what a format version says: envelope, record types, fields and rules.

    Without a version, the newest one is shown.
    """
    chosen = chosen_catalogue(shared, catalogue)
    definition = chosen.look(*wanted(chosen, which)[-1])
    if as_json:
        print_json(_data(definition))
        return
    say(f"{definition.name}  {definition.status.value}  {definition.kind.value}  {definition.title}")
    if definition.description:
        print_lines(definition.description, indent=0)
    for label, fact in _facts(definition):
        say(f"{label + ':':<18}{fact}")
    for record in definition.record_types:
        say("")
        _print_record(record)
    if definition.rules:
        say("")
        print_table(
            "Rules",
            ("rule", "kind", "record", "severity"),
            [(one.id, one.kind, one.record_type, one.severity.value) for one in definition.rules],
            empty="",
            below=[[one.message] for one in definition.rules],
        )


def _facts(definition: Format) -> Iterator[tuple[str, str]]:
    """Yield what a version says of the file as a whole, as far as it says it."""
    envelope = definition.envelope
    yield "digest", definition.digest
    if definition.directory is not None:
        yield "directory", str(definition.directory)
    yield "encoding", definition.encoding.charset
    if definition.file_name:
        yield "file name", definition.file_name
    if definition.effective_from or definition.effective_until:
        yield "effective", f"{definition.effective_from or '...'} to {definition.effective_until or '...'}"
    yield "zero records", definition.zero_records
    yield "interchange key", " + ".join(envelope.key)
    for name in ("message_id", "sender", "receiver", "control_number", "previous_number", "format_version"):
        reference = getattr(envelope, name)
        if reference is not None:
            yield name.replace("_", " "), str(reference)
    for count in envelope.counts:
        yield "count", f"{count.stated} states the number of {', '.join(count.of)}"
    for total in envelope.totals:
        yield "control total", f"{total.stated} states the sum of {total.sum_of}"


def _print_record(record: RecordType) -> None:
    key = f", record key {' + '.join(record.key)}" if record.key else ""
    title = f"{record.name} ({record.role.value}{key})"
    print_table(
        title,
        ("field", "type", "presence", "limits", "meaning"),
        [
            (one.name, one.type.value, _presence(one), ", ".join(_limits(one)), one.description)
            for one in record.fields
        ],
        empty=f"{title}: no field",
        wraps=("limits", "meaning"),
    )


def _presence(field: Field) -> str:
    if not field.required:
        return "optional"
    return "may be empty" if field.nullable else "required"


def _limits(field: Field) -> Iterator[str]:
    """Yield what a value of ``field`` is held to, in words."""
    if field.constant is not None:
        yield f"always {field.constant!r}"
    if field.length is not None:
        yield f"{field.length} characters from {field.offset}"
    if field.max_length is not None:
        yield f"at most {field.max_length} characters"
    if field.digits is not None:
        yield f"{field.digits} digits"
    if field.decimals is not None:
        yield f"{field.decimals} decimals"
    if field.minimum is not None:
        yield f"from {field.minimum}"
    if field.maximum is not None:
        yield f"to {field.maximum}"
    if field.pattern is not None:
        yield field.pattern
    if field.codes:
        yield f"one of {' '.join(field.codes)}"
    if field.unit or field.unit_field:
        yield f"unit {field.unit or field.unit_field}"


def _data(definition: Format) -> dict[str, Any]:
    return {
        "message_type": definition.message_type,
        "version": str(definition.version),
        "status": definition.status.value,
        "kind": definition.kind.value,
        "title": definition.title,
        "description": definition.description,
        "digest": definition.digest,
        "directory": str(definition.directory),
        "encoding": definition.encoding.charset,
        "file_name": definition.file_name,
        "record_types": [_record_data(record) for record in definition.record_types],
        "rules": [_rule_data(rule) for rule in definition.rules],
    }


def _record_data(record: RecordType) -> dict[str, Any]:
    return {
        "name": record.name,
        "role": record.role.value,
        "description": record.description,
        "key": list(record.key),
        "fields": [
            {
                "name": one.name,
                "type": one.type.value,
                "presence": _presence(one),
                "limits": list(_limits(one)),
                "description": one.description,
            }
            for one in record.fields
        ],
    }


def _rule_data(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "kind": rule.kind,
        "record_type": rule.record_type,
        "severity": rule.severity.value,
        "message": rule.message,
    }


@formats.command("check")
@click.argument("which", metavar="[TYPE[@VERSION]]", required=False)
@catalogue_option
@json_option
@click.pass_obj
def check(shared: Shared, which: str | None, catalogue: Path | None, as_json: bool) -> int:
    """Check definitions for contradictions; every problem is shown with file and line.

    All versions are checked with their mappings, or those of TYPE, or one version; so is the lock. The
    test cases of the mappings are run. Leaves with 10 where anything is wrong.
    """
    from gateway.errors import FormatError
    from gateway.operations.checking import lock_problems, problems_of
    from gateway.operations.mapping import case_problems, count_of, mapping_problems

    chosen = chosen_catalogue(shared, catalogue)
    versions = wanted(chosen, which)
    types = [] if "@" in (which or "") else list(dict.fromkeys(name for name, _version in versions))
    found_wrong = [*problems_of(chosen, versions), *lock_problems(chosen), *mapping_problems(chosen, types)]
    found_wrong += case_problems(chosen, types)
    problems, mappings = list(dict.fromkeys(found_wrong)), count_of(chosen, types)
    if as_json:
        listed = [problem.to_dict() for problem in problems]
        print_json({"checked": len(versions), "mappings": mappings, "problems": listed})
    else:
        for problem in problems:
            print_problem(problem)
        found = number(len(problems), "problem") if problems else "no problem found"
        also = f" and {number(mappings, 'mapping')}" if mappings else ""
        say(f"{number(len(versions), 'format version')}{also} checked: {found}.")
    return FormatError.exit_status if problems else 0


for _command in (format_life.new, format_life.lock, format_life.retire, format_life.accept,
                 format_life.approve, format_diff.diff, format_impact.impact, format_import.import_command,
                 format_map.map_command):  # fmt: skip
    formats.add_command(_command)
