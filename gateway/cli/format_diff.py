"""`gateway formats diff`: what changed between two versions, and what that does to files of either."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway import __version__
from gateway.cli.main import Shared
from gateway.cli.output import number, say, width
from gateway.cli.progress import spoken
from gateway.cli.selecting import catalogue_option, chosen_catalogue

if TYPE_CHECKING:
    from gateway.formats.compare.change import Direction, Verdict
    from gateway.formats.compare.reports.subject import Report, Witness
    from gateway.operations.comparing import Compared

#: How the words of a report look on a terminal.
_LOOKS: Mapping[str, Mapping[str, str | bool]] = {
    "title": {"bold": True},
    "silent": {"fg": "magenta"},
    "breaking": {"fg": "red"},
    "review": {"fg": "yellow"},
    "ok": {"fg": "green"},
}
_OUTPUTS = ("text", "markdown", "json", "junit", "html")
#: Failures that are named on standard error; the report has them all.
_NAMED = 5


@click.command("diff")
@click.argument("what", metavar="TYPE OLD NEW | OLD-PATH NEW-PATH", nargs=-1)
@click.option(
    "--fail-on",
    type=click.Choice(["breaking", "silent", "review"]),
    help="Leave with 62 where a change has this verdict or a worse one and is not approved."
    " From harmless to worst: ok, review, breaking, silent.",
)
@click.option(
    "--direction",
    type=click.Choice(["old-under-new", "new-under-old", "both"]),
    default="old-under-new",
    show_default=True,
    help="Which verdict --fail-on judges and changes are grouped by: old files read under the new version"
    " (can the plant switch?), or new files under the old one. Every report shows both.",
)
@click.option("--output", type=click.Choice(_OUTPUTS), default="text", show_default=True, help="The form.")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file, whole or not at all.",
)
@click.option("--detail", is_flag=True, help="Text: show every change, however many there are.")
@click.option(
    "--witness",
    is_flag=True,
    help="Make a file that proves each breaking or silent verdict; show it. Where none is found, the verdict"
    " becomes review.",
)
@click.option(
    "--witness-to",
    type=click.Path(path_type=Path, file_okay=False),
    help="Make these files and write them into this directory.",
)
@catalogue_option
@click.pass_obj
def diff(
    shared: Shared,
    what: tuple[str, ...],
    fail_on: str | None,
    direction: str,
    output: str,
    target: Path | None,
    detail: bool,
    witness: bool,
    witness_to: Path | None,
    catalogue: Path | None,
) -> None:
    """Compare two versions of a format and say what every change does to files.

    TYPE OLD NEW are two versions of the catalogue. OLD-PATH NEW-PATH are two of a kind: format.yaml
    files or directories of versions, whole catalogues, XML Schemas or directories of them, JSON Schemas.
    """
    from gateway.formats.compare.change import Verdict

    if target is not None:
        target = _writable(target)
    with spoken("Comparing") as progress:
        compared = _compared(shared, what, catalogue)
        judged = _judged(direction)
        limit = Verdict(fail_on) if fail_on else None
        witnesses: Mapping[tuple[str, Direction], Witness] = {}
        if witness or witness_to is not None:
            from gateway.operations.proving import proved

            compared, witnesses = proved(compared, witness_to, progress)
    report = _report(compared, judged, limit, witnesses)
    for note in compared.notes:
        say(note, err=True)
    _put_out(report, output, target, detail=True if detail else None)
    _demand(report)


def _writable(target: Path) -> Path:
    """Return where a report that is to stand at ``target`` is written; UsageError where nothing may be.

    Writing puts a new file in the place of the old one: a link stays, and no device or pipe is replaced.
    """
    place = Path(os.path.realpath(target))
    if place.exists() and not place.is_file():
        raise click.UsageError(f"--to {target} is no regular file; without --to the report is printed")
    return place


def _compared(shared: Shared, what: Sequence[str], catalogue: Path | None) -> Compared:
    """Return what the arguments mean, compared; UsageError where they mean nothing."""
    from gateway.operations.comparing import compare_paths, compare_versions

    if len(what) == 3:
        return compare_versions(chosen_catalogue(shared, catalogue), *what)
    if len(what) == 2 and catalogue is None:
        return compare_paths(Path(what[0]), Path(what[1]))
    if len(what) == 2:
        raise click.UsageError("--formats says where TYPE OLD NEW are; two paths need no catalogue")
    raise click.UsageError("Give a message type and two versions (TYPE 1.0.0 1.1.0), or two paths")


def _judged(direction: str) -> tuple[Direction, ...]:
    from gateway.formats.compare.change import Direction

    return tuple(Direction) if direction == "both" else (Direction(direction),)


def _report(
    compared: Compared,
    judged: tuple[Direction, ...],
    limit: Verdict | None,
    witnesses: Mapping[tuple[str, Direction], Witness],
) -> Report:
    from gateway.formats.compare.reports.subject import Report

    return Report(
        compared.comparisons,
        __version__,
        judged,
        limit,
        approvals=compared.approvals,
        witnesses=witnesses,
        summaries=compared.summaries,
        unread=compared.unread,
    )


def _put_out(report: Report, output: str, target: Path | None, *, detail: bool | None) -> None:
    """Print the report, or write it to ``target`` and say so."""
    if target is None:
        click.echo(_rendered(report, output, detail, _paint if _is_coloured() else None), nl=False)
        return
    from gateway.custody.writes import replace

    replace(target, _rendered(report, output, detail, None).encode("utf-8", "backslashreplace"))
    say(f"{number(report.total, 'change')}; written to {target}")


def _rendered(
    report: Report, output: str, detail: bool | None, paint: Callable[[str, str], str] | None
) -> str:
    from gateway.formats.compare.reports import html, json, junit, markdown, text

    if output == "text":
        return text.render(report, detail=detail, width=width(), paint=paint or text.plain)
    renderers = {"markdown": markdown.render, "json": json.render, "junit": junit.render, "html": html.render}
    return renderers[output](report)


def _is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _paint(text: str, style: str) -> str:
    return click.style(text, **_LOOKS.get(style, {}))  # type: ignore[arg-type] # a table of keyword arguments


def _demand(report: Report) -> None:
    """Raise FormatError where a version could not be read, FormatsDiffer where a change fails."""
    from gateway.errors import FormatError, FormatsDiffer

    if report.unread:
        named = ", ".join(f"{one.name} ({one.where})" for one in report.unread[:_NAMED])
        more = f" and {len(report.unread) - _NAMED:,} more" if len(report.unread) > _NAMED else ""
        raise FormatError(
            f"{number(len(report.unread), 'version')} could not be read and compared: {named}{more}",
            hint="The report says why, and compares all others",
        )
    failing = report.failing()
    if failing:
        named = ", ".join(f"{one.change.kind} at {one.change.path}" for one in failing[:_NAMED])
        more = f" and {len(failing) - _NAMED:,} more" if len(failing) > _NAMED else ""
        raise FormatsDiffer(
            f"{number(len(failing), 'change')} not approved: {named}{more}",
            hint="A deliberate break is approved with `gateway formats approve FINGERPRINT --reason WHY`",
        )
