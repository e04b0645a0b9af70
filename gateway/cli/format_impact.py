"""`gateway formats impact`: what a change of version does to files that exist."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import impact_json, impact_text
from gateway.cli.main import Shared
from gateway.cli.output import json_option, number
from gateway.cli.progress import counted
from gateway.cli.selecting import catalogue_option, chosen_catalogue

if TYPE_CHECKING:
    from gateway.operations.impact_files import Candidate
    from gateway.operations.impact_results import Impact

_ARCHIVE = "archive"


class _Listed(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic in newer releases of click
    """How many are listed: a number from 1, or ``all``."""

    name = "N|all"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; as good as no limit for ``all``."""
        if value == "all":
            return sys.maxsize
        return int(click.IntRange(min=1).convert(value, param, ctx))  # type: ignore[arg-type] # a text too


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
@click.option(
    "--listed",
    type=_Listed(),
    metavar="N|all",
    help="List up to N files, and in each up to N findings and values of each kind, or every one with `all`."
    " Without it the first of each are listed; numbers are exact.",
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
    listed: int | None,
    catalogue: Path | None,
    as_json: bool,
) -> int:
    """Read real files under both versions and say which change their verdict, and by which change.

    Files are only read. Leaves with 1 where a file changes its verdict or its meaning, or could not be
    judged, and with 63 where one contradicts what `gateway formats diff` says.
    """
    from gateway.operations import impact as operation
    from gateway.operations.comparing import compare_versions
    from gateway.operations.impact_results import Limits

    # the files first: a name that was mistyped shall not wait for the comparison
    with _candidates(shared, message_type, against) as files:
        compared = compare_versions(chosen_catalogue(shared, catalogue), message_type, old, new)
        pair = compared.pairs[0]
        assert pair is not None  # noqa: S101 - two versions were compared
        with counted("Reading files") as progress:
            found = operation.impact(*pair, compared.comparisons[0], files, progress, Limits.of(listed))
    if as_json:
        impact_json.show(found)
    else:
        impact_text.show(found, impact_text.Room.of(listed))
    _demand(found)
    return 1 if found.changed or found.unread_total else 0


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
