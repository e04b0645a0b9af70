"""Everything that can be known to be wrong before a file arrives: configuration and formats together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.config.loading import load_site
from gateway.config.settings import Site
from gateway.errors import FormatError
from gateway.formats.catalogue import Catalogue
from gateway.formats.check import check_format
from gateway.formats.definition import Version
from gateway.formats.selection import parse_range
from gateway.model import Problem


def check_site(directory: Path) -> tuple[Site, list[Problem]]:
    """Return the site and what is wrong with the formats that its routes use.

    Raises ConfigurationMissing, or ConfigurationError with every problem of the configuration,
    message types that the catalogue does not have among them.
    """
    site = load_site(directory)
    catalogue = Catalogue.load(site.formats)
    site = load_site(directory, catalogue.message_types())
    used = sorted({route.message_type for route in site.routes})
    problems = problems_of(catalogue, [(name, each) for name in used for each in catalogue.versions(name)])
    return site, [*problems, *_unusable(site, catalogue)]


def problems_of(catalogue: Catalogue, wanted: Iterable[tuple[str, Version]]) -> list[Problem]:
    """Return every problem of the ``wanted`` format versions, each with file and line."""
    problems: list[Problem] = []
    for message_type, version in wanted:
        try:
            problems += check_format(catalogue.get(message_type, version))
        except FormatError as error:
            problems += error.problems or [_whole(error)]
    return problems


def _whole(error: FormatError) -> Problem:
    cause = f": {error.cause}" if error.cause else ""
    return Problem(error.where or "formats", f"{error.message}{cause}")


def _unusable(site: Site, catalogue: Catalogue) -> list[Problem]:
    """Return a problem for each route whose range of versions has none of the catalogue."""
    problems = []
    for route in site.routes:
        versions = catalogue.versions(route.message_type)
        accepted = parse_range(route.versions)
        if not any(accepted.accepts(version) for version in versions):
            problems.append(
                Problem(
                    str(site.directory / "config" / "gateway.yaml"),
                    "the catalogue has no version that this route accepts",
                    path=f"routes.{route.name}.versions",
                    found=route.versions,
                    allowed=", ".join(map(str, versions)),
                )
            )
    return problems
