"""`gateway formats impact`: what a change of version does to files that exist."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import impact_json
from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, print_lines, say
from gateway.cli.progress import counted
from gateway.cli.selecting import catalogue_option, chosen_catalogue

if TYPE_CHECKING:
    from gateway.operations.impact_causes import Cause
    from gateway.operations.impact_files import Candidate
    from gateway.operations.impact_results import (
        ExplainedValue,
        FileImpact,
        FindingShift,
        Impact,
        TotalShift,
    )

_ARCHIVE = "archive"
#: Files, and differences of one file, that the text shows; --json has more of them.
_FILES_SHOWN, _SHOWN = 20, 10


@click.command("impact")
@click.argument("message_type", metavar="TYPE")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--against",
    multiple=True,
    required=True,
    metavar="PATH|archive",
    help="A file, a directory with all that is below it, or `archive`: the site's processed files of this"
    " message type.",
)
@catalogue_option
@json_option
@click.pass_obj
def impact(
    shared: Shared,
    message_type: str,
    old: str,
    new: str,
    against: tuple[str, ...],
    catalogue: Path | None,
    as_json: bool,
) -> int:
    """Read real files under both versions and say which change their verdict, and by which change.

    Files are only read. Leaves with 1 where a file changes its verdict or its meaning, and with 63
    where one contradicts what `gateway formats diff` says.
    """
    from gateway.operations import impact as operation
    from gateway.operations.comparing import compare_versions

    compared = compare_versions(chosen_catalogue(shared, catalogue), message_type, old, new)
    pair = compared.pairs[0]
    assert pair is not None  # noqa: S101 - two versions were compared
    with _candidates(shared, message_type, against) as files, counted("Reading files") as progress:
        found = operation.impact(*pair, compared.comparisons[0], files, progress)
    if as_json:
        print_json(impact_json.data_of(found))
    else:
        _print(found)
    _demand(found)
    return 1 if found.is_changed else 0


@contextlib.contextmanager
def _candidates(shared: Shared, message_type: str, against: Sequence[str]) -> Iterator[Iterable[Candidate]]:
    """Give the files that are asked for; the site stays open while they are read."""
    from gateway.operations.impact_files import in_archive, in_paths

    paths = [Path(one) for one in against if one != _ARCHIVE]
    if _ARCHIVE not in against:
        yield in_paths(paths)
        return
    from gateway.operations.opening import open_site

    with open_site(shared.directory(), actor=shared.actor) as context:
        yield (one for part in (in_archive(context, message_type), in_paths(paths)) for one in part)


def _demand(found: Impact) -> None:
    """Raise VerdictContradicted where a file contradicts the comparison."""
    from gateway.errors import VerdictContradicted

    if found.contradicting_total:
        first = found.contradicting[0]
        several = "contradicts" if found.contradicting_total == 1 else "contradict"
        raise VerdictContradicted(
            f"{number(found.contradicting_total, 'file')} {several} the comparison",
            where=first.path,
            hint="Report it with the file: the verdict or the reading is wrong",
        )


def _print(found: Impact) -> None:
    """Print the totals, then the changes that are behind them, then file by file what differs."""
    from gateway.formats.compare.change import Direction
    from gateway.formats.compare.reports.words import verdict_line
    from gateway.operations.impact_results import Effect

    for direction in Direction:
        say(verdict_line(found.comparison, direction))
    say("")
    say(f"{number(found.files, 'file')} read under both versions")
    for effect in Effect:
        if found.effects[effect]:
            say(f"  {found.effects[effect]:>9,}  {effect.value}")
    if found.others:
        say(f"  {found.others:>9,}  left out: of another message type")
    if found.unread_total:
        say(f"  {found.unread_total:>9,}  NOT READ:")
    for line in found.unread[:_SHOWN]:
        print_lines(line, indent=13)
    _print_changes(found)
    for one in found.listed[:_FILES_SHOWN]:
        _print_file(one)
    left = found.files - found.effects[Effect.SAME] - min(len(found.listed), _FILES_SHOWN)
    if left:
        say("")
        say(f"... and {number(left, 'file')} more that differ")
    if not found.files:
        say("No file of this message type was found.")
    _print_contradictions(found)


def _print_changes(found: Impact) -> None:
    if found.by_change:
        say("")
        say("Changes behind it, by the number of files")
    known = {found.comparison.fingerprint(one): one for one in found.comparison.changes}
    for fingerprint, count in found.by_change.most_common():
        say(f"  {count:>9,}  {known[fingerprint].code} {known[fingerprint].kind}  {known[fingerprint].path}")


def _print_file(one: FileImpact) -> None:
    say("")
    say(f"{one.path}: {one.effect.value}")
    say(f"  under the old version: {_verdict(one.old_errors)}; under the new one: {_verdict(one.new_errors)}")
    for shift in one.findings[:_SHOWN]:
        print_lines(_finding_line(shift))
        print_lines(_because(shift.causes), indent=6)
    for value in one.values[:_SHOWN]:
        print_lines(_value_line(value))
        print_lines(_because(value.causes), indent=6)
    if len(one.findings) > _SHOWN or len(one.values) > _SHOWN or _is_cut(one):
        print_lines("In all:")
        for total in one.totals:
            print_lines(_total_line(total), indent=6)
        for old_place, new_place, certain, count in one.value_totals:
            mark = "read differently" if certain else "perhaps read differently"
            print_lines(f"{_places(old_place, new_place)}: {number(count, 'value')} {mark}", indent=6)


def _is_cut(one: FileImpact) -> bool:
    """Return whether there is more than is listed."""
    findings = sum(abs(total.under_old - total.under_new) for total in one.totals)
    return findings > len(one.findings) or sum(total[3] for total in one.value_totals) > len(one.values)


def _print_contradictions(found: Impact) -> None:
    if not found.contradicting_total:
        return
    say("")
    say(f"CONTRADICTIONS in {number(found.contradicting_total, 'file')}: the comparison says this cannot be")
    for one in found.contradicting[:_FILES_SHOWN]:
        for line in one.contradictions:
            print_lines(f"{one.path}: {line}")


def _verdict(errors: int) -> str:
    return f"refused with {number(errors, 'error')}" if errors else "accepted"


def _finding_line(shift: FindingShift) -> str:
    from gateway.operations.impact_judging import finding_words

    version = "new" if shift.under_new else "old"
    said = finding_words(shift.finding)
    value = shift.finding.value
    shown = f' (the value is "{value}")' if value and value not in said else ""
    return f"only under the {version} version: {said}{shown}"


def _value_line(value: ExplainedValue) -> str:
    shift = value.shift
    where = [
        f"{label} {at:,}" for label, at in (("record", shift.record), ("line", shift.line)) if at is not None
    ]
    texts = (
        f'"{shift.old_text}"'
        if shift.old_text == shift.new_text
        else f'"{shift.old_text}" / "{shift.new_text}"'
    )
    raw = f"{texts} " if shift.old_text is not None or shift.new_text is not None else ""
    doubt = "" if shift.certain else " (a person has to judge whether that is the same)"
    place = ", ".join([_places(shift.old_place, shift.new_place), *where])
    return f"{place}: {raw}was {shift.old_meaning}, is {shift.new_meaning}{doubt}"


def _places(old: str, new: str) -> str:
    return old if old == new else f"{old} (now {new})"


def _total_line(total: TotalShift) -> str:
    place = ".".join(part for part in (total.record_type, total.column) if part)
    named = " ".join(part for part in (total.code, total.rule, place) if part)
    return f"{named}: {total.under_old:,} under the old version, {total.under_new:,} under the new one"


def _because(causes: Sequence[Cause]) -> str:
    """Return the changes that can be behind a difference, those that can do harm first."""
    ordered = sorted(causes, key=lambda one: not one.is_harmful)
    named = [f"{one.change.id} ({one.verdict.value})" for one in ordered[:2]]
    more = f" and {len(ordered) - 2} more" if len(ordered) > 2 else ""
    return (
        f"explained by {', or '.join(named)}{more}"
        if named
        else "unexplained: no reported change causes this"
    )
