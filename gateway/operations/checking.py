"""Everything that can be known to be wrong before a file arrives: configuration and formats together."""

from __future__ import annotations

from gateway.config.settings import Site
from gateway.errors import FormatError
from gateway.formats.catalogue import Catalogue
from gateway.formats.check import check_format


def problems_of(site: Site) -> list[str]:
    """Return what is wrong with the formats that the site's routes use, one text per problem."""
    catalogue = Catalogue.load(site.formats)
    problems = []
    for message_type in sorted({route.message_type for route in site.routes}):
        versions = catalogue.versions(message_type)
        if not versions:
            problems.append(f"{site.formats}: there is no format for {message_type}")
        for version in versions:
            try:
                found = check_format(catalogue.get(message_type, version))
            except FormatError as error:
                problems.append(str(error))
            else:
                problems += [str(problem) for problem in found]
    return problems
