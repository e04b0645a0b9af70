"""Options and arguments by which commands choose transfers, routes and catalogues."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from gateway.cli.main import Shared
    from gateway.config.settings import Site
    from gateway.formats.catalogue import Catalogue
    from gateway.formats.definition import Version

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Moment(click.ParamType[dt.datetime]):
    """A time: ISO 8601, in UTC unless it carries an offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Return the moment in UTC; a usage error for anything else."""
        if isinstance(value, dt.datetime):
            return value
        try:
            moment = dt.datetime.fromisoformat(str(value).strip())
            return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time such as 2026-11-22 or 2026-11-22T06:30+01:00", param, ctx)


class FindingCode(click.ParamType[str]):
    """A code of the catalogue of findings: ``F302``, or its title."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the code; a usage error for one that does not exist."""
        from gateway.complaints import nearest
        from gateway.finding_codes import CODES

        known = {code.title: code.code for code in CODES.values()} | {code.lower(): code for code in CODES}
        wanted = str(value).strip().lower()
        if wanted not in known:
            near = nearest(wanted, [code.title for code in CODES.values()])
            meant = f"is {near} meant?" if near else "docs/findings.md lists them"
            self.fail(f"there is no finding code {value!r}; {meant}", param, ctx)
        return known[wanted]


_SINCE = click.option(
    "--since", type=Moment(), help="Arrived at or after this time (UTC unless it has an offset)."
)
_UNTIL = click.option("--until", type=Moment(), help="Arrived at or before this time.")
_ROUTE = click.option("--route", help="Only of this route.")


def period_options(command: _Command) -> _Command:
    """Add --route, --since and --until to ``command``."""
    return _ROUTE(_SINCE(_UNTIL(command)))


def selection_options(command: _Command) -> _Command:
    """Add --code, --route, --since and --until to ``command``."""
    code = click.option("--code", type=FindingCode(), help="Only with this finding code, e.g. F302.")
    return code(period_options(command))


limit_option = click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="At most so many, the newest; the total is always said.",
)

catalogue_option = click.option(
    "--formats",
    "catalogue",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Catalogue directory. Default: the site's, else the one that came with the gateway.",
)


def chosen_catalogue(shared: Shared, given: Path | None) -> Catalogue:
    """Return the catalogue that --formats, the site, or the installation has, in this order.

    Raises ConfigurationError where the site's configuration cannot say which one it is.
    """
    from gateway.bundle import bundled
    from gateway.config.loading import FILE, load_site
    from gateway.formats.catalogue import Catalogue

    directory = shared.directory()
    if given is not None:
        return Catalogue.load(given)
    if (directory / FILE).exists() or shared.site is not None:
        return Catalogue.load(load_site(directory).formats)
    return Catalogue.load(bundled("formats"))


def wanted(catalogue: Catalogue, which: str | None) -> list[tuple[str, Version]]:
    """Return the versions that ``which`` names, oldest first; all where it is None.

    Raises FormatUnknown where there is none.
    """
    from gateway.errors import FormatUnknown
    from gateway.formats.definition import Version

    message_type, _at, version = (which or "").partition("@")
    names = [message_type] if which else catalogue.message_types()
    every = [(name, each) for name in names for each in catalogue.versions(name)]
    if version:
        try:
            exact = (message_type, Version.parse(version))
        except ValueError as error:
            raise FormatUnknown(str(error), hint="Write TYPE@1.2.3") from None
        every = [each for each in every if each == exact]
    if which and not every:
        known = ", ".join(map(str, catalogue.versions(message_type)))
        hint = f"Versions: {known}" if known else f"Message types: {', '.join(catalogue.message_types())}"
        raise FormatUnknown(f"There is no format {which}", where=str(catalogue.directory), hint=hint)
    return every


def demand_route(site: Site, name: str | None) -> None:
    """Raise a usage error where ``name`` is given and no route of the site."""
    known = [route.name for route in site.routes]
    if name is not None and name not in known:
        raise click.UsageError(f"There is no route {name!r}; routes: {', '.join(known)}")
